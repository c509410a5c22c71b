"""One isolation scope a request, for WSGI and ASGI alike."""

from __future__ import annotations

from .._engine import native
from .._scope import ISOLATION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .._native import ScopeCell

# Key in a WSGI environ or ASGI scope that holds the `Extras` of a request which is already covered:
# the middlewares and the frameworks' integrations can meet in one application.
MARKER = "faultwire.request"


class Extras:
    """What a framework adds to a request when it is asked: its route, its user."""

    __slots__ = ("sources",)

    def __init__(self, source: Callable[[], Mapping[str, Any]] | None = None) -> None:
        self.sources = [] if source is None else [source]

    def put_into(self, request: dict[str, Any]) -> None:
        """Adds what the sources know; what an earlier one said stays."""
        for source in self.sources:
            for key, value in source().items():
                if value is not None:
                    request.setdefault(key, value)


def request_cell(source: Callable[[], Mapping[str, Any] | None], trace: str | None) -> ScopeCell:
    """A shared cell for one request, which asks `source` for the request when an event needs it."""
    around = ISOLATION.get()
    cell = native.ScopeCell(around)
    if around is not None:
        # What happened before, on this thread, is not what led to this request's failure.
        cell.clear_breadcrumbs()
    cell.request_source = source
    if trace:
        cell.continue_trace(trace)
    return cell
