"""A script that fails in several ways and ends with an uncaught exception.

FAULTWIRE_DSN=http://KEY@HOST/1 python examples/python/script.py
"""

import logging
import sys
import threading

import faultwire

faultwire.init(release="nightly@7", environment="demo")
log = logging.getLogger("nightly")


def parse(line: str) -> int:
    return int(line)


def handled() -> None:
    """One file of many is bad: reported, and the job goes on."""
    for name, line in {"a.csv": "17", "b.csv": "seventeen"}.items():
        with faultwire.isolation_scope():
            faultwire.set_tag("file", name)
            faultwire.add_breadcrumb("file opened", category="file", data={"name": name})
            try:
                parse(line)
            except ValueError:
                log.exception("could not import %s", name)


def in_a_thread() -> None:
    """Nobody waits for the result, and the failure is reported all the same."""
    thread = threading.Thread(target=lambda: {}["missing"], name="refresher")
    thread.start()
    thread.join()


def several_at_once() -> None:
    """A group is one event with all its members."""
    errors = []
    for line in ("x", "y"):
        try:
            parse(line)
        except ValueError as error:
            errors.append(error)
    if sys.version_info >= (3, 11):
        error = ExceptionGroup("two files failed", errors)  # noqa: F821
        error.add_note("both came from the same customer")
        faultwire.capture_exception(error)


def recursion(depth: int = 0) -> int:
    """A thousand frames of one function."""
    return recursion(depth + 1)


def connect(password: str = "hunter2") -> None:
    """The uncaught one. Its message and a local variable hold a secret, neither of which is sent."""
    raise ConnectionError(f"cannot reach postgres://nightly:{password}@db.internal/jobs")


if __name__ == "__main__":
    faultwire.capture_message("nightly job started", level="info")
    handled()
    in_a_thread()
    several_at_once()
    try:
        recursion()
    except RecursionError as error:
        faultwire.capture_exception(error)
    connect()
