"""All that the tracker keeps, readable: where secrets are looked for."""

import contextlib
import json
import zlib
from collections.abc import Iterator

from server import Server

#: How a gzip stream begins.
GZIP = b"\x1f\x8b\x08"


def kept(server: Server, payloads: list[dict]) -> Iterator[bytes]:
    """All that the server keeps of what was sent, readable: payloads as the API has them, each file as it is, and
    what is compressed in its log, which is each request's body as the SDKs sent it."""
    yield json.dumps(payloads, ensure_ascii=False).encode()
    for path in sorted(server.data.rglob("*")):
        if not path.is_file():
            continue
        whole = path.read_bytes()
        yield whole
        at = whole.find(GZIP)
        while at >= 0:
            # No stream begins there if it cannot be read.
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(31).decompress(whole[at:])
            at = whole.find(GZIP, at + 1)
