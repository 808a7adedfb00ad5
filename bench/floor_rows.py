"""One fixed rule, by hand: the very rows that Headway writes for an order, and their hashes.

A point per dollar, pending 14 days, valid to the end of the twelfth month after that. No rule
engine, nothing general: what a patient programmer would write for this one rule.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

import orjson

from bench.floor_account import HEADERS, Account, Item, iso, message
from headway.contracts.codec import Event

ZONE = ZoneInfo("America/New_York")
PENDING = timedelta(days=14)
MICRO = 1_000_000
Life = tuple[datetime, str, datetime, str]  # when points wake and die, each also as text
SHARDS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def end_of_validity(active: date) -> tuple[datetime, str]:
    """First instant after the month that lies twelve months later, also as text."""
    year, month = (active.year + 1, active.month + 1) if active.month < 12 else (active.year + 2, 1)
    moment = datetime(year, month, 1, tzinfo=ZONE).astimezone(UTC)
    return moment, iso(moment)


@dataclass(slots=True)
class Rows:
    """Everything one batch writes, a tuple per row with the columns of its table."""

    recorded_at: datetime
    stamp: bytes
    out_topic: str
    inputs: list[tuple[object, ...]] = field(default_factory=list)
    points: list[tuple[object, ...]] = field(default_factory=list)
    lots: list[tuple[object, ...]] = field(default_factory=list)
    orders: list[tuple[object, ...]] = field(default_factory=list)
    lines: list[tuple[object, ...]] = field(default_factory=list)
    outbox: list[tuple[object, ...]] = field(default_factory=list)


def rows_at(recorded_at: datetime, out_topic: str) -> Rows:
    """Rows of a batch recorded at that time."""
    stamp = ((recorded_at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)
    return Rows(recorded_at, stamp, out_topic)


def earn(rows: Rows, account: Account, order: Item) -> None:
    """Apply one new order to the account; times rise, so nothing is ever late."""
    event, paid = order
    account.inputs += 1
    account.version += 1
    account.time = max(account.time, event.time)
    active = event.time + PENDING
    life = (active, iso(active), *end_of_validity(active.astimezone(ZONE).date()))
    account.next_due_at = min(account.next_due_at or active, active)
    first_seq, before = account.seq + 1, account.pending
    for line in paid.lines:
        amount = 0 if line.gift_card else line.amount - line.paid_with_points
        rows.lines.append(
            (account.account_id, paid.order_id, line.line_id, line.sku, line.category,
             line.quantity, 0, amount, line.paid_with_points, line.amount)
        )  # fmt: skip
        if amount:
            _points(rows, account, order, line.line_id, amount * (MICRO // 100), life)
    _placed(account, event)
    account.state["purchases"] = account.state.get("purchases", 0) + 1
    account.state.setdefault("first", [paid.order_id, event.time.isoformat(), False])
    _input(rows, account, event, "applied", "")
    rows.orders.append(
        (paid.order_id, account.account_id, account.inputs, paid.order_version, event.digest,
         paid.currency, event.time, account.tier, 1, True, None)
    )  # fmt: skip
    rows.outbox.append(
        (account.account_id % SHARDS, rows.out_topic, account.member_id.encode(),
         message(account, order, first_seq, account.pending - before), HEADERS)
    )  # fmt: skip


def repeat(rows: Rows, account: Account, order: Item) -> None:
    """A known order under a new id: logged, changes nothing."""
    account.inputs += 1
    account.time = max(account.time, order.event.time)
    _placed(account, order.event)
    _input(rows, account, order.event, "nothing", "already paid")


def _placed(account: Account, event: Event) -> None:
    """The latest input decided on, by which a later reader tells what comes late."""
    account.state["last"] = [event.time.isoformat(), event.source, event.id]


def _input(rows: Rows, account: Account, event: Event, outcome: str, reason: str) -> None:
    rows.inputs.append(
        (event.source, event.id, account.account_id, account.inputs, "order.paid", event.time,
         rows.recorded_at, event.canonical_data.decode(), event.digest, outcome, reason)
    )  # fmt: skip


def _points(
    rows: Rows, account: Account, order: Item, line_id: str, exact: int, life: Life,
) -> None:  # fmt: skip
    active, active_text, expires, expires_text = life
    earned = order.event.time
    points, account.remainder = divmod(account.remainder + exact, MICRO)
    account.seq += 1
    account.pending += points
    order_id = order.paid.order_id
    canonical = (
        f'{{"account_id":{account.account_id},"activates_at":"{active_text}","cause":{account.inputs},'
        f'"corrects":null,"effective_at":"{iso(earned)}","exact":{exact},'
        f'"expires_at":"{expires_text}","from_bucket":"issued","funder":"brand","group":null,'
        f'"kind":"earn","line_id":{_quoted(line_id)},"lot":{account.seq},'
        f'"order_id":{_quoted(order_id)},"origin_account":null,"origin_seq":null,'
        f'"points":{points},"program_version":1,"rule":"base","seq":{account.seq},"to_bucket":"pending"}}'
    )
    previous = account.head_hash
    account.head_hash = sha256(previous + rows.stamp + canonical.encode()).digest()
    rows.points.append(
        (account.account_id, account.seq, "earn", points, "issued", "pending", account.seq, None,
         None, None, None, account.inputs, order_id, line_id, "base", 1, exact, active, expires,
         "brand", earned, rows.recorded_at, previous, account.head_hash, 1)
    )  # fmt: skip
    rows.lots.append(
        (account.account_id, account.seq, points, points, 0, 0, 0, 0, exact, 0, "base",
         "order:" + order_id, line_id, 1, earned, active, expires)
    )  # fmt: skip


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
