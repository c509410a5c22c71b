"""Bugsink, the tracker that is compared with: installed from PyPI, started as its documentation says, on loopback.

A web server takes events in and a worker beside it digests them; both are counted. Its quotas, made for people, are
raised beyond any load, its calls home are off. SQLite, as it comes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server import wait_until

VERSION = "2.6.2"
#: A registry that lags behind others may not have what the newest certifi is pinned to; any will do here.
UNPINNED = "certifi"

SETTINGS = """
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = USE_X_REAL_IP = False
BUGSINK["BASE_URL"] = "http://127.0.0.1:{port}"
BUGSINK["PHONEHOME"] = False
for _period in ("5_MINUTES", "HOUR", "MONTH"):
    for _whose in ("MAX_EVENTS_PER_", "MAX_EVENTS_PER_PROJECT_PER_"):
        BUGSINK[_whose + _period] = 10**9
"""

PROJECT = """
from projects.models import Project
from teams.models import Team
team = Team.objects.create(name="bench")
print("DSN", Project.objects.create(name="bench", team=team, retention_max_event_count=10**6).dsn)
"""


@dataclass
class Bugsink:
    """It runs."""

    dsn: str
    database: Path
    processes: list[subprocess.Popen[bytes]]

    def pids(self) -> list[int]:
        """All its processes: those that were started, and their children."""
        out = []
        waiting = [process.pid for process in self.processes]
        while waiting:
            pid = waiting.pop()
            out.append(pid)
            with contextlib.suppress(OSError):
                waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return out

    def digested(self) -> int:
        """Events that are counted and stored."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as database:
            return int(database.execute("SELECT SUM(digested_event_count) FROM projects_project").fetchone()[0] or 0)


def install(folder: Path) -> Path:
    """A virtual environment with it, made once; its programs."""
    programs = folder / "venv" / "bin"
    if not (programs / "bugsink-manage").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        pip = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", f"bugsink=={VERSION}"], check=True)
        (metadata,) = (folder / "venv").glob(f"lib/python3*/site-packages/bugsink-{VERSION}.dist-info/METADATA")
        lines = [line.partition(": ")[2] for line in metadata.read_text().splitlines() if line.startswith("Requires-D")]
        needs = [need for need in lines if "extra ==" not in need and not need.startswith(UNPINNED)]
        subprocess.run([*pip, *needs, UNPINNED], check=True)
    return programs


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Bugsink]:
    """Starts it with data of its own, and ends it."""
    programs, data = install(folder), folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}

    def call(program: str, *arguments: str, stdin: str = "") -> str:
        command = [str(programs / program), *arguments]
        done = subprocess.run(command, cwd=data, env=env, input=stdin, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{program} {arguments}: {done.stderr[-2000:]}")
        return done.stdout

    where = ["--template=singleserver", "--host=127.0.0.1", f"--base-dir={data}", "-o", "bugsink_conf.py"]
    call("bugsink-create-conf", *where)
    with (data / "bugsink_conf.py").open("a") as settings:
        settings.write(SETTINGS.format(port=port))
    call("bugsink-manage", "migrate")
    call("bugsink-manage", "migrate", "snappea", "--database=snappea")
    said = call("bugsink-manage", "shell", stdin=PROJECT)
    dsn = next(line.split()[1] for line in said.splitlines() if line.startswith("DSN "))
    web = ["gunicorn", f"--bind=127.0.0.1:{port}", "--workers=2", "bugsink.wsgi"]
    with (data / "out.log").open("wb") as log:
        processes = [
            subprocess.Popen([str(programs / name), *rest], cwd=data, env=env, stdout=log, stderr=log)
            for name, *rest in (web, ["bugsink-runsnappea"])
        ]

    def is_up() -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).status == 200)
        return False

    try:
        wait_until(is_up, 60, "Bugsink to start")
        yield Bugsink(dsn, data / "db.sqlite3", processes)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
