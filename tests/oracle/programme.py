"""The programme file, read from its text alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

import yaml

from tests.oracle import days

# ISO 4217: digits after the point where they are not two.
EXPONENTS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}


def minor(text: object, currency: str) -> int:
    """A decimal amount in minor units."""
    scaled = Decimal(str(text)).scaleb(EXPONENTS.get(currency, 2))
    if scaled != int(scaled):
        raise ValueError(f"{text} {currency}")
    return int(scaled)


@dataclass(frozen=True)
class Rule:
    """One rule. Exactly one of `every`, `thousandths` and `points` says what it gives."""

    id: str
    on: str
    categories: Sequence[str] | None
    tiers: Sequence[str] | None
    activities: Sequence[str] | None
    group: str
    currency: str
    points_per: int
    every: int | None
    thousandths: int | None
    points: int | None
    to: str
    pending_days: int

    @property
    def pending(self) -> timedelta:
        """From the award until the points can be spent."""
        return timedelta(seconds=self.pending_days * 86400)

    def wants(self, *, category: str, tier: str) -> bool:
        """Whether an order line of this category, bought at this tier, is meant."""
        return (self.categories is None or category in self.categories) and (
            self.tiers is None or tier in self.tiers
        )


@dataclass(frozen=True)
class Reward:
    """Something to redeem: price in points."""

    id: str
    points: int


@dataclass(frozen=True)
class Programme:
    """One version of a programme."""

    since: datetime
    zone: ZoneInfo
    currency: str
    clawback: str
    expiry_months: int | None
    expiry_round_up: str
    window: str
    levels: Sequence[tuple[int, str]]
    rules: Sequence[Rule]
    rewards: Sequence[Reward]

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def expires(self, activates_at: datetime) -> datetime | None:
        """When points that become spendable then are dead; None for never."""
        if self.expiry_months is None:
            return None
        return days.expiry(activates_at, self.expiry_months, self.expiry_round_up, self.zone)

    def on(self, kind: str) -> list[Rule]:
        """The rules for this event, by id."""
        return [rule for rule in self.rules if rule.on == kind]

    def tier(self, spend: Mapping[date, int], today: date) -> str:
        """The highest level that the spending in the window around `today` reaches."""
        if self.window == "calendar_year":
            measure = sum(money for day, money in spend.items() if day.year == today.year)
        else:
            measure = sum(m for day, m in spend.items() if days.add_months(day, 12) > today)
        return max(
            [(start, id_) for start, id_ in self.levels if start <= measure], default=(0, "")
        )[1]


def read(text: str) -> Programme:
    """A programme from its YAML."""
    doc = yaml.safe_load(text)
    points, tiers = doc.get("points", {}), doc.get("tiers", {})
    currency, expiry = doc["currency"], points.get("expiry")
    since = doc["from"]
    if isinstance(since, str):
        since = datetime.fromisoformat(since)
    return Programme(
        since=since.replace(tzinfo=since.tzinfo or UTC),
        zone=ZoneInfo(doc["zone"]),
        currency=currency,
        clawback=points.get("clawback", "allow_negative"),
        expiry_months=expiry["months"] if expiry else None,
        expiry_round_up=expiry["round_up"] if expiry else "",
        window=tiers.get("window", "calendar_year"),
        levels=[(minor(level["from"], currency), level["id"]) for level in tiers.get("levels", [])],
        rules=sorted(
            (_rule(rule, currency, points.get("pending_days", 0)) for rule in doc["rules"]),
            key=lambda rule: rule.id,
        ),
        rewards=sorted(
            (Reward(reward["id"], reward["points"]) for reward in doc.get("rewards", [])),
            key=lambda reward: (reward.points, reward.id),
        ),
    )


def _rule(rule: dict[object, object], currency: str, pending_days: int) -> Rule:
    when, award = rule.get("when") or {}, rule["award"]
    assert isinstance(when, dict)
    assert isinstance(award, dict)
    money = award.get("per_money") or {}
    paid_in = money.get("currency", currency)
    multiply = award.get("multiply")
    own_pending = rule.get("pending_days", pending_days)
    assert isinstance(own_pending, int)
    return Rule(
        id=str(rule["id"]),
        on=str(rule["on"] if "on" in rule else rule[True]),  # YAML 1.1 reads `on` as true
        categories=when.get("category"),
        tiers=when.get("tier"),
        activities=when.get("activity"),
        # A multiplier without a group competes with none.
        group=str(rule.get("group") or f"alone: {rule['id']}"),
        currency=paid_in,
        points_per=money.get("points", 0),
        every=minor(money["every"], paid_in) if money else None,
        thousandths=int(Decimal(str(multiply)) * 1000) if multiply is not None else None,
        points=award.get("points"),
        to=award.get("to", ""),
        pending_days=own_pending,
    )


def in_force(versions: Sequence[Programme], moment: datetime) -> Programme:
    """The version that judges what happens then."""
    if len(versions) == 1:
        return versions[0]
    return max((v for v in versions if v.since <= moment), key=lambda v: v.since)
