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
        self._on = True
        self._previous: Callable[..., Any] = getattr(owner, attribute)
        previous = self._previous

        def hook(*args: Any, **kwargs: Any) -> Any:
            if self._on:
                try:
                    seen(*args, **kwargs)
                except Exception as error:
                    note(attribute, error)
            return previous(*args, **kwargs)

        self._hook = hook
        setattr(owner, attribute, hook)

    def remove(self) -> None:
        """Takes the hook off, or makes it pass calls on where another one was put before it."""
        self._on = False
        if getattr(self._owner, self._attribute, None) is self._hook:
            setattr(self._owner, self._attribute, self._previous)
