"""Room on a terminal."""

import shutil


def columns() -> int:
    """How wide the terminal is; a wide one where that is not known."""
    return shutil.get_terminal_size((160, 24)).columns


def shorten(text: str, width: int) -> str:
    """The text, with an ellipsis where it is too long."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
