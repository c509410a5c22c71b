"""Captures without a framework: whatever an application says of itself may hold a secret."""

# Locals are there to be seen in the report.
# ruff: noqa: B904, F841, F821, E501, E702

from __future__ import annotations

import collections
import dataclasses
import json
import logging
import sys
import uuid

import faultwire

from leaky._scenario import scenario
from leaky.seeds import (
    awkward,
    aws,
    basic,
    card,
    digits,
    dsn_string,
    email,
    github,
    jwt,
    opaque,
    ordinary,
    pem,
    stripe,
)


class Account:
    def __init__(self, secret: str, title: str) -> None:
        self.password = secret
        self.title = title
        self._private = {"apiKey": opaque("private attribute's member")}


class Slotted:
    __slots__ = ("access_token", "note")

    def __init__(self) -> None:
        self.access_token = opaque("slot")
        self.note = "slotted"


class Named(str):
    """A text by another class."""


@dataclasses.dataclass
class Settings:
    db_password: str
    region: str
    nested: dict


Login = collections.namedtuple("Login", "user password")


@scenario()
def frame_locals() -> None:
    """Every kind of value that a local variable can be."""

    def charge() -> None:
        password = opaque("local str")
        api_key = opaque("local bytes").encode()
        token = bytearray(opaque("local bytearray"), "ascii")
        pin_secret = digits("local int")
        secret = Named(opaque("local of a subclass of str"))
        credentials = {
            "user": "ann",
            "password": opaque("local dict of a sensitive name"),
        }
        config = {
            "db": {
                "PASSWORD": opaque("nested dict"),
                "host": ordinary("db7.internal.example"),
            }
        }
        accounts = [
            {"name": "a", "auth_token": opaque("list of dicts")},
            {"sessionId": opaque("list of dicts, 2")},
        ]
        pairs = [("password", opaque("list of pairs"))]
        keyed = {b"password": opaque("dict with bytes keys")}
        passwords = [
            opaque("list under a sensitive name"),
            (opaque("tuple in it"),),
            {opaque("set in it")},
        ]
        by_token = {stripe("key of a dict"): 1, jwt("key of a dict, jwt"): 2}
        account = Account(opaque("attribute"), ordinary("account of a customer"))
        slotted = Slotted()
        settings = Settings(
            opaque("dataclass"),
            ordinary("eu-west-9"),
            {"secretKey": opaque("dict in a dataclass")},
        )
        headers = {
            "Authorization": "Bearer " + opaque("bearer header in a local"),
            "authorization": basic("basic header in a local"),
            "Cookie": "sessionid=" + opaque("cookie header in a local"),
            "X-Acme-Token": opaque("custom header in a local"),
            "nested": [{"headers": [["X-Api-Key", opaque("header pair")]]}],
        }
        raw_headers = [(b"authorization", b"Bearer " + opaque("bytes headers").encode())]
        text = f"retry with password={opaque('pair in a text')} for order {ordinary('ORD-20417')}"
        blob = ("login " + aws("aws key in bytes") + " end").encode()
        broken = b"\xff\xfe api_key=" + opaque("pair in bytes that are no text").encode()
        document = json.dumps({"user": "ann", "password": opaque("JSON text"), "n": 1})
        twice = json.dumps({"body": document.replace("ann", opaque("x") and "ann")})
        shown = repr({"user": "ann", "client_secret": awkward("repr of a dict")})
        query = "SELECT * FROM t WHERE token='" + opaque("sql") + "'"
        link = f"https://shop.example/reset?token={opaque('link')}&page=2"
        git = f"https://{github('github token as user')}@github.com/acme/shop.git"
        certificate = pem("pem in a local")
        pem_bytes = pem("pem as bytes").encode()
        one_line = pem("pem with escaped line ends").replace("\n", "\\n")
        number = card("card")
        spaced = " ".join([(c := card("card with spaces"))[:4], c[4:8], c[8:12], c[12:]])
        order_id = uuid.UUID("6f1c2f4e-52a1-4e0b-9d2e-3b6f0a9d1c77")
        path = ordinary("/srv/app/releases/2024-11-02/main.py")
        sentence = ordinary("the parcel was handed over at gate 12")
        amount = 12999
        del c
        raise ValueError(ordinary("order 88213 was refused by the bank"))

    ordinary("6f1c2f4e-52a1-4e0b-9d2e-3b6f0a9d1c77")
    ordinary("charge")
    ordinary("12999")
    try:
        charge()
    except ValueError as error:
        faultwire.capture_exception(error)


@scenario()
def named_tuples() -> None:
    """The fields of a named tuple are names like any other."""
    try:
        login = Login(ordinary("ann-of-the-tuple"), opaque("namedtuple"))
        raise ValueError("x")
    except ValueError as error:
        faultwire.capture_exception(error, extra={"login": login})


@scenario()
def exceptions() -> None:
    """Texts of exceptions, their causes, their arguments and notes."""

    class GatewayError(Exception):
        pass

    def inner() -> None:
        error = ConnectionError("login failed", {"password": opaque("argument of a cause")})
        raise error

    def middle() -> None:
        try:
            inner()
        except ConnectionError as error:
            text = f"could not connect to {dsn_string('connection string')} " + ordinary("after 3 attempts")
            raise OSError(text) from error

    def outer() -> None:
        try:
            middle()
        except OSError:
            raise KeyError(f"no session for {jwt('jwt in the text')}, key {aws('aws key in the text')}")

    ordinary("db.internal.example")
    try:
        outer()
    except KeyError as error:
        if sys.version_info >= (3, 11):
            error.add_note(f"password: {opaque('note')}")
            error.add_note(f"Authorization: Bearer {opaque('bearer in a note')}")
            error.add_note(ordinary("seen on shelf 44"))
        faultwire.capture_exception(error)
    texts = [
        f"Server=tcp:sql.example,1433;User ID=ann;Password={opaque('ADO.NET')};Encrypt=yes",
        f"redis://:{opaque('redis, no user')}@cache.example:6379/0",
        f"mongodb+srv://ann:{awkward('percent-encoded login').encode().hex()}@cluster0.example/?retryWrites=true",
        f"amqp://ann:{opaque('amqp')}@mq.example//",
        f"401 for header {{'Authorization': '{basic('basic in a text')}'}}",
        f"bad cookie: sessionid={opaque('cookie in a text')}; Path=/",
        f'{{"error": "x", "access_token": "{opaque("JSON in a text")}"}}',
        f"<login><password>{opaque('XML')}</password></login>",
        f"mysql -u root --password={opaque('flag')} -h db",
        f"curl -u ann:{opaque('curl')} https://api.example",
        f"AWS_SECRET_ACCESS_KEY={opaque('environment')}",
        f"invalid literal: {stripe('stripe')!r}",
        f"password is {opaque('prose')!r}",
        f"secret key '{opaque('quoted')}' is not known",
        f"user {email('address in a text')} is unknown",
        pem("pem in a text"),
    ]
    for number, text in enumerate(texts):
        try:
            raise GatewayError(text, ordinary(f"gateway-{number}"))
        except GatewayError as error:
            faultwire.capture_exception(error)


@scenario()
def groups() -> None:
    """Members of exception groups."""
    if sys.version_info < (3, 11):
        return

    def member(text: str) -> Exception:
        try:
            password = opaque("local of a member")
            raise ValueError(text)
        except ValueError as error:
            error.add_note("token=" + opaque("note of a member"))
            return error

    ordinary("password")
    try:
        raise ExceptionGroup(
            f"import, api_key={opaque('text of a group')}",
            [
                member(f"secret={opaque('text of a member')}"),
                ExceptionGroup("inner", [member(jwt("jwt of a member"))]),
            ],
        )
    except ExceptionGroup as error:
        faultwire.capture_exception(error)


@scenario()
def scopes() -> None:
    """Tags, user, contexts, extras, breadcrumbs, transaction, fingerprint."""
    faultwire.set_tag("api_key", opaque("tag of a sensitive name"))
    faultwire.set_tag("note", "token=" + opaque("pair in a tag"))
    faultwire.set_tag(
        "link",
        f"https://ann:{opaque('link in a tag')}@shop.example/x?signature={opaque('signature')}",
    )
    faultwire.set_tag(stripe("name of a tag"), "1")
    faultwire.set_tag("shop", ordinary("shop-berlin"))
    faultwire.set_tag("mail", email("tag"))
    faultwire.set_user(
        {
            "id": ordinary("user-4411"),
            "email": email("user"),
            "username": email("user name").split("@")[0],
            "password": opaque("password of the user"),
            "data": {"refresh_token": opaque("token of the user")},
        }
    )
    faultwire.set_context(
        "payment",
        {"client_secret": opaque("context"), "deep": [{"x": {"privateKey": pem("pem in a context")}}],
         "method": ordinary("sepa-debit"), "raw": aws("aws key in a context")},
    )  # fmt: skip
    faultwire.set_context(
        "credentials",
        {"value": opaque("context of a sensitive name"), "token": opaque("in it")},
    )
    faultwire.set_context(
        "session",
        {
            "kind": ordinary("web-session-kind"),
            "id": "x",
            "token": opaque("session context"),
        },
    )
    faultwire.set_extra("credentials", [opaque("extra list"), {"a": opaque("extra dict")}])
    faultwire.set_extra("response", f'{{"token": "{opaque("JSON in an extra")}"}}')
    faultwire.set_extra("rows", {"password_hash": opaque("hash"), "items": [ordinary("tea-4711")]})
    faultwire.set_extra("cart", Account(opaque("object in an extra"), "x"))
    faultwire.set_transaction(f"/reset/{jwt('transaction')}/done")
    faultwire.set_session(ordinary("7d1b2c3d-session"))
    faultwire.set_fingerprint(["payment", "token=" + opaque("fingerprint"), jwt("jwt in a fingerprint")])
    faultwire.add_breadcrumb(
        f"GET https://shop.example/?access_token={opaque('breadcrumb')}",
        category="http",
        data={
            "url": f"https://ann:{opaque('url of a breadcrumb')}@shop.example/a?sig={opaque('sig of a breadcrumb')}",
            "headers": {"authorization": "Bearer " + opaque("headers of a breadcrumb")},
            "body": f"user=ann&password={opaque('body of a breadcrumb')}",
            "status_code": 503,
        },
    )
    faultwire.add_breadcrumb(ordinary("opened the cart"), data={"X-Api-Key": opaque("data of a breadcrumb")})
    log = logging.getLogger("shop")
    log.setLevel(logging.DEBUG)
    log.addHandler(logging.NullHandler())
    log.propagate = False
    log.info("connecting with password=%s", opaque("argument of a logged breadcrumb"))
    log.info("using %s", jwt("jwt of a logged breadcrumb"))
    log.warning("config: %r", {"secret": opaque("dict of a logged breadcrumb")})
    faultwire.capture_message(f"{ordinary('cart is empty')}, token: {opaque('message')}")
    log.error(
        "login for %s with token %s failed",
        ordinary("ann-77"),
        opaque("argument of a logged event"),
    )
    log.error(
        "login %(user)s password=%(password)s",
        {"user": "ann", "password": opaque("named argument")},
    )
    log.error(
        "failed",
        extra={
            "api_key": opaque("extra of a record"),
            "detail": {"passwd": opaque("dict in it")},
        },
    )
    try:
        raise RuntimeError("in a log")
    except RuntimeError:
        log.exception("cannot use %s", dsn_string("argument of a logged exception"))
    faultwire.capture_message(
        "rejected",
        tags={"session_token": opaque("tag of a call")},
        extra={"password": opaque("extra of a call")},
        contexts={"c": {"pwd": opaque("context of a call")}},
        user={"id": "1", "secret": opaque("user of a call")},
        fingerprint=["api_key=" + opaque("fingerprint of a call")],
        transaction="/x?token=" + opaque("transaction of a call"),
        logger="log " + aws("logger of a call"),
        template="rejected %s",
        params=[stripe("parameter")],
    )


@scenario(fingerprint_mode="override")
def fingerprints() -> None:
    """The same with our fingerprint in the event's place, and its record asked for."""
    try:
        raise ValueError(f"token={opaque('text')} of {jwt('jwt in the text')}")
    except ValueError as error:
        record = json.dumps(faultwire.explain(error))
        faultwire.capture_exception(error, fingerprint=["{{ default }}", "password=" + opaque("part")])
        faultwire.capture_message(record)


def full_event() -> dict:
    """An event with a secret in each field that a caller can fill."""
    return {
        "event_id": "0123456789abcdef0123456789abcdef",
        "platform": "other",
        "level": "error",
        "logger": "log." + aws("logger"),
        "transaction": "/pay?token=" + opaque("transaction"),
        "server_name": "host " + github("server name"),
        "release": "shop@" + stripe("release"),
        "dist": aws("dist"),
        "environment": github("environment"),
        "logentry": {
            "message": "login %s password=%s",
            "params": [stripe("params"), opaque("param named by its template")],
            "formatted": "login password=" + opaque("formatted"),
        },
        "exception": {
            "values": [
                {
                    "type": "Error " + aws("type"),
                    "value": dsn_string("value"),
                    "module": "mod." + aws("module"),
                    "thread_id": "t-" + aws("thread id"),
                    "mechanism": {
                        "type": "generic",
                        "handled": True,
                        "meta": {"errno": {"name": stripe("mechanism meta")}},
                        "data": {"password": opaque("mechanism data")},
                    },
                    "stacktrace": {
                        "frames": [
                            {
                                "function": "pay",
                                "module": "shop.pay",
                                "filename": f"https://cdn.example/a.js?token={opaque('filename')}",
                                "abs_path": f"https://ann:{opaque('abs_path')}@cdn.example/a.js",
                                "lineno": 3,
                                "pre_context": ["# begin", "api_key = '" + opaque("pre_context") + "'"],
                                "context_line": 'connect(password="' + opaque("context_line") + '")',
                                "post_context": pem("post_context", 3).split("\n"),
                                "vars": {"token": opaque("vars"), "d": {"auth": [opaque("nested vars")]}},
                                "in_app": True,
                            }
                        ]
                    },
                }
            ]
        },
        "threads": {"values": [{"id": 1, "name": "worker " + stripe("thread name"), "crashed": False}]},
        "breadcrumbs": {
            "values": [
                {
                    "timestamp": 1_700_000_000,
                    "type": "http",
                    "category": "x." + aws("category"),
                    "message": "secret=" + opaque("breadcrumb message"),
                    "data": {"cookie": opaque("breadcrumb data")},
                }
            ]
        },
        "user": {"id": "7", "email": email("user"), "api_key": opaque("user"), "ip_address": "203.0.113.77"},
        "request": {
            "url": f"https://ann:{opaque('url login')}@shop.example/pay?password={opaque('url query')}#access_token={opaque('fragment')}",
            "method": "POST",
            "query_string": "token=" + opaque("query") + "&page=2&q=" + aws("query value"),
            "headers": {
                "Authorization": "Bearer " + opaque("authorization"),
                "Proxy-Authorization": basic("proxy authorization"),
                "Cookie": "a=" + opaque("cookie header"),
                "Set-Cookie": "sessionid=" + opaque("set-cookie header") + "; HttpOnly",
                "X-Api-Key": opaque("x-api-key"),
                "X-Acme-Token": opaque("x-acme-token"),
                "Referer": "https://shop.example/reset?token=" + opaque("referer"),
                "X-Forwarded-Uri": "/a?token=" + opaque("forwarded uri"),
            },
            "cookies": {"sessionid": opaque("cookies")},
            "data": {"user": {"password": opaque("body")}, "cards": [card("card in the body")]},
            "env": {"HTTP_AUTHORIZATION": "Bearer " + opaque("env"), "DB_PASSWORD": opaque("env password")},
        },
        "contexts": {
            "app": {"app_version": "1.0.0.1", "token": opaque("app context")},
            "trace": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
                      "description": "token=" + opaque("trace context")},
            "faultwire": {"note": stripe("our own context"), "password": opaque("password in our own context")},
            "error_sampling": {"client_sample_rate": 0.5, "secret": opaque("sampling context")},
        },
        "tags": {"api_key": opaque("tag"), "shop": "berlin-4"},
        "extra": {"password": opaque("extra"), "deep": {"a": {"b": {"token": opaque("deep extra")}}}},
        "modules": {"flask": "3.1.0", stripe("module name"): "1", "x": stripe("module version")},
        "fingerprint": ["a", "token=" + opaque("fingerprint")],
        "sdk": {"name": "x", "version": "1", "packages": [{"name": "pip:" + stripe("package"), "version": "1"}]},
        "debug_meta": {"images": [{"type": "sourcemap", "code_file": f"https://a.example/x.js?token={opaque('image')}",
                                   "debug_id": "6f1c2f4e-52a1-4e0b-9d2e-3b6f0a9d1c77"}]},
        "_meta": {"tags": {"shop": {"": {"rem": [["@x", "s", 0, 1]], "val": opaque("_meta val"),
                                         "err": [["invalid", {"value": stripe("_meta err")}]]}}}},
        "unknown_field": {"password": opaque("unknown field"), "x": stripe("token in an unknown field")},
    }  # fmt: skip


@scenario()
def whole_events() -> None:
    """`capture_event` with a secret in every field."""
    for text in (
        "berlin-4",
        "shop.example",
        "cdn.example",
        "db.internal.example",
        "shop.pay",
        "page=2",
    ):
        ordinary(text)
    faultwire.capture_event(full_event())


def _adds(event: dict, hint: dict) -> dict:
    event["extra"] = {
        **event.get("extra", {}),
        "password": opaque("added extra"),
        "found": jwt("added text"),
    }
    event["tags"] = {
        **event.get("tags", {}),
        "api_key": opaque("added tag"),
        "more": ordinary("added by the app"),
    }
    event["request"] = {"url": f"https://a:{opaque('added url')}@shop.example/"}
    event.setdefault("contexts", {})["debug"] = {"environ": {"DB_PASSWORD": opaque("added context")}}
    event["contexts"].setdefault("faultwire", {})["extra"] = stripe("added to our own context")
    for value in event.get("exception", {}).get("values", []):
        value["value"] += " token=" + opaque("added to the text")
        for frame in value["stacktrace"]["frames"]:
            frame["vars"] = {"secret": opaque("added local")}
            frame["context_line"] = f'password = "{opaque("added source line")}"'
    event["fingerprint"] = ["token=" + opaque("added fingerprint")]
    event["release"] = "shop@" + stripe("added release")
    return event


def _crumb(crumb: dict) -> dict:
    crumb["message"] = "api_key=" + opaque("breadcrumb by a hook")
    crumb["data"] = {"token": opaque("breadcrumb data by a hook")}
    return crumb


@scenario(before_send=_adds, before_breadcrumb=_crumb)
def hooks() -> None:
    """What `before_send` and `before_breadcrumb` add is sanitized like all else."""
    faultwire.add_breadcrumb("x")
    try:
        raise ValueError("plain")
    except ValueError as error:
        faultwire.capture_exception(error)
    faultwire.capture_message("plain")


def _fails(event: dict, hint: dict) -> dict:
    raise ValueError("password=" + opaque("exception of before_send") + " " + jwt("jwt of before_send"))


@scenario(before_send=_fails)
def failing_hook() -> None:
    """A `before_send` that raises, with a secret in its text: stderr says no more than the kind."""
    faultwire.capture_message("plain")


class Hostile:
    def __str__(self) -> str:
        raise ValueError("password=" + opaque("exception of __str__"))

    __repr__ = __str__


@scenario(run_user_repr=True)
def hostile_objects() -> None:
    """Objects whose own texts hold secrets, or raise them."""

    class Shown:
        def __init__(self, text: str) -> None:
            self.text = text

        def __repr__(self) -> str:
            return f"Shown(password={self.text!r}, {jwt('jwt in a repr')})"

    faultwire.set_tag("hostile", Hostile())
    faultwire.set_extra("hostile", Hostile())
    try:
        shown, hostile = Shown(opaque("repr")), Hostile()
        raise ValueError(hostile)
    except ValueError as error:
        faultwire.capture_exception(error)
