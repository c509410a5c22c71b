"""ASGI, Starlette and FastAPI under real requests."""

import asyncio
import contextlib
import logging

import fastapi
import httpx
import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute

import faultwire
from conftest import raised, serving
from faultwire.integrations.asgi import FaultwireAsgiMiddleware

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


# The middleware on its own.


async def failing(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    raise ValueError("in the app")


def test_a_failing_app_is_one_event(captured):
    with serving(FaultwireAsgiMiddleware(FaultwireAsgiMiddleware(failing))) as url:
        response = httpx.post(url + "/a%20b?page=2", json={"item": "tea"}, headers={"traceparent": TRACE, "X-Id": "1"})
        assert response.status_code == 500
    [event] = captured.events
    assert raised(event)["mechanism"] == {"type": "auto.http.asgi", "handled": False}
    assert event["request"]["url"] == url + "/a b" and event["request"]["method"] == "POST"
    assert "page" in str(event["request"]["query_string"])
    assert event["request"]["headers"]["X-Id"] == "1"
    assert "tea" in str(event["request"]["data"])
    assert event["contexts"]["trace"]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "transaction" not in event


def test_the_same_exception_goes_on(captured):
    error = ValueError("x")

    async def app(scope, receive, send):
        raise error

    with pytest.raises(ValueError) as caught:
        asyncio.run(FaultwireAsgiMiddleware(app)({"type": "http", "headers": []}, None, None))
    assert caught.value is error and error.__context__ is None and len(captured.events) == 1


def test_a_lifespan_passes_through(captured):
    scope, sent = {"type": "lifespan"}, []

    async def receive():
        return {"type": "lifespan.shutdown"}

    async def send(message):
        sent.append(message)

    async def app(scope, receive, send):
        await send({"type": "lifespan.startup.complete"})
        await send({"type": (await receive())["type"] + ".complete"})

    asyncio.run(FaultwireAsgiMiddleware(app)(scope, receive, send))
    assert scope == {"type": "lifespan"}
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_cancelling_is_no_failure(captured):
    async def app(scope, receive, send):
        raise asyncio.CancelledError

    async def main():
        with pytest.raises(asyncio.CancelledError):
            await FaultwireAsgiMiddleware(app)({"type": "http"}, None, None)

    asyncio.run(main())
    assert captured.events == []


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"type": "http"},
        {"type": "http", "headers": [(1, 2)]},
        {"type": "http", "path": None, "client": ()},
        {"type": "http", "headers": None},
    ],
)
def test_a_scope_that_is_not_as_it_should_be(captured, scope):
    with pytest.raises(ValueError, match="in the app"):

        async def receive():
            return {}

        asyncio.run(FaultwireAsgiMiddleware(failing)(scope, receive, None))


def test_a_body_beyond_the_limit_is_kept_to_the_limit(captured):
    async def app(scope, receive, send):
        total = 0
        while True:
            message = await receive()
            total += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        raise ValueError(str(total))

    with serving(FaultwireAsgiMiddleware(app)) as url:
        httpx.post(url, content=b"x" * 300_000, headers={"content-type": "text/plain"})
    [event] = captured.events
    assert raised(event)["value"] == "300000"
    assert 1000 < len(event["request"]["data"]) < 11 * 1024


# Starlette.


def ok(request):
    return PlainTextResponse("ok")


async def fail(request):
    faultwire.set_user({"id": request.path_params["name"]})
    raise ValueError(request.path_params["name"])


def fail_in_thread(request):
    faultwire.set_tag("thread", "yes")
    raise ValueError("thread")


async def log(request):
    try:
        raise RuntimeError("x")
    except RuntimeError:
        logging.getLogger("shop").exception("failed")
        raise


async def http_error(request):
    raise HTTPException(int(request.path_params["status"]))


async def known(request):
    raise LookupError("known")


async def unknown_500(request):
    raise ArithmeticError("handled with a 500")


async def background(request):
    async def later():
        raise ValueError("background")

    return PlainTextResponse("ok", background=BackgroundTask(later))


async def stream(request):
    async def body():
        yield b"a"
        raise ValueError("stream")

    return StreamingResponse(body())


async def socket(websocket):
    await websocket.accept()
    raise ValueError("socket")


def starlette_app(**more):
    inner = Starlette(routes=[Route("/fail/{name}", fail)])
    return Starlette(
        routes=[
            Route("/ok", ok),
            Route("/fail/{name}", fail, methods=["GET", "POST"]),
            Route("/thread", fail_in_thread),
            Route("/log", log),
            Route("/status/{status}", http_error),
            Route("/known", known),
            Route("/unknown", unknown_500),
            Route("/background", background),
            Route("/stream", stream),
            Mount("/inner/{tenant}", app=inner),
            Mount("/routes", routes=[Route("/fail/{name}", fail)]),
            WebSocketRoute("/socket/{name}", socket),
        ],
        exception_handlers={
            LookupError: lambda request, error: PlainTextResponse("known", 400),
            ArithmeticError: lambda request, error: PlainTextResponse("sorry", 503),
        },
        **more,
    )


@pytest.mark.parametrize(
    ("path", "transaction", "value"),
    [
        ("/fail/seven", "/fail/{name}", "seven"),
        ("/thread", "/thread", "thread"),
        ("/inner/acme/fail/seven", "/inner/{tenant}/fail/{name}", "seven"),
        ("/routes/fail/seven", "/routes/fail/{name}", "seven"),
        ("/background", "/background", "background"),
    ],
)
def test_starlette_is_covered_without_a_line_in_the_app(captured, path, transaction, value):
    with serving(starlette_app()) as url:
        httpx.get(url + path)
        assert httpx.get(url + "/ok").text == "ok"
    [event] = captured.events
    assert raised(event)["value"] == value
    assert raised(event)["mechanism"]["handled"] is False
    assert event["transaction"] == transaction
    assert event["request"]["url"] == url + path
    if value == "seven":
        assert event["user"]["id"] == "seven"
    if value == "thread":
        assert event["tags"] == {"thread": "yes"}


def test_a_stream_that_breaks(captured):
    with serving(starlette_app()) as url, contextlib.suppress(httpx.HTTPError):
        httpx.get(url + "/stream")
    [event] = captured.events
    assert raised(event)["value"] == "stream" and event["transaction"] == "/stream"


def test_logged_and_raised_is_one_event(captured):
    with serving(starlette_app()) as url:
        assert httpx.get(url + "/log").status_code == 500
    [event] = captured.events
    assert event["logger"] == "shop" and event["transaction"] == "/log"


def test_what_the_app_answers_counts_from_500_on(captured):
    with serving(starlette_app()) as url:
        for path in ("/status/404", "/status/422", "/known", "/nowhere"):
            assert httpx.get(url + path).status_code < 500
        assert captured.events == []
        for path, kind in (("/status/503", "HTTPException"), ("/unknown", "ArithmeticError")):
            assert httpx.get(url + path).status_code == 503
            [event] = captured.events
            captured.clear()
            assert raised(event)["type"] == kind
            assert raised(event)["mechanism"] == {"type": "auto.http.starlette", "handled": True}
            assert raised(event)["stacktrace"]["frames"]


def test_a_middleware_of_the_app_that_fails_has_the_route_too(captured):
    class Failing(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            raise ValueError("middleware")

    class Passing(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            faultwire.set_tag("passed", "yes")
            return await call_next(request)

    with serving(starlette_app(middleware=[Middleware(Failing)])) as url:
        httpx.get(url + "/fail/x")
    with serving(starlette_app(middleware=[Middleware(Passing)])) as url:
        httpx.get(url + "/fail/x")
    first, second = captured.events
    assert raised(first)["value"] == "middleware" and first["transaction"] == "/fail/{name}"
    assert second["tags"] == {"passed": "yes"} and second["user"]["id"] == "x"


def test_the_user_of_the_authentication(captured):
    class User(BaseUser):
        is_authenticated = True
        display_name = "Ann"

        def __init__(self, identity):
            self._identity = identity

        @property
        def identity(self):
            return self._identity

    class Backend(AuthenticationBackend):
        async def authenticate(self, connection):
            return AuthCredentials(["in"]), User("u1")

    with serving(starlette_app(middleware=[Middleware(AuthenticationMiddleware, backend=Backend())])) as url:
        httpx.get(url + "/thread")
    [event] = captured.events
    assert event["user"] == {"id": "u1"}


def test_a_websocket(captured):
    from starlette.testclient import TestClient

    with pytest.raises(ValueError), TestClient(starlette_app()).websocket_connect("/socket/x") as connection:
        connection.receive_text()
    [event] = captured.events
    assert raised(event)["value"] == "socket" and event["transaction"] == "/socket/{name}"


# FastAPI.


def fastapi_app():
    app = fastapi.FastAPI()
    gate: list[asyncio.Event] = []
    waiting = []

    def user(name: str):
        """Runs in the thread pool, in a copy of the request's context."""
        faultwire.set_user({"id": name})
        faultwire.set_tag("from", "dependency")

    @app.get("/items/{name}", dependencies=[fastapi.Depends(user)])
    def item(name: str):
        raise ValueError(name)

    @app.get("/together/{name}", dependencies=[fastapi.Depends(user)])
    async def together(name: str):
        faultwire.add_breadcrumb(name)
        waiting.append(name)
        if len(waiting) == 1:
            gate.append(asyncio.Event())
        if len(waiting) == 8:
            gate[0].set()
        await asyncio.wait_for(gate[0].wait(), 30)
        raise ValueError(name)

    @app.post("/orders")
    async def order(body: dict):
        raise ValueError("order")

    @app.get("/status/{status}")
    async def status(status: int):
        raise fastapi.HTTPException(status)

    router = fastapi.APIRouter(prefix="/api")

    @router.get("/things/{number}")
    async def thing(number: int, tasks: fastapi.BackgroundTasks):
        tasks.add_task(lambda: 1 / 0)
        return number

    app.include_router(router)
    sub = fastapi.FastAPI()

    @sub.get("/fail/{name}")
    async def sub_fail(name: str):
        raise ValueError(name)

    app.mount("/sub", sub)
    return app


def test_set_user_in_a_threadpool_dependency_is_on_the_event_of_the_request(captured):
    with serving(fastapi_app()) as url:
        assert httpx.get(url + "/items/seven").status_code == 500
    [event] = captured.events
    assert event["user"]["id"] == "seven" and event["tags"] == {"from": "dependency"}
    assert event["transaction"] == "/items/{name}"
    assert "fastapi" in event["sdk"]["integrations"] and "starlette" in event["sdk"]["integrations"]


def test_concurrent_requests_never_see_each_other(captured):
    async def ask(url):
        async with httpx.AsyncClient(timeout=60) as client:
            await asyncio.gather(*(client.get(f"{url}/together/{n}") for n in range(8)))

    with serving(fastapi_app()) as url:
        asyncio.run(ask(url))
    events = captured.events
    assert len(events) == 8
    for event in events:
        name = raised(event)["value"]
        assert event["user"]["id"] == name
        assert [c["message"] for c in event["breadcrumbs"]["values"] if c["message"].isdigit()] == [name]
        assert event["request"]["url"].endswith("/" + name)


def test_bodies_routers_background_tasks_and_mounts(captured):
    with serving(fastapi_app()) as url:
        httpx.post(url + "/orders", json={"item": "tea"})
        httpx.get(url + "/api/things/1")
        httpx.get(url + "/sub/fail/x")
    order, background, sub = captured.events
    assert "tea" in str(order["request"]["data"]) and order["transaction"] == "/orders"
    assert raised(background)["type"] == "ZeroDivisionError"
    assert background["transaction"] == "/api/things/{number}"
    assert sub["transaction"] == "/sub/fail/{name}"


def test_answers_of_fastapi_itself(captured):
    with serving(fastapi_app()) as url:
        for path in ("/status/404", "/api/things/not-a-number", "/nowhere"):
            assert httpx.get(url + path).status_code < 500
        assert captured.events == []
        assert httpx.get(url + "/status/500").status_code == 500
        assert [raised(e)["type"] for e in captured.events] == ["HTTPException"]
