"""Points that move between members: whatever they do, no point comes or goes on the way."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.domain.account import Account, Lot
from headway.domain.points import PointsEvent
from headway.domain.redemption import Pooled, Reserve
from headway.domain.transfer import (
    GIVE,
    HOME,
    RECEIVE,
    SEND,
    Give,
    Home,
    Part,
    Receive,
    Send,
    draw,
)  # fmt: skip
from headway.errors import InvariantViolated
from headway.ledger.redemptions import body_of as redemption_body
from headway.ledger.redemptions import command_from as redemption_from
from headway.ledger.transfers import Moving, body_of, command_from
from headway.program.program import Programs
from tests.domain import strategies as some
from tests.domain.invariants import check
from tests.domain.programme import lively
from tests.domain.sharing import MEMBERS, Sharing
from tests.domain.world import DAY, START

PART = Part(5, 2, 9, START, START + DAY, None, 3)


def world_of(clawback: str = "allow_negative", expiry: Any = "never") -> Sharing:
    programme = lively(pending_days=0, clawback=clawback, expiry=expiry, shares=True)
    world = Sharing(Programs([programme]), prove_pure=True)
    for member in MEMBERS:
        world.tell("member.joined", member, at=START - 30 * DAY)
    return world


def buys(world: Sharing, member: str, cents: int) -> None:
    world.tell(
        "order.paid", member, order_id=f"{member}{world.told}", currency="USD",
        lines=[{"line_id": "1", "sku": "s", "category": "", "quantity": 1, "amount": cents}],
    )  # fmt: skip


def moved(world: Sharing) -> list[PointsEvent]:
    return [row for name in MEMBERS for row in world.of(name).rows if row.kind.startswith("move_")]


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (SEND, Send("trf_1", 5, 2, 7)),
        (RECEIVE, Receive("trf_1", (PART, PART._replace(home=None, expires_at=START)))),
        (GIVE, Give("rdm_1", 2, ((1, 20), (4, 3)))),
        (HOME, Home("rdm_1", (PART,))),
    ],
)
def test_a_move_survives_the_log(kind: str, command: Moving) -> None:
    assert command_from(kind, body_of(command)) == command


def test_a_pooled_reservation_survives_the_log() -> None:
    reserve = Reserve("rdm_1", "five", pooled=Pooled((PART,), ((1, 20),)))
    assert redemption_from("redemption.reserve", redemption_body(reserve, "five")) == reserve


acts = st.lists(
    st.tuples(
        st.sampled_from(["buy", "send", "together", "conclude", "return", "wait"]),
        st.sampled_from(MEMBERS),
        st.sampled_from(MEMBERS),
        st.sampled_from([1, 3, 7, 40]),
    ),
    min_size=4,
    max_size=24,
)


@some.examples(150)
@given(
    done=acts,
    clawback=st.sampled_from(some.POLICIES),
    expiry=st.sampled_from(some.EXPIRIES),
)
def test_no_point_comes_or_goes_on_the_way(
    done: list[tuple[str, str, str, int]], clawback: str, expiry: Any
) -> None:
    world = world_of(clawback, expiry)
    for what, member, other, amount in done:
        _act(world, what, member, other, amount)
        assert sum(_gained(row) for row in moved(world)) == 0, "nothing is on its way"
    for name in MEMBERS:
        check(world, name)
    _answered(world)


def _act(world: Sharing, what: str, member: str, other: str, amount: int) -> None:
    if what == "buy":
        buys(world, member, amount * 100)
    elif what == "wait":
        world.now += timedelta(days=amount)
    elif what == "return":
        orders = sorted(world.account(member).orders)
        if orders:
            world.tell(
                "order.refunded", member, refund_id=f"r{world.told}",
                order_id=orders[amount % len(orders)],
                lines=[{"line_id": "1", "sku": None, "quantity": 1}],
            )  # fmt: skip
    elif what == "send":
        before = [world.account(name) for name in (member, other)]
        if member != other and world.send(amount, member, other).outcome.outcome == "refused":
            assert [world.account(name) for name in (member, other)] == before
    elif what == "together":
        world.together(member, "large" if amount > 3 else "small")
    else:
        _conclude(world, amount)


def _conclude(world: Sharing, amount: int) -> None:
    open_ones = [
        n for n, one in world.redemptions.items() if one.state in ("reserved", "confirmed")
    ]
    if not open_ones:
        return
    name = open_ones[amount % len(open_ones)]
    if world.redemptions[name].state == "confirmed":
        world.step("reverse", name)
    else:
        world.step(("cancel", "confirm", "timeout")[amount % 3], name)


def _gained(row: PointsEvent) -> int:
    return row.points if row.kind == "move_in" else -row.points


def _answered(world: Sharing) -> None:
    """Each row that left is answered once, with the same points and life, in the same group."""
    rows = {(row.account_id, row.seq): row for row in moved(world)}
    lots = {world.account(name).account_id: world.account(name).lots for name in MEMBERS}
    left = {key for key, row in rows.items() if row.kind == "move_out"}
    for row in rows.values():
        if row.kind == "move_out":
            continue
        origin = rows[row.origin_account or 0, row.origin_seq or 0]
        left.remove((origin.account_id, origin.seq))
        assert (origin.points, origin.group) == (row.points, row.group)
        if row.lot == row.seq:
            was, now = lots[origin.account_id][origin.lot or 0], lots[row.account_id][row.lot]
            assert (was.earned_at, was.expires_at) == (now.earned_at, now.expires_at)
    assert left == set()


@some.examples(60)
@given(
    bought=st.lists(
        st.tuples(st.sampled_from(MEMBERS), st.integers(1, 30), st.integers(0, 9)), max_size=8
    ),
    spender=st.sampled_from(MEMBERS),
    how=st.sampled_from(["cancel", "timeout", "reverse"]),
    expiry=st.sampled_from(some.EXPIRIES),
)
def test_a_household_that_changes_its_mind_has_every_lot_as_it_was(
    bought: list[tuple[str, int, int]], spender: str, how: str, expiry: Any
) -> None:
    world = world_of(expiry=expiry)
    for member, dollars, days in bought:
        buys(world, member, dollars * 100)
        world.now += days * DAY
    for name in MEMBERS:
        world.tick(name)
    before = [world.settled(name) for name in MEMBERS]
    if world.together(spender, "large") is None:
        assert sum(account.available for account in before) < 21
        return
    held = sum(world.account(name).available for name in MEMBERS)
    assert held == sum(account.available for account in before) - 21
    name = next(iter(world.redemptions))
    if how == "reverse":
        world.step("confirm", name)
    world.step(how, name)
    after = [world.account(name) for name in MEMBERS]
    assert [_points(account) for account in after] == [_points(account) for account in before]
    assert all(
        not lot.available for one in after for lot in one.lots.values() if lot.rule == "pool"
    )


def _points(account: Account) -> tuple[object, ...]:
    lots = {number: lot for number, lot in account.lots.items() if lot.rule != "pool"}
    return account.available, account.reserved, account.owed, lots


def lot(number: int, points: int, earned: int, expires: int | None) -> Lot:
    at = START + earned * DAY
    until = None if expires is None else START + expires * DAY
    return Lot(number, points, 0, points, 0, 0, 0, 0, 0, "r", "a", "", 1, at, at, until)


def test_a_pool_draws_as_if_all_were_one_accounts() -> None:
    ann = Account(1, "ann", lots={1: lot(1, 5, 0, None), 2: lot(2, 5, 9, 30)})
    bob = Account(2, "bob", lots={1: lot(1, 5, 9, 30), 2: lot(2, 5, 1, 40), 3: lot(3, 5, 0, None)})
    drawn = draw([ann, bob], 2, 23)
    assert [(one.account, one.lot, one.points) for one in drawn] == [
        (2, 1, 5), (1, 2, 5), (2, 2, 5), (2, 3, 5), (1, 1, 3),
    ], "what dies first, whoever's; of equals the spender's own; what never dies last"  # fmt: skip
    with pytest.raises(InvariantViolated, match="that has 25"):
        draw([ann, bob], 2, 26)


def test_what_is_sent_to_somebody_long_inactive_lives_on() -> None:
    """As anything given by hand does: else it would die as it arrives."""
    world = world_of(expiry={"inactive_months": 2})
    world.now = START + 100 * DAY
    buys(world, "n", 4000)
    assert world.account("m").available == 5
    assert world.send(9, "n", "m").outcome.outcome == "applied"
    assert world.account("m").available == 9, "what was there died, what came did not"
    check(world, "m")
