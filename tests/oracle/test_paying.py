"""What comes back of what paid for an order, worked by hand."""

from datetime import timedelta
from typing import Any

from tests.oracle import redeeming
from tests.oracle.commands import Command
from tests.oracle.telling import DOLLAR, Story, program

FIVE = {"id": "five", "name": "five", "points": 500, "value": "5.00 USD"}


class Paying(Story):
    """A member with 500 points, who pays orders with them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(program(DOLLAR, rewards=[FIVE], **settings))
        self.buy("before", ("1", 50_000))

    def step(self, kind: str, name: str, order_id: str | None = None) -> None:
        """One command about a redemption of five dollars."""
        self.now += timedelta(hours=1)
        key = f"{name}-{kind}"
        told = Command("m", name, kind, "five", 500, 500, "USD", self.now, key, 0, order_id)
        redeeming.redeem(self.member, told)

    def pay(self, name: str, order_id: str | None) -> None:
        """Reserve and confirm."""
        self.step("reserve", name, order_id)
        self.step("confirm", name)

    def order(self, *lines: tuple[int, int, int], **more: Any) -> None:
        """Lines of (amount, of it paid with points, pieces)."""
        told = [
            {"line_id": str(number), "sku": "s", "quantity": pieces, "amount": amount,
             "paid_with_points": paid}
            for number, (amount, paid, pieces) in enumerate(lines, start=1)
        ]  # fmt: skip
        self.buy("o", lines=told, **more)

    @property
    def stands(self) -> tuple[int, int]:
        """Points to spend less those owed, and cents saved."""
        return self.points, self.member.saved.get("USD", 0)


def test_each_piece_brings_its_share_and_the_last_one_the_rest() -> None:
    story = Paying()
    story.pay("r", "o")
    story.order((1000, 100, 3), (1000, 400, 1))
    assert story.stands == (15, 500)
    story.bring_back("o")
    assert story.stands == (12 + 33, 500 - 33)
    story.bring_back("o", quantity=2)
    assert story.stands == (6 + 100, 400)
    story.bring_back("o", 2)
    assert story.stands == (500, 0)


def test_a_failed_refund_pays_again_and_what_is_gone_is_owed() -> None:
    story = Paying()
    story.pay("r", "o")
    story.order((2000, 500, 1))
    refund = {"refund_id": "f", "order_id": "o", "lines": [{"line_id": "1", "quantity": 1}]}
    story.tell("order.refunded", **refund)
    assert story.stands == (500, 0)
    story.pay("other", None)
    story.tell("order.refund_failed", refund_id="f")
    assert story.stands == (15 - 500, 1000)
    story.buy("more", ("1", 60_000))
    story.tell("order.cancelled", order_id="o")
    assert story.stands == (600, 500)
    assert story.member.owed == 0


def test_by_hand_only_the_rest_is_undone() -> None:
    story = Paying()
    story.pay("r", "o")
    story.order((2000, 0, 4))
    story.bring_back("o")
    assert story.stands == (15 + 125, 375)
    story.step("reverse", "r")
    assert story.stands == (15 + 500, 0)
    story.tell("order.cancelled", order_id="o")
    assert story.stands == (500, 0)
