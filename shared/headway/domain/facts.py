"""An event and its member as the rules see them, at the event's place among the member's inputs."""

from datetime import datetime

from headway.contracts.activity import ActivityRecorded
from headway.contracts.order import Line, OrderPaid
from headway.contracts.review import ReviewPublished
from headway.domain.account import Input, OrderLine
from headway.domain.book import Book
from headway.program.conditions import AnyLine, Facts, LineFacts
from headway.program.program import Program

TAX, SHIPPING = "#tax", "#shipping"
"""What stands for an order's tax and shipping where a programme awards them, as lines."""


def order_lines(program: Program, data: OrderPaid) -> list[OrderLine]:
    """The lines of an order with what of each can earn, by the programme's `earn_on`."""
    earn_on = program.earn_on
    order_id = data.order_id
    lines = [
        OrderLine(
            order_id,
            line.line_id,
            line.sku,
            line.category,
            line.quantity,
            0,
            earnable(line, earn_on) if earn_on else line.base,
            line.paid_with_points,
            line.amount,
        )
        for line in data.lines
    ]
    if earn_on:
        for name, line_id, amount in (
            ("tax", TAX, data.tax),
            ("shipping", SHIPPING, data.shipping),
        ):
            if name in earn_on and amount:
                lines.append(OrderLine(order_id, line_id, "", "", 1, 0, amount))
    return lines


def earnable(line: Line, earn_on: frozenset[str]) -> int:
    """Minor units of a line that can earn."""
    if line.gift_card and "gift_cards" not in earn_on:
        return 0
    return line.amount - (0 if "paid_with_points" in earn_on else line.paid_with_points)


def order_facts(
    book: Book, data: OrderPaid, lines: list[OrderLine], total: int, moment: datetime, tier: str
) -> Facts:
    """A purchase; lines with nothing to earn on are not there for rules."""
    seen: list[AnyLine] = [line for line in lines if line.amount]
    brands = {line.line_id: line.brand for line in data.lines if line.brand}
    if brands:
        seen = [_branded(line, brands.get(line.line_id, "")) for line in seen]
    return Facts(
        "order.paid",
        moment,
        tuple(seen),
        data.currency,
        total,
        1,
        data.channel or "",
        data.store or "",
        data.partner or "",
        book.purchases,
        tier,
        membership_at(book, moment),
        book.joined_at,
        book.birthday,
    )


def _branded(line: AnyLine, brand: str) -> LineFacts:
    return LineFacts(line.line_id, line.sku, line.category, brand, line.quantity, line.amount)


def activity_facts(book: Book, program: Program, item: Input, data: ActivityRecorded) -> Facts:
    """Anything else that the member did; an amount without a currency is in the programme's."""
    return _member_facts(book, "activity.recorded", item.time)._replace(
        activity=data.activity,
        amount=data.amount,
        currency=data.currency or program.currency,
        quantity=data.quantity,
        partner=data.partner or "",
        store=data.store or "",
        channel=data.channel or "",
    )


def review_facts(book: Book, item: Input, data: ReviewPublished) -> Facts:
    """A review, with what makes it worth more."""
    return _member_facts(book, "review.published", item.time)._replace(
        photo=data.photo, verified=data.verified
    )


def plain_facts(book: Book, event: str, moment: datetime, referral: str = "") -> Facts:
    """An event of which nothing matters but the member and the time; or, with `referral`, what a
    referred friend has done."""
    return _member_facts(book, event, moment)._replace(referral=referral)


def _member_facts(book: Book, event: str, moment: datetime) -> Facts:
    return Facts(
        event,
        moment,
        tier=book.tier,
        membership=membership_at(book, moment),
        joined_at=book.joined_at,
        birthday=book.birthday,
    )


def membership_at(book: Book, moment: datetime) -> str:
    """The plan of the paid membership that runs at a moment; '' for none."""
    membership = book.membership
    if membership is None or not membership.from_at <= moment < membership.until:
        return ""
    return membership.plan
