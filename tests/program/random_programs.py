"""Programmes, events and counters out of a hat, for properties that hold for all of them."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from headway.program.caps import Used, period_of
from headway.program.conditions import Facts, LineFacts
from headway.program.program import Program
from headway.program.rules import MICRO
from tests.program.making import NOON, rule

WORDS = st.sampled_from(["a", "b", "c"])
_BASE = st.one_of(
    st.builds(
        "per_money: {{points: {}, every: {}, steps: {}}}".format,
        st.integers(1, 9),
        st.sampled_from(["1", "'0.03'", "7", "10"]),
        st.sampled_from(["part", "full"]),
    ),
    st.builds("per_item: {}".format, st.integers(1, 9)),
    st.builds("percent: {}".format, st.sampled_from(["5", "'0.125'", "100"])),
    st.builds("points: {}".format, st.integers(1, 50)),
)
_FACTOR = st.builds("multiply: {}".format, st.sampled_from(["'1.5'", "2", "'1.333'", "3"]))
_CONDITIONS = st.lists(
    st.one_of(
        st.builds("category: [{}]".format, WORDS),
        st.builds("sku: [{}]".format, WORDS),
        st.builds("tier: [{}]".format, st.sampled_from(["club", "gold"])),
        st.builds("order_total: {{min: {}}}".format, st.integers(0, 30)),
        st.builds("line_total: {{max: {}}}".format, st.integers(0, 30)),
        st.sampled_from(["purchase: first", "purchase: {every: 2}", "weekday: [mon, tue]"]),
        st.builds("channel: [{}]".format, WORDS),
    ),
    max_size=2,
    unique_by=lambda text: text.partition(":")[0],
).map(", ".join)
_CAP = st.builds(
    "cap: {{{}, per: {}}}".format,
    st.one_of(
        st.builds("points: {}".format, st.integers(1, 60)),
        st.builds("times: {}".format, st.integers(1, 3)),
        st.builds("points: {}, times: {}".format, st.integers(1, 60), st.integers(1, 3)),
    ),
    st.sampled_from(["day", "week", "month", "year", "lifetime"]),
)
_REST = st.lists(
    st.one_of(
        _CAP,
        st.builds("round: {}".format, st.sampled_from(["carry", "down", "nearest", "up"])),
        st.builds("priority: {}".format, st.integers(-2, 2)),
    ),
    max_size=3,
    unique_by=lambda text: text.partition(":")[0],
).map(", ".join)


@st.composite
def rules(draw: st.DrawFn, *, plain: bool = False) -> list[str]:
    """Rules on order.paid in flow style, ids r0, r1 ...; `plain`: only what needs no stages."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        factor = draw(st.booleans())
        award = draw(_FACTOR if factor else _PLAIN if plain else _BASE)
        when = draw(_CONDITIONS)
        rest = draw(_PLAIN_REST if plain else _REST)
        groups = ["m1", "m2"] if factor else ["", "g"]
        group = draw(st.sampled_from(groups))
        parts = [part for part in (rest, f"group: {group}" if group else "") if part]
        made.append(rule(f"r{number}", award, when, rest=", ".join(parts)))
    return made


_PLAIN = st.one_of(
    st.builds(
        "per_money: {{points: {}, every: {}}}".format,
        st.integers(1, 9),
        st.sampled_from(["1", "'0.03'", "7"]),
    ),
    st.builds("percent: {}".format, st.sampled_from(["5", "'0.125'", "100"])),
)
_PLAIN_REST = st.one_of(st.just(""), st.builds("priority: {}".format, st.integers(-2, 2)))

_LINES = st.lists(
    st.builds(
        LineFacts,
        line_id=st.just("1"),
        sku=WORDS,
        category=WORDS,
        brand=st.just(""),
        quantity=st.integers(1, 5),
        amount=st.one_of(st.just(0), st.integers(0, 5000)),
    ),
    max_size=4,
)


@st.composite
def orders(draw: st.DrawFn) -> Facts:
    """An order."""
    lines = tuple(draw(_LINES))
    return Facts(
        event="order.paid",
        time=draw(st.sampled_from([NOON, datetime(2026, 12, 31, 23, tzinfo=UTC)])),
        lines=lines,
        currency=draw(st.sampled_from(["USD", "USD", "EUR"])),
        amount=sum(line.amount for line in lines),
        quantity=sum(line.quantity for line in lines),
        channel=draw(st.sampled_from(["", "a"])),
        purchase=draw(st.integers(0, 4)),
        tier=draw(st.sampled_from(["club", "gold"])),
    )


@st.composite
def counters(draw: st.DrawFn, program: Program, facts: Facts) -> dict[str, Used]:
    """What caps may have counted by then, in the current period of some."""
    used = {}
    for one in program.rules.values():
        for cap in one.caps:
            if draw(st.booleans()):
                period = period_of(cap.per, program.day(facts.time))
                exact = draw(st.integers(0, (cap.exact or MICRO) + MICRO))
                used[f"{one.id}:{cap.per}"] = Used(period, exact, draw(st.integers(0, 3)))
    return used
