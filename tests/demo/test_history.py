"""The demo's history: real purchases in their order, and what is made up told apart."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from headway.contracts.codec import encode
from headway.local.history import History, cdnow, cdnow_history, closing_event
from headway.local.history.happenings import SYNTHETIC, SourceEvent

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 5, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def history() -> History:
    return cdnow_history(full=False, zone=ZONE, now=NOW)


def of(history: History, *types: str) -> list[SourceEvent]:
    return [event for event in history.events if event.type in types]


def test_all_of_cdnow_is_there() -> None:
    bought = cdnow.purchases(full=True)
    assert len(bought) == 69_659
    assert len({purchase.customer for purchase in bought}) == 23_570
    assert sum(purchase.cents == 0 for purchase in bought) == 80
    assert min(purchase.quantity for purchase in bought) == 1


def test_the_sample_is_cdnows_own(history: History) -> None:
    assert (history.purchases, history.members) == (6_919, 2_357)
    first = cdnow.purchases(full=False)[0]
    assert (first.row, first.customer, str(first.day)) == (1, "00004", "1997-01-01")
    assert (first.quantity, first.cents) == (2, 2933)


def test_events_come_in_the_order_of_their_time(history: History) -> None:
    times = [event.time for event in history.events]
    assert times == sorted(times)


def test_days_move_by_whole_weeks_so_that_the_last_purchase_is_within_the_last_week(
    history: History,
) -> None:
    last = max(event.time for event in of(history, "order.paid")).astimezone(ZONE).date()
    assert 1 <= (NOW.astimezone(ZONE).date() - last).days <= 7
    assert last.weekday() == max(p.day for p in cdnow.purchases(full=False)).weekday()
    assert max(event.time for event in history.events).astimezone(ZONE).date() <= last


def test_shops_are_open_from_nine_to_nine(history: History) -> None:
    for event in of(history, "order.paid", "order.refunded", "review.published"):
        assert time(9) <= event.time.astimezone(ZONE).time() < time(21)


def test_everyone_joins_with_a_contact_an_hour_before_the_first_purchase(history: History) -> None:
    bought: dict[str, datetime] = {}
    for event in of(history, "order.paid"):
        bought.setdefault(event.member_id, event.time)
    joined = {event.member_id: event.time for event in of(history, "member.joined")}
    assert joined == {who: when - timedelta(hours=1) for who, when in bought.items()}
    places = {event.type + event.member_id: at for at, event in enumerate(history.events)}
    for member_id in joined:
        assert places["contact.updated" + member_id] < places["member.joined" + member_id]


def test_only_purchases_are_not_called_synthetic(history: History) -> None:
    for event in history.events:
        assert (event.source == SYNTHETIC) == (event.type != "order.paid")
    for contact in of(history, "contact.updated"):
        assert str(contact.facts["email"]).endswith("@example.com")


def test_what_is_made_up_is_near_its_shares(history: History) -> None:
    counts = Counter(event.type for event in history.events)
    assert 0.06 < counts["review.published"] / history.purchases < 0.10
    assert 0.03 < (counts["order.refunded"] + counts["order.cancelled"]) / history.purchases < 0.05
    assert 0.04 < counts["referral.created"] / history.members < 0.06
    assert 0 < counts["review.removed"] < counts["review.published"] / 10
    assert 0 < counts["referral.completed"] < counts["referral.created"]
    assert any(event.facts["order_id"] is None for event in of(history, "order.refunded"))


def test_members_are_referred_by_members_who_joined_before(history: History) -> None:
    joined = {event.member_id: event.time for event in of(history, "member.joined")}
    for event in of(history, "referral.created"):
        assert joined[str(event.facts["referrer_id"])] < joined[event.member_id] < event.time


def test_returns_come_after_what_they_return_and_never_exceed_it(history: History) -> None:
    bought = {str(e.facts["order_id"]): e for e in of(history, "order.paid")}
    for event in of(history, "order.refunded"):
        order_id = event.facts["order_id"]
        if order_id is None:
            continue
        order, lines = bought[str(order_id)], event.facts["lines"]
        assert timedelta(days=2) < event.time - order.time < timedelta(days=41)
        sold = order.facts["lines"]
        assert isinstance(lines, list)
        assert isinstance(sold, list)
        assert 1 <= lines[0]["quantity"] <= sold[0]["quantity"]


def test_every_event_keeps_the_contract(history: History) -> None:
    for event in (*history.events, closing_event(NOW)):
        encode(event.type, source=event.source, id=event.id, time=event.time, data=event.data)


def test_the_same_seed_tells_the_same_history(history: History) -> None:
    assert cdnow_history(full=False, zone=ZONE, now=NOW).events == history.events
    other = cdnow_history(full=False, zone=ZONE, now=NOW, seed=2).events
    assert [e.id for e in of(history, "review.published")] != [
        e.id for e in other if e.type == "review.published"
    ]
    ids = [(event.source, event.id) for event in history.events]
    assert len(set(ids)) == len(ids)
