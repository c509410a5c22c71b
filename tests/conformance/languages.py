"""The five languages: how the driver of each is started, or why it cannot be."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Union

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = Path(__file__).resolve().parent / "drivers"

_TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")

#: What stands before the arguments, or the reason why there is none.
Start = Union[list[str], str]


class Language(NamedTuple):
    name: str
    platform: str  # of its events, by the protocol's names
    start: Callable[[], Start]
    uncaught: int  # exit code of a program that dies of an error
    #: `before_send` runs before a capture returns; otherwise on the engine's worker.
    hook_on_caller: bool = False


def _python() -> Start:
    return [sys.executable, str(DRIVERS / "driver.py")]


def _node() -> Start:
    node, package = shutil.which("node"), ROOT / "sdk-node"
    if node is None:
        return "no node on this machine"
    if not (package / "dist" / "index.js").is_file() or not list(package.glob("*.node")):
        return "sdk-node is not built: make node"
    return [node, str(DRIVERS / "driver.mjs")]


def _rust() -> Start:
    built = [_TARGET / kind / "faultwire-conformance" for kind in ("release", "debug")]
    built = [path for path in built if path.is_file()]
    if not built:
        return "its driver is not built: make conformance-drivers"
    return [str(max(built, key=lambda path: path.stat().st_mtime))]


def _kotlin() -> Start:
    java, built = shutil.which("java"), _TARGET / "conformance" / "kotlin"
    if java is None:
        return "no java on this machine"
    if not (built / "driver.jar").is_file():
        return "its driver is not built: make conformance-drivers"
    # What is compiled for long runs is not worth it here.
    return [java, "-XX:TieredStopAtLevel=1", "-cp", f"{built / 'driver.jar'}:{built / 'lib'}/*", "conformance.DriverKt"]


def _swift() -> Start:
    built = _TARGET / "conformance" / "swift" / "debug" / "driver"
    if not built.is_file():
        return "its driver is not built: make conformance-drivers"
    # It needs the libraries of the Swift that built it.
    return [str(ROOT / "scripts" / "swift.sh"), str(built.resolve())]


LANGUAGES = (
    Language("python", "python", _python, 1, hook_on_caller=True),
    Language("node", "node", _node, 1, hook_on_caller=True),
    Language("rust", "rust", _rust, 101),
    Language("kotlin", "java", _kotlin, 1),
    Language("swift", "cocoa", _swift, -4),
)

#: With this set, a language that cannot be started is an error.
ALL_NEEDED = os.environ.get("FAULTWIRE_ALL_LANGUAGES", "") not in ("", "0")
