"""FastAPI: named for the report; its apps are Starlette's, and `starlette` covers them."""

from __future__ import annotations

from . import starlette


def setup_once() -> None:
    """Covers Starlette's apps, where that is not done yet."""
    starlette.setup_once()


def remove() -> None:
    """Leaves it to `starlette`, which may be wanted on its own."""
