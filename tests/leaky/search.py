"""Looks for secrets in bytes: any piece of one, plain or encoded."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Mapping

#: A piece of a text in mixed letters and digits: shorter ones occur by chance, longer ones would miss a
#: token of which a cut left the beginning.
PIECE = 8
#: Of figures and of encodings with few characters.
LONG_PIECE = 12

# Each piece is looked at once: events repeat themselves, and ordinary words are shorter than a piece.
_TOKEN = re.compile(rb'[^\s",]{%d,}' % PIECE)


def _forms(secret: str) -> list[tuple[str, bytes]]:
    raw = secret.encode()
    forms = [
        ("plain", raw),
        ("percent-encoded", urllib.parse.quote(secret, safe="").encode()),
        ("form-encoded", urllib.parse.quote_plus(secret).encode()),
        ("in JSON", json.dumps(secret)[1:-1].encode()),
        ("in JSON in JSON", json.dumps(json.dumps(secret)[1:-1])[1:-1].encode()),
        ("as repr", repr(secret)[1:-1].encode()),
        ("hexadecimal", raw.hex().encode()),
        ("reversed", raw[::-1]),
    ]
    for shift in range(3):
        # What base64 makes of it depends on what stands before; the edges depend on the neighbours.
        for name, encode in (
            ("base64", base64.b64encode),
            ("base64url", base64.urlsafe_b64encode),
        ):
            encoded = encode(b"\0" * shift + raw)
            forms.append((name, encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]))
    return forms


def leaks(where: bytes, secrets: Mapping[str, str]) -> list[str]:
    """What of the secrets is there: one line each, with what stands around it."""
    pieces: dict[int, dict[bytes, tuple[str, str]]] = {PIECE: {}, LONG_PIECE: {}}
    for name, secret in secrets.items():
        for form, encoded in _forms(secret):
            length = PIECE if form == "plain" and not secret.isdigit() else LONG_PIECE
            for at in range(len(encoded) - length + 1):
                pieces[length].setdefault(encoded[at : at + length], (name, form))
    found: dict[str, str] = {}
    for token in set(_TOKEN.findall(where)):
        for length, known in pieces.items():
            for at in range(len(token) - length + 1):
                hit = known.get(token[at : at + length])
                if hit and hit[0] not in found:
                    begin = where.index(token) + at
                    around = where[max(0, begin - 100) : begin + 40].decode(errors="replace")
                    found[hit[0]] = f"{hit[0]} ({hit[1]}): ...{around}..."
    return list(found.values())
