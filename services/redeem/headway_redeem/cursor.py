"""Where a page of a list begins, as a text that callers pass on without looking into it."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from headway_redeem.problems import unreadable
from headway_redeem.refusal import Refusal

_INSIDE = re.compile(r"([a-z]+):([A-Za-z0-9_-]{1,64})")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def cursor_to(of: str, before: int | str | None) -> str | None:
    """The cursor of the page that begins before a number or an id, in the list of that name; None:
    none."""
    if before is None:
        return None
    return urlsafe_b64encode(f"{of}:{before}".encode()).decode().rstrip("=")


def before_of(of: str, cursor: str | None) -> int | None:
    """The number that a cursor of that list stands for. Raises Refusal for any other text."""
    name = before_id_of(of, cursor)
    if name is None:
        return None
    if _NUMBER.fullmatch(name) is None:
        raise _no_cursor()
    return int(name)


def before_id_of(of: str, cursor: str | None) -> str | None:
    """The id that a cursor of that list stands for. Raises Refusal for any other text."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (Error, ValueError):
        text = ""
    found = _INSIDE.fullmatch(text)
    if found is None or found[1] != of or cursor_to(of, found[2]) != cursor:
        raise _no_cursor()
    return found[2]


def _no_cursor() -> Refusal:
    return unreadable(
        "query.cursor",
        "is no cursor of this list; send `next_cursor` as it was given, or leave it out to "
        "begin with the newest",
    )
