"""The oracle follows what was published through a whole year, however late things came."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.oracle.computing import Result, compute
from tests.oracle.programme import read
from tests.year.acting import Acting
from tests.year.build import programme, year

LAST = date(2026, 3, 31)
TIERS: list[dict[str, object]] = [
    {"measure": "spend"},
    {"measure": "points", "window": "membership_year", "downgrade": "to_earned"},
    {"measure": "points", "window": "rolling_12_months", "keep": {"months": 2},
     "downgrade": "to_earned"},
]  # fmt: skip
LIVES: list[dict[str, object]] = [
    {"attribution": "per_line"},
    {"attribution": "by_money", "clawback": "within_balance",
     "expiry": {"inactive_months": 2, "round_up": "day"}},
    {"attribution": "recompute", "clawback": "only_pending", "expiry": {"days": 40}},
]  # fmt: skip


def acted(members: int, points: dict[str, object], tiers: dict[str, object]) -> Acting:
    """A year and half of another, by the oracle as the engine."""
    shop = Acting(read(programme(points=points, tiers=tiers)))
    sent = year(members, last_day=LAST).sent
    for part in range(4):  # jobs settle everybody now and then
        shop.act(sent[part * len(sent) // 4 : (part + 1) * len(sent) // 4])
        shop.tick(max(member.time for member in shop.members.values()))
    shop.tick(datetime(2026, 3, 31, tzinfo=UTC) + timedelta(days=200))
    return shop


def followed(shop: Acting) -> Result:
    """What the oracle makes of the topics."""
    return compute(shop.records, shop.commands, [shop.programme], shop.known)


@pytest.mark.parametrize(("points", "tiers"), list(zip(LIVES, TIERS, strict=True)))
def test_what_was_published_is_followed(
    points: dict[str, object], tiers: dict[str, object]
) -> None:
    shop = acted(60, points, tiers)
    result = followed(shop)
    assert result.problems == []
    assert result.awards
    assert result.dead_letters == set()
    assert {id_: (m.pending, m.available, m.owed, m.tier) for id_, m in shop.members.items()} == {
        id_: (m.pending, m.available, m.owed, m.tier) for id_, m in result.members.items()
    }


def test_one_wrong_figure_of_the_year_is_told() -> None:
    shop = acted(20, LIVES[0], TIERS[0])
    at, record = next(
        (at, one)
        for at, one in reversed(list(enumerate(shop.records)))
        if one.topic == "balance-changed"
    )
    assert record.value is not None
    event = json.loads(record.value)
    event["data"]["pending"] += 1
    shop.records[at] = replace(record, value=json.dumps(event).encode())
    assert len(followed(shop).problems) == 1


def test_an_effect_that_was_not_told_or_told_otherwise_is_found() -> None:
    shop = acted(60, LIVES[0], TIERS[0])
    telling = [one for one in shop.records if b'"type": "effect.v1"' in (one.value or b"")]
    assert telling
    shop.records.remove(telling[-1])
    assert followed(shop).problems
