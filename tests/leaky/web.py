"""Flask and FastAPI under real requests: headers, URLs, cookies, bodies."""

# Locals are there to be seen in the report.
# ruff: noqa: B904, F841, F821, E501, E702

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx

from leaky._scenario import scenario
from leaky.seeds import aws, basic, card, email, jwt, opaque, ordinary, stripe


@contextlib.contextmanager
def flask_app() -> Iterator[str]:
    import flask
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *args: Any) -> None:
            pass

    app = flask.Flask("shop")
    app.logger.disabled = True

    @app.route("/pay/<order>", methods=["GET", "POST"])
    def pay(order: str) -> str:
        body = flask.request.get_data()
        raise ValueError("order refused")

    @app.route("/form", methods=["POST"])
    def form() -> str:
        fields = flask.request.form.to_dict()
        raise ValueError("form refused")

    @app.route("/json", methods=["POST"])
    def from_json() -> str:
        document = flask.request.get_json(force=True, silent=True)
        raise ValueError("document refused")

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def fastapi_app() -> Iterator[str]:
    import uvicorn
    from fastapi import FastAPI
    from starlette.requests import Request

    # Where FastAPI looks annotations up.
    globals()["Request"] = Request

    app = FastAPI()

    @app.api_route("/pay/{order}", methods=["GET", "POST"])
    async def pay(order: str, request: Request) -> str:
        body = await request.body()
        raise ValueError("order refused")

    @app.post("/form")
    async def form(request: Request) -> str:
        fields = dict(await request.form())
        raise ValueError("form refused")

    @app.post("/json")
    async def from_json(request: Request) -> str:
        try:
            document = await request.json()
        except ValueError:
            document = None
        raise ValueError("document refused")

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    started = threading.Event()
    startup = server.startup

    async def tell(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert started.wait(30)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def post(base: str, path: str, **arguments: Any) -> None:
    answer = httpx.post(base + path, timeout=30, **arguments)
    assert answer.status_code == 500, answer.status_code


def requests(base: str) -> None:
    for text in (
        "/pay/ORD-5512",
        "page=2",
        "ORD-5512",
        "tea-lover",
        "shop.example",
        "acme-client",
        "order refused",
    ):
        ordinary(text)
    headers = [
        ("Authorization", "Bearer " + jwt("bearer")),
        ("Proxy-Authorization", basic("proxy")),
        (
            "Cookie",
            f"theme=dark; sessionid={opaque('session cookie')}; csrftoken={opaque('csrf cookie')}",
        ),
        ("Set-Cookie", f"refresh={opaque('set-cookie')}; HttpOnly"),
        ("X-Api-Key", opaque("x-api-key")),
        ("X-Acme-Token", opaque("x-acme-token")),
        ("X-Acme-Secret-Id", opaque("x-acme-secret-id")),
        ("X-CSRFToken", opaque("x-csrftoken")),
        ("X-Amz-Security-Token", opaque("x-amz-security-token")),
        ("X-Auth", opaque("x-auth")),
        ("X-Signature", opaque("x-signature")),
        ("X-Vault", stripe("token in another header")),
        ("X-Config", json.dumps({"password": opaque("JSON header")})),
        ("X-Original-URL", f"/pay?token={opaque('x-original-url')}"),
        (
            "Referer",
            f"https://ann:{opaque('login in the referer')}@shop.example/reset?token={opaque('referer')}",
        ),
        ("Origin", "https://shop.example"),
        ("From", email("from")),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Client", "acme-client"),
        ("User-Agent", "tea-lover/1.0"),
    ]
    query = {
        "api_key": opaque("query"), "page": "2", "q": aws("query value"), "next": f"/a?token={opaque('nested link')}",
        "user[password]": opaque("query in brackets"), "code": opaque("oauth code"), "X-Amz-Signature": opaque("presigned"),
    }  # fmt: skip
    answer = httpx.get(base + "/pay/ORD-5512", params=query, headers=headers, timeout=30)
    assert answer.status_code == 500
    # A bearer of no known form, percent-encoded names, a name twice, a lone token.
    target = (
        f"/pay/ORD-5512?%61pi_key={opaque('encoded name')}&token={opaque('one')}&token={opaque('two')}&{jwt('lone')}"
    )
    httpx.get(
        base + target,
        headers={"Authorization": "Bearer " + opaque("opaque bearer")},
        timeout=30,
    )
    httpx.get(
        base + "/pay/" + jwt("in the path"),
        headers={"Authorization": basic("basic")},
        timeout=30,
    )
    httpx.get(
        base.replace("http://", f"http://ann:{opaque('login of the URL')}@") + "/pay/7",
        timeout=30,
    )


def bodies(base: str) -> None:
    for text in ("ann-of-the-shop", "earl-grey-77", "gate 12"):
        ordinary(text)
    document = {
        "name": "ann-of-the-shop",
        "password": opaque("JSON body"),
        "payment": {
            "card": card("card"),
            "cvv": str(opaque("cvv")),
            "api-key": opaque("nested JSON"),
        },
        "items": [{"sku": "earl-grey-77", "access_token": opaque("list in JSON")}],
        "note": f"leave at gate 12, secret: {opaque('pair in JSON')}",
        "inner": json.dumps({"client_secret": opaque("JSON in JSON"), "a": [1]}),
    }
    post(base, "/json", json=document)
    post(base, "/pay/1", json=document)
    post(
        base,
        "/json",
        content=b"\xef\xbb\xbf" + json.dumps(document).encode(),
        headers={"Content-Type": "application/json"},
    )
    post(
        base,
        "/pay/1",
        content=json.dumps(document)[:-4],
        headers={"Content-Type": "application/json"},
    )
    post(
        base,
        "/pay/1",
        content=json.dumps(document),
        headers={"Content-Type": "text/plain"},
    )
    post(
        base,
        "/json",
        content=json.dumps([opaque("list") and {"token": opaque("top list")}]),
    )
    fields = {"name": "ann-of-the-shop", "password": opaque("form"), "user[secret]": opaque("form, brackets"),
              "next": f"/x?token={opaque('link in a form')}", "json": json.dumps({"pwd": opaque("JSON in a form")})}  # fmt: skip
    post(base, "/form", data=fields)
    post(base, "/pay/1", data=fields)
    post(base, "/form", data=fields, files={"file": ("a.txt", opaque("file") + "\n")})
    post(
        base,
        "/pay/1",
        data=fields,
        files={"file": ("a.txt", "a file that nobody parsed\n")},
    )
    lines = "\n".join(json.dumps({"password": opaque("JSON lines"), "n": n}) for n in range(3))
    post(
        base,
        "/pay/1",
        content=lines,
        headers={"Content-Type": "application/x-ndjson+json"},
    )
    xml = f"<login><name>x</name><password>{opaque('XML')}</password><a token='{opaque('attribute')}'/></login>"
    post(base, "/pay/1", content=xml, headers={"Content-Type": "application/xml"})
    post(
        base,
        "/pay/1",
        content="a=1&password=" + opaque("form as text"),
        headers={"Content-Type": "text/plain"},
    )


def cut_bodies(base: str) -> None:
    """Bodies longer than is kept, a secret across the end of what is recorded, at each place of it."""
    limit = 1024 + 4096
    shapes = {
        "JSON": lambda pad, s: '{"note": "' + pad + '", "password": "' + s + '", "more": "' + "x" * 300 + '"}',
        "nested": lambda pad, s: '{"note": "'
        + pad
        + '", "credentials": {"x": "'
        + s
        + '", "more": "'
        + "x" * 300
        + '"}}',
        "list": lambda pad, s: '{"note": "' + pad + '", "passwords": ["' + s + '", "' + "x" * 300 + '"]}',
        "form": lambda pad, s: "note=" + pad.replace(" ", "+") + "&password=" + s + "&more=" + "x" * 300,
        "escaped": lambda pad, s: json.dumps({"inner": json.dumps({"n": pad, "password": s, "more": "x" * 300})}),
    }
    types = {"form": "application/x-www-form-urlencoded"}
    for shape, make in shapes.items():
        begin = len(make("", "")) - 310
        for at in (limit - 60, limit - 25, limit - 18, limit - 12, limit - 10):
            pad = ("the parcel was late " * 300)[: at - begin]
            body = make(pad, opaque(f"{shape} at {at}"))
            post(
                base,
                "/pay/1",
                content=body,
                headers={"Content-Type": types.get(shape, "application/json")},
            )
    # The secret is early, the end is missing: what does not parse is not let through.
    for shape, make in shapes.items():
        body = make("a", opaque(f"{shape}, early")) + "y" * 6000
        post(
            base,
            "/pay/1",
            content=body,
            headers={"Content-Type": types.get(shape, "application/json")},
        )
    # Everything before the cut shrinks when it is filtered, so that the cut is in sight.
    for make, kind in ((jwt, "jwt"), (aws, "aws"), (stripe, "stripe")):
        for behind in (12, 20):
            filler = '{"password": "' + "x" * (limit - behind - 30 - (150 if kind == "jwt" else 0)) + '", "note": "'
            body = filler + make(f"{kind}, {behind} before the end") + '", "more": "' + "x" * 300 + '"}'
            post(
                base,
                "/pay/1",
                content=body,
                headers={"Content-Type": "application/json"},
            )
    files = {
        "password": opaque("long form"),
        "note": "x" * 6000,
        "secret": opaque("part beyond the end"),
    }
    post(base, "/pay/1", data=files, files={"f": ("a", b"1")})


@scenario()
def flask_requests() -> None:
    """Headers, URLs and cookies of a Flask app."""
    with flask_app() as base:
        requests(base)


@scenario()
def fastapi_requests() -> None:
    """Headers, URLs and cookies of a FastAPI app."""
    with fastapi_app() as base:
        requests(base)


@scenario()
def flask_bodies() -> None:
    """Bodies of a Flask app."""
    with flask_app() as base:
        bodies(base)


@scenario()
def fastapi_bodies() -> None:
    """Bodies of a FastAPI app."""
    with fastapi_app() as base:
        bodies(base)


@scenario(max_request_body_size="small", include_local_variables=False)
def flask_cut_bodies() -> None:
    """Bodies of a Flask app, cut."""
    with flask_app() as base:
        cut_bodies(base)


@scenario(max_request_body_size="small", include_local_variables=False)
def fastapi_cut_bodies() -> None:
    """Bodies of a FastAPI app, cut."""
    with fastapi_app() as base:
        cut_bodies(base)
