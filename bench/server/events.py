"""The load: web shop errors of some 9.7 kB, no two with the same locals, messages full of noise.

What makes an event dear for a server is made ahead: the body with its fresh locals and message is compressed once. Only
the envelope's header, which has the id that counts, is made as it is sent. It goes before the body as a gzip member of
its own, stored and not compressed; readers of gzip take members one after the other as one text.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import struct
import time
import zlib
from typing import Any

#: Bytes of an event's JSON: what a Python web application sends with locals and source lines.
SIZE = 9_700
#: Frames of a stack, the last eight of them with locals and source lines.
FRAMES = 14
_MEMBER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01"


def _words(pick: random.Random, count: int) -> str:
    return " ".join(pick.choice(_WORDS) for _ in range(count))


_WORDS = (
    "order cart price stock label parcel route window ledger refund retry batch cursor vendor ticket basket coupon "
    "voucher courier region tariff margin invoice deposit balance receipt session device sensor marker"
).split()


def _frame(fault: int, depth: int, pick: random.Random) -> dict[str, Any]:
    # The outer half is the framework's and the same for all; the inner ones are the fault's own.
    own = depth >= FRAMES // 2
    name = f"step_{fault}_{depth}" if own else f"dispatch_{depth}"
    module = f"shop.area{fault % 9}.part{depth}" if own else f"framework.layer{depth}"
    path = module.replace(".", "/") + ".py"
    where = "/srv/shop/releases/current/" if own else "/usr/lib/python3/site-packages/"
    frame: dict[str, Any] = {
        "function": name, "module": module, "filename": path, "abs_path": where + path,
        "lineno": 40 + depth * 3, "in_app": own,
    }  # fmt: skip
    if depth >= FRAMES - 8:
        line = random.Random(f"{fault} {depth}")
        frame["pre_context"] = [f"    {_words(line, 4)} = {_words(line, 2)}" for _ in range(3)]
        frame["context_line"] = f"    return {name}({_words(line, 2).replace(' ', ', ')})"
        frame["post_context"] = [f"    # {_words(line, 5)}" for _ in range(3)]
        frame["vars"] = {
            "self": f"<shop.models.Order object at 0x{pick.randrange(2**47):012x}>",
            "number": pick.randrange(10**9),
            "total": round(pick.random() * 1000, 2),
            "lines": [f"{pick.choice(_WORDS)}-{pick.randrange(10**5)}" for _ in range(4)],
            "note": f"'{_words(pick, 5)}'",
        }
    return frame


def event(fault: int, pick: random.Random) -> bytes:
    """The JSON of one occurrence of a fault."""
    crumb = "SELECT id, {0} FROM {0}s WHERE {0}_id = %s"
    whole: dict[str, Any] = {
        "event_id": pick.randbytes(16).hex(),
        "timestamp": time.time(),
        "platform": "python",
        "level": "error",
        "logger": "shop",
        "transaction": f"/area{fault % 9}/action{fault}",
        "server_name": f"web-{pick.randrange(8)}",
        "release": "shop@1.4.2",
        "environment": "production",
        "sdk": {"name": "bench", "version": "1"},
        "exception": {
            "values": [
                {
                    "type": f"Fault{fault % 7}",
                    "value": f"order {pick.randrange(10**9)} of user{pick.randrange(10**6)}@example.com failed after "
                    f"{pick.random():.3f} s at 0x{pick.randrange(2**47):x}: {pick.randbytes(8).hex()}",
                    "module": "shop.errors",
                    "mechanism": {"type": "generic", "handled": pick.random() < 0.5},
                    "stacktrace": {"frames": [_frame(fault, depth, pick) for depth in range(FRAMES)]},
                }
            ]
        },
        "user": {"id": str(pick.randrange(50_000))},
        "tags": {"customer": f"c{pick.randrange(400)}", "region": pick.choice(["eu", "us", "ap"])},
        "request": {
            "method": "POST",
            "url": f"https://shop.example/area{fault % 9}/action{fault}",
            "query_string": f"page={pick.randrange(99)}",
            "headers": {"Accept": "application/json", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"},
        },
        "breadcrumbs": {
            "values": [
                {"timestamp": time.time(), "category": "query", "message": crumb.format(pick.choice(_WORDS))}
                for _ in range(6)
            ]
        },
        "contexts": {
            "runtime": {"name": "CPython", "version": "3.12.1"},
            "os": {"name": "Linux", "version": "6.1"},
            "trace": {"trace_id": pick.randbytes(16).hex(), "span_id": pick.randbytes(8).hex(), "op": "http.server"},
        },
        "modules": {f"package-{word}": f"{n}.{len(word)}.1" for n, word in enumerate(_WORDS[:8])},
        "extra": {},
    }
    short = SIZE - len(json.dumps(whole))
    if short > 20:
        whole["extra"]["payload"] = _words(pick, short // 7)
    return json.dumps(whole).encode()


class Pool:
    """Bodies made ahead, taken in turn; each has a new id whenever it is sent."""

    def __init__(self, faults: int, size: int, seed: int = 1) -> None:
        """`size` bodies of `faults` faults; the time this takes is some 0.3 ms a body."""
        pick = random.Random(seed)
        plain = [event(number % faults, pick) for number in range(size)]
        self.mean_size = sum(map(len, plain)) / size
        self._bodies = [(len(body), gzip.compress(body + b"\n", 6)) for body in plain]
        self.mean_compressed = sum(len(body) for _, body in self._bodies) / size
        self._next = 0

    def take(self) -> bytes:
        """An envelope, compressed."""
        length, body = self._bodies[self._next]
        self._next = (self._next + 1) % len(self._bodies)
        head = b'{"event_id":"%s"}\n{"type":"event","length":%d}\n' % (os.urandom(16).hex().encode(), length)
        size = len(head)
        sizes = struct.pack("<HH", size, size ^ 0xFFFF)
        return b"".join((_MEMBER, sizes, head, struct.pack("<II", zlib.crc32(head), size), body))

    def whole(self) -> list[bytes]:
        """Every body once as an envelope of a single member, with a new id: for readers that know no other."""
        out = []
        for _ in self._bodies:
            out.append(gzip.compress(gzip.decompress(self.take()), 6))
        return out
