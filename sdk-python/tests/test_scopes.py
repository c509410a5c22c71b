"""Who sees what is said: scopes across blocks, threads, tasks and worker threads of a request."""

import asyncio
import contextvars
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import faultwire


def tags_of(captured, message):
    [event] = [e for e in captured.events if e.get("logentry", {}).get("formatted") == message]
    return event.get("tags", {})


def test_new_scope_counts_inside_its_block_only(captured):
    faultwire.set_tag("outer", "1")
    with faultwire.new_scope() as scope:
        scope.set_tag("inner", "2")
        faultwire.capture_message("inside")
        with faultwire.new_scope() as deeper:
            deeper.set_tag("inner", "3")
            faultwire.capture_message("deeper")
    faultwire.capture_message("after")
    assert tags_of(captured, "inside") == {"outer": "1", "inner": "2"}
    assert tags_of(captured, "deeper") == {"outer": "1", "inner": "3"}
    assert tags_of(captured, "after") == {"outer": "1"}


def test_an_isolation_scope_starts_from_what_was_there_and_leaves_nothing(captured):
    faultwire.set_tag("before", "1")
    with faultwire.isolation_scope():
        faultwire.set_tag("job", "2")
        faultwire.capture_message("inside")
    faultwire.capture_message("after")
    assert tags_of(captured, "inside") == {"before": "1", "job": "2"}
    assert tags_of(captured, "after") == {"before": "1"}


def test_global_is_under_isolation_is_under_current(captured):
    everywhere = faultwire.global_scope()
    try:
        everywhere.set_tags({"a": "global", "b": "global", "c": "global"})
        faultwire.set_tags({"b": "isolation", "c": "isolation"})
        with faultwire.new_scope() as scope:
            scope.set_tag("c", "current")
            faultwire.capture_message("m")
        seen = threading.Thread(target=faultwire.capture_message, args=("elsewhere",))
        seen.start()
        seen.join()
    finally:
        everywhere.clear()
    assert tags_of(captured, "m") == {"a": "global", "b": "isolation", "c": "current"}
    assert tags_of(captured, "elsewhere") == {"a": "global", "b": "global", "c": "global"}


def test_threads_without_a_scope_never_see_each_other(captured):
    barrier = threading.Barrier(8)

    def work(number):
        faultwire.set_tag("number", str(number))
        faultwire.set_tag(f"only{number}", "x")
        barrier.wait()
        faultwire.capture_message(f"m{number}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(8):
        assert tags_of(captured, f"m{n}") == {"number": str(n), f"only{n}": "x"}


def test_tasks_without_a_scope_start_with_what_was_there_and_never_see_later_changes(captured):
    # capture_events runs the test in an isolation scope; tasks here shall have none.
    async def work(name, ready, go):
        faultwire.set_tag("task", name)
        ready.release()
        await go.wait()
        faultwire.capture_message(name)

    async def main():
        faultwire.set_tag("parent", "early")
        ready, go = asyncio.Semaphore(0), asyncio.Event()
        tasks = [asyncio.create_task(work(name, ready, go)) for name in ("a", "b")]
        for _ in tasks:
            await ready.acquire()
        faultwire.set_tag("parent", "late")
        go.set()
        await asyncio.gather(*tasks)
        faultwire.capture_message("parent")

    contextvars.Context().run(asyncio.run, main())
    assert tags_of(captured, "a") == {"parent": "early", "task": "a"}
    assert tags_of(captured, "b") == {"parent": "early", "task": "b"}
    assert tags_of(captured, "parent") == {"parent": "late"}


def test_a_worker_thread_in_a_copy_of_the_context_writes_to_the_scope_of_the_request(captured):
    with ThreadPoolExecutor() as pool, faultwire.isolation_scope():
        pool.submit(contextvars.copy_context().run, faultwire.set_user, {"id": "7"}).result()
        faultwire.capture_message("m")
    [event] = captured.events
    assert event["user"]["id"] == "7"


def test_breadcrumbs_of_an_isolation_scope_stay_in_it(captured):
    faultwire.add_breadcrumb("startup")
    with faultwire.isolation_scope():
        faultwire.add_breadcrumb("inside", category="step", level="warning", data={"n": 1})
        faultwire.capture_message("in")
    faultwire.capture_message("out")
    inside, outside = captured.events
    assert [c["message"] for c in inside["breadcrumbs"]["values"]] == ["startup", "inside"]
    assert inside["breadcrumbs"]["values"][1]["data"] == {"n": 1}
    assert [c["message"] for c in outside["breadcrumbs"]["values"]] == ["startup"]


def test_scopes_work_in_async_blocks_and_as_decorators(captured):
    @faultwire.new_scope()
    async def later():
        """Docs stay."""
        async with faultwire.isolation_scope() as scope:
            scope.set_tag("a", "1")
            faultwire.capture_message("async")

    @faultwire.isolation_scope()
    def now(x, *, y):
        faultwire.set_tag("b", "2")
        faultwire.capture_message("sync")
        return x + y

    asyncio.run(later())
    assert now(1, y=2) == 3
    assert later.__doc__ == "Docs stay." and inspect.iscoroutinefunction(later)
    faultwire.capture_message("after")
    assert tags_of(captured, "async") == {"a": "1"}
    assert tags_of(captured, "sync") == {"b": "2"}
    assert tags_of(captured, "after") == {}


def test_a_generator_that_is_closed_in_another_context_harms_nobody(captured):
    def generate():
        with faultwire.isolation_scope():
            faultwire.set_tag("generator", "x")
            yield

    generator = generate()
    contextvars.Context().run(next, generator)
    with faultwire.isolation_scope():
        faultwire.set_tag("mine", "1")
        generator.close()
        faultwire.capture_message("m")
    assert tags_of(captured, "m") == {"mine": "1"}


def test_an_exception_passes_through_a_scope_unchanged(captured):
    error = KeyError("x")
    with pytest.raises(KeyError) as caught, faultwire.new_scope():
        raise error
    assert caught.value is error and error.__context__ is None


def test_last_event_id_belongs_to_the_isolation_scope(captured):
    assert faultwire.last_event_id() is None
    with faultwire.isolation_scope():
        inner = faultwire.capture_message("inner")
        assert faultwire.last_event_id() == inner
    assert faultwire.last_event_id() != inner


def test_tasks_without_a_scope_do_not_share_the_last_event_id(captured):
    async def main():
        faultwire.set_tag("a", "1")

        async def capture():
            return faultwire.capture_message("m")

        async def ask():
            return faultwire.last_event_id()

        first = await asyncio.create_task(capture())
        return first, await asyncio.create_task(ask())

    first, seen = contextvars.Context().run(asyncio.run, main())
    # What a process without scopes captured last, or nothing; never an id in the cell of a sibling.
    assert seen in (None, first)


def test_every_setter_reaches_the_event(captured):
    with faultwire.new_scope() as scope:
        scope.set_user({"id": "1"})
        scope.set_session("s-1")
        scope.set_context("job", {"name": "import"})
        scope.set_extra("detail", [1, 2])
        scope.set_level("warning")
        scope.set_transaction("/items/{id}")
        scope.set_fingerprint(["a", "b"])
        scope.set_tag("kept", "1")
        scope.set_tag("gone", "1")
        scope.remove_tag("gone")
        assert scope.continue_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") is True
        assert scope.continue_trace("nonsense") is False
        faultwire.capture_exception(ValueError("x"))
    [event] = captured.events
    assert event["user"]["id"] == "1"
    assert event["contexts"]["faultwire"]["session"] == "s-1"
    assert event["contexts"]["job"] == {"name": "import"}
    assert event["extra"]["detail"] == [1, 2]
    assert event["level"] == "warning"
    assert event["transaction"] == "/items/{id}"
    assert event["fingerprint"] == ["a", "b"]
    assert event["tags"] == {"kept": "1"}
    assert event["contexts"]["trace"]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_cleared_scope_says_nothing(captured):
    with faultwire.new_scope() as scope:
        scope.set_tag("a", "1")
        scope.add_breadcrumb("b")
        scope.clear()
        faultwire.capture_message("m")
    [event] = captured.events
    assert not event.get("tags") and not event.get("breadcrumbs", {}).get("values")


def test_setters_take_nonsense_without_raising(captured):
    faultwire.set_tag(1, "x")
    faultwire.set_tag("surrogate \ud800", "\udfff")
    faultwire.set_tags(None)
    faultwire.set_user("not a mapping")
    faultwire.set_context("c", 3)
    faultwire.set_level("shouting")
    faultwire.set_level(3)
    faultwire.set_fingerprint(object())
    faultwire.set_session(object())
    faultwire.add_breadcrumb(object(), data=object(), timestamp="noon")
    faultwire.continue_trace(object())
    faultwire.capture_message("m")
    assert len(captured.events) == 1
