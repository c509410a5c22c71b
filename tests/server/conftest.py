"""What the stories of the server share: the real binary, on data of its own."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from state import state_of_its_own  # noqa: E402, F401
from torture import figure, pytest_terminal_summary  # noqa: E402, F401

from server import Server  # noqa: E402


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of its own for this test."""
    with Server(folder=tmp_path) as server:
        yield server


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server with flags; it ends with the test."""
    started: list[Server] = []

    def start(*flags: str, **options: object) -> Server:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(Server(*flags, folder=folder, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m,mode=0700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Takes all the room that there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
    return ballast


def written(segment: Path) -> int:
    """Bytes of a segment of the log before its zeroes."""
    return len(segment.read_bytes().rstrip(b"\0"))


def spoil(segment: Path, damage: str) -> None:
    """What a crash, a disk or a stranger may do to what was written: cut, zeroed at its end, a byte flipped, noise
    behind it."""
    end = written(segment)
    with segment.open("r+b") as file:
        if damage == "truncated":
            file.truncate(end - 20)
        elif damage == "torn":
            file.seek(end - 20)
            file.write(bytes(20))
        elif damage == "flipped":
            file.seek(end // 2)
            byte = file.read(1)[0]
            file.seek(end // 2)
            file.write(bytes([byte ^ 0xFF]))
        elif damage == "garbage":
            file.seek(end)
            file.write(random.Random(7).randbytes(5000))
        else:
            raise ValueError(damage)
