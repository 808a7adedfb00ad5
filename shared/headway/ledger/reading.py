"""Opening accounts for a batch: lock first, then read what the inputs at hand need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from headway.contracts.registry import CONTRACTS
from headway.domain.account import Account, Input, Lot, Parked
from headway.ledger import snapshot
from headway.ledger.queries import load

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "queries.sql")

_REVERSING = frozenset(("order.refunded", "order.cancelled", "review.removed", "effect"))
Work = Mapping[int, Sequence[Input]]
"""The inputs of a batch by account id."""


class Known(NamedTuple):
    """What the first read after the locks says."""

    now: datetime
    epoch: int
    program_version: int
    inputs: dict[tuple[str, str], bytes]
    parked: dict[int, list[Parked]]


@dataclass(slots=True)
class Keys:
    """Business keys by name ('order:ID', ...) and by account what hangs on them."""

    holders: dict[str, int] = field(default_factory=dict)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    lines: dict[int, dict[tuple[str, str], Any]] = field(default_factory=dict)
    refunds: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, dict[str, Any]] = field(default_factory=dict)
    effects: dict[int, dict[str, Any]] = field(default_factory=dict)


async def read_known(
    connection: "Connection", identities: Sequence[tuple[str, str]], accounts: Sequence[int]
) -> Known:
    """Repeats among `identities`, what is parked on the accounts, the clock, epoch and version."""
    row = await connection.fetchrow(
        QUERIES.read_known,
        [source for source, _ in identities],
        [id_ for _, id_ in identities],
        accounts,
    )
    if row is None:
        raise AssertionError("read_known always answers one row")
    inputs = {(i[0], i[1]): bytes.fromhex(i[2]) for i in orjson.loads(row["known"] or "[]")}
    parked: dict[int, list[Parked]] = {}
    for entry in orjson.loads(row["parked"] or "[]"):
        parked.setdefault(entry[0], []).append(_parked_from(entry))
    return Known(row["now"], row["epoch"], row["program_version"], inputs, parked)


def _parked_from(entry: list[Any]) -> Parked:
    _, n, waits_for, source, id_, kind, time, body, digest = entry
    data = CONTRACTS[kind].model.model_validate_json(body)
    return Parked(
        n,
        waits_for,
        Input(
            source, id_, kind, snapshot.certain(time), data, bytes.fromhex(digest), body.encode()
        ),
    )


class _Wanted:
    """The keys that a batch's inputs, and the parked ones they may release, speak of."""

    def __init__(self) -> None:
        self.orders: set[str] = set()
        self.skus: set[tuple[int, str]] = set()
        self.refunds: set[str] = set()
        self.reviews: set[str] = set()
        self.referrals: set[str] = set()
        self.effects: set[str] = set()

    def add(self, account_id: int, item: Input) -> None:
        data: Any = item.data
        kind = item.kind
        if kind in ("order.paid", "order.cancelled"):
            self.orders.add(data.order_id)
        elif kind == "order.refunded":
            self.refunds.add(data.refund_id)
            if data.order_id is None:
                self.skus.update((account_id, line.sku) for line in data.lines)
            else:
                self.orders.add(data.order_id)
        elif kind in ("review.published", "review.removed"):
            self.reviews.add(data.review_id)
        elif kind in ("referral.created", "referral.completed"):
            self.referrals.add(data.referral_id)
        elif kind == "effect":
            self.effects.add(f"{data.referral_id}:{data.rule}")


def keys_of(item: Input) -> list[str]:
    """The business keys an input claims or needs, by name."""
    wanted = _Wanted()
    wanted.add(0, item)
    return [
        *("order:" + key for key in wanted.orders),
        *("refund:" + key for key in wanted.refunds),
        *("review:" + key for key in wanted.reviews),
        *("referral:" + key for key in wanted.referrals),
        *("effect:" + key for key in wanted.effects),
    ]


async def read_keys(
    connection: "Connection", work: Work, parked: Mapping[int, Sequence[Parked]]
) -> Keys:
    """The keys those inputs speak of, wherever they are held."""
    wanted = _Wanted()
    for account_id, items in work.items():
        for item in items:
            wanted.add(account_id, item)
        for waiting in parked.get(account_id, ()):
            wanted.add(account_id, waiting.input)
    row = await connection.fetchrow(
        QUERIES.read_keys,
        list(wanted.orders),
        [account for account, _ in wanted.skus],
        [sku for _, sku in wanted.skus],
        list(wanted.refunds),
        list(wanted.reviews),
        list(wanted.referrals),
        list(wanted.effects),
    )
    if row is None:
        raise AssertionError("read_keys always answers one row")
    keys = Keys()
    for account_id, order in _each(row["orders"], snapshot.order_from):
        keys.holders["order:" + order.order_id] = account_id
        keys.orders.setdefault(account_id, {})[order.order_id] = order
    for account_id, line in _each(row["lines"], snapshot.line_from):
        keys.lines.setdefault(account_id, {})[line.order_id, line.line_id] = line
    for account_id, refund in _each(row["refunds"], snapshot.refund_from):
        keys.holders["refund:" + refund.refund_id] = account_id
        keys.refunds.setdefault(account_id, {})[refund.refund_id] = refund
    for account_id, review in _each(row["reviews"], snapshot.review_from):
        keys.holders["review:" + review.review_id] = account_id
        keys.reviews.setdefault(account_id, {})[review.review_id] = review
    for referral_id, account_id in orjson.loads(row["referrals"] or "[]"):
        keys.holders["referral:" + referral_id] = account_id
    for account_id, effect in _each(row["effects"], snapshot.effect_from):
        keys.holders["effect:" + effect.key] = account_id
        keys.effects.setdefault(account_id, {})[effect.key] = effect
    return keys


def _each(text: str | None, convert: Any) -> Iterable[tuple[int, Any]]:
    return map(convert, orjson.loads(text or "[]"))


def needs_lots(
    account: Account, items: Sequence[Input], waiting: Sequence[Parked], keys: Keys
) -> bool:
    """Whether deciding those inputs can touch points that are already there."""
    if not account.seq:
        return False
    if account.owed or any(item.kind in _REVERSING or "." not in item.kind for item in items):
        return True
    if any(item.kind.startswith("redemption.") for item in items):
        return True
    if any(parked.input.kind in _REVERSING for parked in waiting):
        return True
    latest = max((item.time for item in items), default=account.time)
    due = account.next_due_at
    if due is not None and latest is not None and due <= max(latest, account.time or latest):
        return True
    held = keys.orders.get(account.account_id)
    return held is not None and any(
        getattr(item.data, "order_id", None) in held for item in items if item.kind == "order.paid"
    )


async def read_lots(
    connection: "Connection", accounts: Sequence[Account], work: Work, keys: Keys
) -> dict[int, dict[int, Lot]]:
    """Open lots of those accounts, and the lots of the awards their inputs may undo."""
    awards: set[str] = set()
    for account in accounts:
        awards.update("order:" + order for order in keys.orders.get(account.account_id, ()))
        awards.update("review:" + review for review in keys.reviews.get(account.account_id, ()))
        awards.update("effect:" + effect for effect in keys.effects.get(account.account_id, ()))
        if account.referral is not None:
            awards.add("referral:" + account.referral.referral_id)
    rows = await connection.fetch(
        QUERIES.read_lots, [account.account_id for account in accounts], list(awards)
    )
    found: dict[int, dict[int, Lot]] = {account.account_id: {} for account in accounts}
    for row in rows:
        found[row["account_id"]][row["lot"]] = snapshot.lot_from(row)
    return found
