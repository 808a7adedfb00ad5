"""Complaints about returns, by their threads: what was earned goes, once and exactly.

What Smile takes when the rule has changed or is gone (4036183) is T10 in test_published_returns.py.
"""

from typing import Any

import pytest

from tests.domain.programme import DOLLAR, example, fixed, program, reward
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

HALF = reward("half", 50, "2.50 USD")


def back(refund_id: str, order_id: str, quantity: int = 1) -> dict[str, Any]:
    """A refund with an id of its own."""
    lines = [{"line_id": "1", "quantity": quantity}]
    return {"refund_id": refund_id, "order_id": order_id, "lines": lines}


@pytest.mark.parametrize("thread", ["odoo#257854", "odoo#238806"])
def test_buying_spending_and_returning_over_and_over_gains_nothing(thread: str) -> None:
    """ "Trivial exploit ... unlimited points": earned points were never deducted on refund."""
    shop = Shop(program(DOLLAR, rewards=[HALF]))
    shop.buy("kept", ("shoes", 5000))
    redeemed = 0
    for number in range(4):
        shop.buy(f"o{number}", ("shoes", 5000))
        redeemed += shop.redeem(f"r{number}", "half") == "applied"
        shop.bring_back(f"o{number}")
    assert shop.points + 50 * redeemed == 50, thread
    assert redeemed <= 2, "no more than the first return leaves for"


def test_odoo_212922_one_refund_takes_its_points_once() -> None:
    """Points were deducted twice on refund."""
    shop = Shop()
    shop.buy("o", ("shoes", 10000), quantity=2)
    assert shop.tell("order.refunded", **back("r", "o")) == "applied"
    assert shop.tell("order.refunded", **back("r", "o")) == "nothing: already refunded"
    assert shop.points == 50
    assert shop.buy("o", ("shoes", 10000), quantity=2) == "nothing: already paid"
    assert shop.points == 50


def test_odoo_221928_a_partial_refund_spends_no_points_again() -> None:
    """An order that was partly paid with points: its reward is not redeemed a second time."""
    shop = Shop(program(DOLLAR, rewards=[HALF]))
    shop.buy("before", ("shoes", 10000))
    shop.redeem("r", "half")
    told = [{"line_id": "1", "sku": "s", "quantity": 2, "amount": 5000, "paid_with_points": 250}]
    shop.buy("o", lines=told)
    assert shop.points == 50 + 47, "nothing on what points paid for"
    shop.bring_back("o")
    kinds = [row.kind for row in shop.world.of("m").decisions[-1].points]
    assert kinds == ["reverse"]
    assert shop.points == 50 + 23
    assert shop.world.account().saved == {"USD": 250}


def test_odoo_177312_what_comes_back_is_no_purchase() -> None:
    """Refund lines were counted as purchases."""
    second = fixed("second", "order.paid", 100, when={"purchase": {"number": 2}})
    shop = Shop(program(DOLLAR, second))
    shop.buy("a", ("shoes", 1000))
    shop.bring_back("a")
    assert (shop.points, shop.world.account().purchases) == (0, 1)
    shop.buy("b", ("shoes", 1000))
    assert shop.points == 110, "this is the second one, not the third"


@pytest.mark.parametrize("thread", ["frappe/erpnext#32951", "frappe/erpnext#30242"])
@pytest.mark.parametrize("receipt", [True, False])
def test_a_sales_return_takes_points_with_a_receipt_or_without(thread: str, receipt: bool) -> None:
    """No negative points on a sales return; wrong ones for returns at the till."""
    shop = Shop(program(DOLLAR, rewards=[HALF]))
    shop.buy("o", ("shoes", 5000))
    shop.redeem("r", "half")
    assert shop.bring_back(*(("o", "1") if receipt else (None, "shoes"))) == "applied", thread
    assert shop.points == -50
    shop.buy("p", ("shoes", 7000))
    assert shop.points == 20


def test_nopcommerce_5595_a_refund_and_a_cancellation_take_together_what_was_given() -> None:
    """Wrong balance after cancel and refund."""
    shop = Shop()
    shop.buy("kept", ("shoes", 1000))
    shop.buy("o", ("shoes", 10000), quantity=4)
    shop.bring_back("o")
    assert shop.points == 10 + 75
    assert shop.tell("order.cancelled", order_id="o") == "applied"
    assert shop.points == 10
    assert shop.bring_back("o") == "nothing: returned more than bought"
    assert shop.tell("order.cancelled", order_id="o") == "nothing: already returned or cancelled"
    assert shop.points == 10


def test_nopcommerce_576_points_wait_until_the_fourteen_days_for_returns_are_over() -> None:
    shop = Shop(program(points={"pending_days": 14}, rewards=[HALF]))
    shop.buy("o", ("shoes", 10000), quantity=2)
    shop.wait(START + 13 * DAY)
    assert shop.reserve("early", "half") == "insufficient points"
    shop.bring_back("o")
    shop.wait(START + 15 * DAY)
    assert shop.points == 50, "what came back in time was never there to be spent"


def test_nopcommerce_576_the_fourteen_days_may_begin_when_the_order_is_handed_over() -> None:
    shop = Shop(example("cashback"))
    shop.buy("o", ("books", 5000))
    shop.wait(START + 40 * DAY)
    assert (shop.points, shop.world.account().pending) == (0, 50)
    assert shop.tell("order.fulfilled", order_id="o") == "applied"
    shop.wait(shop.world.now + 13 * DAY)
    assert shop.points == 0
    shop.wait(shop.world.now + DAY)
    assert shop.points == 50


@pytest.mark.parametrize("thread", ["smile#4036183"])
def test_a_return_that_pays_in_store_credit_takes_points_and_says_so(thread: str) -> None:
    """Store-credit returns did not cancel points, and nobody was told when others did."""
    shop = Shop()
    shop.buy("o", ("shoes", 5000))
    told = back("credit", "o") | {"reason": "store credit"}
    assert shop.tell("order.refunded", **told) == "applied", thread
    decision = shop.world.of("m").decisions[-1]
    assert decision.changed, "people are told of every change"
    assert [(r.kind, r.points, r.order_id) for r in decision.points] == [("reverse", 50, "o")]


def test_spree_loyalty_8_a_return_authorisation_is_worth_what_its_pieces_were() -> None:
    """The wrong amount was credited on a return authorisation."""
    shop = Shop()
    shop.buy("o", ("shoes", 9000), ("socks", 1000), quantity=3)
    shop.tell(
        "order.refunded", refund_id="r", order_id="o",
        lines=[{"line_id": "1", "quantity": 2}, {"line_id": "2", "quantity": 1}],
    )  # fmt: skip
    assert shop.points == 36, "33.3 of 100 for the shoes that stay less a third of the socks"


def test_repairdesk_1517_points_go_with_a_deleted_invoice() -> None:
    """Points survived the deletion of the invoice."""
    shop = Shop()
    shop.buy("o", ("repair", 4000), ("parts", 2000))
    assert shop.tell("order.cancelled", order_id="o", reason="deleted") == "applied"
    assert shop.points == 0
    assert not any(shop.world.account().remainders.values())


def test_repairdesk_1050_gift_cards_earn_nothing_and_neither_does_what_points_pay_for() -> None:
    """Gift cards earned points, and so did spending points: a loop."""
    shop = Shop()
    told = [
        {"line_id": "1", "sku": "card", "quantity": 1, "amount": 5000, "gift_card": True},
        {"line_id": "2", "sku": "shoe", "quantity": 1, "amount": 5000, "paid_with_points": 2000},
    ]
    shop.buy("o", lines=told, tax=900, shipping=500)
    assert shop.points == 30
    free = {"line_id": "1", "sku": "shoe", "quantity": 1, "amount": 700, "paid_with_points": 700}
    assert shop.buy("p", lines=[free]) == "nothing: nothing to earn on"


@pytest.mark.parametrize("amended", [True, False])
def test_flocafe_720_a_voided_item_earns_nothing(amended: bool) -> None:
    """Points were given for voided items: voided before the bill is settled, or after."""
    shop = Shop()
    shop.buy("o", ("cake", 1000), ("coffee", 500))
    assert shop.points == 15
    if amended:
        shop.buy("o", ("cake", 1000), order_version=2)
    else:
        shop.bring_back("o", "2")
    assert shop.points == 10
