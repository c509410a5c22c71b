"""The examples do what they say, and none of the secrets in them is on the wire."""

import importlib.util
import subprocess
import sys

import httpx
import pytest

from conftest import ROOT, raised, run_file, serving, serving_wsgi

EXAMPLES = ROOT / "examples" / "python"
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="not in the repository")


def load(name, sink, monkeypatch):
    """The example's module, sending to the sink; gives what ends it."""
    import faultwire
    from faultwire import _client

    monkeypatch.setenv("FAULTWIRE_DSN", sink.dsn)
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)

    def end():
        assert faultwire.close(20)
        _client.restore(None)

    return module.app, end


def kinds(events):
    return [raised(e)["type"] if "exception" in e else e["logentry"]["formatted"] for e in events]


def test_the_fastapi_app(sink, monkeypatch):
    app, end = load("fastapi_app", sink, monkeypatch)
    try:
        with serving(app) as url:
            assert httpx.get(url + "/").status_code == 200
            headers = {
                "Authorization": "Bearer bearer-secret-token",
                "X-Customer": "acme",
                "Cookie": "sid=cookie-secret",
            }
            assert httpx.get(url + "/orders/7?token=tok_query_secret", headers=headers).status_code == 500
            card = {"item": "tea", "card": "4111 1111 1111 1111", "password": "body-secret"}
            assert httpx.post(url + "/checkout", json=card, headers=headers).status_code == 500
            assert httpx.get(url + "/stock/tea").status_code == 500
            assert httpx.get(url + "/quote/0").json()["report"]
            assert httpx.post(url + "/newsletter").json() == {"status": "queued"}
            assert httpx.get(url + "/category/x").status_code == 500
            assert httpx.get(url + "/missing").status_code == 404
    finally:
        end()
    events = sink.wait(6)
    expected = ["KeyError", "RuntimeError", "KeyError", "ZeroDivisionError", "ValueError", "RecursionError"]
    assert sorted(kinds(events)) == sorted(expected)
    order = next(e for e in events if e.get("transaction") == "/orders/{number}")
    assert order["user"]["id"] == "acme"
    assert [c["message"] for c in order["breadcrumbs"]["values"]][-1] == "order 7 looked up"
    checkout = next(e for e in events if e.get("transaction") == "/checkout")
    assert [v["type"] for v in checkout["exception"]["values"]] == ["KeyError", "RuntimeError"]
    assert checkout["contexts"]["checkout"] == {"items": 3}
    raw = sink.raw()
    for secret in (
        b"bearer-secret-token",
        b"cookie-secret",
        b"tok_query_secret",
        b"4111 1111 1111 1111",
        b"body-secret",
        b"hunter2-acme",
        b"ann@example.com",
    ):
        assert secret not in raw, secret


def test_the_flask_app(sink, monkeypatch):
    app, end = load("flask_app", sink, monkeypatch)
    try:
        with serving_wsgi(app) as url:
            assert httpx.get(url + "/").status_code == 200
            cookie = {"Cookie": "session=cookie-secret"}
            assert httpx.get(url + "/users/7?api_key=key_query_secret", headers=cookie).status_code == 500
            assert httpx.post(url + "/login", data={"name": "ann", "password": "form-secret"}).status_code == 500
            assert httpx.get(url + "/report").status_code == 500
            with pytest.raises(httpx.HTTPError):
                httpx.get(url + "/stream")
            assert httpx.get(url + "/private").status_code == 403
    finally:
        end()
    events = sink.wait(4)
    assert sorted(kinds(events)) == ["KeyError", "KeyError", "RuntimeError", "TypeError"]
    user = next(e for e in events if e.get("transaction") == "/users/<number>")
    assert user["user"]["id"] == "7" and user["release"] == "accounts@2.0.0"
    raw = sink.raw()
    for secret in (b"cookie-secret", b"key_query_secret", b"form-secret", b"key_local"):
        assert secret not in raw, secret


def test_the_script(sink):
    ended = run_file(EXAMPLES / "script.py", dsn=sink.dsn)
    assert ended.returncode == 1
    assert "ConnectionError: cannot reach" in ended.stderr
    events = sink.wait(5 + (sys.version_info >= (3, 11)))
    expected = ["nightly job started", "ValueError", "KeyError", "RecursionError", "ConnectionError"]
    expected += ["ExceptionGroup"] if sys.version_info >= (3, 11) else []
    assert sorted(kinds(events)) == sorted(expected)
    logged = next(e for e in events if e.get("logger") == "nightly")
    assert logged["tags"] == {"file": "b.csv"}
    assert b"hunter2" not in sink.raw()


def test_the_examples_do_not_need_a_server():
    ended = run_file(EXAMPLES / "script.py")
    assert ended.returncode == 1 and ended.stdout == ""
    for name in ("fastapi_app", "flask_app"):
        code = f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); import {name}"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
