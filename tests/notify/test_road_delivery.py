"""Notify as a whole with roads beside the mail: everything reaches an end, and once."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from headway.stream.positions import Pool
from headway.stream.topics_admin import create_topics
from headway_notify.deciding import NO_MAIL_HERE
from tests.cli.running import headway
from tests.notify.account import NOON, balance_event, cause, contact_event
from tests.notify.conftest import MailServer
from tests.notify.platforms import HANG, Platform, Received, Reply, always, platform
from tests.notify.service import Message, Place, rest, until

SECRET = "whsec_" + "bmV3" * 10
LATER = NOON + timedelta(days=30)
MEMBERS = [f"m{n}" for n in range(20)]
QUICK = {
    "ROAD_TIMEOUT": "1", "NOTIFY_BREAKER_SECONDS": "0.1", "NOTIFY_RETRY_SECONDS": "0.1",
    "KLAVIYO_KEY": "pk_secret", "KLAVIYO_RATE": "350", "WEBHOOK_SECRETS": SECRET,
}  # fmt: skip


@pytest.fixture
async def place(
    kafka: str, topics: str, database: str, pool: Pool, mail_server: MailServer, tmp_path: Path
) -> AsyncIterator[Place]:
    """Topics, a database with the programme, a mail server; and an end for all processes."""
    await create_topics(kafka, topics)
    found = Place(kafka, topics, database, mail_server, tmp_path)
    yield found
    found.end()


def day_of(members: list[str]) -> list[Message]:
    """Contacts, one change for each, and a clock that moves past the day."""
    changed = ("clock", *members)
    return [
        *(("member-contacts", member, contact_event(member)) for member in members),
        *(
            ("balance-changed", member, balance_event(
                member, cause=cause(time=LATER if member == "clock" else NOON)))
            for member in (*members, changed[0])
        ),
    ]  # fmt: skip


async def handed(pool: Pool, road: str, **expected: int) -> None:
    """Wait until exactly so many handovers of a road are in these states."""
    last: dict[str, int] = {}

    async def met() -> bool:
        nonlocal last
        rows = await pool.fetch(
            "select state, count(*) as n from notify.handovers where road = $1 group by state", road
        )
        last = {row["state"]: row["n"] for row in rows}
        return last == expected

    try:
        await until(met)
    except TimeoutError:
        raise AssertionError(f"wanted {expected}, it stays {last}") from None


def unique_id(request: Received) -> str:
    return str(request.json["data"]["attributes"]["unique_id"])


def troubled(server: Platform, request: Received) -> Reply:
    """Every answer that there is, before each is taken: 429, 500, silence after taking it."""
    tries = sum(unique_id(one) == unique_id(request) for one in server.received)
    which = MEMBERS.index(
        request.json["data"]["attributes"]["profile"]["data"]["attributes"]["external_id"]
    )
    if tries > 1:
        return 202, {}, b""
    answers: list[Reply] = [
        (429, {"Retry-After": "0.2"}, b""), (500, {}, b""), (202, {}, b""), HANG,
    ]  # fmt: skip
    return (400, {}, b"") if which == 19 else answers[which % 4]


async def test_each_road_is_told_once_whatever_the_platforms_answer(
    place: Place, pool: Pool
) -> None:
    await place.publish(day_of(MEMBERS))
    async with platform(troubled) as klaviyo, platform(always(204)) as hook:
        process = place.start(
            NOTIFY_ROADS="topic,klaviyo,webhook", KLAVIYO_URL=klaviyo.url, WEBHOOK_URL=hook.url,
            **QUICK,
        )  # fmt: skip
        await rest(pool, due=1, sent=20)
        await handed(pool, "webhook", sent=20)
        await handed(pool, "klaviyo", sent=19, failed=1)
        assert place.stop(process) == 0

    told = Counter(unique_id(one) for one in klaviyo.accepted)
    silent = {
        row["member_id"]
        for row in await pool.fetch(
            "select n.member_id from notify.handovers h join notify.notifications n"
            " on n.id = h.notification where h.unsure > 0"
        )
    }
    # Taken twice only where the answer never came, and Klaviyo drops those by their id.
    assert len(told) == 19
    assert silent == {"m3", "m7", "m11", "m15"}
    assert sum(told.values()) - 19 <= len(silent)
    messages = [Webhook(SECRET).verify(one.body, one.headers) for one in hook.accepted]
    assert Counter(one["data"]["member_id"] for one in messages) == Counter(MEMBERS)
    assert {one["data"]["notification_id"] for one in messages} >= set(told)

    events = [
        orjson.loads(row["value"])
        for row in await pool.fetch(
            "select value from outbox where topic = $1 order by shard, id",
            place.topics + "notifications",
        )
    ]
    assert Counter(
        (event["type"], event["data"].get("road")) for event in events
    ) == {
        ("notification.requested.v1", None): 20,
        ("notification.sent.v1", "smtp"): 20,
        ("notification.sent.v1", "webhook"): 20,
        ("notification.sent.v1", "klaviyo"): 19,
    }  # fmt: skip
    assert len({event["id"] for event in events}) == len(events)
    said = b"".join(
        [one.body for one in (*klaviyo.received, *hook.received)]
        + [orjson.dumps(event) for event in events]
        + [log.read_bytes() for log in place.folder.glob("notify-*.log")]
    )
    assert b"@" not in said.replace(b"rewards@example.com", b"")
    assert b"Maria" not in said
    assert b"pk_secret" not in said


async def test_without_mail_a_process_tells_platforms_alone_and_every_state_ends(
    place: Place, pool: Pool
) -> None:
    known, unknown = MEMBERS[:2], MEMBERS[2:4]
    changes = [one for one in day_of(MEMBERS[:4]) if one[:2] not in
               {("member-contacts", member) for member in unknown}]  # fmt: skip
    await place.publish(changes)
    async with platform(always(204)) as hook:
        process = place.start(
            NOTIFY_MAIL="none", NOTIFY_ROADS="webhook", WEBHOOK_URL=hook.url, SMTP_PORT="1", **QUICK
        )
        await rest(pool, due=1, skipped=4)
        await handed(pool, "webhook", sent=2)
        assert place.stop(process) == 0
    told = Counter(one.json["data"]["member_id"] for one in hook.accepted)
    assert told == Counter(known)
    assert place.mail.mails() == []
    replies = await pool.fetch(
        "select reply, array_agg(member_id order by member_id) from notify.notifications"
        " where state = 'skipped' group by reply"
    )
    assert dict(map(tuple, replies)) == {NO_MAIL_HERE: known, "no consent": unknown}


@pytest.mark.parametrize(
    "step",
    [
        "notify.after_send",
        pytest.param("notify.after_claim", marks=pytest.mark.proof),
        pytest.param("notify.after_mark", marks=pytest.mark.proof),
    ],
)
async def test_a_kill_at_any_step_ends_with_each_told(
    place: Place, pool: Pool, step: str
) -> None:  # fmt: skip
    await place.publish(day_of(MEMBERS))
    async with platform(always(202)) as klaviyo:
        settings = QUICK | {"NOTIFY_ROADS": "klaviyo", "KLAVIYO_URL": klaviyo.url}
        nth = ":7" if step == "notify.after_send" else ""
        process = place.start(FAIL_POINTS=step + nth, **settings)
        assert process.wait(60) == -9
        assert (place.folder / "fired" / step).exists()
        second = place.start(**settings)
        await rest(pool, due=1, sent=20)
        await handed(pool, "klaviyo", sent=20)
        assert place.stop(second) == 0
    told = Counter(unique_id(one) for one in klaviyo.accepted)
    assert len(told) == 20
    mailed = Counter(mail.recipients[0] for mail in place.mail.mails())
    assert len(mailed) == 20
    unsure = await pool.fetchrow(
        "select (select sum(unsure) from notify.notifications) as mails,"
        " (select sum(unsure) from notify.handovers) as handovers"
    )
    assert unsure is not None
    assert sum(told.values()) - 20 <= unsure["handovers"]
    assert sum(mailed.values()) - 20 <= unsure["mails"]


@pytest.mark.proof  # real processes and many commands: too long for each run of the suite
async def test_a_pause_stops_all_roads_and_a_resume_lets_them_go_on(
    place: Place, pool: Pool
) -> None:
    async with platform(always(204)) as hook:
        settings = QUICK | {"NOTIFY_ROADS": "webhook", "WEBHOOK_URL": hook.url}
        process = place.start(**settings)
        at: dict[str, Any] = {"postgres_dsn": place.database}
        assert "all is paused" in headway("notify", "pause", "--why", "a wrong price", **at)
        assert "paused already" in headway("notify", "pause", "--why", "again", **at)
        await place.publish(day_of(MEMBERS))
        await rest(pool, due=1, decided=20)
        await handed(pool, "webhook", decided=20)
        said = headway("notify", "status", **at)
        assert "paused: all" in said
        assert "a wrong price" in said
        assert (place.mail.mails(), hook.received) == ([], [])
        headway("notify", "pause", "--road", "webhook", "--why", "theirs is down", **at)
        assert "all goes on" in headway("notify", "resume", **at)
        await rest(pool, due=1, sent=20)
        assert hook.received == []
        headway("notify", "resume", "--road", "webhook", **at)
        await handed(pool, "webhook", sent=20)
        assert "was not paused" in headway("notify", "resume", "--road", "webhook", **at)
        assert place.stop(process) == 0
    acts = await pool.fetch("select act, target from audit_log order by entry")
    assert [tuple(act) for act in acts] == [
        ("notify.pause", "all"), ("notify.pause", "webhook"),
        ("notify.resume", "all"), ("notify.resume", "webhook"),
    ]  # fmt: skip


async def test_a_receiver_that_is_gone_stops_its_road_and_loses_nothing(
    place: Place, pool: Pool
) -> None:
    gone: list[bool] = [True]

    def answer(server: Platform, request: Received) -> Reply:
        return (410, {}, b"") if gone[0] else (200, {}, b"")

    await place.publish(day_of(MEMBERS))
    async with platform(answer) as hook:
        settings = QUICK | {"NOTIFY_ROADS": "webhook", "WEBHOOK_URL": hook.url}
        process = place.start(**settings, ROAD_SENDERS="1")
        await rest(pool, due=1, sent=20)
        await handed(pool, "webhook", decided=20)
        assert len(hook.received) == 1
        assert await pool.fetchval("select why from notify.pauses where road = 'webhook'")
        gone[0] = False
        headway("notify", "resume", "--road", "webhook", postgres_dsn=place.database)
        await handed(pool, "webhook", sent=20)
        assert place.stop(process) == 0


@pytest.mark.proof
async def test_what_failed_is_listed_shown_and_sent_again(place: Place, pool: Pool) -> None:
    refuse: list[bool] = [True]

    def answer(server: Platform, request: Received) -> Reply:
        return (400, {}, b"") if refuse[0] else (202, {}, b"")

    at: dict[str, Any] = {"postgres_dsn": place.database}
    await place.publish(day_of(["m1"]))
    async with platform(answer) as klaviyo:
        settings = QUICK | {"NOTIFY_ROADS": "klaviyo", "KLAVIYO_URL": klaviyo.url}
        process = place.start(**settings)
        await handed(pool, "klaviyo", failed=1)
        await rest(pool, due=1, sent=1)
        (row,) = orjson.loads(headway("notify", "failed", "list", "--json", **at))
        name = f"{row['notification']}:klaviyo"
        assert (row["member_id"], row["reply"], row["state"]) == ("m1", "400", "failed")
        assert name in headway("notify", "failed", "list", **at)
        shown = orjson.loads(headway("notify", "failed", "show", name, **at))
        assert orjson.loads(shown["facts"])["available"] == 150
        assert "@" not in str(shown)
        sent = str(row["notification"])
        assert "not to be sent again" in headway("notify", "failed", "replay", sent, code=2, **at)
        refuse[0] = False
        assert f"{name} goes again" in headway("notify", "failed", "replay", "--all", **at)
        await handed(pool, "klaviyo", sent=1)
        assert place.stop(process) == 0
    assert len(place.mail.mails()) == 1
    assert len({unique_id(one) for one in klaviyo.received}) == 1
    assert "Nothing failed" in headway("notify", "failed", "list", **at)
