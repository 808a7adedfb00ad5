"""Another shop's past from a CSV file: one row per order line, a negative quantity a return."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from headway.errors import UserError
from headway.local.history.happenings import Order, OrderLine, SourceEvent, event_id
from headway.program.money import to_minor

COLUMNS = (
    "order_id", "member_id", "time", "line_id", "sku", "category", "quantity", "line_total",
    "currency",
)  # fmt: skip
_T = TypeVar("_T")
_LONGEST = 128
_MOST_LINES = 500
_MOST_PIECES = 10**6
_MOST_MONEY = 10**12


@dataclass(frozen=True, slots=True)
class Row:
    """One checked row; `at` is where it stands, for messages. `time` is in UTC."""

    at: str
    order_id: str
    member_id: str
    time: datetime
    currency: str
    line: OrderLine


def read_orders(path: Path, zone: ZoneInfo, now: datetime) -> tuple[list[Order], list[SourceEvent]]:
    """The orders of the file, and its returns as events.

    Times without an offset are read in `zone`. UserError names file, line, field and fix for the
    first thing that is wrong. A return names the order it belongs to, or none (till return).
    """
    bought: dict[str, list[Row]] = {}
    returned: dict[tuple[str, datetime], list[Row]] = {}
    for row in _rows(path, zone, now):
        if row.line.quantity > 0:
            bought.setdefault(row.order_id, []).append(row)
        else:
            # Without an order each row is a return of its own; with one, a visit to the till is.
            returned.setdefault((row.order_id or row.at, row.time), []).append(row)
    orders = [_order(rows) for rows in bought.values()]
    known = {
        order.order_id: (order.member_id, {line.line_id for line in order.lines})
        for order in orders
    }
    return orders, [_refund(rows, known, path.name) for rows in returned.values()]


def _rows(path: Path, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(
                    f"{path}: line 1: no column {', '.join(missing)}",
                    f"start the file with the line: {','.join(COLUMNS)}",
                )
            for cells in reader:
                yield _row(f"{path}: line {reader.line_num}", cells, zone, now)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path}: cannot be read as CSV: {error}", "give a UTF-8 CSV file that you may read"
        ) from error


def _row(at: str, cells: dict[str, str | None], zone: ZoneInfo, now: datetime) -> Row:
    def cell(name: str, parse: Callable[[str], _T], fix: str) -> _T:
        text = (cells[name] or "").strip()
        try:
            return parse(text)
        except (ValueError, InvalidOperation):
            raise UserError(f"{at}: {name}: {text!r} will not do", fix) from None

    quantity = cell("quantity", _quantity, "a whole number of pieces, negative for a return")
    currency = cell("currency", _currency, "an ISO 4217 code in capitals, like USD")
    optional = quantity < 0
    return Row(
        at,
        cell("order_id", _blank_or_id if optional else _id, "1 to 128 characters"),
        cell("member_id", _id, "1 to 128 characters"),
        cell(
            "time",
            lambda text: _time(text, zone, now),
            "a past date and time like 2026-05-01T12:30:00-04:00",
        ),
        currency,
        OrderLine(
            cell("line_id", _blank_or_id if optional else _id, "1 to 128 characters"),
            cell("sku", _id, "1 to 128 characters"),
            cell("category", _blank_or_id, "at most 128 characters"),
            quantity,
            # What a returned line cost is known from its order.
            0
            if optional
            else cell(
                "line_total",
                lambda text: _money(text, currency),
                f"what the whole line cost in {currency}, like 12.50, not negative",
            ),
        ),
    )


def _order(rows: list[Row]) -> Order:
    first = rows[0]
    seen: set[str] = set()
    for row in rows:
        for name in ("member_id", "time", "currency"):
            if getattr(row, name) != getattr(first, name):
                raise UserError(
                    f"{row.at}: {name}: differs from that of the order's first row",
                    f"give order {first.order_id} one {name}, or split it into several orders",
                )
        if row.line.line_id in seen:
            raise UserError(
                f"{row.at}: line_id: {row.line.line_id!r} is there twice in order {row.order_id}",
                "number the lines of an order",
            )
        seen.add(row.line.line_id)
    if len(rows) > _MOST_LINES:
        raise UserError(
            f"{first.at}: order {first.order_id} has {len(rows)} lines",
            f"split it into orders of at most {_MOST_LINES}",
        )
    return Order(
        first.order_id, first.member_id, first.time, first.currency, [row.line for row in rows]
    )


def _refund(rows: list[Row], known: dict[str, tuple[str, set[str]]], source: str) -> SourceEvent:
    first = rows[0]
    order_id = first.order_id
    for row in rows:
        if order_id and order_id not in known:
            raise UserError(
                f"{row.at}: order_id: the file has no purchase of order {order_id!r}",
                "add its rows, or leave order_id empty for a return without its order",
            )
        if order_id and row.member_id != known[order_id][0]:
            raise UserError(
                f"{row.at}: member_id: order {order_id} belongs to another member",
                f"name {known[order_id][0]}, who bought it",
            )
        if order_id and row.line.line_id not in known[order_id][1]:
            raise UserError(
                f"{row.at}: line_id: order {order_id} has no line {row.line.line_id!r}",
                "name the line that came back",
            )
    refund_id = f"{order_id}@{first.time.isoformat()}" if order_id else _till_return(first)
    named = "line_id" if order_id else "sku"
    return SourceEvent(
        "order.refunded",
        event_id("order.refunded", refund_id),
        source,
        first.member_id,
        first.time,
        {
            "refund_id": event_id("return", refund_id),
            "order_id": order_id or None,
            "lines": [
                {named: getattr(row.line, named), "quantity": -row.line.quantity} for row in rows
            ],
        },
    )


def _till_return(row: Row) -> str:
    line_number = row.at.rpartition(" ")[2]
    return f"till:{line_number}:{row.member_id}@{row.time.isoformat()}"


def _id(text: str) -> str:
    if not text:
        raise ValueError
    return _blank_or_id(text)


def _blank_or_id(text: str) -> str:
    if len(text) > _LONGEST or "\x00" in text:
        raise ValueError
    return text


def _quantity(text: str) -> int:
    number = int(text)
    if not 0 < abs(number) <= _MOST_PIECES:
        raise ValueError
    return number


def _currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError
    return text


def _time(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    if not any(mark in text for mark in "T "):
        raise ValueError  # a date alone leaves the order of the day's events to chance
    read = datetime.fromisoformat(text)
    moment = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    if not datetime(1970, 1, 1, tzinfo=UTC) <= moment < now:
        raise ValueError
    return moment


def _money(text: str, currency: str) -> int:
    amount = Decimal(text)
    if not amount.is_finite():
        raise ValueError
    minor = to_minor(amount, currency)
    if not 0 <= minor <= _MOST_MONEY:
        raise ValueError
    return minor
