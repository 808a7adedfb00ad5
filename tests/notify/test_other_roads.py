"""Messages that no mail carries: no mail leaves, or nobody knows an address."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
from prometheus_client import REGISTRY

from headway.contracts.contact import ContactUpdated
from headway.ledger.programs import publish
from headway.program.messages import Kind
from headway.runtime.health import Health
from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.claiming import settle
from headway_notify.contacts.suppressing import suppress
from headway_notify.contacts.writing import write_contacts
from headway_notify.deciding import NO_MAIL_HERE, NO_MAIL_TO, Outlets
from headway_notify.judging import Judge
from headway_notify.permission import NO_CONTACT
from headway_notify.plan import Due, Latest
from headway_notify.programmes import Programmes
from headway_notify.roads.handovers import Handover, Handovers, Onward
from headway_notify.roads.unmailed import Unmailed
from headway_notify.store import NOT_MAILED, Outcome
from tests.notify.account import NOON, SHOES, change
from tests.notify.conftest import MailServer
from tests.notify.platforms import Platform, always, platform
from tests.notify.sealing import vault_in
from tests.notify.service import until
from tests.notify.test_delivery import DAY, TOPIC, sending

SECRET = "whsec_" + "bmV3" * 10
BESIDE = Outlets(mail=True, others=True)
HOOK = Handovers("webhook")


async def know(
    pool: Pool, member_id: str, *causes: str, kind: Kind | None = None, contact: bool = True,
    version: int = 1, **told: Any,
) -> None:  # fmt: skip
    """A member with messages that are due at NOON: marketing, and service without a contact."""
    kind = kind or ("progress" if contact else "welcome")
    person = ContactUpdated(member_id=member_id, email=f"{member_id}@example.com", name="M", **told)
    vault = await vault_in(pool)
    facts = change(member_id, program_version=version)[1]
    due = [Due(member_id, kind, cause, DAY, NOON, 1) for cause in causes or ("2026-03-03",)]
    async with pool.acquire() as connection, connection.transaction():
        await write_contacts(connection, vault, [person] if contact else [], [])
        await store.write_balances(connection, [Latest(member_id, (1, 1), None, facts)])
        await store.write_due(connection, due)


async def decide(pool: Pool, outlets: Outlets = BESIDE) -> dict[str, int]:
    vault, onward = await vault_in(pool), Onward(["webhook"], None)
    judge = Judge(
        lambda: pool, lambda: vault, Programmes(lambda: pool), "g", "c", onward, outlets
    )  # fmt: skip
    return dict(await judge.run_once(NOON, 100))


async def claim(pool: Pool, most: int = 100) -> list[Handover]:
    return list(
        await HOOK.claim(
            pool, uuid4(), lease=60, send_before=0, most=most, now=NOON + timedelta(days=1)
        )
    )


async def forget(pool: Pool, member_id: str) -> None:
    async with pool.acquire() as connection:
        await write_contacts(connection, await vault_in(pool), [], [member_id])


async def ends(pool: Pool) -> dict[str, tuple[str, str]]:
    """State and reply of each member's notification."""
    rows = await pool.fetch("select member_id, state, reply from notify.notifications")
    return {row["member_id"]: (row["state"], row["reply"]) for row in rows}


async def told(pool: Pool, number: int) -> None:
    """Wait until so many handovers have been taken."""
    count = "select count(*) = $1 from notify.handovers where state = 'sent'"
    await until(lambda: pool.fetchval(count, number))


def externals(server: Platform) -> Counter[str]:
    profiles = [one.json["data"]["attributes"]["profile"]["data"] for one in server.accepted]
    return Counter(str(profile["attributes"]["external_id"]) for profile in profiles)


async def test_without_mail_messages_go_by_the_other_roads_and_the_mail_s_end_is_told(
    pool: Pool, mail_server: MailServer
) -> None:
    await know(pool, "ann")
    await know(pool, "ben", contact=False)
    await know(pool, "cleo", marketing=False)
    async with (
        platform(always(204)) as hook,
        sending(
            pool, notify_mail="none", notify_roads="topic,webhook", webhook_url=hook.url,
            webhook_secrets=SECRET, smtp_port=mail_server.port,
        ) as health,
    ):  # fmt: skip
        await told(pool, 2)
        assert health.not_ready() == {}
    assert await ends(pool) == {
        "ann": ("skipped", NO_MAIL_HERE),
        "ben": ("skipped", NO_MAIL_TO),
        "cleo": ("skipped", "no consent"),
    }
    assert {one.json["data"]["member_id"] for one in hook.accepted} == {"ann", "ben"}
    assert mail_server.mails() == []
    rows = await pool.fetch("select value from outbox where topic = $1", TOPIC)
    events = [orjson.loads(row["value"]) for row in rows]
    assert Counter((one["type"], one["data"].get("road")) for one in events) == {
        ("notification.requested.v1", None): 2,
        ("notification.sent.v1", "webhook"): 2,
    }


async def test_who_has_no_contact_is_told_by_platforms_and_never_by_mail(
    pool: Pool, mail_server: MailServer
) -> None:
    await know(pool, "ann")
    await know(pool, "ben", contact=False)
    async with (
        platform(always(202)) as klaviyo,
        sending(
            pool, notify_roads="klaviyo", klaviyo_url=klaviyo.url, klaviyo_key="pk",
            klaviyo_email=True, smtp_port=mail_server.port,
        ),
    ):  # fmt: skip
        await told(pool, 2)
        await until(lambda: pool.fetchval("select bool_and(ended_at is not null) from"
                                          " notify.notifications"))  # fmt: skip
    assert externals(klaviyo) == {"ann": 1, "ben": 1}
    of = {orjson.loads(one.body)["data"]["attributes"]["profile"]["data"]["attributes"].get("email")
          for one in klaviyo.accepted}  # fmt: skip
    assert of == {"ann@example.com", None}
    assert [mail.recipients for mail in mail_server.mails()] == [("ann@example.com",)]
    found = await ends(pool)
    assert found["ann"][0] == "sent"
    assert found["ben"] == ("skipped", NO_MAIL_TO)


async def test_without_another_road_nothing_is_told_of_who_has_no_contact(pool: Pool) -> None:
    await know(pool, "ben", contact=False)
    assert await decide(pool, Outlets()) == {"skipped": 1}
    assert await ends(pool) == {"ben": ("skipped", "no contact is known")}
    assert await claim(pool) == []


@pytest.mark.parametrize("consent", ["assumed", "required"])
async def test_of_whom_nothing_is_known_nobody_said_that_they_agreed(
    pool: Pool, database: str, consent: str
) -> None:
    asked = SHOES.replace("from: 1990", "from: 1991")
    asked += f"\nmessages: {{kinds: [progress, welcome], consent: {consent}}}\n"
    version = await publish(database, asked)
    await know(pool, "ben", kind="progress", contact=False, version=version)
    await know(pool, "dan", "joined", kind="welcome", contact=False, version=version)
    assert await decide(pool) == {"skipped": 1, "decided": 1}
    assert (await ends(pool))["ben"] == ("skipped", "no consent")
    assert [one.member_id for one in await claim(pool)] == ["dan"]


async def test_who_refused_and_was_forgotten_is_told_no_marketing(pool: Pool) -> None:
    await know(pool, "cleo", marketing=False)
    await forget(pool, "cleo")
    await know(pool, "cleo", "later", kind="progress", contact=False)
    assert await decide(pool) == {"skipped": 1}
    last = "select reply from notify.notifications where cause = 'later'"
    assert await pool.fetchval(last) == "no consent"
    assert await claim(pool) == []


@pytest.mark.parametrize(("kind", "why"), [("progress", NO_CONTACT), ("welcome", "")])
def test_marketing_that_was_decided_without_a_contact_does_not_go(kind: Kind, why: str) -> None:
    """An earlier release decided so."""
    row: Any = {"kind": kind, "sealed": None, "without_contact": True, "latest": None}
    row["forgotten"] = False
    assert [one.why_not for one in settle([row])] == [why]


@pytest.mark.parametrize("outlets", [BESIDE, Outlets(mail=False, others=True)])
async def test_what_went_with_mail_or_without_counts_towards_the_cap(
    pool: Pool, database: str, outlets: Outlets
) -> None:
    capped = SHOES.replace("from: 1990", "from: 1991")
    version = await publish(database, capped + "\nmessages: {cap: {messages: 2, days: 7}}\n")
    await know(pool, "ben", "1", "2", version=version)
    assert await decide(pool, outlets) == {"decided": 2}
    await know(pool, "ben", "3", version=version)
    assert await decide(pool, outlets) == {"skipped": 1}


async def test_a_contact_that_came_meanwhile_is_asked(pool: Pool) -> None:
    await know(pool, "ann", contact=False)
    await know(pool, "ben", contact=False)
    await decide(pool)
    person = ContactUpdated(member_id="ann", email="ann@example.com", name="A")
    vault = await vault_in(pool)
    async with pool.acquire() as connection, connection.transaction():
        await write_contacts(connection, vault, [person], [])
        await suppress(connection, vault, "ann@example.com")
    assert [one.member_id for one in await claim(pool)] == ["ben"]
    assert await store.claim(pool, uuid4(), lease=60, send_before=0, most=9) == []


@pytest.mark.parametrize("contact", [True, False])
async def test_who_was_forgotten_is_told_by_no_road(pool: Pool, contact: bool) -> None:
    await know(pool, "ann", contact=contact)
    await know(pool, "ben", contact=contact)
    await decide(pool)
    (in_hands,) = await claim(pool, most=1)
    await forget(pool, "ann")
    await forget(pool, "ben")
    # What was in a sender's hands is put off and comes again.
    await HOOK.mark(pool, [Outcome(in_hands.id, in_hands.claim, "decided", "500", 0.0)])
    assert await claim(pool) == []
    rows = await pool.fetch("select state, reply from notify.handovers")
    assert {row["state"] for row in rows} == {"skipped"}


async def test_a_balance_that_comes_late_revives_nothing(pool: Pool) -> None:
    await know(pool, "ann", contact=False)
    await decide(pool)
    await forget(pool, "ann")
    facts = change("ann", version=2)[1]
    async with pool.acquire() as connection:
        await store.write_balances(connection, [Latest("ann", (1, 2), None, facts)])
    assert await claim(pool) == []
    assert await pool.fetchval("select reply from notify.handovers") == "forgotten"


@pytest.mark.parametrize("contact", [True, False])
async def test_a_road_that_fails_and_a_late_balance_together_revive_nothing(
    pool: Pool, contact: bool
) -> None:
    await know(pool, "ann", contact=contact)
    await decide(pool, Outlets(mail=False, others=True))
    (in_hands,) = await claim(pool)
    await forget(pool, "ann")
    await HOOK.mark(pool, [Outcome(in_hands.id, in_hands.claim, "decided", "500", 0.0)])
    # Under the old name a balance comes late, and even a new contact.
    await know(pool, "ann", "another")
    assert await claim(pool) == []
    row = await pool.fetchrow("select state, reply, forgotten from notify.handovers")
    assert tuple(row or ()) == ("skipped", "forgotten", True)


async def test_an_end_may_be_marked_as_forgotten_and_nothing_else_of_it(pool: Pool) -> None:
    await know(pool, "ann")
    await decide(pool)
    (one,) = await claim(pool)
    await HOOK.mark(pool, [Outcome(one.id, one.claim, "sent", "202")])
    await forget(pool, "ann")
    assert await pool.fetchval("select forgotten and reply = '202' from notify.handovers")
    for change_ in ("forgotten = false", "reply = 'x'", "reply = 'x', forgotten = true"):
        with pytest.raises(asyncpg.PostgresError, match="cannot go from sent to sent"):
            await pool.execute(f"update notify.handovers set {change_}")


async def test_what_waited_for_mail_when_it_was_switched_off_ends(pool: Pool) -> None:
    for member in ("waits", "held", "doubted"):
        await know(pool, member)
    await decide(pool, Outlets())
    claims = {
        one.member_id: one
        for one in await store.claim(pool, uuid4(), lease=0.01, send_before=0, most=9)
    }
    back, doubted = claims["waits"], claims["doubted"]
    await store.mark(
        pool,
        [
            Outcome(back.id, back.claim, "decided", "given back", 0.0, begun=False),
            Outcome(doubted.id, doubted.claim, "unknown", "silence", 60.0),
        ],
    )
    await until(lambda: pool.fetchval("select bool_and(claimed_until < now()) from"
                                      " notify.notifications where state = 'sending'"))  # fmt: skip
    unmailed = Unmailed(lambda: pool, Health())
    unsure = REGISTRY.get_sample_value("headway_notify_unsure_total") or 0.0
    assert await unmailed.run_once() == 2
    assert REGISTRY.get_sample_value("headway_notify_unsure_total") == unsure + 1
    assert await unmailed.run_once() == 0
    assert await ends(pool) == {
        "waits": ("skipped", NOT_MAILED),
        "held": ("unknown", "the sender stopped before it could say"),
        "doubted": ("unknown", "silence"),
    }
    again = await pool.fetchval("select count(next_attempt_at) from notify.notifications")
    assert again == 0
