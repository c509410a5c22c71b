"""The longer run of `make torture`, and the figures that it prints: for conftest.py of the folders that have one."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

#: Whether this is that run.
TORTURE = bool(os.environ.get("FAULTWIRE_TORTURE"))

_figures: list[str] = []


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Notes a line for the table that `make torture` prints."""
    return _figures.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table, once for all folders of a run."""
    if TORTURE and _figures:
        terminalreporter.section("figures")
        while _figures:
            terminalreporter.line(_figures.pop(0))
