"""Programmes for the tests of the core: small numbers, so that everything happens often."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from headway.program.loading import load_program
from headway.program.program import Program, Programs

DOLLAR: dict[str, Any] = {
    "id": "base",
    "on": "order.paid",
    "award": {"per_money": {"points": 1, "every": "1.00"}},
}
CLUB = {"id": "club", "name": "Club", "from": "0"}


def times(id_: str, factor: str, group: str = "multiplier", **when: list[str]) -> dict[str, Any]:
    """A multiplier rule."""
    return {
        "id": id_, "on": "order.paid", "when": when, "group": group, "award": {"multiply": factor},
    }  # fmt: skip


def fixed(id_: str, event: str, points: int, **more: Any) -> dict[str, Any]:
    """A rule for a fixed number of points, at once unless said otherwise."""
    award = {"points": points} | ({"to": more.pop("to")} if "to" in more else {})
    return {"id": id_, "on": event, "pending_days": 0, "award": award} | more


def reward(id_: str, points: int, value: str) -> dict[str, Any]:
    """A reward."""
    return {"id": id_, "name": id_, "points": points, "value": value}


def tiers(*levels: tuple[str, str], window: str = "calendar_year") -> dict[str, Any]:
    """Tiers above `club`, from amounts."""
    ladder = [CLUB, *({"id": id_, "name": id_, "from": from_} for id_, from_ in levels)]
    return {"window": window, "levels": ladder}


def program(*rules: dict[str, Any], version: int = 1, **settings: Any) -> Program:
    """A programme of these rules: dollars, New York, points at once and for good."""
    told = {
        "name": "Test",
        "zone": "America/New_York",
        "from": "1990-01-01T00:00:00Z",
        "currency": "USD",
        "points": {},
        "rules": list(rules or [DOLLAR]),
    }
    return _loaded(json.dumps(told | settings), version)


@lru_cache(maxsize=1024)
def _loaded(text: str, version: int) -> Program:
    return load_program(text, version=version)


EXAMPLES = Path(__file__).parents[2] / "examples" / "programs"


def example(name: str, *, version: int = 1) -> Program:
    """One of the example programmes, as it stands."""
    return _loaded((EXAMPLES / f"{name}.yaml").read_text("utf-8"), version)


def programs(*versions: Program) -> Programs:
    """Those versions."""
    return Programs(versions)


SEVENTHS: dict[str, Any] = {
    "id": "base",
    "on": "order.paid",
    "award": {"per_money": {"points": 3, "every": "7.00"}},
}
"""Three points for seven dollars: hardly an amount without a fraction."""
EURO = {"points": 1, "every": "3.00", "currency": "EUR"}


def lively(
    *,
    version: int = 1,
    clawback: str = "allow_negative",
    pending_days: int = 3,
    expiry: dict[str, Any] | str = "never",
    window: str = "calendar_year",
    gold: str = "30.00",
    factor: str = "1.25",
    from_: str = "1990-01-01T00:00:00Z",
    shares: bool = False,
) -> Program:
    """A programme that has everything: fractions, groups, tiers, referrals, rewards."""
    return program(
        SEVENTHS,
        {**SEVENTHS, "id": "euro", "award": {"per_money": EURO}},
        times("boots", "1.5", "category", category=["boots"]),
        times("gold", factor, "tier", tier=["gold"]),
        times("elite", "2", "tier", tier=["elite"]),
        fixed("welcome", "member.joined", 5),
        fixed("review", "review.published", 10),
        fixed("visit", "activity.recorded", 3, when={"activity": ["visit"]}),
        fixed("friend", "referral.completed", 7, to="friend", pending_days=2),
        fixed("referrer", "referral.completed", 9, to="referrer", pending_days=2),
        version=version,
        points={"pending_days": pending_days, "expiry": expiry, "clawback": clawback},
        tiers=tiers(("gold", gold), ("elite", "80.00"), window=window),
        rewards=[reward("small", 4, "1.00 USD"), reward("large", 21, "2.50 USD")],
        **{"from": from_},
        **({"transfers": {}, "pools": {"members": 3}} if shares else {}),
    )  # fmt: skip
