"""`python -m faultwire doctor` and `python -m faultwire send-test`."""

from __future__ import annotations

import argparse
import os
import platform
import sys

import faultwire

from ._engine import LOAD_ERROR, native
from .integrations.registry import NAMES

# Shown as they are; of every other variable only that it is set.
_SHOWN = ("RELEASE", "ENVIRONMENT")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0 when all is well."""
    parser = argparse.ArgumentParser(prog="python -m faultwire", description="Looks at an installation of Faultwire.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="say what is installed and what the environment sets")
    send = commands.add_parser("send-test", help="send an event and say what came back")
    send.add_argument("--dsn", help="where to; default: FAULTWIRE_DSN, then SENTRY_DSN")
    given = parser.parse_args(arguments)
    return doctor() if given.command == "doctor" else send_test(given.dsn)


def doctor() -> int:
    """Prints what matters when events do not arrive."""
    print(f"faultwire {native.VERSION}, {platform.python_implementation()} {platform.python_version()}, {sys.platform}")
    print(f"native library: {'loaded' if LOAD_ERROR is None else 'NOT loaded: ' + LOAD_ERROR}")
    for option in ("DSN", "RELEASE", "ENVIRONMENT"):
        found = next((name for name in (f"FAULTWIRE_{option}", f"SENTRY_{option}") if os.environ.get(name)), None)
        if found is None:
            print(f"{option.lower()}: not set in the environment")
        elif option in _SHOWN:
            print(f"{option.lower()}: {os.environ[found]} ({found})")
        else:
            print(f"{option.lower()}: {shown_dsn(os.environ[found])} ({found})")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        if os.environ.get(name):
            print(f"{name} is set")
    print(f"integrations known: {', '.join(NAMES)}")
    if LOAD_ERROR is not None:
        return 1
    try:
        faultwire.init(auto_integrations=False)
    except faultwire.FaultwireError as error:
        print(f"init: {error}")
        return 1
    print(f"enabled: {'yes' if faultwire.is_enabled() else 'no, there is no DSN'}")
    return 0


def send_test(dsn: str | None) -> int:
    """Sends one event; says whether the server took it."""
    if LOAD_ERROR is not None:
        print(f"the native library did not load: {LOAD_ERROR}")
        return 1
    try:
        faultwire.init(dsn=dsn, auto_integrations=False, sample_rate=1.0)
    except faultwire.FaultwireError as error:
        print(f"init: {error}")
        return 1
    if not faultwire.is_enabled():
        print("there is no DSN: pass --dsn or set FAULTWIRE_DSN")
        return 1
    try:
        raise RuntimeError("A test event of python -m faultwire send-test")
    except RuntimeError as error:
        event_id = faultwire.capture_exception(error)
    flushed = faultwire.flush(10.0)
    stats = faultwire.stats()
    if flushed and stats.get("delivered"):
        print(f"delivered: event {event_id}")
        return 0
    dropped = {reason: count for reason, count in (stats.get("dropped") or {}).items() if count}
    print(f"not delivered: event {event_id}; dropped: {dropped or 'none yet, it is still waiting'}")
    print("with FAULTWIRE_DSN set, an application started with init(debug=True) says more")
    return 1


def shown_dsn(dsn: str) -> str:
    """A DSN without its key."""
    head, separator, tail = dsn.partition("://")
    _, at, address = tail.rpartition("@")
    return f"{head}://...@{address}" if separator and at else "set, but it does not look like a DSN"


if __name__ == "__main__":
    sys.exit(main())
