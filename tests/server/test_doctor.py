"""`doctor`: each fault that it can find is named, with what to do; it changes nothing, and finds none where there is
none."""

from __future__ import annotations

import os
import random
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from clock import wrong_clock
from conftest import fill, spoil

from server import Json, Server, find_binary

#: What it looks at, in this order.
LOOKED_AT = [
    "data directory", "disk", "database", "log", "occurrences", "channel key", "backups", "settings", "listen",
    "address", "certificate",
]  # fmt: skip


def doctor(
    data: Path, *flags: str, environment: Mapping[str, str] | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """What is well, and what is ill: what was looked at, and what it says of it."""
    listen = () if "--listen" in flags else ("--listen", "127.0.0.1:0")
    command = [str(find_binary()), "doctor", "--data-dir", str(data), *listen, *flags]
    env = {name: value for name, value in os.environ.items() if not name.startswith("FAULTWIRE_")}
    env |= environment or {}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=data.parent, env=env)
    lines = [line for line in done.stdout.splitlines() if line]
    found: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for line in lines:
        verdict, _, rest = line.partition(" ")
        what, _, says = rest.strip().partition(": ")
        found[verdict == "well"][what] = says
    assert sorted([*found[True], *found[False]]) == sorted(LOOKED_AT), done
    assert done.returncode == (1 if found[False] else 0), done
    if found[False]:
        assert f"{len(found[False])} of {len(LOOKED_AT)} are not well" in done.stderr, done.stderr
    return found[True], found[False]


def the_ill(data: Path, *flags: str) -> tuple[str, str]:
    """The one thing that is ill."""
    _, ill = doctor(data, *flags)
    assert len(ill) == 1, ill
    return ill.popitem()


def content(data: Path) -> dict[str, bytes]:
    """All that is there; SQLite's own files for readers apart."""
    files = (path for path in data.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path.relative_to(data)): path.read_bytes() for path in files}


def webhook() -> Json:
    return {"kind": "webhook", "name": "hook", "url": "https://hooks.example/", "secret": "0123456789abcdef"}


@pytest.fixture
def data(server: Server) -> Path:
    """What a server left that was stopped: some events, a channel."""
    for n in range(20):
        server.event({"message": f"m{n}", "logger": "doctor"})
    assert server.api("POST", "/api/v1/projects/1/channels", webhook()).status == 201
    server.settle()
    assert server.stop() == 0
    return server.data


def test_a_sound_server_is_well(server: Server) -> None:
    """Running and stopped; and nothing was changed by looking."""
    server.event({"message": "m"})
    server.settle()
    flags = ("--listen", f"127.0.0.1:{server.port}")
    well, ill = doctor(server.data, *flags)
    assert ill == {} and "is ready" in well["listen"] and "1 issues, 1 events" in well["database"], (well, ill)
    assert server.stop() == 0
    before = content(server.data)
    well, ill = doctor(server.data, *flags)
    assert ill == {} and "no server runs there" in well["listen"], (well, ill)
    assert content(server.data) == before


def test_events_that_come_meanwhile_are_no_damage(server: Server) -> None:
    """It looks while a server writes."""
    for round_ in range(3):
        for n in range(100):
            server.event({"message": f"m{n}", "logger": "busy", "extra": {"x": random.randbytes(20_000).hex()}})
        _, ill = doctor(server.data, "--listen", f"127.0.0.1:{server.port}")
        assert ill == {}, round_


def test_no_directory_yet(tmp_path: Path) -> None:
    """Before the first start there is little to look at."""
    _, ill = doctor(tmp_path / "data")
    assert set(ill) == {"data directory", "disk"} and "the first start makes it" in ill["data directory"]
    (tmp_path / "file").write_text("")
    _, ill = doctor(tmp_path / "file")
    assert "it is no folder" in ill["data directory"] and "data_dir" in ill["data directory"], ill


def test_others_may_read_it(data: Path) -> None:
    data.chmod(0o755)
    what, says = the_ill(data)
    assert what == "data directory" and "chmod 700" in says


def test_it_cannot_be_written(data: Path) -> None:
    """The folder, or a file in it, is another user's."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (data / "faultwire.db").chmod(0o400)
    what, says = the_ill(data)
    assert what == "data directory" and "faultwire.db: Permission denied" in says and "chown" in says


def test_the_disk_is_read_only(data: Path, small_disk: Path) -> None:
    shutil.copytree(data, small_disk / "data")
    (small_disk / "data").chmod(0o700)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    well, ill = doctor(small_disk / "data")
    assert "read-only" in ill["data directory"] and "mount it" in ill["data directory"], ill
    assert "sound" in well["database"], "it can still be read"


def test_the_disk_is_full(data: Path, small_disk: Path) -> None:
    """Or nearly so; what is there can still be read."""
    shutil.copytree(data, small_disk / "data")
    (small_disk / "data").chmod(0o700)
    for _ in range(2):
        well, ill = doctor(small_disk / "data")
        assert set(ill) == {"disk"} and "MB are free" in ill["disk"] and "retention_bytes" in ill["disk"], ill
        assert "sound" in well["database"]
        fill(small_disk)
    assert ill["disk"].startswith("0 MB")


# The data.


def test_a_newer_server_wrote_it(data: Path) -> None:
    with closing(sqlite3.connect(data / "faultwire.db")) as database:
        database.execute("PRAGMA user_version = 99")
    what, says = the_ill(data)
    assert what == "database" and "version 99" in says and "Start that one, or restore a backup" in says


def test_an_older_server_wrote_it(data: Path) -> None:
    """That is well: the next start does what has to be done."""
    with closing(sqlite3.connect(data / "faultwire.db")) as database:
        database.execute("PRAGMA user_version = 1")
    well, ill = doctor(data)
    assert ill == {} and "the next start upgrades it" in well["database"]


@pytest.mark.parametrize("part", ["head", "page", "end"])
def test_a_damaged_database(data: Path, part: str) -> None:
    """Its head, a page in the middle, or its end is gone."""
    path = data / "faultwire.db"
    whole = bytearray(path.read_bytes())
    noise = random.Random(7).randbytes(4096)
    if part == "head":
        whole[:4096] = noise
    elif part == "page":
        middle = len(whole) // 4096 // 2 * 4096
        for page in range(4096, len(whole), 4096):
            if page in range(middle - 5 * 4096, middle + 5 * 4096):
                whole[page : page + 4096] = noise
    else:
        del whole[len(whole) // 2 :]
    path.write_bytes(whole)
    _, ill = doctor(data)
    assert "faultwire.db: damaged" in ill["database"] and "restore a backup" in ill["database"], ill


@pytest.mark.parametrize("damage", ["torn", "flipped", "garbage"])
def test_a_damaged_log(server: Server, damage: str) -> None:
    """A tail that was torn, a bit that flipped, bytes that are nobody's; with the file's name."""
    for n in range(20):
        server.event({"message": f"m{n}", "logger": "doctor"})
    server.settle()
    server.kill()
    assert doctor(server.data)[1] == {}, "a crash is no damage"
    (last,) = (path for path in (server.data / "log").glob("*.log") if path.read_bytes().strip(b"\0"))
    spoil(last, damage)
    what, says = the_ill(server.data)
    assert what == "log" and str(last) in says and "look at the disk" in says
    server.start()
    server.event({"message": "after"})
    server.settle()


def test_a_log_that_nobody_consumes(data: Path) -> None:
    for n in range(20):
        (data / "log" / f"{1000 + n:08x}-00000001.log").write_bytes(bytes(4096))
    what, says = the_ill(data)
    assert what == "log" and "segments wait" in says and "is the server running" in says


@pytest.mark.parametrize("how", ["gone", "short"])
def test_occurrences_that_are_lost(data: Path, how: str) -> None:
    (file,) = (data / "occurrences").glob("*.occ")
    if how == "gone":
        file.unlink()
    else:
        os.truncate(file, file.stat().st_size - 1)
    what, says = the_ill(data)
    assert what == "occurrences" and file.name.split("-")[0] in says and "backup" in says


@pytest.mark.parametrize("how", ["gone", "another", "readable", "cut"])
def test_the_key_of_the_channels(data: Path, how: str) -> None:
    """It is gone, as after a restore; is another; may be read by others; is half a key."""
    key = data / "channel.key"
    if how == "gone":
        key.unlink()
    elif how == "another":
        key.write_bytes(os.urandom(32))
    elif how == "readable":
        key.chmod(0o644)
    else:
        key.write_bytes(key.read_bytes()[:16])
    what, says = the_ill(data)
    advice = {"readable": "chmod 600", "cut": "expected 32 bytes"}.get(how, "set the secrets anew")
    assert what == "channel key" and advice in says


# The settings.


@pytest.mark.parametrize(
    "text, named",
    [
        ("listen = \n", "faultwire.toml"),
        ("no_such_setting = 1\n", "no_such_setting"),
        ('listen = "nowhere"\n', "listen"),
    ],
)
def test_a_settings_file_that_cannot_be_read(tmp_path: Path, text: str, named: str) -> None:
    """It says which, and where, before anything else."""
    (tmp_path / "faultwire.toml").write_text(text)
    done = subprocess.run([str(find_binary()), "doctor"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode != 0 and named in done.stderr and done.stdout == "", done
    elsewhere = [str(find_binary()), "doctor", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(elsewhere, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode != 0 and "none.toml" in done.stderr, done


def test_settings_that_need_each_other(data: Path) -> None:
    what, says = the_ill(data, "--smtp-from", "faults@example.com")
    assert what == "settings" and "smtp_url, smtp_from: expected both" in says


def test_an_address_that_cannot_be_listened_on(data: Path) -> None:
    """Another program has it; no interface has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        what, says = the_ill(data, "--listen", f"127.0.0.1:{port}")
        assert what == "listen" and str(port) in says and "end that program" in says
    # Reserved for documentation: no machine has it.
    _, ill = doctor(data, "--listen", "192.0.2.1:8790", "--public-url", "https://faults.example")
    assert set(ill) == {"listen"} and "no such address" in ill["listen"]


@pytest.mark.parametrize(
    "flags, says", [((), "public_url is not set"), (("--public-url", "http://faults.example"), "not encrypted")]
)
def test_an_address_for_others(data: Path, flags: tuple[str, ...], says: str) -> None:
    what, said = the_ill(data, "--listen", "0.0.0.0:0", *flags)
    assert what == "address" and says in said


def sign(folder: Path) -> list[str]:
    """Flags of a certificate for localhost that holds for 300 days."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl")
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "300"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    names += ["-addext", "basicConstraints=CA:FALSE"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([openssl, *new, *names, *files], check=True, capture_output=True)
    return ["--tls-certificate", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]


@pytest.mark.parametrize(
    "day, says", [(299, "within 14 days"), (287, "within 14 days"), (301, "refuse it now"), (-1, "refuse it now")]
)
def test_a_certificate_of_another_time(data: Path, tmp_path: Path, day: int, says: str) -> None:
    """It expires soon, has expired, or does not hold yet."""
    flags = sign(tmp_path)
    offset, environment = wrong_clock(tmp_path)
    offset.write_text(str(day * 86_400))
    _, ill = doctor(data, *flags, environment=environment)
    assert set(ill) == {"certificate"} and says in ill["certificate"] and "renew it" in ill["certificate"], ill


def test_a_certificate_of_another_host(data: Path, tmp_path: Path) -> None:
    flags = sign(tmp_path)
    well, ill = doctor(data, *flags, "--public-url", "https://localhost:8790/faultwire")
    assert ill == {} and "holds" in well["certificate"]
    what, says = the_ill(data, *flags, "--public-url", "https://faults.example")
    assert what == "certificate" and "faults.example" in says and "public_url" in says


def test_a_certificate_without_its_key(data: Path, tmp_path: Path) -> None:
    flags = sign(tmp_path)
    what, says = the_ill(data, *flags[:2])
    assert what == "certificate" and "tls_certificate, tls_key" in says
    (tmp_path / "other").mkdir()
    other = sign(tmp_path / "other")
    what, says = the_ill(data, *flags[:2], *other[2:])
    assert what == "certificate" and "is not the key of" in says


def test_a_copy_that_was_restored(data: Path, tmp_path: Path) -> None:
    """It misses the key of the channels, and says so."""
    binary, copy, back = str(find_binary()), tmp_path / "copy", tmp_path / "back"
    subprocess.run([binary, "backup", str(copy), "--data-dir", str(data)], check=True)
    subprocess.run([binary, "restore", str(copy), "--data-dir", str(back)], check=True)
    what, says = the_ill(back)
    assert what == "channel key" and "set the secrets anew" in says
