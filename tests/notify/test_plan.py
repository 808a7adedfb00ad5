"""Which mails are due: by cause, business day and version, in whatever way messages repeat."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.contracts.balance import BalanceChanged
from headway_notify.plan import Due, Latest, Plan, Seen, Version, plan
from tests.notify.account import NOON, PROGRAM, cause, change


def planned(*changes: tuple[BalanceChanged, bytes], seen: dict[str, Version] | None = None) -> Plan:
    before = {member: Seen(version) for member, version in (seen or {}).items()}
    return plan(changes, before, lambda version: PROGRAM)


@pytest.mark.parametrize("kind", ["event", "effect", "redemption"])
def test_a_source_event_an_effect_or_a_redemption_makes_a_mail_due(kind: str) -> None:
    (due,) = planned(change(cause=cause(kind))).due
    assert (due.member_id, due.day) == ("m1", date(2026, 3, 3))
    assert due.ends_at == datetime(2026, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["tick", "timeout", "admin"])
def test_settling_alone_makes_none_due_but_its_figures_count(kind: str) -> None:
    result = planned(change(cause=cause(kind), version=7))
    assert result.due == []
    assert result.balances[0].version == (1, 7)


def test_the_business_day_is_the_programmes_not_utcs() -> None:
    late = datetime(2026, 3, 4, 4, 59, 59, tzinfo=UTC)
    assert planned(change(cause=cause(time=late))).due[0].day == date(2026, 3, 3)
    midnight = late + timedelta(seconds=1)
    assert planned(change(cause=cause(time=midnight))).due[0].day == date(2026, 3, 4)


def test_a_day_ends_an_hour_later_or_earlier_when_clocks_change() -> None:
    spring = planned(change(cause=cause(time=datetime(2026, 3, 8, 12, tzinfo=UTC)))).due[0]
    assert spring.ends_at == datetime(2026, 3, 9, 4, tzinfo=UTC)
    autumn = planned(change(cause=cause(time=datetime(2026, 11, 1, 12, tzinfo=UTC)))).due[0]
    assert autumn.ends_at == datetime(2026, 11, 2, 5, tzinfo=UTC)


def test_several_causes_of_a_day_make_one_mail_with_the_latest_version() -> None:
    result = planned(change(version=1), change(version=2, available=180), change(version=3))
    assert len(result.due) == 1
    assert result.balances[0].version == (1, 3)


def test_a_version_seen_before_brings_no_old_figures_back() -> None:
    older, newer = change(version=5, available=10), change(version=6, available=20)
    result = planned(older, newer, older, newer)
    assert result.repeats == 2
    assert result.balances[0].facts == newer[1]
    again = planned(older, newer, seen={"m1": (1, 6)})
    assert again == Plan([], [], [], 2)


def test_a_new_epoch_outranks_any_version_of_the_old_one() -> None:
    result = planned(change(version=4, epoch=2), seen={"m1": (1, 9)})
    assert result.repeats == 0
    assert result.balances[0].version == (2, 4)


def test_the_day_of_leaving_is_kept_for_the_decision() -> None:
    late = datetime(2026, 3, 4, 3, tzinfo=UTC)
    assert planned(change(left_at=late)).balances[0].left_day == date(2026, 3, 3)


@given(
    st.lists(st.integers(0, 29), max_size=60),
    st.lists(st.integers(0, 60), min_size=1, max_size=6),
)
def test_repeats_in_any_cut_into_batches_change_nothing(resent: list[int], cuts: list[int]) -> None:
    history = [
        change(f"m{n % 3}", version=n // 3 + 1, cause=cause(time=NOON + timedelta(hours=5 * n)))
        for n in range(30)
    ]
    once = planned(*history)
    # A relay that starts over sends from some point on again: each message may come repeatedly,
    # but never before the ones that came before it.
    stream = list(history)
    for start in resent:
        stream = stream + history[start:]
    due: set[Due] = set()
    balances: dict[str, Latest] = {}
    seen: dict[str, Version] = {}
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    for start, end in pairwise(edges):
        part = planned(*stream[start:end], seen=seen)
        due |= set(part.due)
        for row in part.balances:
            balances[row.member_id] = row
            seen[row.member_id] = row.version
    assert due == set(once.due)
    assert sorted(balances.values()) == once.balances


def test_what_is_imported_makes_none_due_but_what_comes_next_does() -> None:
    brought = {**cause(), "source": "headway/import"}
    assert planned(change(cause=brought)).due == []
    assert planned(change(cause=brought)).balances[0].version == (1, 1)
    heard = change(cause=cause(), version=2)
    assert [due.day for due in planned(change(cause=brought), heard).due] == [date(2026, 3, 3)]
    elsewhere = {**cause(), "source": "headway/imports-of-a-shop"}
    assert len(planned(change(cause=elsewhere)).due) == 1
