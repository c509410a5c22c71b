"""WSGI and Flask under real requests."""

import io
import logging
import threading

import flask
import httpx
import pytest

import faultwire
from conftest import raised, serving_wsgi
from faultwire.integrations.wsgi import FaultwireWsgiMiddleware

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def environ(**more):
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/p",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **more,
    }


def failing(environ, start_response):
    environ["wsgi.input"].read()
    raise ValueError("in the app")


# The middleware on its own.


def test_a_failing_app_is_one_event_and_the_same_exception_goes_on(captured):
    with pytest.raises(ValueError) as caught:
        FaultwireWsgiMiddleware(FaultwireWsgiMiddleware(failing))(
            environ(
                REQUEST_METHOD="POST",
                SCRIPT_NAME="/mount",
                PATH_INFO="/caf\xc3\xa9",
                QUERY_STRING="page=2",
                HTTP_HOST="shop.example",
                HTTP_X_REQUEST_ID="r1",
                HTTP_TRACEPARENT=TRACE,
                CONTENT_TYPE="application/json",
                CONTENT_LENGTH="15",
                REMOTE_ADDR="10.0.0.1",
                **{"wsgi.input": io.BytesIO(b'{"item": "tea"}')},
            ),
            None,
        )
    [event] = captured.events
    assert caught.value.args == ("in the app",) and caught.value.__context__ is None
    assert raised(event)["mechanism"] == {"type": "auto.http.wsgi", "handled": False}
    request = event["request"]
    assert request["url"] == "http://shop.example/mount/café"
    assert request["method"] == "POST"
    assert "page=2" in str(request["query_string"]) or request["query_string"] in ({"page": "2"}, [["page", "2"]])
    assert request["headers"]["X-Request-Id"] == "r1"
    assert "tea" in str(request["data"])
    assert request["env"]["SERVER_NAME"] == "localhost"
    assert event["contexts"]["trace"]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_response_that_fails_while_it_is_sent(captured):
    def app(environ, start_response):
        def body():
            faultwire.set_tag("step", "body")
            yield b"a"
            raise ValueError("late")

        return body()

    response = FaultwireWsgiMiddleware(app)(environ(), None)
    steps = iter(response)
    assert next(steps) == b"a"
    # Between the steps the thread is the server's: nothing of the request is there.
    faultwire.capture_message("server")
    with pytest.raises(ValueError):
        next(steps)
    server, late = captured.events
    assert "request" not in server and not server.get("tags")
    assert late["request"]["url"] and late["tags"] == {"step": "body"}


def test_close_is_passed_on_and_covered(captured):
    class Body:
        closed = 0

        def __iter__(self):
            return iter([b"x"])

        def close(self):
            self.closed += 1
            raise ValueError("close")

    body = Body()
    response = FaultwireWsgiMiddleware(lambda e, s: body)(environ(), None)
    assert list(response) == [b"x"]
    with pytest.raises(ValueError):
        response.close()
    assert body.closed == 1 and len(captured.events) == 1


def test_what_servers_do_faster_stays_as_it_is(captured):
    class FileWrapper:
        def __init__(self, file):
            self.file = file

    whole, file = [b"x"], FileWrapper(None)
    assert FaultwireWsgiMiddleware(lambda e, s: whole)(environ(), None) is whole
    assert FaultwireWsgiMiddleware(lambda e, s: file)(environ(**{"wsgi.file_wrapper": FileWrapper}), None) is file


def test_the_body_is_what_the_app_read_and_no_more(captured):
    stream = io.BytesIO(b"a=1&" + b"b" * 100_000)

    def app(environ, start_response):
        assert environ["wsgi.input"].read(4) == b"a=1&"
        assert environ["wsgi.input"].readline(6) == b"bbbbbb"
        assert environ["wsgi.input"].seekable()
        raise ValueError

    with pytest.raises(ValueError):
        FaultwireWsgiMiddleware(app)(
            environ(
                CONTENT_TYPE="application/x-www-form-urlencoded", CONTENT_LENGTH="100004", **{"wsgi.input": stream}
            ),
            None,
        )
    assert stream.tell() == 10
    [event] = captured.events
    assert "bbbbbb" in str(event["request"]["data"]) and "bbbbbbb" not in str(event["request"]["data"])


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", ""])
def test_bodies_that_are_no_text_are_not_kept(captured, kind):
    with pytest.raises(ValueError):
        FaultwireWsgiMiddleware(failing)(
            environ(CONTENT_TYPE=kind, CONTENT_LENGTH="5", **{"wsgi.input": io.BytesIO(b"bytes")}), None
        )
    assert not captured.events[0]["request"].get("data")


def test_a_multipart_form_is_shown_by_its_fields(captured):
    body = (
        b'--X\r\nContent-Disposition: form-data; name="city"\r\n\r\nBerlin\r\n'
        b'--X\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n'
        b'--X\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        b"\x89PNG\r\n--X--\r\n"
    )
    with pytest.raises(ValueError):
        FaultwireWsgiMiddleware(failing)(
            environ(
                CONTENT_TYPE='multipart/form-data; boundary="X"',
                CONTENT_LENGTH=str(len(body)),
                **{"wsgi.input": io.BytesIO(body)},
            ),
            None,
        )
    [event] = captured.events
    data = event["request"]["data"]
    assert data["city"] == "Berlin" and data["photo"] == "<file of 4 bytes>"
    assert data["password"] != "hunter2"


@pytest.mark.parametrize(
    "broken", [{}, {"wsgi.input": None}, {"HTTP_HOST": 3}, {"PATH_INFO": None, "HTTP_X": object()}]
)
def test_an_environ_that_is_not_as_it_should_be(captured, broken):
    def app(environ, start_response):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        FaultwireWsgiMiddleware(app)(dict(broken), None)
    assert len(captured.events) == 1


# Flask.


@pytest.fixture
def app():
    app = flask.Flask("shop")

    @app.route("/ok/<name>")
    def ok(name):
        faultwire.set_tag("name", name)
        return faultwire.last_event_id() or "none"

    @app.route("/fail/<name>", methods=["GET", "POST"])
    def fail(name):
        flask.request.get_data()
        faultwire.set_user({"id": name})
        raise ValueError(name)

    @app.route("/log/<name>")
    def log(name):
        try:
            raise KeyError(name)
        except KeyError:
            logging.getLogger("shop").exception("failed for %s", name)
            raise

    @app.route("/message/<name>")
    def message(name):
        logging.getLogger("shop").error("said %s", name)
        return "ok"

    @app.route("/answered")
    def answered():
        raise LookupError("the app knows what to do")

    @app.errorhandler(LookupError)
    def known(error):
        return "known", 500

    @app.route("/missing")
    def missing():
        flask.abort(404)

    @app.route("/stream")
    def stream():
        def body():
            yield "a"
            raise ValueError("in the stream")

        return flask.Response(body())

    return app


def test_flask_is_covered_without_a_line_in_the_app(captured, app):
    with serving_wsgi(app) as url:
        response = httpx.post(
            url + "/fail/seven?page=2", data={"city": "Berlin"}, headers={"X-Request-Id": "r1", "sentry-trace": ""}
        )
        assert response.status_code == 500
        assert httpx.get(url + "/ok/a").text == "none"
    [event] = captured.events
    assert raised(event)["mechanism"] == {"type": "auto.http.flask", "handled": False}
    assert event["transaction"] == "/fail/<name>"
    assert event["request"]["url"] == url + "/fail/seven" and event["request"]["method"] == "POST"
    assert event["request"]["headers"]["X-Request-Id"] == "r1"
    assert "Berlin" in str(event["request"]["data"])
    assert event["user"]["id"] == "seven"


def test_logged_and_raised_is_one_event(captured, app):
    with serving_wsgi(app) as url:
        assert httpx.get(url + "/log/x").status_code == 500
    [event] = captured.events
    assert raised(event)["type"] == "KeyError" and event["logger"] == "shop"
    assert event["transaction"] == "/log/<name>" and event["request"]["url"].endswith("/log/x")


def test_a_message_in_a_request_has_the_request(captured, app):
    with serving_wsgi(app) as url:
        httpx.get(url + "/message/x")
    [event] = captured.events
    assert event["logentry"]["formatted"] == "said x"
    assert event["transaction"] == "/message/<name>" and event["request"]["method"] == "GET"


def test_what_the_app_answers_itself_is_no_event(captured, app):
    with serving_wsgi(app) as url:
        assert httpx.get(url + "/answered").text == "known"
        assert httpx.get(url + "/missing").status_code == 404
        assert httpx.get(url + "/nowhere").status_code == 404
    assert captured.events == []


def test_a_stream_that_breaks(captured, app):
    logging.getLogger("werkzeug").disabled = True
    try:
        with serving_wsgi(app) as url, pytest.raises(httpx.HTTPError):
            httpx.get(url + "/stream")
    finally:
        logging.getLogger("werkzeug").disabled = False
    [event] = captured.events
    assert raised(event)["value"] == "in the stream" and event["request"]["url"].endswith("/stream")


def test_concurrent_requests_never_see_each_other(captured, app):
    barrier = threading.Barrier(8)

    @app.route("/together/<name>")
    def together(name):
        faultwire.set_tag("name", name)
        faultwire.set_user({"id": name})
        faultwire.add_breadcrumb(name)
        barrier.wait(30)
        raise ValueError(name)

    with serving_wsgi(app) as url:
        threads = [threading.Thread(target=httpx.get, args=(f"{url}/together/{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    events = captured.events
    assert len(events) == 8
    for event in events:
        name = raised(event)["value"]
        assert event["tags"] == {"name": name} and event["user"]["id"] == name
        assert [c["message"] for c in event["breadcrumbs"]["values"]] == [name]
        assert event["request"]["url"].endswith("/" + name)


def test_in_debug_and_test_mode_the_same_exception_comes_out(captured, app):
    app.testing = True
    with pytest.raises(ValueError, match="seven"):
        app.test_client().get("/fail/seven")
    assert len(captured.events) == 1


def test_around_wsgi_app_and_around_the_app(captured, app):
    app.wsgi_app = FaultwireWsgiMiddleware(app.wsgi_app)
    with serving_wsgi(FaultwireWsgiMiddleware(app)) as url:
        assert httpx.get(url + "/fail/x").status_code == 500
    [event] = captured.events
    assert event["transaction"] == "/fail/<name>"


def test_the_user_of_flask_login(captured, app):
    flask_login = pytest.importorskip("flask_login")
    app.secret_key = "k"
    manager = flask_login.LoginManager(app)

    class User(flask_login.UserMixin):
        id = property(lambda self: 1 / 0)

        def __init__(self, number):
            self.number = number

        def get_id(self):
            return self.number

    manager.user_loader(User)

    @app.route("/login")
    def login():
        flask_login.login_user(User("42"))
        return "in"

    @app.route("/private")
    @flask_login.login_required
    def private():
        raise ValueError("private")

    @app.route("/public")
    def public():
        faultwire.capture_message("public")
        return "x"

    client = app.test_client()
    client.get("/login")
    assert client.get("/private").status_code == 500
    client.get("/public")
    # Where the app did not ask who it is, neither do we.
    asked, not_asked = captured.events
    assert asked["user"]["id"] == "42"
    assert "user" not in not_asked
