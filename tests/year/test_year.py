"""The year is what it says: shares, kinds, and every award given at least once."""

from collections import Counter
from datetime import date, datetime

import pytest

from headway.local.history.happenings import SourceEvent
from tests.oracle import fields
from tests.oracle.computing import disagreements
from tests.oracle.member import CONFLICT, PARKED, Member
from tests.oracle.programme import Programme, read
from tests.oracle.records import Input
from tests.year.build import Year, programme, year

LAST = date(2026, 3, 31)
BACK = ("order.refunded", "order.cancelled")


@pytest.fixture(scope="module")
def whole() -> Year:
    """A year of three hundred members."""
    return year(300, last_day=LAST)


def share(part: int, whole: int) -> float:
    """In whole percents."""
    return round(100 * part / whole)


def test_a_fifth_is_sent_after_something_later_of_the_same_member(whole: Year) -> None:
    newest: dict[str, datetime] = {}
    seen: set[str] = set()
    late = 0
    for event in whole.sent:
        if event.type == "contact.updated" or event.id in seen:
            continue
        seen.add(event.id)
        late += newest.get(event.member_id, event.time) > event.time
        newest[event.member_id] = max(event.time, newest.get(event.member_id, event.time))
    assert seen == {event.id for event in whole.events}
    assert share(late, len(seen)) == 20


def test_a_tenth_of_the_orders_comes_back(whole: Year) -> None:
    orders = {event.facts["order_id"] for event in whole.events if event.type == "order.paid"}
    back = [event.id.partition(":")[2] for event in whole.events if event.type in BACK]
    assert len(back) == len(set(back))
    assert share(len(back), len(orders)) == 10


def test_a_twentieth_is_sent_twice_alike(whole: Year) -> None:
    times = Counter(event.id for event in whole.sent)
    assert share(sum(count > 1 for count in times.values()), len(whole.events)) == 5
    assert max(times.values()) == 2


def test_every_kind_of_event_is_there(whole: Year) -> None:
    kinds = {event.type for event in whole.sent}
    assert kinds == fields.DATA.keys() - {"effect"}


def test_the_same_seed_gives_the_same_year_and_another_another() -> None:
    assert year(20, last_day=LAST) == year(20, last_day=LAST)
    assert year(20, last_day=LAST).sent != year(20, last_day=LAST, seed=1).sent


def told(event: SourceEvent) -> Input:
    """The event as the oracle reads it."""
    plain = fields.plain(event.type, event.data)
    return Input(event.source, event.id, event.type, event.member_id, event.time, plain)


def lives(whole: Year, version: Programme) -> dict[str, Member]:
    """What becomes of everybody, decided in the order of sending."""
    members: dict[str, Member] = {}
    parked: dict[str, list[Input]] = {}
    seen: set[str] = set()
    for event in whole.sent:
        if event.type == "contact.updated" or event.id in seen:
            continue
        seen.add(event.id)
        member = members.setdefault(event.member_id, Member([version], id=event.member_id))
        waiting = parked.setdefault(member.id, [])
        outcome = member.hear(told(event))
        assert outcome != CONFLICT
        if outcome == PARKED:
            waiting.append(told(event))
        while ready := next((one for one in waiting if not member.waits(one)), None):
            waiting.remove(ready)
            member.hear(ready)
    return members


@pytest.mark.parametrize("attribution", ["per_line", "by_money", "recompute"])
def test_every_rule_gives_and_what_stands_is_of_the_set(whole: Year, attribution: str) -> None:
    version = read(programme(points={"attribution": attribution}))
    members = lives(whole, version)
    given = {lot.rule for member in members.values() for lot in member.lots}
    # What friends do for those who invited them comes by the effects topic, which is not here.
    effects = {key[1] for member in members.values() for key in member.state.effects}
    assert given | effects == {rule.id for rule in version.rules}
    assert [problem for member in members.values() for problem in disagreements(member)] == []
    assert {member.tier for member in members.values()} == {"club", "gold", "elite"}
