"""What a programme file means: words and numbers of YAML 1.2, money, and versions in force."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import InvariantViolated
from headway.program.loading import load_program
from headway.program.money import exponent, to_minor, to_text
from headway.program.program import NOT_YET, Program, Programs
from headway.program.rules import MICRO

SHOES = Path(__file__).parents[2] / "examples" / "programs" / "shoes.yaml"
MICROSECOND = timedelta(microseconds=1)


def version(number: int, from_: str, currency: str = "USD", every: str = '"1.00"') -> Program:
    """A programme in force from then on."""
    text = (
        f"name: V{number}\nzone: UTC\nfrom: {from_}\ncurrency: {currency}\nrules:\n"
        f"  - {{id: base, on: order.paid, award: {{per_money: {{points: 1, every: {every}}}}}}}\n"
    )
    return load_program(text, version=number)


def test_the_example_means_what_it_says() -> None:
    program = load_program(SHOES.read_text(), file=str(SHOES), version=7)
    assert (program.name, program.version, program.zone.key) == (
        "Stride Shoes", 7, "America/New_York",
    )  # fmt: skip
    orders = program.rules_on["order.paid"]
    assert orders.plain, "the example is judged the short way"
    assert [(rule.id, rule.numerator, rule.denominator) for rule in orders.base] == [
        ("base", MICRO, 100)
    ]
    assert [
        (rule.id, rule.group, rule.numerator, rule.denominator) for rule in orders.multipliers
    ] == [("boots", "category", 500, 1000), ("elite", "tier", 1000, 1000),
          ("gold", "tier", 250, 1000)]  # fmt: skip
    assert {rule.id: rule.pending.days for rule in program.rules.values()} == {
        "base": 14, "boots": 14, "gold": 14, "elite": 14, "welcome": 0, "review": 0, "friend": 14,
        "referrer": 14,
    }  # fmt: skip
    assert {
        event: [(rule.id, rule.numerator // MICRO, rule.to) for rule in rules.base]
        for event, rules in program.rules_on.items()
        if event != "order.paid"
    } == {
        "member.joined": [("welcome", 20, "")],
        "review.published": [("review", 10, "")],
        "referral.completed": [("friend", 25, "friend"), ("referrer", 50, "referrer")],
    }
    assert [(level.id, level.start) for level in program.levels] == [
        ("club", 0), ("gold", 20000), ("elite", 50000),
    ]  # fmt: skip
    assert [(one.id, one.points, one.value_minor, one.currency) for one in program.rewards] == [
        ("five", 100, 500, "USD"), ("ten", 200, 1000, "USD"), ("twenty", 400, 2000, "USD"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "minor"),
    [("10", 1000), ("010", 1000), ("1.5", 150), ('"1.50"', 150), ("1e1", 1000), ("+2", 200)],
)
def test_numbers_are_read_as_they_look(written: str, minor: int) -> None:
    program = version(1, "2026-01-01T00:00:00Z", every=written)
    assert program.rules["base"].denominator == minor


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "y", "n", "0x1F", "12:30", "1_000"])
def test_words_of_yaml_1_1_are_words(word: str) -> None:
    text = (
        "name: T\nzone: UTC\nfrom: 2026-01-01T00:00:00Z\ncurrency: USD\nrules:\n"
        "  - {id: base, on: order.paid, award: {per_money: {points: 1, every: 1}}}\n"
        f"  - {{id: m, on: order.paid, when: {{category: [{word}]}}, award: {{multiply: 2}}}}\n"
    )
    assert load_program(text).rules["m"].line_conditions[0].words == f"category {word}"


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "text"),
    [
        ("12.50", "USD", 1250, "12.50 USD"),
        ("1250", "JPY", 1250, "1250 JPY"),
        ("1.250", "BHD", 1250, "1.250 BHD"),
        ("1.2500", "CLF", 12500, "1.2500 CLF"),
        ("0", "JPY", 0, "0 JPY"),
        ("1000000000", "KRW", 10**9, "1000000000 KRW"),
    ],
)
def test_money_has_the_digits_of_its_currency(
    amount: str, currency: str, minor: int, text: str
) -> None:
    assert to_minor(Decimal(amount), currency) == minor
    assert to_text(minor, currency) == text
    assert version(1, "2026-01-01T00:00:00Z", currency, f'"{amount}"' if minor else "1")


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.5", "JPY"), ("0.0005", "BHD"), ("1.005", "USD")]
)
def test_money_finer_than_a_coin_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=f"{amount} is finer than the smallest unit of {currency}"):
        to_minor(Decimal(amount), currency)


@given(
    minor=st.integers(0, 10**15),
    currency=st.sampled_from(["USD", "JPY", "BHD", "CLF", "EUR", "XXX"]),
)
def test_money_survives_being_written_and_read(minor: int, currency: str) -> None:
    amount, written = to_text(minor, currency).split(" ")
    assert (to_minor(Decimal(amount), currency), written) == (minor, currency)
    assert len(amount.partition(".")[2]) == exponent(currency)


# -- versions --------------------------------------------------------------------------------------

FIRST, SECOND, THIRD = (
    version(1, "2026-01-01T00:00:00Z"),
    version(2, "2026-03-01T00:00:00-05:00"),
    version(3, "2026-06-01T00:00:00Z"),
)


def test_the_version_in_force_is_the_last_that_has_started() -> None:
    programs = Programs([THIRD, FIRST, SECOND])
    start = datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert SECOND.from_at == start
    assert programs.at(start - MICROSECOND) is FIRST
    assert programs.at(start) is SECOND
    assert programs.at(THIRD.from_at) is THIRD
    assert programs.at(datetime(2100, 1, 1, tzinfo=UTC)) is THIRD
    assert programs.at(datetime(1999, 1, 1, tzinfo=UTC)) is FIRST, "before all, the first"


def test_versions_by_number_and_what_follows() -> None:
    programs = Programs([FIRST, SECOND, THIRD])
    assert [programs.version(number).name for number in (1, 2, 3)] == ["V1", "V2", "V3"]
    assert programs.latest == 3
    assert programs.several
    assert programs.next_start(datetime(1999, 1, 1, tzinfo=UTC)) == SECOND.from_at
    assert programs.next_start(SECOND.from_at) == THIRD.from_at
    assert programs.next_start(SECOND.from_at - MICROSECOND) == SECOND.from_at
    assert programs.next_start(THIRD.from_at) is None
    assert not Programs([FIRST]).several
    assert Programs([FIRST]).next_start(FIRST.from_at) is None


def test_no_versions_at_all_is_a_mistake_of_ours() -> None:
    with pytest.raises(InvariantViolated):
        Programs([])


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_between_two_starts_one_version_is_in_force(moment: datetime) -> None:
    programs = Programs([FIRST, SECOND, THIRD])
    following = programs.next_start(moment)
    if following is not None:
        assert moment < following
        assert programs.at(following - MICROSECOND) is programs.at(moment)
        assert programs.at(following) is not programs.at(moment)


# -- life of points --------------------------------------------------------------------------------


def lives(life: str) -> Program:
    """A programme with that life of points, in New York."""
    return load_program(
        f"name: L\nzone: America/New_York\nfrom: 2020-01-01T00:00:00Z\ncurrency: USD\n"
        f"points: {{{life}}}\nrules:\n"
        "  - {id: base, on: order.paid, award: {per_money: {points: 1, every: 1}}}\n"
        "  - {id: hello, on: member.joined, award: {points: 1}}\n"
    )


@pytest.mark.parametrize(
    ("expiry", "active", "dead"),
    [
        ("{months: 12}", "2020-07-06T12:00", "2021-08-01T00:00"),  # Square's published example
        ("{months: 6, round_up: month}", "2020-12-15T12:00", "2021-07-01T00:00"),  # Starbucks'
        ("{months: 1, round_up: day}", "2026-01-31T12:00", "2026-03-01T00:00"),
        ("{days: 90}", "2026-01-01T12:00", "2026-04-02T00:00"),
        ("{days: 1, round_up: quarter}", "2026-03-31T12:00", "2026-07-01T00:00"),
        ("{every_year_on: '12-31'}", "2026-12-31T23:59", "2027-01-01T00:00"),
        ("{every_year_on: '12-31'}", "2027-01-01T00:00", "2028-01-01T00:00"),
        ("{every_year_on: '02-29'}", "2026-01-01T00:00", "2028-03-01T00:00"),
        ("{every_year_on: '02-29'}", "2096-03-01T00:00", "2104-03-01T00:00"),
        ("{date: 2027-06-30}", "2026-01-01T00:00", "2027-07-01T00:00"),
    ],
)
def test_points_die_at_the_end_of_a_local_day(expiry: str, active: str, dead: str) -> None:
    program = lives(f"expiry: {expiry}")
    at = datetime.fromisoformat(active).replace(tzinfo=program.zone).astimezone(UTC)
    assert program.expires_at(at) == datetime.fromisoformat(dead).replace(tzinfo=program.zone)


def test_points_without_a_known_end() -> None:
    moment = datetime(2026, 5, 4, tzinfo=UTC)
    assert lives("expiry: never").expires_at(moment) is None
    assert lives("expiry: {inactive_months: 12}").expires_at(moment) is None
    assert lives("expiry: {months: 12}").expires_at(NOT_YET) is None, "not before it is active"


@pytest.mark.parametrize(
    ("pending", "active"),
    [
        ("pending_days: 14", "2026-05-18T12:00"),
        ("pending: {days: 14}", "2026-05-18T12:00"),
        ("pending: {date: 2026-12-01}", "2026-12-01T05:00"),
        ("pending: {date: 2026-01-01}", "2026-05-04T12:00"),
        ("pending: {until: order.fulfilled, days: 3}", "9999-01-01T00:00"),
        ("pending_days: 0", "2026-05-04T12:00"),
    ],
)
def test_points_are_pending_for_as_long_as_it_says(pending: str, active: str) -> None:
    program = lives(pending)
    earned = datetime(2026, 5, 4, 12, tzinfo=UTC)
    at = program.activates_at(earned, program.rules["base"].pending)
    assert at == datetime.fromisoformat(active).replace(tzinfo=UTC)


def test_what_has_no_order_does_not_wait_for_one() -> None:
    program = lives("pending: {until: order.fulfilled, days: 3}")
    assert program.rules["hello"].pending == (3, "", None)


def test_a_tier_s_own_expiry_goes_before() -> None:
    text = SHOES.read_text().replace('from: "200.00"}', 'from: "200.00", expiry: never}')
    program = load_program(text)
    moment = datetime(2026, 5, 4, tzinfo=UTC)
    assert program.expires_at(moment, "gold") is None
    assert program.expires_at(moment, "club") == program.expires_at(moment)
