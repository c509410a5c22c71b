"""Keeps a small data directory of today's version, which later servers must be able to upgrade.

    make server && .venv/bin/python scripts/data_fixture.py

Writes `server/tests/fixtures/data-vN`, N being the version that the built server writes. Run it when a version is
released, never again for that version: a fixture is what that release left on disks. What is in it, and what must be
true of it after an upgrade, is in `server/tests/upgrade/main.rs`.
"""

from __future__ import annotations

import contextlib
import gzip
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from server import Server, envelope  # noqa: E402

#: Names and ids by which the test finds it again.
FIRST, MERGED, WAITING, PARKED = "a1" * 16, "b2" * 16, "c3" * 16, "d4" * 32


def fault(kind: str, number: int, **members: object) -> dict[str, object]:
    """One fault: `kind` names it, `number` tells its events apart."""
    frame = {"function": "charge", "module": f"shop.{kind.lower()}", "in_app": True, "lineno": number}
    return {
        "exception": {"values": [{"type": kind, "value": f"order {number}", "stacktrace": {"frames": [frame]}}]},
        "release": "shop@1.2.3",
        "environment": "staging",
        "user": {"id": str(number)},
        "tags": {"region": "eu"},
        **members,
    }


def live(server: Server) -> None:
    """What a small installation does in a week."""
    server.event(fault("ValueError", 0, event_id=FIRST))
    for number in range(1, 20):
        server.event(fault("ValueError", number))
    for number in range(3):
        server.event(fault("KeyError", number))
    server.event(fault("OtherError", 0, event_id=MERGED))
    counts = {"id": "e5" * 16, "fingerprint": PARKED, "count": 7, "first": time.time(), "last": time.time()}
    server.send(envelope(("faultwire_counts", counts)))
    server.settle()
    numbers = {issue["type"]: issue["id"] for issue in server.issues()}
    server.move(numbers["KeyError"], "resolve", why="fixed it")
    server.move(numbers["ValueError"], "merge", issues=[numbers["OtherError"]])
    made = server.api("POST", "/api/v1/invitations", {"email": "ada@example.com", "project": 1, "role": "member"})
    redeem = {"token": made.json()["token"], "name": "Ada", "password": "correct horse battery"}
    assert server.api("POST", "/api/v1/redeem", redeem).status == 200
    channel = {"kind": "webhook", "name": "ops", "url": "https://hooks.example/x", "secret": "0123456789abcdef"}
    answer = server.api("POST", "/api/v1/projects/1/channels", channel)
    assert answer.status in (200, 201), answer


def keep(data: Path, target: Path) -> None:
    """The parts of a data directory that an upgrade meets, small."""
    target.mkdir(parents=True)
    (target / "faultwire.db.gz").write_bytes(gzip.compress((data / "faultwire.db").read_bytes(), mtime=0))
    for folder in ("occurrences", "log"):
        (target / folder).mkdir()
        for path in (data / folder).iterdir():
            # A segment is made at its full size; read is what is written of it.
            if body := path.read_bytes().rstrip(b"\0"):
                (target / folder / path.name).write_bytes(body)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Server(folder=Path(name)) as server:
        live(server)
        assert server.stop() == 0, server.said()
        server.start()
        # Accepted, and not in the database: what was counted since it was brought to disk is lost as by a power cut.
        server.event(fault("ValueError", 20, event_id=WAITING))
        server.settle()
        server.kill()
        for suffix in ("-wal", "-shm"):
            (server.data / f"faultwire.db{suffix}").unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(server.data / "faultwire.db")) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            # So that it is small. Only the header says that there is a write-ahead log; it is empty.
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target = ROOT / "server" / "tests" / "fixtures" / f"data-v{version}"
        if target.exists():
            sys.exit(f"{target} is there already, and is what that version left")
        keep(server.data, target)
        shutil.copymode(server.data, target)
    print(target, sum(path.stat().st_size for path in target.rglob("*") if path.is_file()), "bytes")


if __name__ == "__main__":
    main()
