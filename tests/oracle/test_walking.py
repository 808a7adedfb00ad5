"""Inputs that were published nowhere take their place among those that were."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.oracle import fields
from tests.oracle.commands import Command
from tests.oracle.published import Published
from tests.oracle.records import Input
from tests.oracle.telling import DOLLAR, program
from tests.oracle.walking import Walk

PROGRAMME = program(
    DOLLAR,
    {"id": "friend", "on": "referral.completed", "award": {"points": 25, "to": "friend"}},
    points={"pending_days": 14},
)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LINE = {"line_id": "1", "sku": "s", "quantity": 1, "amount": 3000}


def told(kind: str, hour: int, **data: object) -> Input:
    """Something that happened to ada."""
    facts = fields.plain(kind, {"member_id": "ada", **data})
    return Input("shop", kind, kind, "ada", NOON + timedelta(hours=hour), facts)


JOINED = told("member.joined", 0)
INVITED = told("referral.created", 1, referral_id="r", referrer_id="eve")
PAID = told("order.paid", 2, order_id="o", order_version=1, currency="USD", lines=[LINE])
BACK = told(
    "order.refunded",
    3,
    refund_id="f",
    order_id="o",
    lines=[{"line_id": "1", "quantity": 1}],
)
FAR = {"id": "bag", "points": 250, "missing": 250}
ALL = [JOINED, INVITED, PAID, BACK]


def published(version: int, cause: Input, pending: int) -> Published:
    """What Headway said after one cause."""
    claims = {
        "pending": pending,
        "available": 0,
        "reserved": 0,
        "owed": 0,
        "tier": "club",
        "saved": {},
        "rewards_ready": [],
        "next_reward": None,
    }
    return Published("ada", 1, version, *cause.key, "event", cause.time, cause.time, claims)


HEARD_TOO_LATE = [published(1, JOINED, 0), published(2, PAID, 30), published(3, BACK, 0)]


def test_an_invitation_that_came_after_the_return_gives_nothing() -> None:
    arrival = {one.key: n for n, one in enumerate([JOINED, PAID, BACK, INVITED])}
    life = Walk("ada", [PROGRAMME], arrival).along(HEARD_TOO_LATE, ALL, [])
    assert life.problems == []
    assert not any(lot.rule == "friend" for lot in life.member.lots)


def test_an_invitation_that_came_in_time_should_have_given_something() -> None:
    arrival = {one.key: n for n, one in enumerate(ALL)}
    life = Walk("ada", [PROGRAMME], arrival).along(HEARD_TOO_LATE, ALL, [])
    assert "'pending': '30, not 55'" in str(life.problems)


def test_what_waited_for_its_member_was_decided_by_the_calendar() -> None:
    arrival = {one.key: n for n, one in enumerate([BACK, PAID, INVITED, JOINED])}
    decided = [
        published(1, JOINED, 0),
        published(2, PAID, 55),
        published(3, BACK, 0),
    ]
    life = Walk("ada", [PROGRAMME], arrival).along(decided, ALL, [])
    assert life.problems == []
    assert [lot.standing for lot in life.member.lots if lot.rule == "friend"] == [0]


def test_a_goal_that_was_chosen_is_published_and_chosen_again_it_is_not() -> None:
    def chosen(key: str, hour: int) -> Command:
        at = NOON + timedelta(hours=hour)
        return Command("ada", "", "goal", "bag", 0, 0, "", at, key)

    first, again = chosen("g1", 1), chosen("g2", 3)
    programme = program(DOLLAR, rewards=[{"id": "bag", "points": 250, "value": "20.00 USD"}])
    arrival = {key: n for n, key in enumerate([JOINED.key, first.key, again.key])}
    joined = published(1, JOINED, 0)
    joined = replace(joined, claims={**joined.claims, "next_reward": FAR})
    told = replace(
        joined, version=2, source="headway/redeem", id="g1", kind="redemption", time=first.time,
        account_time=first.time, claims={**joined.claims, "goal": FAR},
    )  # fmt: skip

    def problems(*history: Published) -> list[str]:
        life = Walk("ada", [programme], arrival).along(list(history), [JOINED], [first, again])
        return life.problems

    assert problems(joined, told) == []
    assert problems(joined) == ["goal ('headway/redeem', 'g1'): chosen, but never published"]
    nearer = replace(told, claims={**joined.claims, "goal": {**FAR, "missing": 200}})
    assert "not ready () saved () next ('bag', 250, 250) goal ('bag', 250, 250)" in str(
        problems(joined, nearer)
    )
