"""For your tests: a client that keeps its events instead of sending them.

    def test_a_failure_is_reported():
        with capture_events() as captured:
            run_the_code()
        [event] = captured.events
        assert event["exception"]["values"][-1]["type"] == "ValueError"

With pytest, as a fixture:

    @pytest.fixture
    def captured():
        with capture_events() as captured:
            yield captured
"""

from __future__ import annotations

import json

from . import _client, _scope
from ._engine import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    Item = tuple[dict[str, Any], bytes]
    Envelope = tuple[dict[str, Any], list[Item]]

# Goes nowhere: with the keeping transport nothing is sent. The name is reserved for such uses.
DSN = "https://key@faultwire.invalid/1"

# Seconds that reading `events` waits for the engine to finish what was captured.
FLUSH_TIMEOUT = 10.0


class CapturedEvents:
    """What was captured, decoded. Each look waits until the engine has finished what came before it."""

    def __init__(self) -> None:
        self._envelopes: list[Envelope] = []

    @property
    def envelopes(self) -> list[Envelope]:
        """All envelopes: `(header, [(item header, payload in bytes), ...])`, oldest first."""
        native.flush(FLUSH_TIMEOUT)
        self._envelopes.extend(native.taken_envelopes())
        return self._envelopes

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events as they would go over the wire, oldest first."""
        return [
            json.loads(payload)
            for _, items in self.envelopes
            for header, payload in items
            if header.get("type") == "event"
        ]

    def clear(self) -> None:
        """Forgets what was captured so far."""
        _ = self.envelopes
        self._envelopes.clear()


class capture_events:
    """Has events kept for the block, with the options of `faultwire.init`; then puts back what was there.

    The block runs in an isolation scope of its own and starts with an empty one. Integrations and hooks
    stay switched on afterwards only where an earlier `init` had switched them on. Raises what `init` raises.
    """

    def __init__(self, **options: Any) -> None:
        self._options = {"dsn": DSN, **options}
        self._before: dict[str, Any] | None = None
        self._scope = _scope.isolation_scope()

    def __enter__(self) -> CapturedEvents:
        self._before = _client.last_call if native.is_enabled() else None
        _client.start(self._options, capture_transport=True)
        self._scope.__enter__().clear()
        return CapturedEvents()

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._scope.__exit__()
        native.close(0)
        native.taken_envelopes()
        _client.restore(self._before)

    async def __aenter__(self) -> CapturedEvents:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.__exit__()


__all__ = ["CapturedEvents", "capture_events"]
