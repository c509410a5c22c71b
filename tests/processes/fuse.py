"""A file system of directories alone, mounted by FUSE: enough for whoever asks what kind it is.

The kernel's side of it is documented in linux/fuse.h. Needs /dev/fuse and the right to mount; OSError without.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import threading
from pathlib import Path

LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, STATFS = 1, 2, 3, 4, 9, 17
INIT, OPENDIR, READDIR, RELEASEDIR, BATCH_FORGET = 26, 27, 28, 29, 42
MAKES_FILES = {6: "symlink", 8: "mknod", 13: "link", 35: "create"}

_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


class Directories:
    """Mounted on `folder` from `with` to its end. `files` are the attempts to make anything but a directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fsencode(folder)
        self._nodes: dict[tuple[int, bytes], int] = {}
        self.files: list[str] = []

    def __enter__(self) -> Directories:
        self._device = os.open("/dev/fuse", os.O_RDWR)
        data = f"fd={self._device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
        if _libc.mount(b"directories", self._folder, b"fuse", 0, data) != 0:
            os.close(self._device)
            raise OSError(ctypes.get_errno(), "cannot mount")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        _libc.umount2(self._folder, _DETACH)
        self._thread.join(10)
        os.close(self._device)

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self._device, 1 << 17)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                # Unmounted.
                return
            _, operation, unique, node = struct.unpack_from("=IIQQ", request)
            if operation in (FORGET, BATCH_FORGET):
                continue
            answer = self._answer(operation, node, request[40:])
            failed, body = (answer, b"") if isinstance(answer, int) else (0, answer)
            os.write(self._device, struct.pack("=IiQ", 16 + len(body), -failed, unique) + body)

    def _answer(self, operation: int, node: int, body: bytes) -> bytes | int:
        """What is asked for, or the number of an error."""
        if operation in MAKES_FILES:
            self.files.append(MAKES_FILES[operation])
            return errno.EACCES
        if operation == INIT:
            return struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0)
        if operation in (GETATTR, SETATTR):
            return struct.pack("=QII", 0, 0, 0) + _attributes(node)
        if operation == LOOKUP:
            child = self._nodes.get((node, body.rstrip(b"\0")))
            return _entry(child) if child else errno.ENOENT
        if operation == MKDIR:
            child = len(self._nodes) + 2
            self._nodes[node, body[8:].rstrip(b"\0")] = child
            return _entry(child)
        if operation == STATFS:
            return struct.pack("=5Q4I24x", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 4096, 255, 4096, 0)
        if operation == OPENDIR:
            return struct.pack("=QII", 0, 0, 0)
        return b"" if operation in (READDIR, RELEASEDIR) else errno.ENOSYS


def _attributes(node: int) -> bytes:
    mode = stat.S_IFDIR | 0o700
    return struct.pack("=6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 2, os.getuid(), os.getgid(), 0, 4096, 0)


def _entry(node: int) -> bytes:
    return struct.pack("=4QII", node, 0, 0, 0, 0, 0) + _attributes(node)
