"""The binary on data that an older release left. What an upgrade keeps is told in server/tests/upgrade; here it is
killed."""

from __future__ import annotations

import contextlib
import gzip
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, fill
from torture import TORTURE

from server import find_binary

FIXTURES = sorted((ROOT / "server" / "tests" / "fixtures").glob("data-v*"))
#: The version that the binary writes.
CURRENT = len(list((ROOT / "server" / "src" / "store" / "sqlite" / "migrations").glob("*.sql")))
ROUNDS = 200 if TORTURE else 20
#: Occurrences in a fixture, one of them in the log only.
COUNTED = 25


def left_behind(fixture: Path, data: Path) -> None:
    """The fixture, as a data directory."""
    shutil.copytree(fixture, data)
    data.chmod(0o700)
    packed = data / "faultwire.db.gz"
    (data / "faultwire.db").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()


def start(data: Path) -> subprocess.Popen[bytes]:
    keep = ["--retention-days", "3650", "--auto-resolve-days", "0"]
    command = [str(find_binary()), "--data-dir", str(data), "--listen", "127.0.0.1:0", *keep]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def ask(database: Path, sql: str) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(sql).fetchone()[0])


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: str(fixture.name))
def test_an_upgrade_that_is_killed(fixture: Path, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """SIGKILL at any moment of the first start, most of them in the upgrade: the next start has everything once, and
    no copy is left half made."""
    seed = time.time_ns()
    random.seed(seed)
    old = int(fixture.name.rpartition("v")[2])
    before = after = 0
    data = tmp_path / "data"
    left_behind(fixture, data)
    began = time.monotonic()
    with start(data) as process:
        assert process.stdout and process.stdout.readline()
        limit = time.monotonic() - began
        process.kill()
    for number in range(ROUNDS):
        data = tmp_path / f"data-{number}"
        left_behind(fixture, data)
        with start(data) as process:
            time.sleep(random.uniform(0, limit))
            process.kill()
        is_old = ask(data / "faultwire.db", "PRAGMA user_version") == old
        before, after = before + is_old, after + (not is_old)
        with start(data) as process:
            assert process.stdout and process.stdout.readline(), seed
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, seed
        database = data / "faultwire.db"
        assert ask(database, "SELECT SUM(raw) FROM patterns") == COUNTED, seed
        assert ask(database, "SELECT SUM(raw) FROM issues WHERE merged_into IS NULL") == COUNTED, seed
        assert ask(database, "SELECT COUNT(*) FROM users") == 2, seed
        assert ask(database, "PRAGMA user_version") == CURRENT, seed
        kept = [path.name for path in (data / "backups").iterdir()] if old < CURRENT else []
        assert kept == [f"version-{old}"] * (old < CURRENT), (seed, kept)
        if kept:
            assert ask(data / "backups" / kept[0] / "faultwire.db", "PRAGMA user_version") == old, seed
        shutil.rmtree(data)
    figure(f"first start on {fixture.name} killed {ROUNDS} times, {before} before and {after} after the upgrade stood")


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: str(fixture.name))
def test_no_room_for_the_copy(fixture: Path, small_disk: Path) -> None:
    """It ends, says why, and leaves the data to the older server; with room it goes on."""
    old = int(fixture.name.rpartition("v")[2])
    if old == CURRENT:
        pytest.skip("nothing to upgrade")
    data = small_disk / "data"
    left_behind(fixture, data)
    database = data / "faultwire.db"
    command = [str(find_binary()), "--data-dir", str(data), "--listen", "127.0.0.1:0"]
    ballast = fill(small_disk)
    with ballast.open("r+b") as file:
        # Room for what opens a database, and not for another.
        file.truncate(ballast.stat().st_size - (160 << 10))
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and f"upgrade from version {old}" in done.stderr, done
    assert "full" in done.stderr or "No space" in done.stderr, done.stderr
    assert ask(database, "PRAGMA user_version") == old
    assert list((data / "backups").iterdir()) == []
    ballast.unlink()
    with start(data) as process:
        assert process.stdout and process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert ask(database, "PRAGMA user_version") == CURRENT
    assert ask(database, "SELECT SUM(raw) FROM patterns") == COUNTED
