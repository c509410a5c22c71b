"""A function put before one that a module or class holds, as `sys.excepthook`: put on, passed on, taken off."""

from __future__ import annotations

from .._guard import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Chain:
    """Has `seen` called with the arguments of each call of `owner.attribute`, before it."""

    def __init__(self, owner: Any, attribute: str, seen: Callable[..., object]) -> None:
        self._owner = owner
        self._attribute = attribute
        self._seen = seen
        self._take_off: Callable[[], None] | None = None

    def put_on(self) -> None:
        """Puts the hook on; once on, it stays as it is."""
        if self._take_off is not None:
            return
        owner, attribute, seen = self._owner, self._attribute, self._seen
        previous: Callable[..., Any] = getattr(owner, attribute)
        on = [True]

        def hook(*args: Any, **kwargs: Any) -> Any:
            if on:
                try:
                    seen(*args, **kwargs)
                except Exception as error:
                    note(attribute, error)
            return previous(*args, **kwargs)

        def take_off() -> None:
            on.clear()
            if getattr(owner, attribute, None) is hook:
                setattr(owner, attribute, previous)

        setattr(owner, attribute, hook)
        self._take_off = take_off

    def take_off(self) -> None:
        """Takes the hook off, or makes it pass calls on where another one was put before it."""
        if self._take_off is not None:
            self._take_off()
            self._take_off = None
