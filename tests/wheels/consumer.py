"""What an application writes, for `mypy --strict` against an installed wheel.

The ignored errors count too: were the package untyped, they would be none, and mypy would say so.
"""

from __future__ import annotations

from typing import Any

import faultwire
from faultwire.integrations.wsgi import FaultwireWsgiMiddleware
from faultwire.testing import capture_events


def scrub(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any] | None:
    event["tags"] = {"where": "here"}
    return event


def start(dsn: str) -> None:
    faultwire.init(dsn=dsn, release="shop@1.0", sample_rate=0.5, before_send=scrub)
    faultwire.init(dsn=1)  # type: ignore[arg-type]
    faultwire.init(no_such_option=True)  # type: ignore[arg-type]


@faultwire.isolation_scope()
def handle(number: int) -> str | None:
    faultwire.set_user({"id": str(number)})
    faultwire.set_tag(1, "x")  # type: ignore[arg-type]
    with faultwire.new_scope() as scope:
        scope.set_context("job", {"number": number})
        try:
            return str(1 / number)
        except ZeroDivisionError as error:
            event_id: str | None = faultwire.capture_exception(error, tags={"kind": "math"})
            return event_id


async def handle_later(number: int) -> str | None:
    async with faultwire.isolation_scope():
        return handle(number)


def test_a_failure_is_reported() -> None:
    with capture_events() as captured:
        handle(0)
    first: dict[str, Any] = captured.events[0]
    assert first["exception"]


number: int = handle(0)  # type: ignore[assignment]
delivered: bool = faultwire.flush(1.0)
application = FaultwireWsgiMiddleware(lambda environ, start_response: [b"ok"])
