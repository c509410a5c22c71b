"""Keeps the beginning of a request's body while the application reads it, and shows it when asked.

Never reads anything itself: what the application did not read was not part of the failure either.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Bytes kept beyond the limit, so that no secret is cut into something that no filter knows.
LOOK_AHEAD = 4096

# Bodies that are text, by the start of their media type. Of others there is nothing to read in a report.
_TEXT = ("application/json", "application/x-www-form-urlencoded", "application/xml", "application/graphql", "text/")
_MULTIPART = "multipart/form-data"

# Parts of a form looked at; no form that people fill in has more.
_MAX_PARTS = 200


def is_recordable(content_type: str) -> bool:
    """True for media types whose bodies a report can show."""
    kind = content_type.lower().lstrip()
    return kind.startswith(_TEXT) or kind.startswith(_MULTIPART) or "+json" in kind or "+xml" in kind


class BodyRecorder:
    """The first bytes of a body, as they were read."""

    __slots__ = ("_chunks", "_content_type", "_room", "size")

    def __init__(self, limit: int, content_type: str) -> None:
        self._room = limit + LOOK_AHEAD
        self._chunks: list[bytes] = []
        self._content_type = content_type
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Takes what the application just got."""
        self.size += len(chunk)
        if self._room > 0 and chunk:
            # A copy even of a whole chunk where it is a view that the server will reuse.
            kept = bytes(chunk[: self._room])
            self._room -= len(kept)
            self._chunks.append(kept)

    def data(self) -> Any:
        """The body so far as a text, a multipart form as a map; None when nothing was read."""
        if not self._chunks:
            return None
        body = b"".join(self._chunks)
        if self._content_type.lower().lstrip().startswith(_MULTIPART):
            return form_fields(body, self._content_type)
        return body.decode("utf-8", "replace")


def form_fields(body: bytes, content_type: str) -> dict[str, Any] | None:
    """Names and values of a multipart form, files as their size; None where it is no such form.

    The fields are told apart here because filtering goes by their names, which a raw body hides
    from it. The last part may be cut.
    """
    boundary = _parameter(content_type, "boundary")
    if not boundary:
        return None
    fields: dict[str, Any] = {}
    for part in body.split(b"--" + boundary.encode("latin-1", "replace"), _MAX_PARTS)[1:_MAX_PARTS]:
        head, separator, content = part.partition(b"\r\n\r\n")
        disposition = next((line for line in head.splitlines() if line.lower().startswith(b"content-disposition")), b"")
        text = disposition.decode("utf-8", "replace")
        name = _parameter(text, "name")
        if not separator or not name:
            continue
        if content.endswith(b"\r\n"):
            content = content[:-2]
        if "filename" in text:
            value: Any = f"<file of {len(content)} bytes>"
        else:
            value = content.decode("utf-8", "replace")
        if name in fields:
            earlier = fields[name]
            fields[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            fields[name] = value
    return fields


def _parameter(header: str, name: str) -> str:
    """The value of `name=...` in a header's parameters, without quotes; empty when absent."""
    for piece in header.split(";")[1:]:
        key, _, value = piece.strip().partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return ""
