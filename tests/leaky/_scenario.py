"""Marks a function as a scenario, with the options it wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def scenario(**options: Any) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def mark(function: Callable[[], None]) -> Callable[[], None]:
        function.options = options  # type: ignore[attr-defined]
        return function

    return mark
