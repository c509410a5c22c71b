"""What a process and a disk say of themselves."""

from __future__ import annotations

import math
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu(pids: list[int]) -> float:
    """CPU seconds of these processes so far, all their threads."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


def rss(pid: int) -> float:
    """MB resident."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def on_disk(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def stripped(binary: Path) -> int:
    """Bytes of a program without its symbols; as it is where there is no `strip`."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stripped"
        try:
            subprocess.run(["strip", "-o", str(copy), str(binary)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return binary.stat().st_size
        return copy.stat().st_size


def fdatasync(folder: Path, rounds: int = 200) -> float:
    """Median seconds of an `fdatasync` after 24 kB were written into a file that has its size."""
    path = folder / "fdatasync"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(descriptor, bytes(24_576 * rounds), 0)
        os.fsync(descriptor)
        times = []
        for number in range(rounds):
            os.pwrite(descriptor, os.urandom(24_576), 24_576 * number)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - began)
        return statistics.median(times)
    finally:
        os.close(descriptor)
        path.unlink()


def quantile(before: Mapping[str, float], after: Mapping[str, float], name: str, share: float) -> float:
    """The upper bound of the bucket in which that share of a histogram's new samples is reached."""
    buckets = {}
    for sample, value in after.items():
        if found := re.match(rf'{name}_bucket{{.*le="([^"]+)".*}}$', sample):
            bound = math.inf if found[1] in ("+Inf", "inf") else float(found[1])
            buckets[bound] = buckets.get(bound, 0.0) + value - before.get(sample, 0.0)
    total = max(buckets.values(), default=0.0)
    return next((bound for bound in sorted(buckets) if buckets[bound] >= total * share), math.nan)
