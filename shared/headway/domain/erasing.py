"""Erasing a member: the name goes, what was earned and spent stays in the ledger.

To the account it is as if the member had left: nothing more is earned. That the name goes from
everything that holds it is the ledger's part.
"""

from typing import NamedTuple

from headway.domain.account import Input
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied

ERASE = "admin.erase"
"""The kind of the input."""
HAD_LEFT = "had left"
"""Why the account of who is erased did not change."""


class Erase(NamedTuple):
    """Why a member is erased, and the opaque id of who sees to it."""

    reason: str
    by: str


def decide_erase(book: Book, item: Input) -> Outcome:
    """From here on nothing is earned; what is there lives on by its own rules."""
    if book.left_at is not None:
        return applied(HAD_LEFT)
    book.left_at = item.time
    return applied()
