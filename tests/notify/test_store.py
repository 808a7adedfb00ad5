"""A notification's life in the database: decided once, claimed by one, never from an end."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import uuid4

import asyncpg
import orjson
import pytest

from headway.contracts.contact import ContactUpdated
from headway.ledger.queries import load
from headway.program.messages import SERVICE
from headway.stream.positions import Pool
from headway_notify import failures, pausing, store
from headway_notify.contacts.writing import write_contacts
from headway_notify.judging import Judge
from headway_notify.plan import Due, Latest
from headway_notify.programmes import Programmes
from headway_notify.store import Claimed, Outcome
from tests.notify.account import change
from tests.notify.sealing import vault_in

DAY = date(2026, 3, 3)
END = datetime(2026, 3, 4, 5, tzinfo=UTC)
QUERIES = load("headway_notify", "queries.sql")
GROUP, CONTACTS = "headway-notify", "headway.member-contacts"


async def know(
    pool: Pool, member_id: str = "m1", *, version: int = 1, contact: bool = True, **changes: object
) -> None:
    """A member whose account changed on DAY."""
    facts = change(member_id, version=version, **changes)[1]
    person = ContactUpdated(member_id=member_id, email=f"{member_id}@example.com", name="Maria")
    vault = await vault_in(pool)
    async with pool.acquire() as connection, connection.transaction():
        await write_contacts(connection, vault, [person] if contact else [], [])
        await store.write_balances(connection, [Latest(member_id, (1, version), None, facts)])
        await store.write_due(
            connection, [Due(member_id, "progress", DAY.isoformat(), DAY, END, 1)]
        )


async def judge(pool: Pool) -> Judge:
    vault, programmes = await vault_in(pool), Programmes(lambda: pool)
    await programmes.need({1})
    return Judge(lambda: pool, lambda: vault, programmes, GROUP, CONTACTS)


async def decide(pool: Pool, now: datetime = END) -> dict[str, int]:
    return dict(await (await judge(pool)).run_once(now, 100))


async def claim(pool: Pool, most: int = 100, lease: float = 60) -> list[Claimed]:
    return await store.claim(pool, uuid4(), lease=lease, send_before=0, most=most)


async def states(pool: Pool) -> dict[str, int]:
    return await store.standing(pool)


@pytest.fixture
async def claimed(pool: Pool) -> Claimed:
    """One mail in the hands of a sender."""
    await know(pool)
    await decide(pool)
    (mail,) = await claim(pool)
    return mail


async def test_a_mail_is_decided_when_its_day_is_over_with_the_latest_version(pool: Pool) -> None:
    await know(pool, version=1)
    assert await decide(pool, END - timedelta(microseconds=1)) == {}
    await know(pool, version=2)
    assert await decide(pool) == {"decided": 1}
    await know(pool, version=3)
    assert await decide(pool) == {}
    (mail,) = await claim(pool)
    assert '"version":2' in mail.facts
    contact = (await vault_in(pool)).open("m1", mail.sealed, mail.wrapped)
    assert (mail.day, contact.email, contact.name) == (DAY, "m1@example.com", "Maria")


async def test_a_member_without_contact_is_skipped_for_good(pool: Pool) -> None:
    await know(pool, contact=False)
    assert await decide(pool) == {"skipped": 1}
    await know(pool)
    assert await decide(pool) == {}
    assert await claim(pool) == []


async def test_nobody_is_skipped_while_contacts_are_still_being_read(pool: Pool) -> None:
    await know(pool, contact=False)
    position = "insert into positions values ($1, $2, 0, $3, 10) on conflict on constraint"
    position += " positions_pkey do update set next_offset = excluded.next_offset"
    await pool.execute(position, GROUP, CONTACTS, 4)
    assert await decide(pool) == {}
    await know(pool, "m2")
    assert await decide(pool) == {"decided": 1}
    await pool.execute(position, GROUP, CONTACTS, 10)
    assert await decide(pool) == {"skipped": 1}


@pytest.mark.parametrize(
    ("left", "outcome"), [(DAY, "skipped"), (DAY + timedelta(days=1), "decided"), (None, "decided")]
)
async def test_who_left_by_that_day_hears_nothing_more(
    pool: Pool, left: date | None, outcome: str
) -> None:
    await know(pool)
    await pool.execute("update notify.balances set left_day = $1", left)
    assert await decide(pool) == {outcome: 1}


async def test_a_member_forgotten_after_the_decision_is_skipped(pool: Pool) -> None:
    await know(pool)
    await decide(pool)
    async with pool.acquire() as connection:
        await write_contacts(connection, await vault_in(pool), [], ["m1"])
    assert await claim(pool) == []
    assert await states(pool) == {"skipped": 1}
    left = await pool.fetchval("select string_agg(n::text, '') from notify.notifications n")
    assert "@" not in left


async def test_processes_at_once_decide_and_claim_each_mail_once(pool: Pool) -> None:
    for number in range(60):
        await know(pool, f"m{number}")
    judges = [await judge(pool) for _ in range(12)]
    decided = await asyncio.gather(*(one.run_once(END, 7) for one in judges))
    assert sum(counts.get("decided", 0) for counts in decided) == 60
    claims = await asyncio.gather(*(claim(pool, most=7) for _ in range(12)))
    taken = [mail.id for part in claims for mail in part]
    assert len(taken) == len(set(taken)) == 60


async def test_a_claim_that_ran_out_is_unknown_and_sent_again_only_by_policy(pool: Pool) -> None:
    await know(pool)
    await decide(pool)
    (first,) = await claim(pool, lease=0.01)
    await asyncio.sleep(0.05)
    assert await store.lapse(pool, resend=True) == 1
    assert await states(pool) == {"unknown": 1}
    (second,) = await claim(pool, lease=0.01)
    assert (second.id, second.tries_before) == (first.id, 1)
    await asyncio.sleep(0.05)
    assert await store.lapse(pool, resend=False) == 1
    assert await claim(pool) == []
    unsure = await pool.fetchval("select unsure from notify.notifications")
    assert unsure == 2


async def test_a_late_answer_settles_an_unknown_mail_until_another_takes_it(
    pool: Pool,
) -> None:
    await know(pool)
    await decide(pool)
    (frozen,) = await claim(pool, lease=0.01)
    await asyncio.sleep(0.05)
    await store.lapse(pool, resend=True)
    (other,) = await claim(pool)
    await store.mark(pool, [Outcome(frozen.id, frozen.claim, "failed", "late")])
    assert await states(pool) == {"sending": 1}
    await store.mark(pool, [Outcome(other.id, other.claim, "unknown", "silence", None)])
    await store.mark(pool, [Outcome(other.id, other.claim, "sent", "message: 250")])
    assert await states(pool) == {"sent": 1}


@pytest.mark.parametrize(
    ("state", "wait", "again"),
    [
        ("sent", None, False),
        ("failed", None, False),
        ("unknown", None, False),
        ("unknown", 0.0, True),
        ("decided", 0.0, True),
        ("decided", 60.0, False),
    ],
)
async def test_what_comes_after_a_try(
    pool: Pool, claimed: Claimed, state: str, wait: float | None, again: bool
) -> None:
    await store.mark(pool, [Outcome(claimed.id, claimed.claim, state, "said", wait)])
    assert await states(pool) == {state: 1}
    assert bool(await claim(pool)) is again


@pytest.mark.parametrize("end", ["sent", "failed"])
async def test_an_end_is_an_end(pool: Pool, claimed: Claimed, end: str) -> None:
    await store.mark(pool, [Outcome(claimed.id, claimed.claim, end, "said")])
    for state in ("due", "decided", "sending", "unknown", "skipped", end):
        with pytest.raises(asyncpg.PostgresError) as caught:
            await pool.execute("update notify.notifications set state = $1", state)
        assert caught.value.sqlstate == "HW002"


async def test_a_step_that_the_drawing_lacks_is_refused(pool: Pool) -> None:
    await know(pool)
    with pytest.raises(asyncpg.PostgresError, match="cannot go from due to sent"):
        await pool.execute("update notify.notifications set state = 'sent', ended_at = now()")


async def test_a_decided_mail_without_its_facts_is_refused(pool: Pool) -> None:
    await know(pool)
    with pytest.raises(asyncpg.CheckViolationError, match="notifications_decided_is_frozen"):
        await pool.execute(
            "update notify.notifications set state = 'decided', next_attempt_at = now()"
        )


async def test_an_older_version_never_overwrites_a_later_one(pool: Pool) -> None:
    await know(pool, version=5)
    await know(pool, version=4)
    assert await pool.fetchval("select version from notify.balances") == 5


async def test_looking_for_work_reads_indexes_and_not_the_past(pool: Pool) -> None:
    await pool.execute(
        "insert into notify.notifications (member_id, kind, cause, business_day, state, ends_at,"
        " ended_at) select 'm' || n, 'progress', $1::date::text, $1, 'skipped', $2, now()"
        " from generate_series(1, 5000) as n",
        DAY,
        END,
    )
    await pool.execute("analyze notify.notifications")
    looks: list[tuple[str, str, list[object]]] = [
        ("take_due", "notifications_by_end_of_day", [END, 100, GROUP, CONTACTS]),
        ("take_ready", "notifications_to_send", [END, 100]),
        ("lapse", "notifications_claimed", [True]),
    ]
    for name, index, arguments in looks:
        lines = await pool.fetch(f"explain {QUERIES[name]}", *arguments)
        plan = "\n".join(line[0] for line in lines)
        assert index in plan
        assert "Seq Scan on notifications" not in plan


async def test_service_messages_go_before_marketing_and_nothing_before_its_time(
    pool: Pool,
) -> None:
    kinds = ["progress", "reward_used", "reward_ready", "points_expiring"]
    for number, kind in enumerate(kinds):
        await know(pool, f"m{number}")
        await pool.execute(
            "update notify.notifications set kind = $1, detail = $2 where member_id = $3",
            kind, DETAIL.get(kind, "{}"), f"m{number}",
        )  # fmt: skip
    await decide(pool)
    await pool.execute(
        "update notify.notifications set send_at = $1 where member_id = 'm3'",
        END + timedelta(hours=3),
    )
    first = await store.claim(pool, uuid4(), lease=60, send_before=0, most=1, now=END)
    rest = await store.claim(pool, uuid4(), lease=60, send_before=0, most=9, now=END)
    assert [mail.kind for mail in first] == ["reward_used"]
    assert sorted(mail.kind for mail in rest) == ["progress", "reward_ready"]
    late = END + timedelta(hours=3)
    (last,) = await store.claim(pool, uuid4(), lease=60, send_before=0, most=9, now=late)
    assert last.kind == "points_expiring"


def test_the_database_knows_the_same_service_kinds() -> None:
    text = files("headway.ledger").joinpath("migrations/0018_certificate_message.sql").read_text()
    found = re.search(r"case when kind in \((.*?)\)\s+then 0", text, re.DOTALL)
    assert found is not None
    assert {part.strip(" '\n") for part in found[1].split(",")} == SERVICE


DETAIL = {
    "reward_ready": '{"reward_id": "five"}',
    "reward_used": '{"redemption_id": "r", "reward_id": "five", "points": 1, "value_minor": 1,'
    ' "currency": "USD"}',
    "certificate_issued": '{"redemption_id": "crt_1_2", "reward_id": "five", "points": 100,'
    ' "value_minor": 500, "currency": "USD"}',
    "points_expiring": '{"points": 120, "at": "2027-01-01T00:00:00Z"}',
}


async def test_what_has_been_overtaken_when_it_is_decided_is_skipped_or_put_right(
    pool: Pool,
) -> None:
    issued = {"redemption_id": "crt_1_2", "reward_id": "five", "points": 100, "value_minor": 500,
              "currency": "USD"}  # fmt: skip
    await know(pool)
    async with pool.acquire() as connection:
        await store.write_due(
            connection,
            [
                Due("m1", "certificate_issued", "crt_1_2", DAY, END, 1, orjson.dumps(issued)),
                Due("m1", "certificate_issued", "crt_1_9", DAY, END, 1,
                    orjson.dumps(issued | {"redemption_id": "crt_1_9"})),
                Due("m1", "points_expiring", "p", DAY, END, 1,
                    b'{"points": 120, "at": "2027-01-01T00:00:00Z"}'),
            ],
        )  # fmt: skip
        facts = change("m1", version=2, available=70, certificates=["crt_1_9"])[1]
        await store.write_balances(connection, [Latest("m1", (1, 2), None, facts)])
    await decide(pool)
    kept = {
        row["cause"]: row
        for row in await pool.fetch("select cause, state, reply, detail from notify.notifications")
    }
    assert (kept["crt_1_2"]["state"], kept["crt_1_2"]["reply"]) == (
        "skipped", "overtaken by what came after it",
    )  # fmt: skip
    assert kept["crt_1_9"]["state"] == "decided"
    assert orjson.loads(kept["p"]["detail"])["points"] == 70


async def _waits(pool: Pool, kind: str, **latest: object) -> list[Claimed]:
    """One message of a kind that is decided, then its member's account goes on; claimed."""
    await know(pool, certificates=["crt_1_2"])
    await pool.execute(
        "update notify.notifications set kind = $1, detail = $2", kind, DETAIL.get(kind, "{}")
    )
    await decide(pool)
    facts = change("m1", version=2, **latest)[1]
    async with pool.acquire() as connection:
        await store.write_balances(connection, [Latest("m1", (1, 2), None, facts)])
    return await claim(pool)


async def test_what_waited_is_brought_up_to_date_before_its_first_try(pool: Pool) -> None:
    (mail,) = await _waits(pool, "points_expiring", available=70)
    assert '"version":2' in mail.facts
    assert '"points":70' in mail.detail
    kept = await pool.fetchrow(
        "select version, facts::text, detail::text from notify.notifications"
    )
    assert tuple(kept or ()) == (2, mail.facts, mail.detail)
    await store.mark(pool, [Outcome(mail.id, mail.claim, "decided", "later", 0.0)])
    facts = change("m1", version=3, available=10)[1]
    async with pool.acquire() as connection:
        await store.write_balances(connection, [Latest("m1", (1, 3), None, facts)])
    (again,) = await claim(pool)
    assert (again.facts, again.detail) == (mail.facts, mail.detail)


async def test_what_was_overtaken_is_dropped_and_progress_stays_as_of_its_day(pool: Pool) -> None:
    assert await _waits(pool, "reward_ready", rewards_ready=[]) == []
    assert await states(pool) == {"skipped": 1}
    reply = await pool.fetchval("select reply from notify.notifications")
    assert reply == "overtaken by what came after it"


async def test_a_certificate_taken_back_before_its_message_went_is_not_told_of(pool: Pool) -> None:
    assert await _waits(pool, "certificate_issued", certificates=["crt_1_9"]) == []
    assert await states(pool) == {"skipped": 1}


async def test_a_certificate_still_held_is_told_of(pool: Pool) -> None:
    (mail,) = await _waits(pool, "certificate_issued", certificates=["crt_1_2", "crt_1_9"])
    assert '"version":2' in mail.facts


async def test_progress_stays_as_of_its_day(pool: Pool) -> None:
    (mail,) = await _waits(pool, "progress", available=1)
    assert '"version":1' in mail.facts


async def test_what_is_given_back_was_no_try(pool: Pool, claimed: Claimed) -> None:
    back = Outcome(claimed.id, claimed.claim, "decided", "given back", 0.0, begun=False)
    await store.mark(pool, [back])
    (again,) = await claim(pool)
    assert again.tries_before == 0


async def test_nothing_is_claimed_while_mail_is_paused(pool: Pool) -> None:
    await know(pool)
    await decide(pool)
    for road in ("mail", "all"):
        assert await pausing.pause(pool, road, "a wrong price", "somebody")
        assert not await pausing.pause(pool, road, "another reason", "somebody")
        assert await claim(pool) == []
        assert await pausing.resume(pool, road)
    assert await pausing.pause(pool, "klaviyo", "theirs", "somebody")
    assert len(await claim(pool)) == 1


async def test_a_failed_mail_is_decided_again_only_by_a_replay(
    pool: Pool, claimed: Claimed
) -> None:
    await store.mark(pool, [Outcome(claimed.id, claimed.claim, "failed", "RCPT: 550")])
    with pytest.raises(asyncpg.PostgresError, match="cannot go from failed to decided"):
        await pool.execute(
            "update notify.notifications set state = 'decided', ended_at = null,"
            " next_attempt_at = now(), replayed_at = now()"
        )
    name = failures.Name(claimed.id, "mail")
    async with pool.acquire() as connection:
        (listed,) = await failures.listed(connection, road=None, limit=5)
        assert (listed["reply"], listed["member_id"]) == ("RCPT: 550", "m1")
        async with connection.transaction():
            assert await failures.replay(connection, [name]) == [name]
        async with connection.transaction():
            assert await failures.replay(connection, [name]) == []
    (again,) = await claim(pool)
    assert again.id == claimed.id
