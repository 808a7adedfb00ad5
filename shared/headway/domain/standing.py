"""How an account stands at a moment, without anything being decided or written."""

from datetime import datetime

from headway.domain.account import Account
from headway.domain.book import Book
from headway.domain.settle import settle
from headway.program.program import Programs


def standing(programs: Programs, account: Account, at: datetime) -> Account:
    """The account settled to the later of its own time and `at`: true balances, for showing.

    Needs the account's open lots where something is due by then; they are settled with it. Counters
    (version, seq, inputs) stay the ledger's, for nothing has happened there.
    """
    book = Book(account, account.inputs, programs.at(at).version)
    settle(book, programs, at)
    return account._replace(
        pending=book.balances["pending"], available=book.balances["available"],
        reserved=book.balances["reserved"], owed=book.balances["owed"],
        tier=book.tier, time=book.time, lots=book.lots, measures=book.measures,
        carried=book.carried, active_at=book.active_at,
        saved=book.saved, certificates=book.certificates,
    )  # fmt: skip
