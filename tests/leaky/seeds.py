"""Secrets that nobody else has, and ordinary texts, each remembered for the test to look for.

Kept in this module alone: what a frame of a scenario holds is what the scenario put there.
"""

from __future__ import annotations

import base64
import json
import random
import string

_random = random.SystemRandom()
_secrets: dict[str, str] = {}
_ordinary: list[str] = []


def _letters(alphabet: str, count: int) -> str:
    return "".join(_random.choice(alphabet) for _ in range(count))


def _remember(name: str, hidden: str) -> None:
    while name in _secrets:
        name += "'"
    _secrets[name] = hidden


def opaque(name: str) -> str:
    """A password: only the name it stands under gives it away."""
    hidden = "Zq" + _letters(string.digits, 1) + _letters(string.ascii_letters + string.digits, 17)
    _remember(name, hidden)
    return hidden


def awkward(name: str) -> str:
    """A password that URLs and JSON have to escape."""
    hidden = (
        _letters(string.ascii_letters, 10) + '+"' + _letters(string.ascii_letters, 10) + "\\%" + _letters("qxzjk", 10)
    )
    _remember(name, hidden)
    return hidden


def digits(name: str, count: int = 12) -> int:
    hidden = _letters("123456789", count)
    _remember(name, hidden)
    return int(hidden)


def jwt(name: str) -> str:
    """Three parts; the first is the same for everybody."""
    payload = base64.urlsafe_b64encode(json.dumps({"sub": _letters(string.ascii_letters, 24)}).encode()).decode()
    signature = _letters(string.ascii_letters + string.digits + "-_", 43)
    payload = payload.rstrip("=")
    _remember(name + ", payload", payload[12:])
    _remember(name + ", signature", signature)
    return f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.{signature}"


def aws(name: str) -> str:
    """Known by its looks, whatever it is called."""
    tail = _letters(string.ascii_uppercase + "234567", 14) + "7Q"
    _remember(name, tail)
    return "AKIA" + tail


def stripe(name: str) -> str:
    tail = _letters(string.ascii_letters + string.digits, 22) + "4x"
    _remember(name, tail)
    return "sk_live_" + tail


def github(name: str) -> str:
    tail = _letters(string.ascii_letters + string.digits, 34) + "4x"
    _remember(name, tail)
    return "ghp_" + tail


def pem(name: str, lines: int = 12) -> str:
    """A private key; each line of it is a secret."""
    rows = [_letters(string.ascii_letters + string.digits + "+/", 64) for _ in range(lines)]
    for i, row in enumerate(rows):
        _remember(f"{name}, line {i + 1}", row)
    return "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *rows, "-----END RSA PRIVATE KEY-----"])


def dsn_string(name: str, host: str = "db.internal.example") -> str:
    """A connection string: the host stays readable."""
    return f"postgresql://app:{opaque(name)}@{host}:5432/orders"


def basic(name: str) -> str:
    hidden = opaque(name)
    return "Basic " + base64.b64encode(f"ann:{hidden}".encode()).decode()


def card(name: str) -> str:
    """A Visa number with its check digit."""
    head = "4" + _letters(string.digits, 14)
    total = 0
    for i, c in enumerate(reversed(head)):
        n = int(c) * (2 if i % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    number = head + str(-total % 10)
    _remember(name, number)
    return number


def email(name: str) -> str:
    """Personal: hidden unless `send_default_pii`."""
    local = "ann." + _letters(string.ascii_lowercase, 12)
    _remember("pii: " + name, local)
    return local + "@mail.example"


def ordinary(text: str) -> str:
    """A text that must arrive."""
    _ordinary.append(text)
    return text


def forget() -> None:
    _secrets.clear()
    _ordinary.clear()


def told() -> dict[str, object]:
    return {"secrets": dict(_secrets), "ordinary": list(_ordinary)}
