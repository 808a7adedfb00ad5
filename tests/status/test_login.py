"""Who may read, who may act, and what another site can make a browser send."""

import asyncpg
import pytest

from headway.access.audit import operator
from headway.access.keys import id_in
from headway.access.scopes import Scope
from headway.access.store import revoke
from headway.status.login import is_loopback, local_path, password_in, same_origin
from tests.earn.kit import Topics, earning
from tests.status.kit import basic, key
from tests.status.pages import HERE, served

OPEN = ["/live", "/ready", "/metrics", "/static/page.css"]
READ = ["/", "/api/status", "/dead-letters", "/api/dead-letters", "/dead-letters/1",
        "/api/dead-letters/1", "/members", "/members/m", "/api/members/m", "/runbook"]  # fmt: skip
OURS = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(("headers", "ours"), [
    ({}, False),
    ({"origin": HERE, "host": "localhost:8090"}, True),
    ({"origin": HERE, "host": "localhost:8091"}, False),
    ({"origin": "http://evil.example", "host": "localhost:8090"}, False),
    ({"origin": "null", "host": "localhost:8090"}, False),
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "same-site", "origin": HERE, "host": "localhost:8090"}, False),
    ({"sec-fetch-site": "cross-site", "origin": HERE, "host": "localhost:8090"}, False),
    ({"sec-fetch-site": "none"}, False),
])  # fmt: skip
def test_only_what_our_own_pages_send_is_taken(headers: dict[str, str], ours: bool) -> None:
    assert same_origin(headers) is ours


@pytest.mark.parametrize(("wanted", "path"), [
    ("/dead-letters/5?a=b", "/dead-letters/5?a=b"), ("//evil.example", "/"), ("/\\evil", "/"),
    ("https://evil.example/", "/"), ("", "/"), ("javascript:alert(1)", "/"), ("/a\nb", "/"),
])  # fmt: skip
def test_after_logging_in_one_stays_on_this_site(wanted: str, path: str) -> None:
    assert local_path(wanted) == path


def test_a_password_is_what_stands_behind_the_first_colon() -> None:
    assert password_in(basic("a:b")["Authorization"]) == "a:b"
    for wrong in ("", "Bearer x", "Basic !", "Basic " + "A" * 600, "Basic /w=="):
        assert password_in(wrong) is None


def test_addresses_that_only_this_machine_reaches() -> None:
    assert [is_loopback(bind) for bind in ("127.0.0.1", "::1", "localhost", "127.0.0.9")] == [
        True
    ] * 4
    assert [is_loopback(bind) for bind in ("0.0.0.0", "::", "10.0.0.1", "status")] == [False] * 4


async def test_on_loopback_everybody_reads_by_its_own_names_and_nobody_acts(
    database: str,
) -> None:
    async with earning(database) as earn, served(database) as pages:
        await earn.apply(Topics().raw(b"{"), *(Topics().join(f"g{n}") for n in range(6)))
        await earn.apply(Topics().join("m"))
        for path in OPEN + READ:
            assert (await pages.client.get(path)).status_code == 200
        # A name that somebody has pointed here: a browser would be made to read for them.
        for path in READ:
            elsewhere = await pages.client.get(path, headers={"Host": "rebound.example"})
            assert elsewhere.status_code == 401, path
        refused = await pages.client.post("/dead-letters/1", headers=OURS)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")


async def test_elsewhere_reading_needs_its_scope_and_only_probes_are_open(database: str) -> None:
    reads, writes = await key(database, Scope.ADMIN_READ), await key(database, Scope.ADMIN_WRITE)
    async with earning(database) as earn, served(database, "0.0.0.0") as pages:
        await earn.apply(Topics().raw(b"{"), *(Topics().join(f"g{n}") for n in range(6)))
        await earn.apply(Topics().join("m"))
        for path in OPEN:
            assert (await pages.client.get(path)).status_code == 200
        for path in [*READ, "/events"]:
            assert (await pages.client.get(path)).status_code == 401, path
            wrong = await pages.client.get(path, headers=basic(writes))
            assert wrong.status_code == 403, path
            if path != "/events":
                assert (await pages.client.get(path, headers=basic(reads))).status_code == 200, path


async def test_a_key_that_is_not_good_opens_nothing_and_one_that_was_revoked_neither(
    database: str,
) -> None:
    text = await key(database, Scope.ADMIN_READ)
    async with served(database, "0.0.0.0") as pages:
        for wrong in ("", "x", "hk_000000000000_" + "A" * 43, text[:-1] + "~"):
            assert (await pages.client.get("/", headers=basic(wrong))).status_code == 401
        assert (await pages.client.get("/", headers=basic(text))).status_code == 200
        connection = await asyncpg.connect(database)
        await revoke(connection, id_in(text) or "", operator())
        await connection.close()
        assert (await pages.client.get("/", headers=basic(text))).status_code == 401


async def test_while_the_database_is_away_a_key_that_was_good_still_reads(database: str) -> None:
    text = await key(database, Scope.ADMIN_READ)
    async with served(database, "0.0.0.0") as pages:
        assert (await pages.client.get("/", headers=basic(text))).status_code == 200
        await pages.pool.close()
        assert (await pages.client.get("/", headers=basic(text))).status_code == 200
        assert (await pages.client.get("/", headers=basic(text[:-1] + "~"))).status_code == 401
        away = await pages.client.get("/dead-letters", headers=basic(text))
        assert away.status_code == 503


async def test_a_form_is_taken_from_whom_it_was_given_to_and_from_nobody_else(
    database: str,
) -> None:
    ann, bob = [await key(database, Scope.ADMIN_WRITE) for _ in range(2)]
    reader = await key(database, Scope.ADMIN_READ)
    async with earning(database) as earn, served(database) as pages:
        await earn.apply(Topics().raw(b"{"), *(Topics().join(f"g{n}") for n in range(6)))
        shown = await pages.client.get("/dead-letters/1", headers=basic(ann))
        token = shown.text.partition('name="token" value="')[2].partition('"')[0]
        form = {"do": "check", "body": "{}", "token": token}
        assert token

        async def status(who: str, form: dict[str, str], headers: dict[str, str]) -> int:
            answer = await pages.client.post(
                "/dead-letters/1", data=form, headers=basic(who) | headers
            )
            return answer.status_code

        assert await status(ann, form, OURS) == 422  # It got as far as being read.
        assert "rekey" not in shown.text
        assert await status(bob, form, OURS) == 403
        assert await status(ann, form | {"token": ""}, OURS) == 403
        assert await status(ann, form, {}) == 403
        assert await status(ann, form, {"Origin": "http://evil.example"}) == 403
        assert await status(ann, form, OURS | {"Sec-Fetch-Site": "cross-site"}) == 403
        assert await status(reader, form, OURS) == 403
        assert await status(ann, form | {"do": "drop"}, OURS) == 400
        assert "name=\"token\"" not in (await pages.client.get(
            "/dead-letters/1", headers=basic(reader))).text  # fmt: skip


async def test_logging_in_asks_for_a_key_and_goes_back_to_where_one_was(database: str) -> None:
    text = await key(database, Scope.ADMIN_WRITE)
    async with served(database) as pages:
        asked = await pages.client.get("/login?next=/dead-letters")
        assert asked.status_code == 401
        assert asked.headers["www-authenticate"].startswith("Basic ")
        done = await pages.client.get("/login?next=/dead-letters", headers=basic(text))
        assert (done.status_code, done.headers["location"]) == (303, "/dead-letters")
