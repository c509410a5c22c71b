"""Every kind of event that the Python SDK makes means the same after the real Relay as before it.

Relay's normaliser is what stands in front of Sentry: it drops what it does not accept, cuts what is
too long, and says so by `err` and `rem` entries in `_meta`. It may add (by design: a type to each context, a
trace where there is none, `server_name` as a tag, a numeric `timestamp`, sources of the user's id); it must
find nothing to take away.
"""

# Locals are there to be seen in the report.
# ruff: noqa: B904, F841, F821, E501, E702

from __future__ import annotations

import json
import logging
import math
import re
import sys
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faultwire
import pytest
from faultwire.testing import capture_events
from sentry_relay.processing import StoreNormalizer

sys.path.insert(0, str(Path(__file__).parent))

Json = Any

#: As Sentry runs it: with the checks and cuts of ingestion, without looking addresses up.
NORMALIZER = {
    "is_renormalize": False,
    "remove_other": True,
    "normalize_user_agent": True,
    "enable_trimming": True,
}

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def relayed(event: Json) -> Json:
    """The event as Sentry would store it."""
    return StoreNormalizer(**NORMALIZER).normalize_event(raw_event=json.dumps(event))


# What may change, and why it is no loss.


def tags(event: Json) -> dict[str, str]:
    """Relay writes tags as pairs, sorted, and makes `server_name` and the like tags where they were fields."""
    found = event.get("tags") or {}
    pairs = found.items() if isinstance(found, dict) else [(pair[0], pair[1]) for pair in found if pair]
    return {key: value for key, value in pairs if key not in ("server_name", "environment", "level")}


def frames(exception: Json) -> list[Json]:
    return [
        {
            key: frame.get(key)
            for key in ("function", "module", "filename", "abs_path", "lineno", "vars", "in_app", "platform", "package",
                        "instruction_addr", "pre_context", "context_line", "post_context")
        }
        for frame in (exception.get("stacktrace") or {}).get("frames", [])
    ]  # fmt: skip


def contexts(event: Json) -> Json:
    """Relay adds to each context its type and a line that joins name and version; a trace where none is."""
    before = {}
    for name, value in (event.get("contexts") or {}).items():
        before[name] = {k: v for k, v in value.items() if k not in ("type", name, "client_sample_rate", "status", "op")}
    return before


def request(event: Json) -> Json:
    """Relay parses a form into a map (of a repeated name it keeps the last), cookies and the decoded query
    into pairs, header names into one spelling, the body's type out of the headers."""
    if not event.get("request"):
        return None
    found = dict(event["request"])
    data = found.get("data")
    kind = (found.get("headers") or {}).get("Content-Type", "") if isinstance(found.get("headers"), dict) else ""
    if isinstance(data, str) and kind.startswith("application/x-www-form-urlencoded"):
        found["data"] = dict(urllib.parse.parse_qsl(data, keep_blank_values=True))
    found.pop("inferred_content_type", None)
    if isinstance(found.get("cookies"), str):
        found["cookies"] = [pair.strip().split("=", 1) for pair in found["cookies"].split(";")]
    found["url"] = urllib.parse.quote(found["url"], safe="%:/?#[]@!$&'()*+,;=~")
    query = found.pop("query_string", None)
    if isinstance(query, str):
        query = [[urllib.parse.unquote_plus(side) for side in pair.partition("=")[::2]] for pair in query.split("&")]
    headers = found.pop("headers", None) or {}
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {
        **found,
        "query": query,
        "headers": sorted([name.lower(), value] for name, value in pairs),
    }


def breadcrumbs(event: Json) -> list[Json]:
    """Relay's times are numbers; what says neither type nor level gets the default one."""
    crumbs = (event.get("breadcrumbs") or {}).get("values") or []
    defaults = {"type": "default", "level": "info"}
    return [
        {
            **defaults,
            **{key: value for key, value in crumb.items() if key != "timestamp"},
        }
        for crumb in crumbs
    ]


def user(event: Json) -> Json:
    """Relay takes the address of the request's environment where the user has none."""
    found = {key: value for key, value in (event.get("user") or {}).items() if key not in ("sentry_user", "geo")}
    if found.get("ip_address") == ((event.get("request") or {}).get("env") or {}).get("REMOTE_ADDR"):
        found.pop("ip_address", None)
    # What is no field of users is kept under `data`.
    found.update(found.pop("data", None) or {})
    return found or None


def meaning(event: Json) -> Json:
    """All that a person reads in an event, in one form for before and after."""
    return {
        "event_id": event["event_id"],
        "platform": event["platform"],
        "level": event["level"],
        "release": event.get("release"),
        "environment": event.get("environment"),
        "dist": event.get("dist"),
        "logger": event.get("logger") or None,
        "transaction": event.get("transaction"),
        "fingerprint": event.get("fingerprint"),
        "message": (event.get("logentry") or {}).get("formatted") or (event.get("logentry") or {}).get("message"),
        "params": (event.get("logentry") or {}).get("params"),
        "extra": event.get("extra"),
        "modules": event.get("modules"),
        "sdk": event["sdk"],
        "tags": tags(event),
        "user": user(event),
        "request": request(event),
        "breadcrumbs": breadcrumbs(event),
        "exceptions": [
            {
                "type": value.get("type"), "value": value.get("value"), "module": value.get("module"),
                "thread_id": value.get("thread_id"), "mechanism": value.get("mechanism"), "frames": frames(value),
            }
            for value in (event.get("exception") or {}).get("values", [])
        ],
        "threads": [frames(value) for value in (event.get("threads") or {}).get("values", [])],
        "contexts": contexts(event),
    }  # fmt: skip


def errors(meta: Json, path: str = "") -> list[str]:
    """The `err` entries of `_meta`, and its remarks, by path."""
    found = []
    if isinstance(meta, dict):
        for key, value in meta.items():
            if key == "" and isinstance(value, dict):
                found += [f"{path}: {error}" for error in value.get("err", [])]
            else:
                found += errors(value, f"{path}.{key}")
    return found


# Maps that Relay writes as lists of pairs: the remarks move with them.
_PAIRS = re.compile(r"^(\.tags|\.request\.(?:headers|cookies|query_string))\..*")


def remarks(meta: Json, path: str = "") -> set[str]:
    """Where `_meta` says of what, that it was changed."""
    found = set()
    if isinstance(meta, dict):
        for key, value in meta.items():
            if key == "" and isinstance(value, dict):
                found |= {f"{_PAIRS.sub(lambda m: m[1], path)}: {remark}" for remark in value.get("rem", [])}
            else:
                found |= remarks(value, f"{path}.{key}")
    return found


def accepted(event: Json, vars_may_be_cut: bool = False) -> Json:
    """Checks one event; gives what Relay made of it."""
    after = relayed(event)
    assert errors(after.get("_meta")) == []
    added = remarks(after.get("_meta")) - remarks(event.get("_meta"))
    lost = remarks(event.get("_meta")) - remarks(after.get("_meta"))
    # An address that was left out leaves nothing that Relay could hang a remark on.
    # Nor does a template that is the message itself, which Relay keeps once.
    if (event.get("logentry") or {}).get("message") == (event.get("logentry") or {}).get("formatted"):
        lost = {remark for remark in lost if not remark.startswith(".logentry.message")}
    lost -= {".user.ip_address: ['@ip', 'x']"}
    assert [remark for remark in added | lost if not (vars_may_be_cut and ".vars." in remark)] == []
    before, now = meaning(event), meaning(after)
    if vars_may_be_cut:
        for exception in before["exceptions"] + now["exceptions"]:
            for frame in exception["frames"]:
                frame["vars"] = sorted(frame["vars"] or [])[:1]
    if "trace" not in before["contexts"]:
        now["contexts"].pop("trace", None)
    assert differences(before, now) == []
    return after


def differences(before: Json, now: Json, path: str = "") -> list[str]:
    """By path, what is not the same."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted(before.keys() | now.keys())
        return [line for key in keys for line in differences(before.get(key), now.get(key), f"{path}.{key}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [line for i, (b, n) in enumerate(zip(before, now)) for line in differences(b, n, f"{path}.{i}")]
    same = before == now and isinstance(before, bool) == isinstance(now, bool)
    if isinstance(before, float) and isinstance(now, float):
        # Relay reads decimals to the last bit but one.
        same = math.isclose(before, now, rel_tol=1e-15)
    if isinstance(now, str) and isinstance(before, (dict, list)):
        # Below a depth of five Relay writes containers as text.
        same = json.loads(now) == before
    return [] if same else [f"{path}: {json.dumps(before)[:200]} became {json.dumps(now)[:200]}"]


# Every kind of event.


class Account:
    def __init__(self) -> None:
        self.name, self.balance, self.password = "ann", 12.5, "x"


def nested(n: int, values: Json) -> None:
    order = {
        "id": 7,
        "lines": [{"sku": "tea", "n": 2}],
        "note": None,
        "big": 2**60,
        "small": -1.5e-9,
        "": "empty key",
    }
    account, text, raw, wide = (
        Account(),
        "straße ☕ \ud83d" + "x" * 3000,
        b"\x00\xff",
        list(range(500)),
    )
    if n:
        return nested(n - 1, {"deeper": values})
    raise ValueError(f"order {order['id']} refused")


def exception_with_locals() -> None:
    faultwire.set_user({"id": "7", "plan": "gold"})
    try:
        nested(3, {"a": (1, 2, {3})})
    except ValueError as error:
        faultwire.capture_exception(
            error,
            tags={"shop": "berlin"},
            extra={"cart": [1, {"a": None}]},
            transaction="/pay",
        )


def chain() -> None:
    class GatewayError(Exception):
        pass

    try:
        try:
            try:
                {}["k"]
            except KeyError as error:
                raise OSError(5, "no route") from error
        except OSError:
            raise GatewayError("")
    except GatewayError as error:
        if sys.version_info >= (3, 11):
            error.add_note("seen on gate 12")
        faultwire.capture_exception(error)


def group() -> None:
    if sys.version_info < (3, 11):
        pytest.skip("exception groups came with 3.11")

    def member(kind: type[Exception]) -> Exception:
        try:
            raise kind("in a task")
        except Exception as error:
            return error

    try:
        raise ExceptionGroup(
            "import",
            [
                member(ValueError),
                ExceptionGroup("inner", [member(TypeError), member(KeyError)]),
            ],
        )
    except ExceptionGroup as error:
        faultwire.capture_exception(error)


def no_traceback() -> None:
    faultwire.capture_exception(ValueError("never raised"))


def recursion() -> None:
    def down(n: int) -> None:
        down(n + 1)

    try:
        down(0)
    except RecursionError as error:
        faultwire.capture_exception(error)


def message() -> None:
    faultwire.capture_message("the cart is empty", "warning", template="the %s is empty", params=["cart"])
    faultwire.capture_message("x" * 10_000, "info")
    faultwire.capture_message("fatal", "fatal")
    faultwire.capture_message("debug", "debug")


def scope() -> None:
    faultwire.set_tags(
        {
            "shop": "berlin",
            "number": 4,
            "yes": True,
            "long": "y" * 500,
            "line": "a\nb",
            "a b/c": "key",
            "none": None,
            "empty": "",
        }
    )
    faultwire.set_user(
        {
            "id": 12,
            "email": "ann@mail.example",
            "username": "ann",
            "ip_address": "203.0.113.9",
            "age": 44,
            "data": {"a": [1]},
        }
    )
    faultwire.set_context(
        "payment",
        {
            "kind": "sepa",
            "deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},
            "n": 1,
        },
    )
    faultwire.set_context("session", {"id": "s"})
    faultwire.set_extra("rows", {"a": [1, 2.5, None, True, "x" * 20_000]})
    faultwire.set_extra("deep", {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}})
    faultwire.set_extra("wide", {f"k{i}": i for i in range(500)})
    faultwire.set_session("session-1")
    faultwire.set_transaction("/orders/{id}" + "z" * 300)
    faultwire.set_fingerprint(["{{ default }}", "part"])
    faultwire.continue_trace(TRACE)
    faultwire.add_breadcrumb(
        "opened",
        category="ui.click",
        level="debug",
        type="user",
        data={"id": 1, "deep": {"a": [1]}},
    )
    faultwire.add_breadcrumb(
        "GET /",
        category="http",
        type="http",
        data={
            "url": "https://shop.example/?page=2",
            "status_code": 503,
            "method": "GET",
        },
    )
    faultwire.add_breadcrumb(data={"only": "data"})
    faultwire.add_breadcrumb("long" * 5000)
    faultwire.capture_message("with a scope", "error")


def from_logging() -> None:
    log = logging.getLogger("shop.orders" + ".sub" * 30)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.info("begins with %d", 3)
    log.error("order %s of %s refused", 7, {"name": "ann"})
    log.error("order %(id)s refused", {"id": 7}, extra={"shop": "berlin"})
    log.critical("all is lost")
    try:
        raise ValueError("x")
    except ValueError:
        log.exception("failed for %s", "ann")


def wsgi() -> None:
    import flask

    app = flask.Flask("shop")
    app.logger.disabled = True

    @app.route("/pay/<order>", methods=["POST"])
    def pay(order: str) -> str:
        fields = flask.request.get_data()
        raise ValueError("refused")

    client = app.test_client()
    headers = {
        "Traceparent": TRACE,
        "X-Request-Id": "r1",
        "Cookie": "theme=dark",
        "Referer": "https://shop.example/?a=1",
    }
    client.post(
        "/pay/7?page=2&q=a%20b&empty=&lone&page=3",
        json={"item": "tea", "n": [1, None]},
        headers=headers,
    )
    client.post("/pay/8", data={"name": "ann", "many": ["a", "b"], "password": "x"})
    client.post("/pay/9", data=b"\xff\xfe{", content_type="application/json")
    client.post("/pay/caf\u00e9", data="x" * 30_000, content_type="text/plain")


def asgi() -> None:
    import asyncio

    import httpx
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def pay(request: Any) -> None:
        await request.body()
        raise ValueError("refused")

    app = Starlette(routes=[Route("/pay/{order}", pay, methods=["POST"])])

    async def go() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://shop.example:8443") as client:
            await client.post(
                "/pay/7",
                params={"page": "2", "q": "a b"},
                json={"item": "tea"},
                headers={"traceparent": TRACE},
            )
            await client.post(
                "/pay/8",
                data={"name": "ann", "many": ["a", "b"]},
                cookies={"theme": "dark"},
            )

    asyncio.run(go())


def burst() -> None:
    for number in range(400):
        try:
            nested(0, number)
        except ValueError as error:
            faultwire.capture_exception(error)


def huge() -> None:
    def down(n: int) -> None:
        rows = {f"key{i}": {"text": "the parcel was late " * 50, "list": list(range(90))} for i in range(40)}
        if n:
            # Not folded: another function each time.
            return (down_again if n % 2 else down)(n - 1)
        raise ValueError("the end " * 3000)

    def down_again(n: int) -> None:
        other = [{"a": "the parcel was late " * 60} for _ in range(60)]
        down(n)

    for _ in range(100):
        faultwire.add_breadcrumb("the parcel was late " * 400, data={"text": "x" * 1900})
    faultwire.set_extra("big", [["the parcel was late " * 40] * 50] * 40)
    try:
        down(60)
    except ValueError as error:
        faultwire.capture_exception(error)


def captured_event() -> None:
    faultwire.capture_event({"message": "by hand", "level": "warning", "tags": {"a": "b"}})
    faultwire.capture_event(
        {
            "exception": {"values": [{"type": "Oops", "value": "x", "stacktrace": {"frames": [{"function": "f", "lineno": 1}]}}]},
            "request": {"url": "https://shop.example/a", "method": "GET", "headers": {"Accept": "*/*"}},
            "breadcrumbs": [{"message": "a list", "timestamp": 1_700_000_000.5}],
            "timestamp": "2024-11-02T10:00:00Z",
        }
    )  # fmt: skip


def crash() -> None:
    """As `core` makes it of one in C that Python had called: frames of two languages in one stack."""
    frames = [
        {
            "function": "total",
            "filename": "orders.py",
            "abs_path": "/srv/orders.py",
            "lineno": 17,
            "platform": "python",
        },
        {"instruction_addr": "0x7f10", "package": "/lib/libc.so.6"},
    ]
    error = {"type": "SIGSEGV", "value": "Segfault", "stacktrace": {"frames": frames}}
    faultwire.capture_event({"platform": "native", "level": "fatal", "exception": {"values": [error]}})


def thread() -> None:
    def work() -> None:
        raise ValueError("in a thread")

    worker = threading.Thread(target=work, name="worker 1")
    worker.start()
    worker.join()


def sampled() -> None:
    """Kept with a rate: a fake random would be needed for less than nearly all."""
    for _ in range(5):
        faultwire.capture_message("kept", "error")


KINDS: list[tuple[Callable[[], None], dict[str, Any]]] = [
    (exception_with_locals, {}),
    (
        exception_with_locals,
        {"fingerprint_mode": "override", "include_source_context": False},
    ),
    (
        exception_with_locals,
        {"include_local_variables": False, "dist": "7", "server_name": "web-1"},
    ),
    (chain, {}),
    (group, {}),
    (no_traceback, {}),
    (recursion, {}),
    (message, {"attach_stacktrace": True}),
    (message, {}),
    (scope, {}),
    (scope, {"send_default_pii": True}),
    (from_logging, {}),
    (wsgi, {}),
    (wsgi, {"send_default_pii": True}),
    (asgi, {}),
    (asgi, {"send_default_pii": True}),
    (burst, {"storm_burst": 3}),
    (huge, {}),
    (huge, {"max_value_length": 65_536}),
    (captured_event, {}),
    (crash, {}),
    (thread, {}),
    (sampled, {"sample_rate": 0.999}),
]


@pytest.mark.parametrize(
    ("make", "options"),
    [pytest.param(make, options, id="-".join([make.__name__, *options])) for make, options in KINDS],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_relay_keeps_what_an_event_says(make: Callable[[], None], options: dict[str, Any]) -> None:
    with capture_events(**{"release": "shop@1.2.0", "environment": "staging", **options}) as captured:
        with faultwire.isolation_scope():
            make()
        events = captured.events
    assert events
    for event in events:
        # Relay keeps some 2 KiB of locals a frame, whoever sends them, and says where it cut.
        accepted(event, vars_may_be_cut=make is huge)


def test_an_event_with_every_field_is_accepted() -> None:
    """The request and remarks apart: Relay splits the URL, and moves cookies and `server_name` to their places."""
    from leaky.plain import full_event

    event = full_event()
    # What a caller wrote into `_meta` is the caller's.
    del event["_meta"]
    with capture_events() as captured:
        faultwire.capture_event(event)
        [event] = captured.events
    after = relayed(event)
    assert errors(after.get("_meta")) == []
    before, now = meaning(event), meaning(after)
    assert differences({**before, "request": None}, {**now, "request": None}) == []
    assert now["request"]["data"] == before["request"]["data"] and now["request"]["env"] == before["request"]["env"]


def test_of_a_burst_the_full_events_are_accepted_and_the_others_counted() -> None:
    with capture_events(storm_burst=3) as captured:
        before = faultwire.stats()["folded"]
        burst()
        events = captured.events
        assert faultwire.stats()["folded"] - before == 397
    assert len(events) == 3
    for event in events:
        accepted(event)


def test_the_huge_event_was_shrunk_and_says_so() -> None:
    with capture_events(max_value_length=65_536) as captured:
        with faultwire.isolation_scope():
            huge()
        [event] = captured.events
    assert len(json.dumps(event)) < 1 << 20
    assert remarks(event["_meta"])


def test_the_comparison_sees_what_relay_takes_away() -> None:
    """A comparison that finds nothing would find no loss either."""
    with capture_events() as captured:
        faultwire.capture_message("x", "error")
        [event] = captured.events
    for broken in (
        {"tags": {"a b": "x" * 5000}},
        {"level": "no level"},
        {"exception": {"values": [{"type": 7}]}},
        {"request": {"url": 7}},
        {"release": "a\nb"},
        {"nonsense": 1},
    ):
        with pytest.raises(AssertionError):
            accepted({**event, **broken})
