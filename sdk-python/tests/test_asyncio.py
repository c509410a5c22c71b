"""Exceptions that only the event loop gets to see."""

import asyncio
import contextvars
import gc
import sys

import faultwire
from conftest import raised


async def fail(tag):
    faultwire.set_tag("task", tag)
    raise ValueError(tag)


def run(main):
    contextvars.Context().run(asyncio.run, main())


async def lose_a_task():
    with faultwire.isolation_scope():
        faultwire.set_tag("request", "the task's")
        task = asyncio.create_task(fail("lost"))
    await asyncio.wait([task])
    return task


async def collect(task):
    with faultwire.isolation_scope():
        faultwire.set_tag("request", "another one")
        del task
        gc.collect()


def test_a_task_nobody_awaited(captured):
    async def main():
        await collect(await lose_a_task())

    run(main)
    [event] = captured.events
    assert raised(event)["value"] == "lost"
    assert raised(event)["mechanism"]["type"] == "auto.asyncio"
    assert raised(event)["mechanism"]["handled"] is False
    # Collected in the middle of another request, whose scope says nothing about this task.
    expected = {"request": "the task's", "task": "lost"} if sys.version_info >= (3, 12) else {}
    assert event.get("tags", {}) == expected


def test_the_applications_own_handler_gets_what_it_got(captured):
    seen = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context))
        await collect(await lose_a_task())

    run(main)
    assert [str(context["exception"]) for context in seen] == ["lost"]
    assert len(captured.events) == 1


def test_a_failing_callback_has_the_scope_it_was_scheduled_in(captured):
    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        with faultwire.isolation_scope():
            faultwire.set_tag("request", "1")
            loop.call_soon(lambda: 1 / 0)
        loop.call_soon(done.set_result, None)
        await done

    run(main)
    [event] = captured.events
    assert raised(event)["type"] == "ZeroDivisionError"
    assert event["tags"] == {"request": "1"}


def test_an_awaited_failure_is_the_awaiters(captured):
    async def main():
        try:
            await asyncio.create_task(fail("awaited"))
        except ValueError:
            pass
        task = asyncio.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    run(main)
    assert captured.events == []


def test_called_by_keyword_as_the_application_may(captured):
    async def main():
        asyncio.get_running_loop().call_exception_handler(context={"message": "m", "exception": ValueError("own")})

    run(main)
    assert raised(captured.events[0])["value"] == "own"
