"""Contacts at rest: sealed, also those of an earlier release; gone with their key."""

import pytest

from headway.errors import UserError
from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.root import open_vault
from headway.stream.positions import Pool
from headway_notify.contacts.reading import Addressee, addressees_of
from headway_notify.contacts.strongroom import Strongroom
from headway_notify.permission import Permission
from headway_notify.reader import Reader
from tests.notify.desk import FORM, Desk, bounced, texts
from tests.notify.sealing import MASTER_KEY, vault_in
from tests.notify.test_store import decide, know

PERSON = ("maria.exampleperson@example.com", "María Exampleperson")


async def holding(pool: Pool, *wanted: str) -> set[str]:
    """Notify's tables that hold one of these texts in any dress."""
    tables = await pool.fetch("select tablename from pg_tables where schemaname = 'notify'")
    there = (
        "select exists (select from notify.{} as x, unnest($1::text[]) as t(text)"
        " where strpos(x::text, t.text) > 0 or strpos(to_jsonb(x)::text, t.text) > 0)"
    )
    names = [table["tablename"] for table in tables]
    dressed = texts(wanted)
    return {name for name in names if await pool.fetchval(there.format(name), dressed)}


async def test_no_table_shows_an_address_or_a_name(desk: Desk) -> None:
    email, name = PERSON
    await desk.contact(email=email, name=name)
    await desk.decided()
    assert await desk.claim()
    assert await holding(desk.pool, *PERSON) == set()
    await desk.pool.execute("insert into notify.contacts values ('m2', $1, $2, 'en')", *PERSON)
    assert await holding(desk.pool, *PERSON) == {"contacts"}, "the search itself must find"


async def test_who_is_written_to_is_read_back(desk: Desk) -> None:
    await desk.contact("m1", locale="fr", zone="Europe/Paris", marketing=True)
    await desk.contact("m2")
    async with desk.pool.acquire() as connection:
        assert await addressees_of(connection, desk.vault, ["m1", "m2", "m3"]) == {
            "m1": Addressee(Reader("Maria", "fr", "Europe/Paris"), Permission(True)),
            "m2": Addressee(Reader("Maria", "en-US", ""), Permission(None)),
        }
    await desk.client.post(await desk.link("m2"), content="do=stop", headers=FORM)
    await desk.tell(bounced("m1@example.com"))
    await desk.work_through()
    async with desk.pool.acquire() as connection:
        found = await addressees_of(connection, desk.vault, ["m1", "m2"])
    assert found["m1"].permission == Permission(True, suppressed="hard_bounce")
    assert found["m2"].permission == Permission(None, frozenset({"progress"}))


async def test_a_sender_that_does_not_say_changes_no_consent(desk: Desk) -> None:
    for told, kept in [(True, True), (None, True), (False, False), (None, False)]:
        await desk.contact(marketing=told)
        async with desk.pool.acquire() as connection:
            found = await addressees_of(connection, desk.vault, ["m1"])
        assert found["m1"].permission.marketing is kept


async def test_the_same_member_keeps_their_key_so_that_links_go_on(desk: Desk) -> None:
    await desk.contact()
    link = await desk.link()
    await desk.contact(email="new@example.com")
    assert (await desk.client.get(link)).status_code == 200


async def test_what_is_in_plain_text_is_sealed_before_anything_else(pool: Pool) -> None:
    await pool.execute(
        "insert into notify.contacts"
        " select 'm' || n, 'm' || n || '@example.com', 'Maria Exampleperson ' || n, 'de'"
        " from generate_series(1, 2500) as n"
    )
    room = Strongroom(lambda: pool, MASTER_KEY)
    await room.on_start()
    assert await pool.fetchval("select count(*) from notify.contacts where sealed is null") == 0
    assert await holding(pool, "@example.com", "Maria Exampleperson ") == set()
    async with pool.acquire() as connection:
        found = await addressees_of(connection, room.vault, [f"m{n}" for n in range(1, 2501)])
    assert {member: one.reader for member, one in found.items()} == {
        f"m{n}": Reader(f"Maria Exampleperson {n}", "de", "") for n in range(1, 2501)
    }
    await Strongroom(lambda: pool, MASTER_KEY).on_start()


async def test_a_row_is_either_sealed_or_plain_never_both(desk: Desk) -> None:
    await desk.contact()
    with pytest.raises(Exception, match="contacts_sealed_or_plain"):
        await desk.pool.execute("update notify.contacts set email = 'a@b', name = 'a'")


async def test_another_master_key_takes_over_and_the_former_is_not_needed_any_more(
    desk: Desk,
) -> None:
    await desk.contact()
    link, new = await desk.link(), new_master_key()
    await Strongroom(lambda: desk.pool, f"{new},{MASTER_KEY}").on_start()
    with pytest.raises(UserError, match="does not open"):
        await vault_in(desk.pool)
    async with desk.pool.acquire() as connection:
        vault = await open_vault(connection, MasterKeys.parse(new))
        assert (await addressees_of(connection, vault, ["m1"]))["m1"].reader.name == "Maria"
    assert vault.digest("m1@example.com") == desk.vault.digest("m1@example.com")
    assert (await desk.client.get(link)).status_code == 200


async def test_two_that_start_at_once_open_one_vault(pool: Pool) -> None:
    rooms = [Strongroom(lambda: pool, MASTER_KEY) for _ in range(5)]
    for room in rooms:
        await room.on_start()
    assert len({room.vault.digest("a@example.com") for room in rooms}) == 1


async def test_a_member_is_forgotten_with_key_choices_and_what_waits(desk: Desk) -> None:
    for member in ("m1", "m2"):
        await desk.contact(member)
    waiting, kept, sent = await desk.decided(), await desk.decided("m2"), await desk.link()
    assert (await desk.client.post(sent, data={"List-Unsubscribe": "One-Click"})).is_success
    await desk.forget("m1")
    for table in ("contacts", "member_keys", "balances", "movements", "preferences"):
        rows = await desk.pool.fetch(f"select * from notify.{table} where member_id = 'm1'")
        assert rows == [], table
    assert await desk.state(waiting) == ("skipped", "forgotten")
    assert [claimed.id for claimed in await desk.claim()] == [kept]
    assert (await desk.client.get(sent)).status_code == 404
    await desk.contact("m1")
    assert (await desk.client.get(sent)).status_code == 404, "a new key, so no old link"


@pytest.mark.parametrize(
    ("statement", "kind", "why"),
    [
        ("insert into notify.suppressions values ($1, 'complaint')", "reward_used",
         "suppressed: complaint"),
        ("insert into notify.preferences values ('m1', 'rewards', false, now(), 'page')"
         " returning $1::bytea", "reward_ready", "unwanted: rewards"),
        ("update notify.contacts set marketing = false where address_digest = $1", "progress",
         "no consent"),
    ],
)  # fmt: skip
async def test_what_was_refused_since_the_decision_is_not_sent(
    desk: Desk, statement: str, kind: str, why: str
) -> None:
    await desk.contact("m1")
    await desk.contact("m2")
    refused = await desk.decided("m1", kind)  # type: ignore[arg-type]
    other = await desk.decided("m2", kind)  # type: ignore[arg-type]
    await desk.pool.execute(statement, desk.vault.digest("m1@example.com"))
    assert [claimed.id for claimed in await desk.claim()] == [other]
    assert await desk.state(refused) == ("skipped", why)


async def test_a_refused_topic_or_consent_leaves_other_messages_alone(desk: Desk) -> None:
    await desk.contact(marketing=False)
    await desk.pool.execute(
        "insert into notify.preferences values ('m1', 'rewards', false, now(), 'page')"
    )
    number = await desk.decided(kind="reward_used")
    assert [claimed.id for claimed in await desk.claim()] == [number]


async def test_what_is_refused_is_not_even_decided(desk: Desk) -> None:
    """The same question, asked when a message is decided."""
    for member in ("m1", "m2"):
        await know(desk.pool, member)
    await desk.client.post(await desk.link("m1"), content="do=stop", headers=FORM)
    assert await decide(desk.pool) == {"decided": 1, "skipped": 1}
    (claimed,) = await desk.claim()
    assert claimed.member_id == "m2"
    why = "select reply from notify.notifications where state = 'skipped'"
    assert await desk.pool.fetchval(why) == "unwanted: progress"
