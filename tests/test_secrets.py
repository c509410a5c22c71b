"""No secret leaves the process: not on the wire, not on stderr, in no encoding; all else stays readable.

Each scenario of `leaky/` runs as a program of its own, `debug` on, against the real sink. It makes
secrets that exist nowhere else, puts them where applications put theirs, and says what it made.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "conformance")]

from leaky import limits, plain, search, web  # noqa: E402
from sink import Sink  # noqa: E402
from state import state_of_its_own  # noqa: E402, F401

#: Seconds for a scenario on a busy machine.
DEADLINE = 120.0

SCENARIOS = [
    (module.__name__.rpartition(".")[2], name)
    for module in (plain, limits, web)
    for name, function in vars(module).items()
    if isinstance(getattr(function, "options", None), dict)
]


@pytest.fixture(scope="module")
def one_sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def sink(one_sink: Sink) -> Sink:
    one_sink.reset()
    return one_sink


def run(sink: Sink, module: str, name: str, flushed: bool = True, **options: Any) -> tuple[dict[str, Any], bytes]:
    """What the scenario said of itself, and its stderr."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FAULTWIRE_", "SENTRY_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "leaky", module, name, json.dumps(options)],
        cwd=HERE,
        env={**environment, "FAULTWIRE_DSN": sink.dsn},
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["flushed"] == flushed
    return told, done.stderr


def check(sink: Sink, told: dict[str, Any], stderr: bytes, pii: bool) -> None:
    secrets = {name: secret for name, secret in told["secrets"].items() if not (pii and name.startswith("pii: "))}
    wire = sink.raw()
    events = sink.events()
    found = search.leaks(wire, secrets) + [f"stderr: {leak}" for leak in search.leaks(stderr, told["secrets"])]
    if found:
        pytest.fail(f"{len(found)} secrets got out:\n" + "\n".join(found), pytrace=False)
    shown = json.dumps(events, ensure_ascii=False)
    assert [text for text in told["ordinary"] if json.dumps(text, ensure_ascii=False)[1:-1] not in shown] == []


@pytest.mark.parametrize("pii", [False, True], ids=["", "send_default_pii"])
@pytest.mark.parametrize(("module", "name"), SCENARIOS)
def test_no_secret_gets_out(sink: Sink, module: str, name: str, pii: bool) -> None:
    told, stderr = run(sink, module, name, send_default_pii=pii)
    check(sink, told, stderr, pii)
    assert told["secrets"]
    # Nothing was found in what did not arrive: a lost event would pass unseen.
    assert told["stats"]["delivered"] == len(sink.events())
    assert set(told["stats"]["dropped"]) <= {"already_captured", "before_send"}
    if name == "failing_hook":
        assert sink.events() == []
    else:
        assert sink.events()


@pytest.mark.parametrize(("module", "name"), SCENARIOS)
def test_no_secret_lies_on_disk(
    sink: Sink,
    state_of_its_own: Path,  # noqa: F811
    module: str,
    name: str,
) -> None:
    """The server wants to be left alone for a while: all that the process leaves is in files."""
    sink.mode("status", status=429, headers={"X-Sentry-Rate-Limits": "290:error:key"})
    is_kept = name != "failing_hook"
    told, stderr = run(sink, module, name, flushed=not is_kept)
    files = [path for path in state_of_its_own.rglob("*") if path.is_file()]
    assert bool(files) == is_kept and told["stats"]["spooled"] == told["stats"]["captured"] - sum(
        told["stats"]["dropped"].values()
    )
    left = b"".join(bytes(path) + path.read_bytes() for path in files)
    assert search.leaks(left, told["secrets"]) + search.leaks(stderr, told["secrets"]) == []


@pytest.mark.parametrize("status", [400, 413])
def test_debug_says_why_a_server_refused_and_not_what(sink: Sink, status: int) -> None:
    """Where sending fails there is something to say on stderr; none of it is from an event."""
    sink.mode("status", status=status)
    for name in ("scopes", "exceptions"):
        told, stderr = run(sink, "plain", name)
        assert told["stats"]["delivered"] == 0
        assert stderr.strip()
        assert search.leaks(stderr, told["secrets"]) == []


def test_literals_in_source_lines_are_hidden_and_the_code_stays_readable(
    sink: Sink,
) -> None:
    told, stderr = run(sink, "literals", "run")
    code = (HERE / "leaky" / "literals.py").read_text()
    secrets = {secret: secret for secret in re.findall(r"Zq\d\dabcdefghklmn", code)}
    assert len(secrets) == 12
    ordinary = [
        "readable-source-text",
        "retries = 3",
        "db.internal.example/orders",
        'connect(user="ann"',
        "connect(gate=13)",
    ]
    names = [
        "password = ",
        "API_KEY = ",
        "client_secret",
        "passwd=",
        "private_token = (",
        "db_password: str",
        "signing_key = ",
    ]
    ordinary += names
    check(sink, {**told, "secrets": secrets, "ordinary": ordinary}, stderr, False)


def test_the_search_finds_every_encoding() -> None:
    """A search that finds nothing would find no leak either."""
    import base64
    import urllib.parse

    secret = 'Zq8K"mVt%2Lw+9xRb/7'
    for shift in range(3):
        around = b"abcdef"[:shift] + secret.encode() + b"tail"
        for text in (around, base64.b64encode(around), json.dumps({"k": around.decode()}).encode(),
                     urllib.parse.quote(around, safe="").encode(), around.hex().encode(), repr(around.decode()).encode()):  # fmt: skip
            assert search.leaks(b"...." + text + b"....", {"s": secret}), text
    assert search.leaks(secret[3:13].encode(), {"s": secret})
    assert search.leaks(b"nothing here at all", {"s": secret}) == []
