"""A FastAPI shop that fails in several ways; each failure is one event.

FAULTWIRE_DSN=http://KEY@HOST/1 uvicorn fastapi_app:app --app-dir examples/python

curl 'localhost:8000/orders/7?token=tok_secret' -H 'Authorization: Bearer abc' -H 'X-Customer: acme'
curl localhost:8000/checkout -d '{"item": "tea", "card": "4111 1111 1111 1111"}' -H 'Content-Type: application/json'
"""

import logging
import os

import faultwire
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request

# That is all: the framework is covered without another line.
faultwire.init(release="shop@1.4.2", environment="demo")

app = FastAPI(title="shop")
log = logging.getLogger("shop")
log.setLevel(logging.INFO)


def customer(request: Request) -> str:
    """Runs in a worker thread; what it says of the user is on this request's events, and on no other's."""
    name = request.headers.get("x-customer", "guest")
    faultwire.set_user({"id": name})
    return name


@app.get("/")
def home() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/orders/{number}")
def order(number: int, token: str = "", who: str = Depends(customer)) -> dict:
    """An unhandled error, with secrets in the query, the headers and the local variables."""
    log.info("order %d looked up", number)
    password = "hunter2-" + who
    connection = f"postgres://shop:{password}@db.internal/orders"
    return {"total": prices(connection)[number]}


def prices(connection: str) -> dict[int, float]:
    return {1: 9.5, 2: 12.0}


@app.post("/checkout")
async def checkout(order: dict, who: str = Depends(customer)) -> dict:
    """A chained error: what failed below is the cause of what is reported."""
    faultwire.set_context("checkout", {"items": len(order)})
    try:
        return charge(order)
    except KeyError as error:
        raise RuntimeError(f"checkout of {who} failed") from error


def charge(order: dict) -> dict:
    return {"charged": order["price"]}


@app.get("/stock/{item}")
def stock(item: str) -> dict:
    """Logged with its traceback and then raised on: one event, not two."""
    try:
        return {"count": int(os.environ[f"STOCK_{item.upper()}"])}
    except KeyError:
        log.exception("no stock known for %s", item)
        raise


@app.get("/quote/{number}")
def quote(number: int) -> dict:
    """A handled error: the client gets an answer, and we get to know."""
    try:
        return {"price": 100 / number}
    except ZeroDivisionError as error:
        event_id = faultwire.capture_exception(error, tags={"feature": "quote"})
        return {"price": None, "report": event_id}


@app.post("/newsletter")
def newsletter(tasks: BackgroundTasks) -> dict:
    """A failure after the answer was sent."""
    tasks.add_task(send_newsletter, ["ann@example.com", ""])
    return {"status": "queued"}


def send_newsletter(addresses: list[str]) -> None:
    for address in addresses:
        if "@" not in address:
            raise ValueError("an address without @")


@app.get("/category/{name}")
def category(name: str) -> list[str]:
    """A recursion without an end: a thousand frames arrive as a few."""
    return category(name)


@app.get("/missing")
def missing() -> None:
    """No failure of ours: answers below 500 are not captured."""
    raise HTTPException(404, "no such page")
