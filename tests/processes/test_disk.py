"""Disks that are full, read-only or taken away: said, counted, and delivery goes on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from fuse import Directories
from sink import Sink
from test_lives import RECOVERS

#: Captures `COUNT` messages while the server is down, says what `stats()` says, then sends what it can.
STORES = """
import faultwire, json, os, sys, time
{before}
faultwire.init(shutdown_timeout=0.5, **json.loads(os.environ.get("OPTIONS", "{{}}")))
for n in range({count}):
    faultwire.capture_message(f"number {{n}} " + "x" * 400)
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    stats = faultwire.stats()
    if stats["spooled"] + sum(stats["dropped"].values()) >= {stored}:
        break
    time.sleep(0.01)
print(json.dumps(stats))
{after}
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def lawful(stats: dict) -> dict:
    settled = ("delivered", "spooled", "pending", "folded")
    assert stats["captured"] == sum(stats[name] for name in settled) + sum(stats["dropped"].values()), stats
    return stats


def test_a_full_disk_means_memory_until_there_is_room(program: Run, sink: Sink, small_disk: Path) -> None:
    """The events that fit arrive at the next start; the others when the server comes back, in this life."""
    sink.mode("status", status=503)
    source = STORES.format(
        before="import urllib.request",
        count=600,
        stored=100,
        after="""
while faultwire.stats()["pending"] > 0 and faultwire.stats()["outbox"] == "disk":
    time.sleep(0.01)
print(json.dumps(faultwire.stats()))
urllib.request.urlopen(urllib.request.Request(os.environ["CONTROL"], data=b'{"mode": "ok"}', method="POST"))
assert faultwire.flush(30)
print(json.dumps(faultwire.stats()))
""",
    )
    ended = program(source, dsn=sink.dsn, XDG_STATE_HOME=str(small_disk), CONTROL=f"{sink.control_url}/_sink/mode")
    assert (ended.code, ended.err) == (0, "")
    _, full, after = (lawful(json.loads(line)) for line in ended.out.splitlines())
    assert full["outbox"].startswith("memory: ") and full["spooled"] > 0 and full["pending"] > 0, full
    assert (after["delivered"], after["dropped"]) == (600, {})
    assert len({event["event_id"] for event in sink.events()}) == 600


def test_a_limit_on_the_size_of_files_is_no_worse(program: Run, sink: Sink) -> None:
    """The same without a mount: a write that fails in its midst leaves damage, which costs nothing else."""
    sink.mode("status", status=503)
    before = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    ended = program(STORES.format(before=before, count=100, stored=10, after=""), dsn=sink.dsn)
    assert (ended.code, ended.err) == (0, "")
    stats = lawful(json.loads(ended.out))
    assert 0 < stats["spooled"] < 100 and stats["outbox"].startswith("memory: "), stats
    sink.reset()
    recovered = json.loads(program(RECOVERS, dsn=sink.dsn).out)["recovered"]
    assert recovered["delivered"] == len(sink.events()) >= stats["spooled"]
    assert set(recovered["dropped"]) <= {"spool_damaged"}


def test_a_read_only_disk_means_memory(program: Run, sink: Sink, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ended = program(
        "import faultwire\nfaultwire.init()\nfaultwire.capture_message('x')\nassert faultwire.flush(10)\n"
        "print(faultwire.stats()['outbox'])\n",
        dsn=sink.dsn,
        XDG_STATE_HOME=str(small_disk),
    )
    assert (ended.code, ended.out) == (0, "memory: read-only filesystem or storage medium\n")
    assert len(sink.events()) == 1


def test_without_a_home_there_is_memory_said_once(program: Run, sink: Sink) -> None:
    ended = program(
        "import os\ndel os.environ['XDG_STATE_HOME'], os.environ['HOME']\n"
        "import faultwire\nfaultwire.init(debug=True)\n"
        "for n in range(3): faultwire.capture_message('x')\nassert faultwire.flush(10)\n",
        dsn=sink.dsn,
    )
    assert ended.err.splitlines().count("faultwire: events are kept in memory: no home directory") == 1
    assert len(sink.events()) == 3


def test_a_directory_that_others_can_write_is_refused(program: Run, sink: Sink, state_of_its_own: Path) -> None:
    folder = state_of_its_own / "faultwire"
    folder.mkdir()
    folder.chmod(0o777)
    ended = program(
        "import faultwire\nfaultwire.init()\nfaultwire.capture_message('x')\nassert faultwire.flush(10)\n"
        "print(faultwire.stats()['outbox'])\n",
        dsn=sink.dsn,
    )
    assert ended.out == "memory: other users can write to it\n"
    assert os.listdir(folder) == [] and len(sink.events()) == 1


#: `statfs` says for what lies below a directory that it is on a file system of another kind.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define STATFS(name)                                                               \
    int name(const char *path, struct name *about) {                               \
        int (*real)(const char *, struct name *) = dlsym(RTLD_NEXT, #name);        \
        int status = real(path, about);                                            \
        const char *below = getenv("FOREIGN"), *kind = getenv("KIND");             \
        if (status == 0 && below && kind && !strncmp(path, below, strlen(below)))  \
            about->f_type = strtol(kind, 0, 16);                                   \
        return status;                                                             \
    }

STATFS(statfs)
STATFS(statfs64)
"""

#: Three events, and what the process says of itself.
SAYS = """
import faultwire, time
faultwire.init(debug=True, capture_crashes={crashes})
for n in range(3):
    faultwire.capture_message(f"number {{n}}")
assert faultwire.flush(10)
print(faultwire.stats()["outbox"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers are those of Linux")
@pytest.mark.parametrize(("kind", "name"), [("6969", "NFS"), ("ff534d42", "CIFS"), ("65735546", "FUSE")])
@pytest.mark.parametrize("crashes", [False, True])
def test_a_network_file_system_is_refused_said_once(
    program: Run, sink: Sink, tmp_path: Path, state_of_its_own: Path, kind: str, name: str, crashes: bool
) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source, library = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    environment = {"LD_PRELOAD": str(library), "FOREIGN": str(state_of_its_own), "KIND": kind}
    refused(program, sink, state_of_its_own, f"on a network file system ({name})", crashes, environment)
    # The shim alone does nothing, nor does the refusal last: the same place is fine where it is local.
    ended = program(SAYS.format(crashes=crashes), dsn=sink.dsn, **{**environment, "FOREIGN": "/elsewhere"})
    assert ended.out == "disk\n", ended.err


@pytest.mark.skipif(sys.platform != "linux", reason="FUSE of Linux")
def test_a_real_one_is_refused(program: Run, sink: Sink, tmp_path: Path) -> None:
    """Where this user may mount; a file system in user space stands for all."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        try:
            mounted = stack.enter_context(Directories(folder))
        except OSError as error:
            pytest.skip(f"FUSE cannot be mounted here: {error}")
        why = "on a network file system (FUSE)"
        refused(program, sink, folder, why, crashes=True, environment={"XDG_STATE_HOME": str(folder)})
    assert mounted.files == []


def refused(program: Run, sink: Sink, folder: Path, why: str, crashes: bool, environment: dict[str, str]) -> None:
    ended = program(SAYS.format(crashes=crashes), dsn=sink.dsn, **environment)
    assert (ended.code, ended.out) == (0, f"memory: {why}\n"), ended.err
    lines = [line for line in ended.err.splitlines() if "events are kept in memory" in line]
    assert lines == [f"faultwire: events are kept in memory alone, the spool cannot be written: {why}"]
    assert sorted(event["logentry"]["formatted"] for event in sink.events()) == [f"number {n}" for n in range(3)]
    assert not any(path.is_file() for path in folder.rglob("*"))
