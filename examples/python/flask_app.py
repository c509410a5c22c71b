"""A Flask app that fails in several ways; each failure is one event.

FAULTWIRE_DSN=http://KEY@HOST/1 flask --app examples/python/flask_app run

curl 'localhost:5000/users/7?api_key=key_secret' -H 'Cookie: session=abc'
curl localhost:5000/login -d 'name=ann&password=hunter2'
"""

import logging
from collections.abc import Iterator

import faultwire
from flask import Flask, Response, request

app = Flask("accounts")
log = logging.getLogger("accounts")

# After Flask or before it, as you like.
faultwire.init(release="accounts@2.0.0", environment="demo")

USERS = {"1": {"name": "ann"}}


@app.get("/")
def home() -> str:
    return "ok"


@app.get("/users/<number>")
def user(number: str) -> dict:
    """An unhandled error with a secret in the query and in a local variable."""
    faultwire.set_user({"id": number})
    api_key = request.args.get("api_key", "key_local")
    return greet(USERS[number], api_key)


def greet(user: dict, api_key: str) -> dict:
    return {"hello": user["name"]}


@app.post("/login")
def login() -> str:
    """A chained error behind a form with a password."""
    form = request.form.to_dict()
    try:
        return check(form["name"], form["password"])
    except PermissionError as error:
        raise RuntimeError("login is broken") from error


def check(name: str, password: str) -> str:
    raise PermissionError(f"cannot read the shadow file for {name}")


@app.get("/report")
def report() -> str:
    """Logged with its traceback and raised on: one event."""
    try:
        return str(sum(USERS))
    except TypeError:
        log.exception("report failed for %d users", len(USERS))
        raise


@app.get("/stream")
def stream() -> Response:
    """Fails when half of the answer has been sent."""

    def rows() -> Iterator[str]:
        yield "name\n"
        yield USERS["2"]["name"]

    return app.response_class(rows(), mimetype="text/csv")


@app.get("/private")
def private() -> str:
    raise PermissionError("the app answers this one itself")


@app.errorhandler(PermissionError)
def forbidden(error: PermissionError) -> tuple[str, int]:
    return "forbidden", 403
