"""Notify as a whole: messages on Kafka in, mails in a mail server out, each once."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from headway.stream.positions import Pool
from headway.stream.topics_admin import create_topics
from tests.notify.account import NOON, balance_event, cause, contact_event
from tests.notify.conftest import MailServer, start_mail_server
from tests.notify.service import Message, Place, dead_letters, rest, until

DAYS = [NOON + timedelta(days=n) for n in range(3)]
LATER = NOON + timedelta(days=30)


@pytest.fixture
async def place(
    kafka: str, topics: str, database: str, pool: Pool, mail_server: MailServer, tmp_path: Path
) -> AsyncIterator[Place]:
    """Topics, a database with the programme, a mail server; and an end for all processes."""
    await create_topics(kafka, topics)
    found = Place(kafka, topics, database, mail_server, tmp_path)
    yield found
    found.end()


def contact(member: str, **changes: str) -> Message:
    return "member-contacts", member, contact_event(member, **changes)


def changed(member: str, version: int, time: datetime, **changes: object) -> Message:
    event = balance_event(member, version=version, cause=cause(time=time), **changes)
    return "balance-changed", member, event


def the_clock_moves_on() -> Message:
    """A member without contact, whose event carries the stream past every other day."""
    return changed("clock", 1, LATER)


async def test_one_mail_a_member_and_day_and_none_with_stale_figures(
    place: Place, pool: Pool
) -> None:
    members = [f"m{n}" for n in range(20)]
    process = place.start()
    await place.publish(contact(member) for member in members)
    for number, day in enumerate(DAYS):
        await place.publish(
            changed(member, 2 * number + half, day + timedelta(hours=half), available=100 + half)
            for half in (1, 2)
            for member in members
        )
        await until(partial(_read_to_the_end, pool, 20 + 40 * (number + 1)))
    await place.publish([the_clock_moves_on()])
    await rest(pool, due=1, sent=60)
    assert place.stop(process) == 0

    mails = [mail.parse() for mail in place.mail.mails()]
    assert Counter((m["Headway-Member"], m["Headway-Business-Day"]) for m in mails) == Counter(
        (member, f"{day:%Y-%m-%d}") for member in members for day in DAYS
    )
    last = {f"{day:%Y-%m-%d}": 2 * number + 2 for number, day in enumerate(DAYS)}
    for mail in mails:
        # Never older than the day it is about; as late as what was known when it was decided.
        version = int(mail["Headway-Ledger-Version"].removeprefix("1."))
        assert last[mail["Headway-Business-Day"]] <= version <= 6
    assert len({mail["Message-ID"] for mail in mails}) == 60
    for mail in mails:
        assert json.loads(mail["Headway-Facts"]) == {
            "ready": ["five"],
            "saved": {"USD": 500},
            "next": {"id": "ten", "points": 200, "missing": 50},
            "goal": None,
        }


async def test_what_was_imported_is_not_mailed_and_what_comes_next_is(
    place: Place, pool: Pool
) -> None:
    brought = {**cause(), "source": "headway/import"}
    members = ["m1", "m2"]
    process = place.start()
    await place.publish(contact(member) for member in members)
    await place.publish(
        ("balance-changed", member, balance_event(member, cause=brought)) for member in members
    )
    await place.publish([changed("m2", 2, DAYS[1]), the_clock_moves_on()])
    await rest(pool, due=1, sent=1)
    assert place.stop(process) == 0
    (mail,) = place.mail.mails()
    assert mail.parse()["Headway-Member"] == "m2"


async def test_running_everything_again_sends_nothing_again(place: Place, pool: Pool) -> None:
    messages = [contact("m1"), changed("m1", 1, NOON), changed("m1", 2, DAYS[1])]
    process = place.start()
    await place.publish([*messages, the_clock_moves_on()])
    await rest(pool, due=1, sent=2)
    assert place.stop(process) == 0

    # The database forgets how far it was, and Kafka brings every message a second time.
    await pool.execute("delete from positions")
    process = place.start()
    await place.publish([*messages, the_clock_moves_on()])
    await until(partial(_read_to_the_end, pool, 8))
    assert place.stop(process) == 0
    assert len(place.mail.mails()) == 2


async def _read_to_the_end(pool: Pool, records: int) -> bool:
    return bool(
        await pool.fetchval(
            "select sum(next_offset) = $1 and bool_and(next_offset = log_end) from positions",
            records,
        )
    )


@pytest.mark.proof
async def test_a_kill_between_send_and_mark_doubles_only_what_it_says(
    place: Place, pool: Pool
) -> None:
    members = [f"m{n}" for n in range(50)]
    await place.publish([contact(member) for member in members])
    await place.publish([changed(member, 1, NOON) for member in members])
    await place.publish([the_clock_moves_on()])
    process = place.start(FAIL_POINTS="notify.after_send:20")
    assert process.wait(60) == -9
    assert (place.folder / "fired" / "notify.after_send").exists()
    second = place.start()
    await rest(pool, due=1, sent=50)
    assert place.stop(second) == 0

    sent = Counter(mail.recipients[0] for mail in place.mail.mails())
    assert len(sent) == 50
    doubles = sum(sent.values()) - 50
    unsure = await pool.fetchval("select sum(unsure) from notify.notifications")
    assert 1 <= doubles <= unsure
    by_id = Counter(mail.parse()["Message-ID"] for mail in place.mail.mails())
    assert sorted(by_id.values()) == sorted(sent.values())


async def test_under_the_policy_leave_nothing_doubles_and_what_is_unknown_stays(
    place: Place, pool: Pool
) -> None:
    await place.publish([contact("m1"), changed("m1", 1, NOON), the_clock_moves_on()])
    process = place.start(FAIL_POINTS="notify.after_send", NOTIFY_UNKNOWN="leave")
    assert process.wait(60) == -9
    second = place.start(NOTIFY_UNKNOWN="leave")
    await rest(pool, due=1, unknown=1)
    assert place.stop(second) == 0
    assert len(place.mail.mails()) == 1


@pytest.mark.proof
async def test_a_kill_before_the_commit_loses_and_doubles_nothing(place: Place, pool: Pool) -> None:
    await place.publish([contact("m1"), changed("m1", 1, NOON), the_clock_moves_on()])
    process = place.start(FAIL_POINTS="notify.before_commit")
    assert process.wait(60) == -9
    second = place.start()
    await rest(pool, due=1, sent=1)
    assert place.stop(second) == 0
    assert len(place.mail.mails()) == 1


async def test_two_processes_share_the_work_and_double_nothing(place: Place, pool: Pool) -> None:
    members = [f"m{n}" for n in range(300)]
    processes = [place.start(), place.start()]
    for process in processes:
        await until(partial(place.takes_part, process))
    await place.publish([contact(member) for member in members])
    await place.publish([changed(member, 1, NOON) for member in members])
    await place.publish([the_clock_moves_on()])
    await rest(pool, due=1, sent=300)
    assert [place.stop(process) for process in processes] == [0, 0]
    sent = Counter(mail.recipients[0] for mail in place.mail.mails())
    assert set(sent.values()) == {1}
    assert len(sent) == 300


async def test_every_kind_of_trouble_ends_as_stated(place: Place, pool: Pool) -> None:
    troubles = {
        "later": "once-refuse-451@example.com",
        "later-too": "once-refuse-data-452@example.com",
        "goes-away": "once-hang@example.com",
        "cut": "once-drop-data@example.com",
        "silent": "once-hang-data@example.com",
        "gone": "refuse-550@example.com",
        "unwanted": "refuse-data-554@example.com",
        "unmailable": "maría@example.com",
    }
    await place.publish([contact(member, email=email) for member, email in troubles.items()])
    await place.publish([changed(member, 1, NOON) for member in troubles])
    await place.publish([the_clock_moves_on()])
    process = place.start()
    await rest(pool, due=1, sent=5, failed=3)
    assert place.stop(process) == 0
    sent = Counter(mail.recipients[0] for mail in place.mail.mails())
    # Only where the server had the message and nobody could know is there a second one, counted.
    assert sent == {
        troubles["later"]: 1,
        troubles["later-too"]: 1,
        troubles["goes-away"]: 1,
        troubles["cut"]: 2,
        troubles["silent"]: 2,
    }
    unsure = await pool.fetch("select member_id from notify.notifications where unsure > 0")
    assert {row["member_id"] for row in unsure} == {"cut", "silent"}


async def test_mail_waits_for_a_mail_server_that_is_away(place: Place, pool: Pool) -> None:
    place.mail.stop()
    process = place.start()
    await place.publish([contact("m1"), changed("m1", 1, NOON), the_clock_moves_on()])
    await rest(pool, due=1, sending=1)
    back = start_mail_server(place.mail.folder, place.mail.port)
    try:
        await rest(pool, due=1, sent=1)
    finally:
        assert place.stop(process) == 0
        back.stop()
    assert len(back.mails()) == 1


async def test_erasure_reaches_notify_and_mails_end(place: Place, pool: Pool) -> None:
    process = place.start()
    await place.publish([contact("m1"), changed("m1", 1, NOON), changed("clock", 1, DAYS[1])])
    await rest(pool, due=1, sent=1)
    await place.publish([("member-contacts", "m1", None), changed("m1", 2, DAYS[2])])
    await place.publish([changed("clock", 2, LATER)])
    await rest(pool, due=1, sent=1, skipped=2)
    assert place.stop(process) == 0
    assert await pool.fetchval("select count(*) from notify.contacts") == 0


async def test_poison_is_dead_lettered_without_personal_data_and_reading_goes_on(
    place: Place, pool: Pool
) -> None:
    secret = b'{"specversion": "1.0", "email": "maria@example.com"'
    process = place.start()
    await place.publish(
        [
            ("member-contacts", "m1", secret),
            ("balance-changed", "m1", b"not json"),
            ("balance-changed", "m1", contact_event("m1")),
            contact("m1"),
            changed("m1", 1, NOON),
            the_clock_moves_on(),
        ]
    )
    await rest(pool, due=1, sent=1)
    assert place.stop(process) == 0
    letters = {
        (row["topic"].removeprefix(place.topics), row["reason"]): row["value"]
        for row in await dead_letters(pool)
    }
    assert letters == {
        ("member-contacts", "not-json"): None,
        ("balance-changed", "not-json"): b"not json",
        ("balance-changed", "unknown-type"): contact_event("m1"),
    }
    copies = await pool.fetch("select topic, headers, value from outbox")
    assert {copy["topic"] for copy in copies} == {place.topics + "notify-dead-letters"}
    (contacts,) = (copy for copy in copies if "member-contacts" in copy["headers"])
    assert contacts["value"] is None
    assert "maria" not in contacts["headers"]
    logs = "".join(log.read_text() for log in place.folder.glob("notify-*.log"))
    assert logs
    assert "maria@" not in logs


async def test_too_much_poison_stops_the_process_and_says_why(place: Place, pool: Pool) -> None:
    await place.publish(("balance-changed", f"m{n}", b"not json") for n in range(80))
    process = place.start()
    assert process.wait(60) == 1
    assert await dead_letters(pool) == []
    log = (place.folder / "notify-0.log").read_text()
    assert "for not-json: that is a deploy gone wrong" in log


async def test_the_system_clock_waits_for_the_end_of_the_day(place: Place, pool: Pool) -> None:
    now = datetime.now(UTC)
    process = place.start(CLOCK="system")
    before = changed("m1", 1, now - timedelta(days=2))
    await place.publish([contact("m1"), before, changed("m1", 2, now)])
    await rest(pool, due=1, sent=1)
    assert place.stop(process) == 0
    (mail,) = place.mail.mails()
    assert mail.parse()["Headway-Ledger-Version"] in ("1.1", "1.2")
