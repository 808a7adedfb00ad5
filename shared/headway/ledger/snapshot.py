"""Rows to the values decisions read, and back: accounts with their state, lots, orders, keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any

import asyncpg
import orjson

from headway.domain.account import (
    Account,
    Certificate,
    EffectAward,
    FirstPurchase,
    Input,
    Lot,
    Membership,
    Order,
    OrderLine,
    Parked,
    Payment,
    Referral,
    Refund,
    Review,
)
from headway.program.caps import Used

Json = list[Any]
_NOTHING: Mapping[Any, Any] = {}
_columns = itemgetter(  # Account's first fields
    "account_id", "member_id", "pending", "available", "reserved", "owed", "seq", "inputs",
    "tier_seq", "version", "account_time", "joined_at", "left_at", "tier", "next_due_at",
)  # fmt: skip


@dataclass(slots=True)
class Keys:
    """Business keys by name ('order:ID', ...) and by account what hangs on them."""

    history: dict[int, list[tuple[int, Input]]] = field(default_factory=dict)
    """Of accounts that are decided again: their source inputs, with their numbers."""
    holders: dict[str, int] = field(default_factory=dict)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    lines: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    refunds: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, dict[str, Any]] = field(default_factory=dict)
    effects: dict[int, dict[str, Any]] = field(default_factory=dict)
    payments: dict[int, dict[str, Payment]] = field(default_factory=dict)
    """Of accounts with a return, or decided again: the redemptions that pay orders."""


def moment(text: str | None) -> datetime | None:
    """A timestamp out of JSON."""
    return None if text is None else datetime.fromisoformat(text)


def certain(text: str) -> datetime:
    """A timestamp out of JSON that is always there."""
    return datetime.fromisoformat(text)


def account_from(
    row: asyncpg.Record, keys: Keys | None = None, parked: Sequence[Parked] = ()
) -> Account:
    """The account of one row of `accounts`.

    With `keys` it is opened for deciding: with those of its orders and keys that were read, and
    without its lots.
    """
    state = orjson.loads(row["state"])
    first, referral = state.get("first"), state.get("referral")
    columns = _columns(row)
    number, seq, next_due_at = columns[0], columns[6], columns[14]
    complete = keys is None or not seq
    fields = (
        *columns,
        state.get("remainders", _NOTHING),
        state.get("saved", _NOTHING),
        state.get("measures", _NOTHING),
        None if first is None else FirstPurchase(first[0], certain(first[1]), *first[2:]),
        None if referral is None else _referral_from(referral),
        state.get("purchases", 0),
        {name: Used(*used) for name, used in state["caps"].items()}
        if "caps" in state
        else _NOTHING,
        tuple(state["carried"]) if "carried" in state else ("", ""),
        state.get("birthday", ""),
        None if "membership" not in state else _membership_from(state["membership"]),
        moment(state.get("active_at")),
        None if "last" not in state else _key_from(state["last"]),
        state.get("goal", ""),
        tuple(map(_certificate_from, state["certificates"])) if "certificates" in state else (),
        complete,
        None if complete else next_due_at,
        _NOTHING,
        keys.orders.get(number, _NOTHING) if keys else _NOTHING,
        keys.lines.get(number, _NOTHING) if keys else _NOTHING,
        keys.refunds.get(number, _NOTHING) if keys else _NOTHING,
        keys.reviews.get(number, _NOTHING) if keys else _NOTHING,
        keys.effects.get(number, _NOTHING) if keys else _NOTHING,
        keys.payments.get(number, _NOTHING) if keys else _NOTHING,
        tuple(parked),
        frozenset(),
    )
    return Account._make(fields)


def _referral_from(row: Json) -> Referral:
    referral_id, referrer, created_at, completed_order, revision, since, signed_up = row
    return Referral(
        referral_id, referrer, moment(created_at), completed_order, revision, moment(since),
        moment(signed_up),
    )  # fmt: skip


def _membership_from(row: Json) -> Membership:
    membership_id, plan, from_at, until, *rest = row
    return Membership(membership_id, plan, certain(from_at), certain(until), *rest)


def _certificate_from(row: Json) -> Certificate:
    redemption_id, points, value_minor, currency, held = row
    return Certificate(
        redemption_id, points, value_minor, currency, tuple((lot, part) for lot, part in held)
    )


def _key_from(row: Json) -> tuple[datetime, str, str]:
    return certain(row[0]), row[1], row[2]


_STATE = (
    "remainders", "saved", "measures", "first", "referral", "purchases", "caps", "birthday",
    "membership", "active_at", "last", "goal", "certificates",
)  # fmt: skip
_stated = attrgetter(*_STATE)


def state_of(account: Account) -> str:
    """What of an account has no column of its own, as JSON; nothing is said of what is empty."""
    state: dict[str, Any] = {
        name: value for name, value in zip(_STATE, _stated(account), strict=True) if value
    }
    if account.carried[0]:
        state["carried"] = account.carried
    return orjson.dumps(state, default=list).decode()


def lot_from(row: asyncpg.Record) -> Lot:
    """The lot of one row of `lots`, whose columns stand in the order of Lot's own."""
    return Lot._make(row[1:])


def order_from(row: Json) -> tuple[int, Order]:
    """(account_id, order) of one element of read_keys' orders."""
    order_id, account_id, n, version, digest, currency, paid_at, tier, program, counts, done = row
    order = Order(
        order_id,
        n,
        version,
        bytes.fromhex(digest),
        currency,
        certain(paid_at),
        tier,
        program,
        counts,
        moment(done),
    )
    return account_id, order


def line_from(row: Json) -> tuple[int, OrderLine]:
    """(account_id, line) of one element of read_keys' lines."""
    order_id, account_id, *rest = row
    return account_id, OrderLine(order_id, *rest)


def payment_from(row: Json) -> tuple[int, Payment]:
    """(account_id, payment) of one element of read_keys' payments."""
    redemption_id, account_id, order_id, points, value, currency, state, at, updated, *rest = row
    parts, restored_points, restored_minor = rest
    payment = Payment(
        redemption_id, order_id, points, value, currency, state, certain(at), certain(updated),
        tuple((lot, held) for lot, held, _ in parts if held),
        tuple((lot, taken) for lot, _, taken in parts if taken),
        restored_points, restored_minor,
    )  # fmt: skip
    return account_id, payment


def refund_from(row: Json) -> tuple[int, Refund]:
    """(account_id, refund) of one element of read_keys' refunds."""
    return row[1], Refund(row[0], row[2], bytes.fromhex(row[3]))


def review_from(row: Json) -> tuple[int, Review]:
    """(account_id, review) of one element of read_keys' reviews."""
    return row[1], Review(row[0], row[2], bytes.fromhex(row[3]), row[4])


def effect_from(row: Json) -> tuple[int, EffectAward]:
    """(account_id, award) of one element of read_keys' effects."""
    return row[1], EffectAward(row[0], row[2], row[3])
