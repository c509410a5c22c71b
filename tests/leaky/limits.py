"""Secrets that stand where something is cut: the end of a value, of a message, of what is copied at all.

What a cut leaves of a token is too short for any rule, and may be enough for somebody else.
"""

# Locals are there to be seen in the report.
# ruff: noqa: B904, F841, F821, E501, E702

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import faultwire

from leaky._scenario import scenario
from leaky.seeds import (
    awkward,
    aws,
    basic,
    dsn_string,
    github,
    jwt,
    opaque,
    ordinary,
    pem,
    stripe,
)

VALUE = 64
MESSAGE = 8192
#: What extraction copies beyond a limit (`core/src/capture.rs`, LOOK_AHEAD).
LOOK_AHEAD = 4096

KINDS: dict[str, Callable[[str], str]] = {
    "jwt": jwt,
    "aws": aws,
    "stripe": stripe,
    "github": github,
    "basic": basic,
    "bearer": lambda name: "Bearer " + opaque(name),
    "connection string": dsn_string,
    "pair": lambda name: f"password={opaque(name)}",
    "JSON pair": lambda name: f'{{"password": "{opaque(name)}"}}',
    "repr pair": lambda name: f"{{'password': {awkward(name)!r}}}",
    "pem": lambda name: pem(name, 6),
    "cookie": lambda name: f"Cookie: sessionid={opaque(name)}; a=b",
    "link": lambda name: f"https://shop.example/?a=1&access_token={opaque(name)}&b=2",
}


def words(length: int) -> str:
    """Ordinary text of exactly that length, ending in a blank."""
    text = "the parcel was late " * (length // 20 + 1)
    return text[: max(length - 1, 0)] + " " if length else ""


def offsets(limit: int, token: str) -> list[int]:
    """Where a token has to begin so that the limit falls before it, at each part of it, behind it."""
    step = max(1, len(token) // 12)
    return sorted({limit + 1, *range(max(0, limit - len(token) - 2), limit + 1, step)})


@scenario(max_value_length=VALUE)
def values() -> None:
    """Across `max_value_length`, in locals, extras, breadcrumb data, header-like dicts."""
    ordinary("the parcel was late")
    for kind, make in KINDS.items():
        for at in offsets(VALUE, make(f"{kind}, unused")):
            text = words(at) + make(f"{kind} at {at}")
            try:
                raise ValueError("x")
            except ValueError as error:
                faultwire.capture_exception(
                    error,
                    extra={"note": text, "list": [{"text": text}]},
                    tags={"note": text},
                )


@scenario(max_value_length=VALUE)
def values_beyond_the_look_ahead() -> None:
    """Across the end of what is copied of a value, behind secrets that shrink when they are filtered."""
    end = VALUE + LOOK_AHEAD
    for kind, make in KINDS.items():
        for at in offsets(end, make(f"{kind}, unused")):
            for begin in (words(at), shrinking(at)):
                note = begin + make(f"{kind} at {at}") + words(200)
                data = note.encode()
                try:
                    raise ValueError("x")
                except ValueError as error:
                    faultwire.capture_exception(error, extra={"note": note, "data": data})
                del note, data


@functools.cache
def filler() -> str:
    """Nearly nothing once it is filtered: a key block, long passwords."""
    return "".join(f"password={opaque('filler') * 30} {pem('filler', 8)} " for _ in range(20))


def shrinking(length: int) -> str:
    """A text of that length which is much shorter once it is filtered."""
    return filler()[: length - 1 - 600] + "\n-----END RSA PRIVATE KEY----- " + words(length)[-(600 - 30) :]


def say(text: str, **more: Any) -> None:
    """As a breadcrumb, as what an exception says, and as a message."""
    faultwire.add_breadcrumb(text)
    try:
        raise ValueError(text)
    except ValueError as error:
        faultwire.capture_exception(error)
    faultwire.capture_message(text, **more)
    faultwire.clear_breadcrumbs()


@scenario()
def messages() -> None:
    """Across the limit of messages, of exception texts, of breadcrumbs."""
    for kind, make in KINDS.items():
        for at in offsets(MESSAGE, make(f"{kind}, unused"))[::2]:
            text = words(at) + make(f"{kind} at {at}") + words(50)
            say(text)


@scenario()
def messages_beyond_the_look_ahead() -> None:
    """Across the end of what is copied of a message, behind secrets that shrink when they are filtered."""
    end = MESSAGE + LOOK_AHEAD
    for kind, make in KINDS.items():
        for at in offsets(end, make(f"{kind}, unused"))[::2]:
            text = shrinking(at) + make(f"{kind} at {at}") + words(200)
            say(text, template=text, params=[text])


@scenario()
def without_blanks() -> None:
    """Across the end of what is copied of a message that is one long word, and short once it is filtered."""
    end = MESSAGE + LOOK_AHEAD
    begin = "".join(f'"password":"{opaque("filler") * 30}",' for _ in range(20))
    begin *= end // len(begin) + 1
    for kind, make in KINDS.items():
        for at in offsets(end, make(f"{kind}, unused"))[::2]:
            before = 'said: "' + begin[: at - len('said: """,')]
            text = before + '","' + make(f"{kind} at {at}") + '","b":"c"' * 200
            say(text)


@scenario()
def key_blocks() -> None:
    """A private key across each limit: long, and recognised by its first line only."""
    for limit in (200, 1024, 2048, MESSAGE, MESSAGE + LOOK_AHEAD, 1024 + LOOK_AHEAD):
        for before in (10, 40, 300, 1000):
            block = words(max(limit - before, 0)) + pem(f"pem {before} before {limit}", 26)
            faultwire.set_tag("note", block)
            faultwire.set_extra("note", block)
            faultwire.set_context("note", {"text": block})
            faultwire.add_breadcrumb("x", data={"text": block, "a": words(1500), "b": block})
            try:
                raise ValueError(block)
            except ValueError as error:
                faultwire.capture_exception(error, transaction=block, fingerprint=[block])
            faultwire.clear_breadcrumbs()


@scenario()
def large() -> None:
    """Events that have to shrink: what is thrown out is thrown out whole."""

    def deep(n: int, secrets: dict) -> None:
        password = opaque("deep local")
        api = {f"key{i}": {"password": opaque("wide"), "text": words(500)} for i in range(30)}
        if n:
            deep(n - 1, api)
        raise ValueError(words(9000) + jwt("in the text"))

    for _ in range(100):
        faultwire.add_breadcrumb(words(8185) + stripe("breadcrumb"), data={"token": opaque("data")})
    faultwire.set_extra("nested", nested(30))
    faultwire.set_extra("wide", [{"secret": opaque("wide extra")} for _ in range(300)])
    faultwire.set_extra("long", [words(1000) + dsn_string("long extra") for _ in range(90)])
    faultwire.set_context("long", {f"k{i}": words(1000) + jwt("long context") for i in range(40)})
    try:
        deep(40, {})
    except ValueError as error:
        faultwire.capture_exception(error)


def nested(depth: int) -> dict:
    """Deeper than is copied: what is below the limit is not shown in another form."""
    value: object = opaque("bottom")
    for _ in range(depth):
        value = {
            "a": value,
            "password": opaque("on the way down"),
            "list": [[aws("in lists")]],
        }
    return {"top": value}


@scenario()
def many() -> None:
    """More members than are kept, secrets among the last and in the keys."""
    faultwire.set_extra(
        "many",
        {**{f"k{i:03}": i for i in range(200)}, "password": opaque("last member")},
    )
    faultwire.set_extra(
        "long keys",
        {
            words(190) + stripe("across the limit of a key"): 1,
            words(195) + jwt("key"): 2,
        },
    )
    faultwire.set_tag("t" * 190 + stripe("across the limit of a tag's key"), "x")
    for at in range(176, 202, 3):
        faultwire.set_tag(f"t{at}", words(at) + github(f"tag at {at}"))
        faultwire.capture_message("x", transaction=words(at) + stripe(f"transaction at {at}"))
    for at in range(30, 66, 4):
        faultwire.capture_message("x", logger=words(at).replace(" ", ".") + aws(f"logger at {at}"))
