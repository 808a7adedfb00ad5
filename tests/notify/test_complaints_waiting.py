"""What others' users complained of when something changed while a message waited."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from headway.contracts.contact import ContactUpdated
from headway.ledger.programs import publish
from headway.program.loading import load_program
from headway.program.messages import Messages
from headway.stream.positions import Pool
from headway_notify import store
from headway_notify.checking import chosen
from headway_notify.compose import Composer
from headway_notify.contacts.writing import write_contacts
from headway_notify.judging import Judge
from headway_notify.mime import Sender
from headway_notify.plan import Plan, plan
from headway_notify.programmes import Programmes
from tests.notify.account import NOON, PROGRAM, SHOES, cause, change
from tests.notify.desk import Desk
from tests.notify.sealing import vault_in

TONIGHT = datetime(2026, 3, 4, 5, tzinfo=UTC)
"""The end of NOON's day in New York."""
CHANGED_AT = NOON + timedelta(hours=1)
LATER = SHOES.replace("from: 1990-01-01T00:00:00Z", f"from: {CHANGED_AT:%Y-%m-%dT%H:%M:%SZ}")


async def compose(desk: Desk, folder: Path | None) -> EmailMessage:
    """The one mail that waits, by the templates of a folder."""
    composer = Composer(
        Programmes(lambda: desk.pool), lambda: desk.vault, Sender.parse("R <r@example.com>"),
        templates=chosen(folder),
    )  # fmt: skip
    (mail,) = await desk.claim()
    contact = desk.vault.open(mail.member_id, mail.sealed, mail.wrapped)
    made = message_from_bytes(await composer.compose(mail, contact, contact.email), policy=default)
    assert isinstance(made, EmailMessage)
    return made


async def test_novu_template_edits_reach_what_was_delayed_and_the_mail_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    """“An edit of the template changes messages that were delayed”: ours are worded by the
    templates there are when they go, with the figures that were frozen, and name their version."""
    await desk.contact()
    await desk.decided()
    before = await compose(desk, None)
    await desk.pool.execute(
        "update notify.notifications set state = 'decided', claim = null, next_attempt_at = now()"
    )
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/progress.txt").write_text(
        "Subject: Mended\nPreheader: {{ points(available) }}\n\nDear {{ name }}.\n"
    )
    after = await compose(desk, tmp_path)
    assert before["Subject"] != "Mended"
    assert after["Subject"] == "Mended"
    assert before["Headway-Template"] != after["Headway-Template"]
    for kept in ("Message-ID", "Headway-Ledger-Version", "Headway-Facts"):
        assert before[kept] == after[kept]


async def hear(pool: Pool, planned: Plan) -> None:
    """Member m1 changed."""
    person = ContactUpdated(member_id="m1", email="m1@example.com", name="Maria")
    async with pool.acquire() as connection, connection.transaction():
        await write_contacts(connection, await vault_in(pool), [person], [])
        await store.write_balances(connection, planned.balances)
        await store.write_moved(connection, planned.moved)
        await store.write_due(connection, planned.due)


async def decide(pool: Pool, now: datetime) -> Sequence[str]:
    """Decide what is due; the causes of what goes by then."""
    vault = await vault_in(pool)
    await Judge(lambda: pool, lambda: vault, Programmes(lambda: pool), "g", "c").run_once(now, 100)
    rows = await pool.fetch(
        "select cause from notify.notifications where state = 'decided' order by id"
    )
    return [row["cause"] for row in rows]


async def test_novu_a_changed_digest_window_leaves_the_open_digest_as_it_was_promised(
    pool: Pool, database: str
) -> None:
    """“Changing the window leaves the open digest on the old one”: so it does, and nothing is lost
    or told by both. What happens from the change on is told by the new one."""
    at_once = LATER + "\nmessages: {progress: {digest: none}}\n"
    number = await publish(database, at_once)
    programs = {1: PROGRAM, number: load_program(at_once, version=number)}
    await hear(pool, plan([change()], {}, programs.__getitem__))
    assert await decide(pool, CHANGED_AT) == []
    second = change(version=2, program_version=number, cause=cause(time=CHANGED_AT), available=160)
    await hear(pool, plan([second], {}, programs.__getitem__))
    assert await decide(pool, CHANGED_AT) == ["1.2"]
    assert await decide(pool, TONIGHT - timedelta(microseconds=1)) == ["1.2"]
    assert await decide(pool, TONIGHT) == ["2026-03-03", "1.2"]
    # With the account as it is when the day is over, never as it was when the digest was opened.
    facts = "select facts::text from notify.notifications where cause = '2026-03-03'"
    assert orjson.loads(await pool.fetchval(facts))["available"] == 160
    assert len(await store.claim(pool, uuid4(), lease=60, send_before=0, most=9)) == 2


def test_novu_a_digest_that_is_switched_on_takes_what_comes_from_then_on() -> None:
    at_once = replace(PROGRAM, messages=Messages(digest=False))
    changes = [
        change(version=n, program_version=1 + (n > 2), cause=cause(time=NOON + timedelta(hours=n)))
        for n in (1, 2, 3, 4)
    ]
    due = plan(changes, {}, {1: at_once, 2: PROGRAM}.__getitem__).due
    assert sorted(one.cause for one in due) == ["1.1", "1.2", "2026-03-03"]


@pytest.mark.parametrize(
    ("months", "then", "period", "told"),
    [
        # The month that was open ends when it was to end, though quarters are told from now on.
        (1, 3, (date(2026, 3, 1), date(2026, 3, 31)), 180),
        # And the quarter, though months are.
        (3, 1, (date(2026, 1, 1), date(2026, 3, 31)), 180),
    ],
)
async def test_novu_an_open_statement_keeps_its_period_when_the_programme_s_changes(
    pool: Pool, database: str, months: int, then: int, period: tuple[date, date], told: int
) -> None:
    def text(document: str, length: int) -> str:
        return document + f"\nmessages: {{kinds: [statement], statement_months: {length}}}\n"

    documents = [text(SHOES.replace("1990-01", "1991-01"), months), text(LATER, then)]
    numbers = [await publish(database, document) for document in documents]
    programs = {
        number: load_program(document, version=number)
        for number, document in zip(numbers, documents, strict=True)
    }
    first = change(program_version=numbers[0], moved={"earn": told})
    # The account goes on under the new version; nothing of it moves in the period.
    second = change(version=2, program_version=numbers[1], cause=cause(time=CHANGED_AT))
    await hear(pool, plan([first], {}, programs.__getitem__))
    await hear(pool, plan([second], {}, programs.__getitem__))
    assert await decide(pool, datetime(2026, 4, 1, 4, tzinfo=UTC)) == [period[0].isoformat()]
    detail = orjson.loads(await pool.fetchval("select detail::text from notify.notifications"))
    assert (detail["first"], detail["last"]) == tuple(map(str, period))
    assert (detail["earned"], detail["closing"]) == (told, 180)
