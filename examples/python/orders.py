"""The same program in every language: an order that cannot be placed, and a queue that is long.

FAULTWIRE_DSN=http://KEY@HOST/1 python examples/python/orders.py
"""

import faultwire


class StockError(Exception):
    """As drivers do, it says in its text where it wanted to connect, password and all."""


class OrderFailed(Exception):
    """What the shop makes of it."""


def reserve_stock(order: int) -> None:
    raise StockError("no connection to postgres://shop:s3cret-Passw0rd@db.internal:5432/stock")


def place_order(order: int) -> None:
    faultwire.add_breadcrumb(f"placing order {order}")
    try:
        reserve_stock(order)
    except StockError as error:
        raise OrderFailed(f"order {order} could not be placed") from error


if __name__ == "__main__":
    faultwire.init(release="shop@1.2.3", environment="demo")
    faultwire.global_scope().set_tag("service", "shop")

    # One request: what is said in here is on its events only.
    with faultwire.isolation_scope():
        faultwire.set_user({"id": "42"})
        faultwire.set_transaction("POST /orders")
        try:
            place_order(1001)
        except OrderFailed as error:
            faultwire.capture_exception(error)

    with faultwire.new_scope() as scope:
        scope.set_tag("queue", "mail")
        faultwire.capture_message("the mail queue is long", level="warning")
