"""What a shop may send, from small pools of names so that things meet."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

members = st.sampled_from(["m", "n", "m", "n", "guest"])
order_ids = st.sampled_from(["o1", "o2", "m-1", "m-2"])
review_ids = st.sampled_from(["v1", "v2"])
referral_ids = st.sampled_from(["f1", "f1", "f2"])
lateness = st.sampled_from([0, 0, 0, 0, 0, 5, 24 * 4, 24 * 40]).map(
    lambda hours: timedelta(hours=hours)
)
categories = st.sampled_from(["boots", "socks"])
cents = st.sampled_from([4000, 2345, 700, 999, 350, 1, 0, 9000])

rewards = st.sampled_from(["small", "large", "none"])
EXPIRIES: list[Any] = [
    "never",
    {"months": 1, "round_up": "month"},
    {"months": 1, "round_up": "day"},
]
POLICIES = ["allow_negative", "within_balance", "only_pending"]
WINDOWS = ["calendar_year", "rolling_12_months"]

SIMPLE: list[tuple[str, dict[str, Any]]] = [
    ("member.joined", {}),
    ("member.left", {}),
    ("member.updated", {"attributes": {"a": "b"}}),
    ("activity.recorded", {"activity": "visit"}),
    ("activity.recorded", {"activity": "other"}),
    ("order.fulfilled", {"order_id": "o1"}),
]


@st.composite
def lines(draw: st.DrawFn, line_id: str) -> dict[str, Any]:
    """One line; little of it paid with points, seldom a gift card."""
    amount, category = draw(cents), draw(categories)
    return {
        "line_id": line_id,
        "sku": f"sku-{category}",
        "category": category,
        "quantity": draw(st.integers(1, 3)),
        "amount": amount,
        "paid_with_points": draw(st.sampled_from([0, 0, 0, min(amount, 150)])),
        "gift_card": draw(st.sampled_from([False] * 7 + [True])),
    }


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """An order of one line or two."""
    names = draw(st.sampled_from([["1"], ["1", "2"], ["2", "1"]]))
    return {
        "order_id": draw(order_ids),
        "currency": draw(st.sampled_from(["USD"] * 8 + ["EUR", "JPY"])),
        "lines": [draw(lines(name)) for name in names],
    }


@st.composite
def refunds(draw: st.DrawFn) -> dict[str, Any]:
    """A return, with its order or without."""
    order_id = draw(st.none() | order_ids)
    lines = [
        {"line_id": draw(st.sampled_from(["1", "2", "9"])) if order_id else None,
         "sku": None if order_id else draw(st.sampled_from(["sku-boots", "sku-socks", "none"])),
         "quantity": draw(st.integers(1, 4))}
        for _ in range(draw(st.integers(1, 2)))
    ]  # fmt: skip
    refund_id = draw(st.sampled_from(["r1", "r2", "r3", "r4"]))
    return {"refund_id": refund_id, "order_id": order_id, "lines": lines}


def reviews() -> st.SearchStrategy[dict[str, Any]]:
    """A published review."""
    return review_ids.map(lambda id_: {"review_id": id_, "sku": "s", "rating": 5})


def referrals() -> st.SearchStrategy[dict[str, Any]]:
    """An invitation by somebody else."""
    return referral_ids.map(lambda id_: {"referral_id": id_, "referrer_id": "other"})


def examples(number: int) -> settings:
    """So many examples in a usual run, in proportion more under another profile."""
    usual = settings.default or settings()
    scaled = max(number * usual.max_examples // 100, 1)
    return settings(max_examples=scaled, deadline=None, suppress_health_check=list(HealthCheck))
