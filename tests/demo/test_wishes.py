"""The demo's history under programmes that reward more than purchases: synthetic, and no more."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from headway.contracts.codec import encode
from headway.errors import UserError
from headway.local.demo.programmes import choose, examples
from headway.local.history import History, Wishes, cdnow_history, wishes_of
from headway.local.history.happenings import SYNTHETIC
from headway.program.loading import load_document

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 5, 14, 12, tzinfo=UTC)


def history(wishes: Wishes) -> History:
    return cdnow_history(full=False, zone=ZONE, now=NOW, wishes=wishes)


@pytest.fixture(scope="module")
def plain() -> History:
    return history(Wishes())


@pytest.mark.parametrize("name", examples())
def test_an_example_gets_what_it_rewards_and_the_same_purchases(name: str, plain: History) -> None:
    wishes = wishes_of(load_document(choose(name).text))
    told = history(wishes)
    types = Counter(event.type for event in told.events)
    assert told.purchases == plain.purchases
    assert {event.facts["activity"] for event in told.events if "activity" in event.facts} == set(
        wishes.activities
    )
    assert bool(types["member.updated"]) == wishes.birthdays
    assert bool(types["order.fulfilled"]) == wishes.handed_over
    assert bool(types["membership.started"]) == bool(wishes.plans)
    ids = [(event.source, event.id) for event in told.events]
    assert len(set(ids)) == len(ids)
    added = [event for event in told.events if event.source == SYNTHETIC]
    assert len(told.events) - len(added) == plain.purchases
    for event in added:
        encode(event.type, source=event.source, id=event.id, time=event.time, data=event.data)


@pytest.mark.parametrize("name", ["shoes", "minimal", "beauty-tiers", "give-back"])
def test_a_programme_for_purchases_has_the_history_it_always_had(name: str, plain: History) -> None:
    assert history(wishes_of(load_document(choose(name).text))).events == plain.events


def test_orders_say_where_and_which_brand_where_a_programme_asks() -> None:
    wishes = Wishes(brands=("acme",), channels=("app", "web"), stores=("s",), partners=("p",))
    orders = [event for event in history(wishes).events if event.type == "order.paid"]
    for field, words in (("channel", {"app", "web"}), ("store", {"s"}), ("partner", {"p"})):
        assert {event.facts[field] for event in orders if field in event.facts} == words
    brands = Counter(str(event.facts["lines"]).count("'brand': 'acme'") for event in orders)
    assert 0.4 < brands[1] / len(orders) < 0.6


def test_nobody_does_anything_before_joining_or_after_the_last_day() -> None:
    told = history(wishes_of(load_document(choose("staff-rewards").text)))
    joined = {e.member_id: e.time for e in told.events if e.type == "member.joined"}
    last = max(event.time for event in told.events if event.type == "order.paid")
    for event in told.events:
        if event.type == "activity.recorded":
            assert joined[event.member_id] < event.time
            assert event.time.astimezone(ZONE).date() <= last.astimezone(ZONE).date()


def test_a_programme_that_is_neither_an_example_nor_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no example, and cannot be read") as refused:
        choose(str(tmp_path / "none.yaml"))
    assert "shoe-vip" in refused.value.next_step
    own = tmp_path / "own.yaml"
    own.write_text("name: Own")
    assert choose(str(own)) == ("name: Own", str(own))
