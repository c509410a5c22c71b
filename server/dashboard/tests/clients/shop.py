"""A shop that fails when it is told to: lines of JSON come in, each is answered once its error is delivered."""

import json
import os
import sys

import faultwire

running = None


def release(name):
    """Another release of the same shop, as a deployment would start it."""
    global running
    if name != running:
        running = name
        faultwire.init(dsn=os.environ["SHOP_DSN"], release=name, environment="production", spool=False)


def charge(order):
    amount = 19.9  # noqa: F841  A local that is shown.
    raise type(order["type"], (Exception,), {})(order["value"])


def checkout(order):
    faultwire.add_breadcrumb(f"checkout of {order['type']}", category="shop", data={"items": 3})
    return charge(order)


release("shop@1.0.0")
for line in sys.stdin:
    order = {"value": "no such thing", **json.loads(line)}
    if order.get("release"):
        release(order["release"])
    with faultwire.isolation_scope():
        faultwire.set_tags(order.get("tags") or {})
        if order.get("user"):
            faultwire.set_user(order["user"])
        try:
            checkout(order)
        except Exception as error:
            id = faultwire.capture_exception(error)
    print(json.dumps({"id": id, "isDelivered": faultwire.flush(15)}), flush=True)
