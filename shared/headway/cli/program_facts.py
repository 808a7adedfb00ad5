"""The facts of an event that is only asked about: those that deciding it would see."""

from headway.contracts.activity import ActivityRecorded
from headway.contracts.codec import Event
from headway.contracts.order import OrderPaid
from headway.contracts.review import ReviewPublished
from headway.domain.account import Account, Input
from headway.domain.book import Book
from headway.domain.facts import (
    activity_facts,
    order_facts,
    order_lines,
    plain_facts,
    review_facts,
)
from headway.program.conditions import Facts
from headway.program.program import Program


def newcomer(event: Event, program: Program) -> Account:
    """The account of a member who joins at that very moment."""
    first = program.levels[0].id if program.levels else ""
    return Account(0, event.member_id, joined_at=event.time, tier=first)


def facts_for(account: Account, event: Event, program: Program) -> Facts:
    """What rules see of the event, were it the account's next one."""
    book = Book(account, account.inputs + 1, program.version)
    data = event.data
    item = Input(
        event.source, event.id, event.type, event.time, data, event.digest, event.canonical_data
    )
    if isinstance(data, OrderPaid):
        lines = order_lines(program, data)
        if any(line.amount for line in lines):
            book.purchases += 1
        return order_facts(book, data, lines, event.time, book.tier)
    if isinstance(data, ActivityRecorded):
        return activity_facts(book, program, item, data)
    if isinstance(data, ReviewPublished):
        return review_facts(book, item, data)
    return plain_facts(book, event.type, event.time)
