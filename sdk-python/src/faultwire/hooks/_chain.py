"""A hook kept in a module's attribute, as `sys.excepthook` is: put on, passed on, taken off."""

from __future__ import annotations

from .._guard import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Chain:
    """Puts a function before the one in `module.attribute`."""

    def __init__(self, module: Any, attribute: str, seen: Callable[..., object]) -> None:
        self._module = module
        self._attribute = attribute
        self._on = True
        self._previous: Callable[..., Any] = getattr(module, attribute)
        previous = self._previous

        def hook(*args: Any) -> Any:
            if self._on:
                try:
                    seen(*args)
                except Exception as error:
                    note(attribute, error)
            # Looked up before any of our code ran: the one that the application had chosen.
            return previous(*args)

        self._hook = hook
        setattr(module, attribute, hook)

    def remove(self) -> None:
        """Takes the hook off, or makes it pass calls on where another one was put before it."""
        self._on = False
        if getattr(self._module, self._attribute, None) is self._hook:
            setattr(self._module, self._attribute, self._previous)
