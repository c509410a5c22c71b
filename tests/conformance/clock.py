"""The clock of the wall as it is not: for processes that are to see it set."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

#: The real clock plus the seconds that a file says, for whoever asks the C library.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, time);
    const char *path = getenv("CLOCK_OFFSET");
    if (clock == CLOCK_REALTIME && status == 0 && path) {
        char text[32] = {0};
        int file = open(path, O_RDONLY);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
            close(file);
        }
    }
    return status;
}
"""


def wrong_clock(folder: Path) -> tuple[Path, dict[str, str]]:
    """A file that says by how many seconds the clock is wrong, and the environment in which that counts."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source, library, offset = folder / "shim.c", folder / "shim.so", folder / "offset"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    offset.write_text("0")
    return offset, {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}
