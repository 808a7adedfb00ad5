"""What a return may take back when the points are spent: the programme says it, and keeps to it."""

from typing import Any

import pytest

from headway.program.program import Program
from tests.domain.programme import DOLLAR, fixed, program, reward
from tests.domain.shop import Shop
from tests.domain.world import DAY, START

ALL, SIXTY = reward("all", 50, "2.50 USD"), reward("sixty", 60, "3.00 USD")


def under(policy: str, pending_days: int = 0, **points: Any) -> Program:
    """A point a dollar, under that policy."""
    life = {"pending_days": pending_days, "clawback": policy, **points}
    return program(
        DOLLAR, fixed("review", "review.published", 10), points=life, rewards=[ALL, SIXTY]
    )


def buckets(shop: Shop) -> tuple[int, int, int, int]:
    """pending, available, reserved, owed."""
    account = shop.world.account()
    return account.pending, account.available, account.reserved, account.owed


def moves(shop: Shop) -> list[tuple[str, int, str, str]]:
    """The rows of the last decision: kind, points, from, to."""
    rows = shop.world.of("m").decisions[-1].points
    return [(row.kind, row.points, row.from_bucket, row.to_bucket) for row in rows]


@pytest.mark.parametrize(
    ("policy", "after_return", "after_reversal"),
    [("allow_negative", -50, 0), ("within_balance", 0, 0), ("only_pending", 0, 50)],
)
def test_talon_one_policies_when_the_points_were_spent(
    policy: str, after_return: int, after_reversal: int
) -> None:
    shop = Shop(under(policy))
    shop.buy("o", ("shoes", 5000))
    shop.redeem("r", "all")
    shop.bring_back("o")
    assert shop.points == after_return
    shop.step("reverse", "r")
    assert shop.points == after_reversal
    assert shop.world.account().saved == {"USD": 0}


def test_within_balance_takes_other_lots_first_and_waives_only_what_is_missing() -> None:
    shop = Shop(under("within_balance"))
    shop.buy("o", ("shoes", 5000))
    shop.redeem("r", "all")
    shop.tell("review.published", review_id="v", sku="s", rating=5)
    shop.bring_back("o")
    assert moves(shop) == [
        ("reverse", 10, "available", "reversed"),
        ("reverse", 40, "owed", "reversed"),
        ("waive", 40, "waived", "owed"),
    ]
    assert buckets(shop) == (0, 0, 0, 0)
    shop.step("reverse", "r")
    assert buckets(shop) == (0, 10, 0, 0), "the forty forgiven go, the ten taken elsewhere stay"


def test_within_balance_points_coming_back_to_a_waived_lot_by_a_cancellation_go_too() -> None:
    shop = Shop(under("within_balance"))
    shop.buy("o", ("shoes", 5000), quantity=5)
    shop.reserve("r", "all")
    shop.bring_back("o", quantity=2)
    assert buckets(shop) == (0, 0, 50, 0)
    shop.step("cancel", "r")
    assert moves(shop) == [
        ("release", 50, "reserved", "available"), ("waive", 20, "available", "waived"),
    ]  # fmt: skip
    assert buckets(shop) == (0, 30, 0, 0)
    lot = next(iter(shop.world.account().lots.values()))
    assert lot.waived == 0


def test_within_balance_a_part_that_comes_back_first_is_taken_first() -> None:
    shop = Shop(under("within_balance"))
    shop.buy("o", ("shoes", 5500), quantity=11)
    shop.buy("p", ("shoes", 5500))
    shop.redeem("r", "sixty")
    shop.bring_back("o", quantity=11)
    assert buckets(shop) == (0, 0, 0, 0), "50 of the other order's were there, 5 are forgiven"
    shop.step("reverse", "r")
    assert buckets(shop) == (0, 55, 0, 0)


def test_only_pending_takes_nothing_that_was_made_available() -> None:
    shop = Shop(under("only_pending", pending_days=3))
    shop.buy("o", ("shoes", 5000), quantity=2)
    shop.bring_back("o")
    assert buckets(shop) == (25, 0, 0, 0)
    shop.wait(START + 4 * DAY)
    shop.bring_back("o")
    assert moves(shop) == [("reverse", 25, "owed", "reversed"), ("waive", 25, "waived", "owed")]
    assert buckets(shop) == (0, 25, 0, 0)


def test_a_return_after_expiry_takes_the_expired_points_not_others() -> None:
    shop = Shop(under("allow_negative", expiry={"months": 1, "round_up": "day"}))
    shop.buy("o", ("shoes", 5000))
    shop.wait(START + 40 * DAY)
    shop.buy("p", ("shoes", 3000))
    shop.bring_back("o")
    assert moves(shop) == [("reverse", 50, "expired", "reversed")]
    assert buckets(shop) == (0, 30, 0, 0)


def test_mastercard_points_come_back_to_the_lot_and_the_expiry_they_had() -> None:
    shop = Shop(under("allow_negative", expiry={"months": 1, "round_up": "day"}))
    shop.buy("o", ("shoes", 5000))
    shop.redeem("r", "all")
    shop.wait(START + 20 * DAY)
    shop.step("reverse", "r")
    assert buckets(shop) == (0, 50, 0, 0)
    shop.wait(START + 40 * DAY)
    assert buckets(shop) == (0, 0, 0, 0)


def test_siebel_points_whose_lot_died_meanwhile_come_back_expired() -> None:
    shop = Shop(under("allow_negative", expiry={"months": 1, "round_up": "day"}))
    shop.buy("o", ("shoes", 5000))
    shop.reserve("r", "all")
    shop.wait(START + 40 * DAY)
    assert buckets(shop) == (0, 0, 50, 0), "what is held does not expire"
    shop.step("timeout", "r")
    assert moves(shop) == [
        ("release", 50, "reserved", "available"), ("expire", 50, "available", "expired"),
    ]  # fmt: skip
    expired = shop.world.of("m").rows[-1]
    assert expired.effective_at < shop.world.now, "at its own due time"


def test_the_policy_is_that_of_the_version_that_awarded() -> None:
    start = (START + 10 * DAY).isoformat()
    strict = program(DOLLAR, version=2, rewards=[ALL], **{"from": start})
    shop = Shop(under("within_balance"), strict)
    shop.buy("o", ("shoes", 5000))
    shop.redeem("r", "all")
    shop.wait(START + 11 * DAY)
    shop.bring_back("o")
    assert buckets(shop) == (0, 0, 0, 0)
    shop.buy("p", ("shoes", 5000))
    shop.redeem("s", "all")
    shop.bring_back("p")
    assert buckets(shop) == (0, 0, 0, -50)


def test_a_redemption_moves_only_from_the_state_it_is_in() -> None:
    shop = Shop(under("allow_negative"))
    shop.buy("o", ("shoes", 12000))
    assert shop.reserve("a", "all") == "applied"
    assert shop.step("reverse", "a") == "wrong state"
    assert shop.step("confirm", "a") == "applied"
    for kind in ("confirm", "cancel", "timeout"):
        assert shop.step(kind, "a") == "wrong state"
    assert shop.step("reverse", "a") == "applied"
    assert shop.step("reverse", "a") == "wrong state"
    assert shop.reserve("b", "none") == "unknown reward"
    assert [shop.reserve(name, "sixty") for name in "cde"] == [
        "applied", "applied", "insufficient points",
    ]  # fmt: skip
