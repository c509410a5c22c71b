"""From which level log records count: set by `init`, read by the logging hook, which may load long after."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NUMBERS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50, "fatal": 50}


class Thresholds:
    """Numbers of `logging`; None is never."""

    __slots__ = ("breadcrumb", "event")

    def __init__(self) -> None:
        self.event: int | None = 40
        self.breadcrumb: int | None = 20


thresholds = Thresholds()


def number(level: Any) -> int | None:
    """The number of a level given as number, name or None. Raises ValueError for anything else."""
    if level is None:
        return None
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    if isinstance(level, str) and level.lower() in NUMBERS:
        return NUMBERS[level.lower()]
    raise ValueError(f"expected a number or one of {', '.join(NUMBERS)}")


def name(levelno: int) -> str:
    """The wire's level of a record; custom ones take the next lower."""
    if levelno >= 50:
        return "fatal"
    if levelno >= 40:
        return "error"
    if levelno >= 30:
        return "warning"
    return "info" if levelno >= 20 else "debug"
