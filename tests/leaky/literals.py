"""Source lines that hold secrets, as people write them: the only ones here, and made up."""

import faultwire

SECRETS = {
    "password": "hunter2-Zq81lmnopq",
    "api key": "Zq82abcdefghklmn",
    "token": "Zq83abcdefghklmn",
    "connection": "Zq84abcdefghklmn",
    "keyword": "Zq85abcdefghklmn",
    "item": "Zq86abcdefghklmn",
    "multi-line": "Zq87abcdefghklmn",
    "bytes": "Zq88abcdefghklmn",
    "default": "Zq89abcdefghklmn",
    "header": "Zq90abcdefghklmn",
}


def connect(**options: str) -> None:
    raise ConnectionError("refused")


def fails(secret_key="Zq89abcdefghklmn"):
    password = "hunter2-Zq81lmnopq"
    API_KEY = 'Zq82abcdefghklmn'; retries = 3  # fmt: skip
    auth = {"token": "Zq83abcdefghklmn", "shop": "readable-source-text"}
    url = "postgresql://app:Zq84abcdefghklmn@db.internal.example/orders"
    connect(user="ann", passwd="Zq85abcdefghklmn", key=b"", headers={"Authorization": "Bearer Zq90abcdefghklmn"})
    auth["client_secret"] = "Zq86abcdefghklmn"
    SECRET = b"Zq88abcdefghklmn"
    private_token = (
        "Zq87abcdefghklmn"
    )  # fmt: skip
    return password, API_KEY, retries, auth, url, SECRET, private_token


def run() -> None:
    try:
        fails()
    except ConnectionError as error:
        faultwire.capture_exception(error)


run.options = {}
