"""What an account is due for is the same whether the tier was asked for or not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headway.domain.account import Account, Lot
from headway.domain.book import Book
from headway.domain.measure import Days
from headway.domain.notices import next_notice
from headway.domain.settle import next_due_at
from headway.domain.tier import next_change, reached, rests_until
from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.programme import SEVENTHS, program, tiers

WINDOWS: list[dict[str, Any]] = [
    {"window": "calendar_year"},
    {"window": "calendar_year", "keep": "end_of_next_period", "grace_days": 45},
    {"window": "calendar_year", "entry": "next_period", "downgrade": "one_step"},
    {"window": "membership_year", "grace_days": 10},
    {"window": "rolling_12_months", "keep": {"months": 3}},
    {"window": "lifetime"},
]
JOINED = datetime(2019, 3, 7, 15, tzinfo=UTC)
FIRST = date(2020, 1, 1)


@st.composite
def accounts(draw: st.DrawFn, programs: Programs, at: datetime) -> Book:
    """A member with spend on some days, in the tier that this reaches, and one pending lot."""
    until = (at.date() - FIRST).days
    spent = draw(st.dictionaries(st.integers(0, until), st.integers(1, 9000), max_size=5))
    days = {(FIRST + timedelta(days=day)).isoformat(): cents for day, cents in spent.items()}
    activates_at = at + timedelta(days=draw(st.integers(1, 900)))
    lot = Lot(1, 5, 5, 0, 0, 0, 0, 5_000_000, 0, "base", "order:1", "", 1, at, activates_at, None)
    account = Account(
        1, "m", pending=5, time=at, joined_at=JOINED, measures={"spend": Days(days)}, lots={1: lot}
    )
    known = programs.at(at)
    if known.tiers.window == "lifetime":
        account = account._replace(measures={"spend": Days({"": sum(days.values())})})
    tier = reached(Book(account, 2, 1), known, known.day(at))
    return Book(account._replace(tier=tier), 2, 1)


@some.examples(200)
@given(
    window=st.sampled_from(WINDOWS),
    told=st.lists(st.integers(1, 730), max_size=3, unique=True),
    hours=st.integers(0, 7 * 365 * 24),
    data=st.data(),
)
def test_what_is_due_next_is_never_missed(
    window: dict[str, Any], told: list[int], hours: int, data: st.DataObject
) -> None:
    at = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    ladder = tiers(("gold", "30.00"), ("elite", "80.00")) | {"measure": "spend"} | window
    programs = Programs(
        [program(SEVENTHS, tiers=ladder | ({"at_risk_days": told} if told else {}))]
    )
    book = data.draw(accounts(programs, at))
    due = [next_change(book, programs, at), next_notice(book, programs, at, tier=True)]
    known = [moment for moment in due if moment is not None]
    assert all(rests_until(book, programs, at) <= moment for moment in known)
    assert next_due_at(book, programs) == min([book.lots[1].activates_at, *known])
