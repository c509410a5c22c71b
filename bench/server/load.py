"""The sender: some connections, on each the next request when the last is answered; or at a pace that is given.

One thread and plain sockets, for it runs on the cores that it measures: what it costs is in its result.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Result:
    """What came of a load."""

    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    #: CPU seconds of this process.
    own_cpu: float = 0.0
    #: Seconds until an answer, each.
    waits: list[float] = field(default_factory=list)

    def wait(self, share: float) -> float:
        """The wait that so many of the requests did not exceed."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class _Connection:
    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self.address, self.selector = address, selector
        self.answer = b""
        self.began = 0.0
        self.is_waiting = False
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(self.address, 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.is_open = True

    def close(self) -> None:
        if self.is_open:
            self.selector.unregister(self.socket)
            self.socket.close()
            self.is_open = False

    def send(self, request: bytes) -> None:
        self.began = time.perf_counter()
        self.answer = b""
        self.is_waiting = True
        if not self.is_open:
            self._open()
        self.socket.sendall(request)

    def read(self) -> int:
        """The status once the answer is whole, else 0. A connection that is kept no longer is closed, and made anew
        with the next request."""
        piece = self.socket.recv(65536)
        if not self.is_waiting:
            # It was idle for too long.
            self.close()
            return 0
        self.answer += piece
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if not piece and not found:
            raise ConnectionError("the server closed a connection without an answer")
        if not found:
            return 0
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else None
        is_whole = not piece or (length is not None and len(body) >= length)
        self.is_waiting = not is_whole
        if is_whole and (not piece or b"connection: close" in lower):
            self.close()
        return int(head[9:12]) if is_whole else 0


def blast(
    address: tuple[str, int],
    path: str,
    key: str,
    take: Callable[[], bytes],
    *,
    seconds: float | None = None,
    count: int | None = None,
    connections: int = 8,
    rate: float | None = None,
) -> Result:
    """Sends what `take` gives until `seconds` are over or `count` were sent; at most `rate` a second."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {address[0]}:{address[1]}\r\nx-sentry-auth: Sentry sentry_version=7, "
        f"sentry_key={key}, sentry_client=bench/1\r\ncontent-type: application/x-sentry-envelope\r\n"
        "content-encoding: gzip\r\ncontent-length: "
    ).encode()
    result = Result()
    selector = selectors.DefaultSelector()
    idle = [_Connection(address, selector) for _ in range(connections)]
    everyone = list(idle)
    cpu, began = time.process_time(), time.perf_counter()
    sent = answered = 0

    def may_send(now: float) -> bool:
        if count is not None and sent >= count or seconds is not None and now - began >= seconds:
            return False
        return rate is None or sent < (now - began) * rate + 1

    def is_over(now: float) -> bool:
        return (count is not None and sent >= count) or (seconds is not None and now - began >= seconds)

    while True:
        now = time.perf_counter()
        while idle and may_send(now):
            body = take()
            idle.pop().send(b"%s%d\r\n\r\n%s" % (head, len(body), body))
            sent += 1
        if is_over(now) and answered == sent:
            break
        # Until the next is due; without a rate until an answer comes.
        pause = max(0.0, began + sent / rate - now) if rate is not None and idle else 30.0
        for event, _ in selector.select(pause):
            connection: _Connection = event.data
            status = connection.read()
            if not status:
                continue
            answered += 1
            if status == 200:
                result.accepted += 1
            else:
                reason = connection.answer.rpartition(b'"reason":"')[2].split(b'"')[0]
                name = f"{status} {reason.decode(errors='replace')[:40]}"
                result.refused[name] = result.refused.get(name, 0) + 1
            result.waits.append(time.perf_counter() - connection.began)
            idle.append(connection)
    result.seconds = time.perf_counter() - began
    result.own_cpu = time.process_time() - cpu
    for connection in everyone:
        connection.close()
    return result
