"""Looks for secrets in bytes: any ten characters in a row of one, plain or encoded."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Mapping

#: Shorter pieces occur by chance; longer ones would miss a token of which a cut left the beginning.
WINDOW = 10


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
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            encoded = encode(b"\0" * shift + raw)
            forms.append((name, encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]))
    return forms


def leaks(where: bytes, secrets: Mapping[str, str]) -> list[str]:
    """What of the secrets is there: one line each, with what stands around it."""
    windows: dict[bytes, tuple[str, str]] = {}
    for name, secret in secrets.items():
        for form, encoded in _forms(secret):
            for at in range(len(encoded) - WINDOW + 1):
                windows.setdefault(encoded[at : at + WINDOW], (name, form))
    found: dict[str, str] = {}
    for at in range(len(where) - WINDOW + 1):
        hit = windows.get(where[at : at + WINDOW])
        if hit and hit[0] not in found:
            around = where[max(0, at - 100) : at + 40].decode(errors="replace")
            found[hit[0]] = f"{hit[0]} ({hit[1]}): ...{around}..."
    return list(found.values())
