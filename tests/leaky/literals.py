"""Source lines that hold secrets, as people write them: each one in sight of a failing line."""

# Locals are there to be seen in the report; lines are as they were typed.
# ruff: noqa: F841, E501, E702
# fmt: off

import faultwire


def connect(**options: object) -> None:
    raise ConnectionError("refused")


def plain() -> None:
    password = "Zq81abcdefghklmn"
    API_KEY = 'Zq82abcdefghklmn'; retries = 3
    SECRET = b"Zq88abcdefghklmn"
    connect(step=retries)


def containers() -> None:
    auth = {"token": "Zq83abcdefghklmn", "shop": "readable-source-text"}
    auth["client_secret"] = "Zq86abcdefghklmn"
    url = "postgresql://app:Zq84abcdefghklmn@db.internal.example/orders"
    connect(shop=auth["shop"])


def arguments(secret_key="Zq89abcdefghklmn") -> None:
    connect(user="ann", passwd="Zq85abcdefghklmn", headers={"Authorization": "Bearer Zq90abcdefghklmn"})


def continued() -> None:
    private_token = (
        "Zq87abcdefghklmn"
    )
    db_password: str = \
        "Zq92abcdefghklmn"
    connect(gate=12)


def blocks() -> None:
    signing_key = """
Zq91abcdefghklmn
"""
    connect(gate=13)


def run() -> None:
    for fails in (plain, containers, arguments, continued, blocks):
        try:
            fails()
        except ConnectionError as error:
            faultwire.capture_exception(error)


run.options = {}
