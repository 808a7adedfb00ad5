"""Where a page of a list begins, as a text that callers pass on without looking into it."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

_INSIDE = re.compile(r"([a-z]+):([1-9][0-9]{0,17})")


def cursor_to(of: str, before: int | None) -> str | None:
    """The cursor of the page that begins before a number, in the list of that name; None: none."""
    if before is None:
        return None
    return urlsafe_b64encode(f"{of}:{before}".encode()).decode().rstrip("=")


def before_of(of: str, cursor: str | None) -> int | None:
    """The number that a cursor of that list stands for. Raises ValueError for any other text."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (Error, ValueError):
        text = ""
    found = _INSIDE.fullmatch(text)
    if found is None or found[1] != of or cursor_to(of, int(found[2])) != cursor:
        raise ValueError(
            "is no cursor of this list; send `next_cursor` as it was given, or leave it out to "
            "begin with the newest"
        )
    return int(found[2])
