"""CDNOW's purchases of January 1997 to June 1998: 69,659 by 23,570 customers, and a sample.

The files lie in the `lifetimes` wheel. They are found by the wheel's own list of files; nothing
of the package is imported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from zoneinfo import ZoneInfo

from headway.errors import UserError
from headway.local.history.dice import Dice
from headway.local.history.happenings import Order, OrderLine

SOURCE = "cdnow"
_CATEGORIES = ("sneakers", "boots", "sandals", "loafers", "socks")
_OTHERS = ("gifts", "other")


@dataclass(frozen=True, slots=True)
class Purchase:
    """One row of the file; `row` counts data rows from 1. 255 rows repeat: each is a purchase."""

    row: int
    customer: str
    day: date
    quantity: int
    cents: int


def purchases(*, full: bool) -> list[Purchase]:
    """All purchases, or those of CDNOW's 1-in-10 sample, in the file's order."""
    path = _locate("CDNOW_master.txt" if full else "CDNOW_sample.txt")
    with path.open(encoding="ascii") as lines:
        if full:
            next(lines)  # column names; the sample has none
        return list(_read(lines))


def orders(
    bought: list[Purchase],
    last: date,
    zone: ZoneInfo,
    dice: Dice,
    wanted: Sequence[str] = (),
) -> list[Order]:
    """The purchases as orders of today's shop: all days moved by whole weeks.

    The last purchase falls on `last` or up to six days before, so every purchase keeps its
    weekday. Time of day, sku and category are derived from the row: the file has none. The shop
    sells shoes, or the `wanted` categories and others where these are not all shoes.
    """
    weeks = (last - max(purchase.day for purchase in bought)).days // 7
    shelves = _CATEGORIES if set(wanted) <= set(_CATEGORIES) else (*wanted, *_OTHERS)
    return [_order(purchase, timedelta(weeks=weeks), zone, dice, shelves) for purchase in bought]


def _order(
    purchase: Purchase, shift: timedelta, zone: ZoneInfo, dice: Dice, shelves: Sequence[str]
) -> Order:
    row = purchase.row
    category = shelves[dice.roll(len(shelves), "category", row)]
    return Order(
        order_id=f"cdnow-{row}",
        member_id=f"cdnow-m{purchase.customer}",
        time=dice.opening_hours(purchase.day + shift, zone, "order", row),
        currency="USD",
        # The file's total seldom divides by its quantity, so the line carries the total.
        lines=(
            OrderLine(
                "1",
                f"cd-{category}-{dice.roll(40, 'sku', row):02}",
                category,
                purchase.quantity,
                purchase.cents,
            ),
        ),
    )


def _read(lines: Iterator[str]) -> Iterator[Purchase]:
    for row, line in enumerate(lines, start=1):
        customer, *_, day, quantity, dollars = line.split()
        yield Purchase(
            row,
            customer,
            date(int(day[:4]), int(day[4:6]), int(day[6:])),
            int(quantity),
            int(Decimal(dollars).scaleb(2)),
        )


def _locate(name: str) -> Path:
    try:
        listed = files("lifetimes") or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        if file.name == name:
            return Path(str(file.locate()))
    raise UserError(
        f"the purchase history {name} is not installed",
        "install Headway with its `local` extra: uv sync --extra local",
    )
