"""Source lines that hold secrets, as people write them. The test knows them by heart: all begin alike."""

# Locals are there to be seen in the report.
# ruff: noqa: B904, F841, F821, E501, E702

import faultwire


def connect(**options: str) -> None:
    raise ConnectionError("refused")


def fails(secret_key="Zq89abcdefghklmn"):
    password = "Zq81abcdefghklmn"
    API_KEY = 'Zq82abcdefghklmn'; retries = 3  # fmt: skip
    auth = {"token": "Zq83abcdefghklmn", "shop": "readable-source-text"}
    url = "postgresql://app:Zq84abcdefghklmn@db.internal.example/orders"
    connect(
        user="ann",
        passwd="Zq85abcdefghklmn",
        key=b"",
        headers={"Authorization": "Bearer Zq90abcdefghklmn"},
    )
    auth["client_secret"] = "Zq86abcdefghklmn"
    SECRET = b"Zq88abcdefghklmn"
    private_token = (
        "Zq87abcdefghklmn"
    )  # fmt: skip
    signing_key = """
Zq91abcdefghklmn
"""
    db_password: str = \
        "Zq92abcdefghklmn"  # fmt: skip
    return (
        signing_key,
        db_password,
        password,
        API_KEY,
        retries,
        auth,
        url,
        SECRET,
        private_token,
    )


def run() -> None:
    try:
        fails()
    except ConnectionError as error:
        faultwire.capture_exception(error)


run.options = {}
