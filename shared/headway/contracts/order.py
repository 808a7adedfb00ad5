"""What a shop says about an order: paid, refunded, cancelled, fulfilled."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from headway.contracts.fields import (
    Currency,
    Data,
    Flag,
    Id,
    Label,
    Money,
    Positive32,
    Quantity,
    Reason,
    Subject,
)

MAX_LINES = 500


class Line(Data):
    """One line of a paid order."""

    line_id: Id
    sku: Label
    category: Label = ""
    brand: Label = ""
    quantity: Quantity
    amount: Money
    """For the whole line, after discounts, before tax, in minor units of the order's currency."""
    paid_with_points: Money = 0
    """How much of the amount was paid with points, in minor units: it earns nothing."""
    gift_card: Flag = False
    """Whether the line buys a gift card, which earns nothing."""

    @property
    def base(self) -> int:
        """Minor units that can earn: nothing of a gift card, nothing of what points paid for."""
        return 0 if self.gift_card else self.amount - self.paid_with_points


class OrderPaid(Subject):
    """An order was paid. A higher `order_version` amends what was said about it before."""

    order_id: Id
    order_version: Positive32 = 1
    currency: Currency
    channel: Id | None = None
    store: Id | None = None
    partner: Id | None = None
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_LINES)]
    tax: Money = 0
    shipping: Money = 0

    @model_validator(mode="after")
    def _lines_agree(self) -> Self:
        seen: set[str] = set()
        for at, line in enumerate(self.lines):
            if line.paid_with_points > line.amount:
                raise PydanticCustomError(
                    "paid_with_points_above_amount",
                    "Input should not be more than the line's amount",
                    {"at": ("lines", at, "paid_with_points")},
                )
            if line.line_id in seen:
                raise PydanticCustomError(
                    "line_id_repeated",
                    "Input should be different for each line of the order",
                    {"at": ("lines", at, "line_id")},
                )
            seen.add(line.line_id)
        return self


class RefundLine(Data):
    """What came back: a line of a known order, or a sku when the order is not known."""

    line_id: Id | None = None
    sku: Label | None = None
    quantity: Quantity


class OrderRefunded(Subject):
    """Goods came back. Without `order_id` it is a till return without receipt, matched by sku."""

    refund_id: Id
    order_id: Id | None = None
    lines: Annotated[tuple[RefundLine, ...], Field(min_length=1, max_length=MAX_LINES)]
    reason: Reason = ""

    @model_validator(mode="after")
    def _lines_can_be_found(self) -> Self:
        needed = "sku" if self.order_id is None else "line_id"
        for at, line in enumerate(self.lines):
            if getattr(line, needed) is None:
                raise PydanticCustomError(
                    "refund_line_unnamed",
                    "Input should name the {needed} of what came back, as the refund names "
                    "{which} order",
                    {
                        "at": ("lines", at, needed),
                        "needed": needed,
                        "which": "no" if self.order_id is None else "an",
                    },
                )
        return self


class OrderRefundFailed(Subject):
    """A refund that was told did not go through: it is as if it had never been."""

    order_id: Id | None = None
    refund_id: Id
    reason: Reason = ""


class OrderCancelled(Subject):
    """Everything of the order that had not come back before is undone."""

    order_id: Id
    reason: Reason = ""


class OrderFulfilled(Subject):
    """The order has been handed over or shipped."""

    order_id: Id
