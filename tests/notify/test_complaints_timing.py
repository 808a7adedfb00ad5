"""What others' users complained of in deciding and timing, named after the complaints."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from headway.contracts.contact import ContactUpdated
from headway.program.messages import SERVICE, Messages, Quiet
from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.contacts.writing import write_contacts
from headway_notify.deciding import Candidate, Standing, decide
from headway_notify.judging import Judge
from headway_notify.plan import plan
from headway_notify.programmes import Programmes
from headway_notify.timing import earliest
from tests.notify.account import NOON, PROGRAM, cause, change
from tests.notify.sealing import vault_in

TONIGHT = datetime(2026, 3, 4, 5, tzinfo=UTC)
"""The end of NOON's day in New York."""


async def test_zulip_549_the_digest_s_job_run_twice_sends_once(pool: Pool) -> None:
    vault = await vault_in(pool)
    person = ContactUpdated(member_id="m1", email="m1@example.com", name="Maria")
    judges = [
        Judge(lambda: pool, lambda: vault, Programmes(lambda: pool), "g", "c") for _ in range(2)
    ]
    for _ in range(2):  # read again, and decided again by whoever runs
        planned = plan([change()], {}, lambda version: PROGRAM)
        async with pool.acquire() as connection, connection.transaction():
            await write_contacts(connection, vault, [person], [])
            await store.write_balances(connection, planned.balances)
            await store.write_due(connection, planned.due)
        for judge in judges:
            await judge.run_once(TONIGHT, 100)
    assert await store.standing(pool) == {"decided": 1}


def test_novu_2628_a_digest_a_day_goes_at_a_fixed_time() -> None:
    program = replace(PROGRAM, messages=Messages(send_at=time(9)))
    changes = [
        change(version=n + 1, cause=cause(time=NOON + timedelta(hours=5 * n))) for n in range(6)
    ]
    due = plan(changes, {}, lambda version: program).due
    sends = []
    for one in due:
        candidate = Candidate("m1", "progress", one.day, None)
        sends.append(decide(candidate, program, Standing(True), one.ends_at).send_at)
    wall = [at.astimezone(program.zone) for at in sends if at is not None]
    assert [at.date() for at in wall] == [date(2026, 3, 4), date(2026, 3, 5)]
    assert {at.time() for at in wall} == {time(9)}


@pytest.mark.parametrize("program", ["mautic#6729", "mautic#10416"])
def test_mautic_caps_are_for_marketing_and_nothing_means_none(program: str) -> None:
    """#6729: caps hit transactional mail, and not marketing. #10416: 0 blocked everything."""
    capped = replace(PROGRAM, messages=Messages(cap=0))
    for kind in SERVICE:
        one = Candidate("m1", kind, NOON.date(), None)
        assert decide(one, capped, Standing(True), NOON).why_not == ""
    marketing = Candidate("m1", "progress", NOON.date(), None)
    assert "cap 0" in decide(marketing, capped, Standing(True), NOON).why_not


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_deltallm_260_quiet_hours_are_kept_through_every_change_of_clocks(
    zone: str, hour: int
) -> None:
    quiet, where = Quiet(time(22), time(7)), ZoneInfo(zone)
    for day in range(366):
        now = datetime(2026, 1, 1, hour, tzinfo=UTC) + timedelta(days=day)
        at = earliest(now, Messages(quiet=quiet), where, marketing=True)
        assert time(7) <= at.astimezone(where).time() < time(22)
        assert now <= at <= now + timedelta(hours=10)
