"""Sets of inputs about one member, for property tests: everything can happen, in any order."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle import fields, programme
from tests.oracle.records import Input
from tests.oracle.telling import program

BEGIN = datetime(2024, 1, 10, 15, tzinfo=UTC)
END = BEGIN + timedelta(days=800)

RULES: list[dict[str, Any]] = [
    {"id": "dollar", "on": "order.paid", "award": {"per_money": {"points": 1, "every": "1.50"}}},
    {
        "id": "steps",
        "on": "order.paid",
        "when": {"order_total": {"min": "20.00"}},
        "award": {"per_money": {"points": 5, "every": "10.00", "steps": "full"}},
        "cap": {"points": 17, "per": "month"},
    },
    {"id": "item", "on": "order.paid", "when": {"category": ["a"]}, "award": {"per_item": 3},
     "group": "one", "cap": [{"times": 2, "per": "week"}, {"points": 50, "per": "year"}]},
    {"id": "percent", "on": "order.paid", "award": {"percent": "0.7"}, "group": "one",
     "round": "up"},
    {"id": "first", "on": "order.paid", "when": {"purchase": "first"}, "award": {"points": 40}},
    {"id": "third", "on": "order.paid", "when": {"purchase": {"every": 3}},
     "award": {"points": 7}, "round": "nearest"},
    {"id": "gold", "on": "order.paid", "when": {"tier": ["gold", "top"]},
     "award": {"multiply": "1.5"}},
    {"id": "prime", "on": "order.paid", "when": {"membership": ["prime"]}, "group": "plan",
     "award": {"multiply": "2"}, "cap": {"points": 100, "per": "month"}},
    {"id": "week", "on": "order.paid", "when": {"birthday": "week"}, "group": "day",
     "award": {"multiply": "1.2"}},
    {"id": "welcome", "on": "member.joined", "award": {"points": 20}},
    {"id": "review", "on": "review.published", "award": {"points": 9},
     "cap": {"times": 1, "per": "month"}},
    {"id": "visit", "on": "activity.recorded", "when": {"activity": ["visit"]},
     "award": {"points": 2}, "cap": {"points": 5, "per": "month"}},
    {"id": "fuel", "on": "activity.recorded", "when": {"activity": ["fuel"]},
     "award": {"percent": "3"}},
    {"id": "birthday", "on": "birthday", "award": {"points": 30}},
    {"id": "friend", "on": "referral.completed", "award": {"points": 25, "to": "friend"}},
    {"id": "signup", "on": "referral.completed", "when": {"referral": "signup"},
     "award": {"points": 5, "to": "friend"}},
    {"id": "each", "on": "referral.completed", "when": {"referral": "every_purchase"},
     "award": {"points": 3, "to": "friend"}},
    {"id": "referrer", "on": "referral.completed", "award": {"points": 50, "to": "referrer"},
     "cap": {"times": 1, "per": "year"}},
]  # fmt: skip
LEVELS = [{"id": "club", "from": "0"}, {"id": "gold", "from": "40"}, {"id": "top", "from": "90"}]
TIERS: list[dict[str, Any]] = [
    {"levels": LEVELS},
    {"measure": "points", "keep": "end_of_next_period", "grace_days": 10, "levels": LEVELS},
    {"window": "membership_year", "entry": "next_period", "downgrade": "one_step",
     "levels": LEVELS},
    {"measure": "orders", "window": {"rolling_months": 3}, "levels": [
        {"id": "club", "from": 0}, {"id": "gold", "from": 2}, {"id": "top", "from": 3}]},
    {"measure": {"activity": "visit"}, "window": "rolling_12_months", "keep": {"months": 4},
     "levels": [{"id": "club", "from": 0}, {"id": "gold", "from": 2}]},
    {"measure": "spend", "downgrade": "one_step", "levels": LEVELS},
]  # fmt: skip
_TIMES = st.integers(0, 90).map(lambda at: BEGIN + timedelta(days=at * 8, hours=at % 7))
_FEW = st.integers(1, 3)


@st.composite
def programmes(draw: st.DrawFn) -> programme.Programme:
    """A programme of all rules or most, under some policy."""
    points = {
        "pending_days": draw(st.sampled_from([0, 14])),
        "expiry": draw(st.sampled_from(["never", {"months": 3, "round_up": "month"}])),
        "attribution": draw(st.sampled_from(["per_line", "by_money", "recompute"])),
        "clawback": draw(st.sampled_from(["allow_negative", "within_balance", "only_pending"])),
        "earn_on": draw(st.sampled_from([[], ["tax", "shipping", "paid_with_points"]])),
        "before_joining_days": draw(st.sampled_from([0, 30])),
    }
    left_out = draw(st.sets(st.sampled_from([rule["id"] for rule in RULES]), max_size=5))
    return program(
        *[rule for rule in RULES if rule["id"] not in left_out],
        points=points,
        tiers=draw(st.sampled_from(TIERS)),
        membership={"plans": [{"id": "prime", "name": "P", "months": 3, "price": "9.00 USD"}]},
        referrals=draw(st.sampled_from([{}, {"minimum_order": "25.00"}])),
    )


def _order(draw: st.DrawFn, id_: int, version: int) -> dict[str, Any]:
    """What an order says depends on its id and version alone: nothing here is a conflict."""
    lines = [
        {
            "line_id": str(at),
            "sku": f"s{at}",
            "category": "ab"[(at + id_) % 2],
            "quantity": 1 + (id_ + at) % 3,
            "amount": (id_ * 977 + version * 331 + at * 1501) % 4000,
            "paid_with_points": (id_ * at)
            % 3
            * ((id_ * 977 + version * 331 + at * 1501) % 4000)
            // 5,
            "gift_card": (id_ + at) % 5 == 0,
        }
        for at in range(1, 2 + (id_ + version) % 3)
    ]
    return {"order_id": f"o{id_}", "order_version": version, "currency": "USD", "lines": lines,
            "tax": 120, "shipping": 500}  # fmt: skip


@st.composite
def _facts(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    number = draw(_FEW)
    refund = {"refund_id": f"r{number}", "order_id": f"o{number}"}
    order_lines = [{"line_id": "1", "quantity": 1}, {"line_id": "2", "quantity": number}]
    membership = {"membership_id": f"m{number}"}
    said: dict[str, dict[str, Any]] = {
        "order.refunded": refund | {"lines": order_lines[: 1 + number % 2]},
        "order.refund_failed": refund,
        "order.cancelled": {"order_id": f"o{number + 3}"},
        "order.fulfilled": {"order_id": f"o{number}"},
        "referral.created": {"referral_id": f"x{number % 2}", "referrer_id": "eve"},
        "referral.completed": {"referral_id": f"x{number % 2}", "referrer_id": "eve",
                               "order_id": f"o{number}"},
        "review.published": {"review_id": f"v{number}", "sku": "s1", "rating": number},
        "review.removed": {"review_id": f"v{number}"},
        "member.updated": {"attributes": {"birthday": ["03-05", "02-29", "08-30"][number - 1]}},
        "activity.recorded": {"activity": ["visit", "fuel", "visit"][number - 1],
                              "amount": number * 777, "quantity": number},
        "membership.started": membership | {"plan": "prime"},
        "membership.renewed": membership,
        "membership.cancelled": membership | {"refund": number > 1},
        "effect": {"referral_id": f"y{number}", "rule": "referrer", "revision": 1,
                   "program_version": 1, "order_id": f"p{number}"},
    }  # fmt: skip
    if kind == "order.paid":
        return _order(draw, draw(st.integers(1, 6)), draw(st.integers(1, 2)))
    return said.get(kind, {})


KINDS = [
    "order.paid", "order.paid", "order.paid", "order.refunded", "order.refund_failed",
    "order.cancelled", "order.fulfilled", "referral.created", "referral.completed",
    "review.published", "review.removed", "member.updated", "activity.recorded",
    "membership.started", "membership.renewed", "membership.cancelled", "effect", "member.left",
    "till",
]  # fmt: skip


@st.composite
def inputs(draw: st.DrawFn) -> list[Input]:
    """A set of inputs, in no order, that begins with a member who joins."""
    told = [Input("t", "joined", "member.joined", "m", BEGIN + timedelta(days=20),
                  {"member_id": "m"})]  # fmt: skip
    for at, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=5, max_size=20))):
        time = draw(_TIMES)
        if kind == "till":
            kind, facts = "order.refunded", {"refund_id": f"till{at}",
                                             "lines": [{"sku": "s1", "quantity": 2}]}  # fmt: skip
        else:
            facts = draw(_facts(kind))
        id_ = f"e{at}"
        if kind == "effect":
            id_, facts = _effect(draw, facts, time)
        plain = fields.plain(kind, {"member_id": "m", **facts})
        told.append(Input("t", id_, kind, "m", time, plain))
    return list({one.key: one for one in told}.values())


def _effect(draw: st.DrawFn, facts: dict[str, Any], time: datetime) -> tuple[str, dict[str, Any]]:
    """A revision says everything; it is sent after all that it tells."""
    revision = draw(_FEW)
    since = time - timedelta(days=draw(st.integers(0, 30)))
    undone = draw(st.sampled_from([None, since + (time - since) / 2, time]))
    more = {
        "revision": revision,
        "worth": draw(st.sampled_from([0, 50_000_000])),
        "earned_at": since.isoformat(),
        "since": since.isoformat(),
        "undone_at": None if undone is None else undone.isoformat(),
    }
    return f"{facts['referral_id']}:{facts['rule']}:{revision}", facts | more
