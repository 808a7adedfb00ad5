"""The report of a month: figures by hand, months in the programme's zone, and that they tie."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from headway.cli.output import snapshot
from headway.errors import UserError
from headway.ledger.programs import publish
from headway.ledger.report import By, MonthReport, read_month
from headway.ledger.report_sums import MEMBERS, PROGRAMME, Statement
from headway.ledger.verify import verify
from tests.ledger.factory import COFFEE, SHOES, START, open_shop
from tests.ledger.monthly import AS_IT_HAPPENED, tell_a_year
from tests.ledger.tampering import execute, tamper


async def report_of(dsn: str, month: str | None = None, by: By = "recorded") -> MonthReport:
    async with snapshot(dsn) as connection:
        return await read_month(connection, month, by)


def told(line: Statement) -> tuple[int, dict[str, int], int]:
    """Opening, the movements that are not zero, closing."""
    return line.opening, {name: n for name, n in line.movements.items() if n}, line.closing


# (month, the whole, the rules, pending / available / reserved / owed at its end)
YEAR: list[tuple[str, object, dict[str, object], tuple[int, int, int, int]]] = [
    ("2024-02", (0, {}, 0), {}, (0, 0, 0, 0)),
    ("2024-03", (0, {"issued": 190}, 190),
     {"base": (0, {"issued": 150}, 150), "welcome": (0, {"issued": 40}, 40)}, (150, 40, 0, 0)),
    ("2024-04", (190, {"redeemed": -100, "reversed": -150}, -60),
     {"base": (150, {"redeemed": -80, "reversed": -150}, -80),
      "welcome": (40, {"redeemed": -20}, 20)}, (0, 20, 0, -80)),
    ("2024-05", (-60, {"issued": 10}, -50),
     {"base": (-80, {}, -80), "review": (0, {"issued": 10}, 10)}, (0, 20, 0, -70)),
    ("2024-06", (-50, {"issued": 90, "redeemed": -100, "reversed": -90, "waived": 80}, -70),
     {"base": (-80, {"issued": 90, "redeemed": -80, "reversed": -90, "waived": 80}, -80),
      "welcome": (20, {"redeemed": -20}, 0)}, (0, 0, 0, -70)),
    ("2024-07", (-70, {"redeemed": 100, "waived": -80}, -50),
     {"base": (-80, {"redeemed": 80, "waived": -80}, -80),
      "welcome": (0, {"redeemed": 20}, 20)}, (0, 20, 0, -70)),
    ("2025-04", (-50, {}, -50), {"welcome": (20, {}, 20)}, (0, 20, 0, -70)),
    ("2025-07", (-50, {"expired": -20}, -70), {"welcome": (20, {"expired": -20}, 0)},
     (0, 0, 0, -70)),
]  # fmt: skip


async def test_a_year_comes_out_as_by_hand(database: str) -> None:
    await tell_a_year(database)
    async with snapshot(database) as connection:
        assert (await verify(connection)).ok
    for month, whole, rules, members in YEAR:
        report = await report_of(database, month)
        sums = report.sums
        assert sums.problems == []
        assert report.closed
        assert told(sums.whole) == whole, month
        assert {rule: told(sums.rules[rule]) for rule in rules} == rules, month
        assert tuple(sums.members.values()) == members, month
        assert list(sums.now.values()) == [0, 0, 0, -70]
        # The rules come to the whole, figure by figure.
        lines = list(sums.rules.values())
        assert ("review" in sums.rules) == (month >= "2024-05"), "a rule of later months"
        assert sum(line.opening for line in lines) == sums.whole.opening
        assert sum(line.closing for line in lines) == sums.whole.closing == sum(members)
        for bucket in PROGRAMME:
            of_rules = sum(line.movements[bucket] for line in lines)
            assert of_rules == sums.whole.movements[bucket], (month, bucket)


async def test_by_business_time_it_is_in_the_month_in_which_it_happened(database: str) -> None:
    await tell_a_year(database)
    report = await report_of(database, "2025-04", "business")
    assert told(report.sums.whole) == (-50, {"expired": -20}, -70)
    assert not report.closed
    assert told((await report_of(database, "2025-07", "business")).sums.whole) == (-70, {}, -70)


async def test_a_closed_month_never_changes(database: str) -> None:
    await tell_a_year(database)
    before = await report_of(database, "2024-06")
    async with open_shop(database, SHOES) as shop:
        # Heard of now, happened then; the review's points have expired since.
        review = shop.event("review.published", "bob", 100, review_id="v9", sku="s", rating=5)
        for number, event in enumerate((shop.event("member.joined", "cat", 100), review)):
            await shop.tell(event._replace(id=f"late:{number}"))
    # Another zone would move the month's bounds: not before what was decided, so never of June.
    moved = SHOES.replace("America/New_York", "Asia/Tokyo").replace("Stride Shoes", "Seven Leagues")
    with pytest.raises(UserError, match="never rewrites the past"):
        await publish(database, moved.replace("1990-01-01", "2024-06-02"))
    await publish(database, moved.replace("1990-01-01", "2025-08-01"))
    after = await report_of(database, "2024-06")
    assert (after.month[:3], after.closed) == (before.month[:3], True)
    assert after.month.program.name == "Stride Shoes"
    assert after.sums[:3] == before.sums[:3]
    assert sum(after.sums.now.values()) == sum(before.sums.now.values()) + 20
    by_business = await report_of(database, "2024-06", "business")
    assert by_business.sums.whole.movements["issued"] > before.sums.whole.movements["issued"]


@pytest.mark.parametrize(
    ("program", "moment", "month"),
    [
        (SHOES, datetime(2024, 4, 1, 3, 59, 59, 999999, UTC), "2024-03"),
        (SHOES, datetime(2024, 4, 1, 4, tzinfo=UTC), "2024-04"),
        (SHOES, datetime(2024, 12, 1, 4, 59, tzinfo=UTC), "2024-11"),  # winter time
        (SHOES, datetime(2024, 12, 1, 5, tzinfo=UTC), "2024-12"),
        (COFFEE, datetime(2024, 3, 31, 21, 59, tzinfo=UTC), "2024-03"),
        (COFFEE, datetime(2024, 3, 31, 22, tzinfo=UTC), "2024-04"),
    ],
)
async def test_months_are_those_of_the_programme_s_zone(
    database: str, program: str, moment: datetime, month: str
) -> None:
    async with open_shop(database, program) as shop:
        await shop.happens("member.joined", "ann", (moment - START) / timedelta(days=1))
    await tamper(database, f"update points_events set effective_at = '{moment.isoformat()}',"
                 f" recorded_at = '{moment.isoformat()}'", rehash=True)  # fmt: skip
    ways: tuple[By, ...] = ("recorded", "business")
    for by in ways:
        inside = await report_of(database, month, by)
        assert inside.sums.whole.movements["issued"] == inside.sums.now["available"] > 0
        assert inside.sums.problems == []
        assert inside.month.start <= moment < inside.month.end


async def test_the_running_month_closes_with_what_the_accounts_hold(busy_database: str) -> None:
    async with snapshot(busy_database) as connection:
        row = await connection.fetchrow(
            "select to_char(now() at time zone 'America/New_York', 'YYYY-MM') as month,"
            " sum(pending) as pending, sum(available) as available, sum(reserved) as reserved,"
            " sum(owed) as owed from accounts"
        )
    assert row is not None
    report = await report_of(busy_database, row["month"])
    assert not report.closed
    assert report.sums.problems == []
    assert report.sums.members == report.sums.now == {name: row[name] for name in MEMBERS}
    assert report.sums.members["pending"] > 0
    assert set(report.sums.rules) > {"base", "welcome", "review", "referrer"}
    # Nothing was recorded before: the default is the month that ended last.
    default = await report_of(busy_database)
    assert default.month.end == report.month.start
    assert told(default.sums.whole) == (0, {}, 0)
    assert default.closed or report.as_of - report.month.start < timedelta(minutes=6)


async def test_it_takes_two_statements(busy_database: str) -> None:
    sent: list[str] = []
    async with snapshot(busy_database) as connection:
        with connection.query_logger(lambda record: sent.append(record.query)):
            await read_month(connection, "2024-03")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("delete from parked")
    assert len(sent) == 2


_OF_BOB = "account_id = (select account_id from accounts where member_id = 'bob')"
# (what is done to the ledger, words of what does not tie)
DAMAGE: dict[str, tuple[list[str], str]] = {
    "a row says more points": (
        ["update points_events set points = points + 1 where kind = 'expire'"], "available: "),
    "a row is gone": (["delete from points_events where kind = 'repay'"], "owed: "),
    "an account holds more": (
        ["update accounts set pending = pending + 7 where member_id = 'bob'"],
        "pending: 15 points are booked, the accounts hold 22"),
    "points are told under another rule": (
        [f"update points_events set rule = 'other' where rule = 'base' and {_OF_BOB}"],
        "rule other: "),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("month", ["2024-03", "2025-07", "2025-09"])
async def test_what_was_tampered_with_does_not_tie(
    busy_database: str, damage: str, month: str
) -> None:
    """Also where the chains were made to fit, and whatever month the row is in."""
    statements, words = DAMAGE[damage]
    await tamper(busy_database, AS_IT_HAPPENED)
    assert (await report_of(busy_database, month)).sums.problems == []
    await tamper(busy_database, *statements, rehash=True)
    problems = (await report_of(busy_database, month)).sums.problems
    assert any(problem.startswith(words) for problem in problems), problems


@pytest.mark.parametrize("month", ["2025-07", "2025-09"])
async def test_points_that_went_where_no_report_looks_are_missed(
    busy_database: str, month: str
) -> None:
    await execute(
        busy_database, "alter table points_events drop constraint points_events_buckets_known"
    )
    await tamper(
        busy_database, AS_IT_HAPPENED,
        "update points_events set to_bucket = 'lost' where kind = 'expire'",
    )  # fmt: skip
    problems = (await report_of(busy_database, month)).sums.problems
    assert problems[0].startswith("all rules: opening and movements come to ")


@pytest.mark.parametrize("written", ["2024-13", "2024-3", "March", "0001-01", "9999-12", ""])
async def test_what_is_no_month_is_refused(database: str, written: str) -> None:
    await publish(database, SHOES)
    with pytest.raises(UserError, match="is no month"):
        await report_of(database, written)


async def test_a_month_to_come_and_a_ledger_without_a_programme_are_refused(database: str) -> None:
    with pytest.raises(UserError, match="no programme is published"):
        await report_of(database, "2024-03")
    await publish(database, SHOES)
    with pytest.raises(UserError, match="9998-12 has not begun in America/New_York"):
        await report_of(database, "9998-12")
