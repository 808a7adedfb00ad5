"""Opening accounts for a batch: lock first, then read what the inputs at hand need."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson

from headway.contracts.fields import Subject
from headway.contracts.opening import OPENING, OpeningBalance
from headway.contracts.order import OrderRefunded
from headway.contracts.registry import CONTRACTS
from headway.domain.account import Input, Parked
from headway.errors import LookAgain, Retryable
from headway.ledger import snapshot
from headway.ledger.queries import load
from headway.ledger.snapshot import Keys

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

QUERIES = load("headway.ledger", "queries.sql")

_RETURNS = frozenset(("order.refunded", "order.cancelled", "order.refund_failed"))
_KINDS = ("order", "refund", "review", "referral", "effect")
Work = Mapping[int, Sequence[Input]]
"""The inputs of a batch by account id."""


class Known(NamedTuple):
    """What the first read after the locks says."""

    now: datetime
    epoch: int
    program_version: int
    inputs: dict[tuple[str, str], bytes]
    parked: dict[int, list[Parked]]


class Reached(NamedTuple):
    """How far a consumer knows that this database had got, by (topic, partition)."""

    group: str
    offsets: Mapping[tuple[str, int], int]
    started: datetime | None = None
    """When the database server had started, as of the consumer's last look at its positions."""


NOWHERE = Reached("", {})
CONFIRMED_WITHIN = timedelta(seconds=60)
"""How long others wait for earn to compare a restarted database with what Kafka knows."""


async def read_known(
    connection: "Connection",
    identities: Sequence[tuple[str, str]],
    accounts: Sequence[int],
    reached: Reached = NOWHERE,
) -> Known:
    """Repeats among `identities`, what is parked on the accounts, the clock, epoch and version.

    Raises LookAgain when the server was started anew since the consumer that `reached` those
    positions looked, or is behind them: it may have been restored. Whoever reads no topics waits
    (Retryable) until a consumer has looked, but no longer than CONFIRMED_WITHIN.
    """
    row = await connection.fetchrow(
        QUERIES.read_known,
        [source for source, _ in identities],
        [id_ for _, id_ in identities],
        accounts,
        reached.group,
        [topic for topic, _ in reached.offsets],
        [partition for _, partition in reached.offsets],
        list(reached.offsets.values()),
    )
    if row is None:
        raise AssertionError("read_known always answers one row")
    _confirm(row, reached)
    inputs = {(i[0], i[1]): bytes.fromhex(i[2]) for i in orjson.loads(row["known"] or "[]")}
    parked: dict[int, list[Parked]] = {}
    for entry in orjson.loads(row["parked"] or "[]"):
        parked.setdefault(entry[0], []).append(_parked_from(entry))
    return Known(row["now"], row["epoch"], row["program_version"], inputs, parked)


def _confirm(row: asyncpg.Record, reached: Reached) -> None:
    started = row["started"]
    if row["behind"] or (reached.started is not None and reached.started != started):
        raise LookAgain(f"server started {started}, {row['behind']} positions behind")
    unseen = row["confirmed_at"] < started and row["now"] - started < CONFIRMED_WITHIN
    if unseen and not reached.group:
        raise Retryable("the database was started anew; earn has yet to compare it with Kafka")


def _parked_from(entry: list[Any]) -> Parked:
    account_id, n, waits_for, *rest = entry
    return Parked(n, waits_for, _input_from([account_id, n, *rest]))


def data_of(kind: str, body: str) -> Subject | None:
    """What an input of the log says; None for one that is neither an event nor imported."""
    if kind == OPENING:
        return OpeningBalance.model_validate_json(body)
    contract = CONTRACTS.get(kind)
    return None if contract is None else contract.model.model_validate_json(body)


def _input_from(entry: list[Any]) -> Input:
    _, _, source, id_, kind, time, body, digest = entry
    return Input(
        source,
        id_,
        kind,
        snapshot.certain(time),
        data_of(kind, body),
        bytes.fromhex(digest),
        body.encode(),
    )


def keys_of(item: Input) -> tuple[str, ...]:
    """The business keys an input claims or needs, by name."""
    data: Any = item.data
    kind = item.kind
    if kind in ("order.paid", "order.cancelled", "order.fulfilled"):
        return ("order:" + data.order_id,)
    if kind == "order.refunded":
        refund = "refund:" + data.refund_id
        return (refund,) if data.order_id is None else (refund, "order:" + data.order_id)
    if kind == "order.refund_failed":
        return ("refund:" + data.refund_id,)
    if kind in ("review.published", "review.removed"):
        return ("review:" + data.review_id,)
    if kind in ("referral.created", "referral.completed"):
        return ("referral:" + data.referral_id,)
    if kind == "effect":
        return ("effect:" + data.key,)
    return ()


async def read_keys(
    connection: "Connection",
    work: Work,
    parked: Mapping[int, Sequence[Parked]],
    again: Sequence[int] = (),
) -> Keys:
    """The keys those inputs speak of, wherever they are held; of accounts that are decided `again`
    their source inputs, and all keys that hang on them."""
    wanted: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    skus: set[tuple[int, str]] = set()
    paying: set[int] = {*again}
    for account_id, items in work.items():
        for item in (*items, *(waiting.input for waiting in parked.get(account_id, ()))):
            for key in keys_of(item):
                kind, _, name = key.partition(":")
                wanted[kind].append(name)
            if item.kind in _RETURNS:
                paying.add(account_id)
            if isinstance(item.data, OrderRefunded) and item.data.order_id is None:
                skus.update((account_id, line.sku or "") for line in item.data.lines)
    if not any(wanted.values()) and not skus and not again:
        return Keys({})  # as for commands and ticks
    row = await connection.fetchrow(
        QUERIES.read_keys,
        wanted["order"],
        [account for account, _ in skus],
        [sku for _, sku in skus],
        wanted["refund"],
        wanted["review"],
        wanted["referral"],
        wanted["effect"],
        again,
        sorted(paying),
    )
    if row is None:
        raise AssertionError("read_keys always answers one row")
    return _keys_from(row, again)


def _keys_from(row: asyncpg.Record, again: Sequence[int]) -> Keys:
    keys = Keys({account_id: [] for account_id in again})
    for entry in orjson.loads(row["history"] or "[]"):
        keys.history[entry[0]].append((entry[1], _input_from(entry)))
    for account_id, order in _each(row["orders"], snapshot.order_from):
        keys.holders["order:" + order.order_id] = account_id
        keys.orders.setdefault(account_id, {})[order.order_id] = order
    for account_id, line in _each(row["lines"], snapshot.line_from):
        keys.lines.setdefault(account_id, {}).setdefault(line.order_id, {})[line.line_id] = line
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
    for account_id, payment in _each(row["payments"], snapshot.payment_from):
        keys.payments.setdefault(account_id, {})[payment.redemption_id] = payment
    return keys


def _each(text: str | None, convert: Any) -> Iterable[tuple[int, Any]]:
    return map(convert, orjson.loads(text or "[]"))
