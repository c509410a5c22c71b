"""Frameworks that Faultwire knows. They switch on by themselves; nothing here needs to be imported.

An integration is a module with two functions:

- `setup_once()` connects to a framework that is already imported; `DidNotEnable` says why it cannot.
- `remove()` undoes that, where `init` is called again with the integration disabled, and in tests.

`registry` lists them all with the module of the framework that each waits for.
"""

from __future__ import annotations


class DidNotEnable(Exception):
    """Raised by `setup_once` when a framework is there but cannot be used, with the reason."""


__all__ = ["DidNotEnable"]
