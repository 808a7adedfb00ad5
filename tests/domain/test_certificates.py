"""Certificates that issue themselves, goals, and what a return makes of them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.domain.account import Account, Input
from headway.domain.decide import decide_all, from_source
from headway.program.program import Program, Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import DOLLAR, fixed, program, reward, tiers
from tests.domain.shop import Shop
from tests.domain.world import DAY, START, World, line

DEAD = {"months": 1, "round_up": "day"}


def voucher(id_: str, points: int, value: str, **more: Any) -> dict[str, Any]:
    """A voucher that issues itself, with codes of its own pool."""
    return {
        "id": id_, "name": id_, "kind": "voucher", "points": points, "value": value,
        "codes": {"pool": id_}, "automatic": True, **more,
    }  # fmt: skip


REWARDS = [
    voucher("five", 100, "5.00 USD"),
    voucher("ten", 200, "10.00 USD"),
    reward("bag", 250, "20.00 USD"),
]


def vip(**points: Any) -> Program:
    """Dollars for points, $5 or $10 by themselves, a bag for asking."""
    return program(DOLLAR, fixed("visit", "activity.recorded", 60), points=points, rewards=REWARDS)


def kinds(shop: Shop) -> list[str]:
    """The kinds of the rows that the last input wrote."""
    return [row.kind for row in shop.world.of("m").decisions[-1].points]


# -- issuing ---------------------------------------------------------------------------------------


def test_dsw_a_hundred_points_are_a_five_dollar_certificate() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 8000))
    assert (shop.points, shop.certificates) == (80, []), "20 points to your next $5"
    shop.buy("b", ("shoes", 2000))
    assert kinds(shop) == ["earn", "reserve", "reserve", "redeem", "redeem"]
    assert (shop.points, shop.certificates) == (0, ["crt_1_3"])
    shop.buy("c", ("shoes", 12000))
    account = shop.world.account()
    assert (shop.points, len(account.certificates)) == (20, 2)
    assert account.saved == {"USD": 1000}, "you have saved $10 since joining"


def test_several_at_once_and_never_more_than_an_account_holds() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 35000))
    assert (shop.points, len(shop.certificates)) == (50, 3)
    shop.buy("b", ("shoes", 2000000))
    assert (shop.points, len(shop.certificates)) == (10350, 100)
    shop.step("fulfil", shop.certificates[0])
    assert (shop.points, len(shop.certificates)) == (10350, 99), "fulfilling moves no points"
    shop.buy("c", ("shoes", 100))
    assert (shop.points, len(shop.certificates)) == (10251, 100)


def test_points_become_a_certificate_on_the_moment_they_can_be_spent() -> None:
    shop = Shop(vip(pending_days=2, expiry=DEAD))
    shop.buy("a", ("shoes", 10000))
    assert shop.certificates == []
    paid = shop.world.now
    shop.wait(paid + 60 * DAY)
    issued = shop.world.of("m").decisions[-1].issued
    assert [one.at for one in issued] == [paid + 2 * DAY], (
        "not when a job looked: they were dead then"
    )


def test_nobody_who_has_left_is_issued_any() -> None:
    shop = Shop(vip(pending_days=2))
    shop.buy("a", ("shoes", 10000))
    shop.tell("member.left")
    shop.wait(shop.world.now + 3 * DAY)
    assert (shop.points, shop.certificates) == (100, [])


def test_a_better_price_for_a_tier_counts_when_the_tier_is_reached() -> None:
    cheap = voucher("five", 100, "5.00 USD", prices=[{"points": 80, "tier": "gold"}])
    shop = Shop(program(DOLLAR, rewards=[cheap], tiers=tiers(("gold", "180.00"))))
    shop.buy("a", ("shoes", 17900))
    assert (shop.points, shop.certificates) == (79, ["crt_1_2"])
    shop.buy("b", ("shoes", 100))
    assert (shop.points, len(shop.certificates)) == (0, 2)


# -- goals -----------------------------------------------------------------------------------------


def test_dsw_five_ten_or_twenty_dollars_as_the_member_chose() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 9000))
    assert shop.goal("ten") == "applied"
    shop.buy("b", ("shoes", 10000))
    assert (shop.points, shop.certificates) == (190, [])
    shop.buy("c", ("shoes", 6000))
    assert (shop.points, shop.world.account().saved) == (50, {"USD": 1000})
    assert shop.world.account().goal == "ten", "so will the next one be"


def test_who_saves_for_something_else_is_issued_none_until_it_is_reached() -> None:
    shop = Shop(vip())
    assert shop.goal("nothing like it") == "unknown reward"
    assert shop.goal("bag") == "applied"
    shop.buy("a", ("shoes", 34000))
    assert (shop.points, shop.certificates) == (340, [])
    shop.reserve("r", "bag")
    assert shop.certificates == []
    shop.step("confirm", "r")
    assert (shop.world.account().goal, shop.points, shop.certificates) == ("", 90, [])
    shop.buy("b", ("shoes", 1000))
    assert len(shop.certificates) == 1


def test_a_goal_reached_already_or_given_up_issues_at_once() -> None:
    shop = Shop(vip())
    shop.goal("bag")
    shop.buy("a", ("shoes", 24000))
    shop.goal("ten")
    assert (shop.points, len(shop.certificates)) == (40, 1)
    shop.goal("bag")
    shop.buy("b", ("shoes", 6000))
    assert shop.points == 100
    shop.goal("")
    assert (shop.points, len(shop.certificates)) == (0, 2)


# -- taking back -----------------------------------------------------------------------------------


def test_a_return_voids_an_unused_certificate_before_anything_is_owed() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 7000), ("socks", 3000))
    shop.bring_back("a", "2")
    account = shop.world.account()
    assert kinds(shop) == ["restore", "restore", "reverse"]
    assert (account.available, account.owed, account.certificates) == (70, 0, ())
    assert account.saved == {"USD": 0}
    shop.buy("b", ("shoes", 3000))
    assert len(shop.certificates) == 1, "what was left counts towards the next"


def test_the_newest_goes_first_and_no_more_than_is_needed() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 10000))
    shop.buy("b", ("shoes", 10000))
    older, newer = shop.certificates
    shop.bring_back("a")
    assert shop.certificates == [older]
    assert [gone.redemption_id for gone in shop.world.of("m").decisions[-1].voided] == [newer]


def test_what_is_left_of_a_voided_certificate_may_be_issued_again() -> None:
    shop = Shop(vip())
    shop.goal("ten")
    shop.buy("a", ("shoes", 19000), ("socks", 1000))
    shop.goal("")
    assert (shop.points, len(shop.certificates)) == (0, 1)
    shop.bring_back("a", "2")
    assert (shop.points, len(shop.certificates)) == (90, 1), "$10 void, $5 for what is left of it"


def test_a_used_certificate_is_never_touched() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 10000))
    (used,) = shop.certificates
    assert shop.step("fulfil", used) == "applied"
    shop.bring_back("a")
    account = shop.world.account()
    assert (account.owed, account.saved) == (-100, {"USD": 500})
    shop.buy("b", ("shoes", 15000))
    assert (shop.points, shop.certificates) == (50, []), "what is owed is cleared first"


@pytest.mark.parametrize(
    ("policy", "left"), [("within_balance", 0), ("only_pending", 1), ("allow_negative", 0)]
)
def test_no_policy_but_only_pending_touches_a_certificate(policy: str, left: int) -> None:
    shop = Shop(vip(clawback=policy))
    shop.buy("a", ("shoes", 10000))
    shop.bring_back("a")
    assert (shop.points, len(shop.certificates)) == (0, left)


def test_a_late_return_takes_a_certificate_back_too() -> None:
    shop = Shop(vip())
    shop.buy("a", ("shoes", 10000), at=START + 5 * DAY)
    shop.wait(START + 9 * DAY)
    back = [{"line_id": "1", "quantity": 1}]
    shop.tell("order.refunded", at=START + 6 * DAY, refund_id="r", order_id="a", lines=back)
    assert (shop.points, shop.certificates) == (0, [])


# -- anything at all -------------------------------------------------------------------------------

Act = Callable[[World, timedelta], object]
"""Does something; what sources send comes so late."""
SMALL = [
    voucher("small", 10, "1.00 USD"),
    voucher("large", 25, "3.00 USD", prices=[{"points": 20, "tier": "gold"}]),
    reward("bag", 30, "5.00 USD"),
]


def _buy(number: int, cents: int, world: World, late: timedelta) -> None:
    if f"o{number}" in world.account().orders:
        return
    world.tell(
        "order.paid", at=max(world.now - late, START), order_id=f"o{number}",
        currency="USD", lines=[line(cents, quantity=3)],
    )  # fmt: skip


def _return(number: int, pieces: int, world: World, late: timedelta) -> None:
    back = [{"line_id": "1", "quantity": pieces}]
    world.tell(
        "order.refunded", at=max(world.now - late, START), refund_id=f"r{world.told}",
        order_id=f"o{number}", lines=back,
    )  # fmt: skip


def _step(kind: str, place: int, world: World, late: timedelta) -> None:
    world.tick()  # nobody can use what has not been issued yet
    unused = world.account().certificates
    if unused:
        world.step(kind, unused[place % len(unused)].redemption_id)


def _take_bag(world: World, late: timedelta) -> None:
    name = f"bag-{world.told}"
    if world.reserve(name, "bag").outcome.outcome == "applied":
        world.step("confirm", name)


acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(partial, st.just(_buy), st.integers(0, 6), st.sampled_from([900, 1234, 3000])),
    st.builds(partial, st.just(_return), st.integers(0, 6), st.integers(1, 3)),
    st.builds(partial, st.just(_step), st.sampled_from(["fulfil", "fulfil", "reverse"]),
              st.integers(0, 3)),
    st.sampled_from(["small", "large", "bag", ""]).map(
        lambda name: lambda world, late: world.goal(name)
    ),
    st.just(_take_bag),
)  # fmt: skip
history = st.lists(st.tuples(st.sampled_from([1, 1, 30, 24 * 8, 24 * 40]), acts), max_size=16)


@some.examples(200)
@given(
    history, st.sampled_from(some.POLICIES), st.sampled_from([0, 3]),
    st.sampled_from(some.EXPIRIES), st.sampled_from([0, 0, 6]),
)  # fmt: skip
def test_whatever_happens_the_same_comes_of_it(
    acted: Sequence[tuple[int, Act]], policy: str, pending: int, expiry: Any, days_late: int
) -> None:
    version = program(
        DOLLAR, rewards=SMALL, tiers=tiers(("gold", "50.00")),
        points={"clawback": policy, "pending_days": pending, "expiry": expiry},
    )  # fmt: skip
    woken, left_alone = World(Programs([version])), World(Programs([version]))
    for world in (woken, left_alone):
        world.tell("member.joined")
        _live(world, acted, days_late * DAY, ticks=world is woken)
        world.now += 500 * DAY
        world.tick()
        check(world, "m")
        _decided_again(world)
    if not days_late:  # what comes late finds what had been booked by then
        assert _told(woken) == _told(left_alone), "it makes no difference when jobs run"


def _live(world: World, acted: Sequence[tuple[int, Act]], late: timedelta, *, ticks: bool) -> None:
    for hours, act in acted:
        world.now += timedelta(hours=hours)
        if ticks:
            world.tick()
        told = world.told
        act(world, late)
        world.told = told + 2
        check(world, "m")
        account = world.account()
        assert not (account.owed and account.certificates), "owed only when none is unused"


def _decided_again(world: World) -> None:
    """Every input once more, from an empty account."""
    account = Account(1, "m")
    log: list[tuple[int, Input]] = []
    for decision in world.of("m").decisions:
        if decision.released:
            continue
        done = decide_all(world.programs, account, decision.input, log.copy)
        account = done[-1].account
        if from_source(decision.input):
            log.append((decision.n, decision.input))
    assert account == world.account()


def _told(world: World) -> list[object]:
    rows = [row._replace(cause=0) for row in world.of("m").rows]
    return [*rows, world.account().certificates, world.account().goal]
