"""The set of a member's inputs as entries of a fold: each fact once, at its place in time."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.oracle.records import Input, moment

Key = tuple[datetime, str, str, int]


@dataclass(frozen=True)
class Entry:
    """Something that the fold acts on. `key` is its place."""

    key: Key
    kind: str
    data: dict[str, Any]

    @property
    def time(self) -> datetime:
        """When it happened."""
        return self.key[0]


def effect_key(event: Input) -> str:
    """Which effect this is a revision of: of a referral's rule, or of one purchase under it."""
    told = event.data
    of_rule = f"{told['referral_id']}:{told['rule']}"
    return f"{of_rule}:{told['order_id']}" if told["per_order"] else of_rule


def _place(event: Input) -> Key:
    return *event.order, 0


@dataclass
class Heard:
    """All inputs known so far. Of what is told more than once, what counts stands at one place."""

    orders: dict[str, list[Input]] = field(default_factory=dict)
    refunds: dict[str, Input] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    reviews: dict[str, Input] = field(default_factory=dict)
    effects: dict[str, Input] = field(default_factory=dict)
    joined: bool = False
    others: list[Input] = field(default_factory=list)
    everything: list[Input] = field(default_factory=list)
    first: dict[tuple[str, str], object] = field(default_factory=dict)

    def knows(self, event: Input) -> bool:
        """Whether it has been taken in."""
        return any(one is event for one in self.everything)

    def best(self, order_id: str) -> Input | None:
        """The highest version of an order; of equal ones the first that came."""
        told = self.orders.get(order_id, [])
        return max(told, key=lambda one: one.data["order_version"], default=None)

    def claim(self, event: Input) -> bool:
        """Whether it is the first to tell of its refund, review or invitation, by what was heard
        of first, be it that it has to wait."""
        told = event.data
        if event.kind == "order.refunded":
            return self.first.setdefault(("refund", told["refund_id"]), event.key) == event.key
        if event.kind == "review.published":
            return self.first.setdefault(("review", told["review_id"]), event.key) == event.key
        if event.kind.startswith("referral.") and told["referrer_id"] != event.member:
            referral = told["referral_id"]
            return bool(self.first.setdefault(("referral", ""), referral) == referral)
        return True

    def add(self, event: Input) -> list[Entry] | None:
        """Take an input in; the entries that it adds, None when it changes what was there."""
        self.everything.append(event)
        if not self.claim(event):
            return []
        if event.kind == "order.paid":
            told = self.orders.setdefault(event.data["order_id"], [])
            told.append(event)
            return self._order(told) if len(told) == 1 else None
        if event.kind == "order.refunded":
            return self._once(self.refunds, event.data["refund_id"], event)
        if event.kind == "review.published":
            return self._once(self.reviews, event.data["review_id"], event)
        if event.kind == "order.refund_failed":
            self.failed.add(event.data["refund_id"])
            return None
        if event.kind == "effect":
            known = self.effects.get(effect_key(event))
            if known is None or known.data["revision"] < event.data["revision"]:
                self.effects[effect_key(event)] = event
            return _effect(event) if known is None else None
        self.joined |= event.kind == "member.joined"
        self.others.append(event)
        return [Entry(_place(event), event.kind, event.data)]

    def _once(self, known: dict[str, Input], id_: str, event: Input) -> list[Entry] | None:
        if id_ in known:  # told again under another id: the one heard first counts
            return None
        known[id_] = event
        return None if id_ in self.failed else [Entry(_place(event), event.kind, event.data)]

    def _order(self, told: list[Input]) -> list[Entry]:
        best = self.best(told[0].data["order_id"])
        assert best is not None
        return [Entry(min(map(_place, told)), "order.paid", best.data)]

    def entries(self) -> list[Entry]:
        """Everything in the order of its places."""
        found = [entry for told in self.orders.values() for entry in self._order(told)]
        refunds = [one for id_, one in self.refunds.items() if id_ not in self.failed]
        found += [
            Entry(_place(one), one.kind, one.data)
            for one in (*refunds, *self.reviews.values(), *self.others)
        ]
        found += [entry for one in self.effects.values() for entry in _effect(one)]
        return sorted(found, key=lambda entry: entry.key)


def _effect(event: Input) -> list[Entry]:
    """An effect gives at one place, and is undone at another."""
    told = event.data | {"key": effect_key(event)}
    since = event.time if told["since"] is None else moment(told["since"])
    given = [Entry((since, event.source, event.id, 0), "effect", told)]
    if told["undone_at"] is not None:
        undone = max(since, moment(told["undone_at"]))
        given.append(Entry((undone, event.source, event.id, 1), "effect.undone", told))
    return given
