"""The SDKs under test, each as `start(url, **options)`, `capture(error)` and `flush(seconds)`.

Imports stand inside: a process loads the one it measures.
"""

from __future__ import annotations

LEAN = {"include_local_variables": False, "include_source_context": False}


def dsn(url: str) -> str:
    return url.replace("://", "://0123456789abcdef0123456789abcdef@") + "/1"


class Noop:
    """No SDK: what the harness itself costs."""

    version = ""

    def start(self, url: str, **options: object) -> None:
        pass

    def capture(self, error: BaseException) -> None:
        pass

    def flush(self, seconds: float) -> None:
        pass


class Faultwire(Noop):
    def start(self, url: str, **options: object) -> None:
        import faultwire

        self.capture = faultwire.capture_exception
        self.flush = faultwire.flush
        faultwire.init(dsn=dsn(url), **options)
        self.version = faultwire.__version__


class Sentry(Noop):
    def start(self, url: str, **options: object) -> None:
        import sentry_sdk

        self.capture = sentry_sdk.capture_exception
        self.flush = sentry_sdk.flush
        # Storms are our own idea; everything else is spelled the same.
        options = {name: value for name, value in options.items() if not name.startswith("storm_")}
        sentry_sdk.init(dsn=dsn(url), **options)
        self.version = sentry_sdk.VERSION


SDKS = {"noop": Noop, "faultwire": Faultwire, "sentry-sdk": Sentry}
