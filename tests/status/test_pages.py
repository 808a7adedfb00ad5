"""The pages: the same data as the JSON, without script, escaped, and safe headers everywhere."""

import re
from html.parser import HTMLParser

from headway.access.scopes import Scope
from headway.ledger.queries import load
from headway.status.charts import charts, sparkline
from headway.status.events import Front
from headway.status.rendering import HEADERS, PARTS
from headway.status.snapshot import DeadLetters, Outbox, Refused, Snapshot
from headway.status.watching import Board
from tests.earn.kit import Topics, earning
from tests.status.kit import basic, key
from tests.status.pages import AT, HERE, SEEN, meant, served

LETTERS = DeadLetters(
    waiting=7,
    by_reason=(
        Refused(reason="bad<b>", topic="orders", count=7, first_at=AT, last_at=AT),
    ),
)  # fmt: skip


async def test_the_page_shows_what_the_json_says(database: str) -> None:
    async with served(database) as pages:
        told = (await pages.client.get("/api/status")).json()
        page = (await pages.client.get("/")).text
        assert "1 consumer group, seen" in page
        assert told["judgement"]["state"] == "attention"
        assert told["judgement"]["problems"][0]["runbook"] == "lag-growing"
        assert set(told["snapshot"]) == set(Snapshot.model_fields)
        for said in (told["judgement"]["sentence"], "1,234", "WARN", "9 s", "/runbook#lag-growing",
                     "12:00:00 UTC"):  # fmt: skip
            assert said in page
        # Whoever does not see the charts has their figures in words, and as a table.
        assert "Lag of earn over 2 min: from 10 records, at most 1,234, now 1,234." in page
        assert "12:02:00" in page


async def test_without_script_the_page_renews_itself_unless_somebody_reads(database: str) -> None:
    async with served(database) as pages:
        page = (await pages.client.get("/")).text
        assert '<noscript><meta http-equiv="refresh"' in page
        still = (await pages.client.get("/?still=1")).text
        assert "refresh" not in still
        assert "<script" not in still


async def test_nothing_of_what_is_shown_can_be_markup(database: str) -> None:
    evil = "<script>alert(1)</script>"
    topics = Topics()
    async with earning(database) as earn, served(database) as pages:
        await earn.apply(
            topics.raw(evil.encode(), key=evil.encode(), headers=[(evil, evil.encode())]),
            topics.raw(f"</textarea>{evil}".encode()),
            *(topics.join(f"g{n}") for n in range(10)), topics.join(evil),
        )  # fmt: skip
        pages.board.put(meant(SEEN.model_copy(update={"dead_letters": LETTERS})))
        paths = ["/", "/dead-letters", "/dead-letters/1", "/dead-letters/2", f"/members?q={evil}",
                 "/members/%3Cscript%3Ealert%281%29%3C%2Fscript%3E", f"/dead-letters?reason={evil}",
                 f"/members/{evil}x"]  # fmt: skip
        for path in paths:
            page = await pages.client.get(path)
            assert "<script>" not in page.text, path
            assert page.status_code == (404 if path.endswith("x") else 200), path
        assert "bad&lt;b&gt;" in (await pages.client.get("/")).text


async def test_every_answer_has_safe_headers(database: str) -> None:
    async with served(database) as pages:
        for path in ("/", "/api/status", "/static/page.js", "/nowhere", "/members/nobody", "/login",
                     "/live", "/metrics", "/api/members/nobody", "/dead-letters/x"):  # fmt: skip
            answer = await pages.client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
        assert (await pages.client.get("/api/members/nobody")).json()["status"] == 404


async def test_an_answer_to_what_nobody_expected_has_them_too(database: str) -> None:
    def broken() -> bytes:
        raise RuntimeError("a mistake of ours")

    async with served(database, exposition=broken) as pages:
        answer = await pages.client.get("/metrics")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "Something is wrong on our side." in answer.text
    # What was sent again before it failed was changed.
    assert "nothing was changed" not in answer.text
    assert "a mistake of ours" not in answer.text


class _Loads(HTMLParser):
    """Whatever a page would have a browser load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.found.append(f"{tag} {name}")
            if name in ("src", "href", "action") and (value or "").startswith(
                ("http", "//", "data:")
            ):
                self.found.append(f"{tag} {value}")


async def test_no_page_loads_anything_from_elsewhere(database: str) -> None:
    async with served(database) as pages:
        for path in ("/", "/dead-letters", "/members"):
            loads = _Loads()
            loads.feed((await pages.client.get(path)).text)
            assert loads.found == []


async def test_members_are_found_by_how_their_id_begins_and_their_balance_tells_its_story(
    database: str,
) -> None:
    topics = Topics()
    async with earning(database) as earn, served(database) as pages:
        await earn.apply(topics.join("ann/1"), topics.join("ann/2"), topics.join("bob"))
        await earn.apply(topics.buy("o1", 7000, member="ann/1"))
        found = (await pages.client.get("/members?q=ann")).text
        assert 'href="/members/ann%2F1"' in found
        assert "bob" not in found
        page = (await pages.client.get("/members/ann%2F1")).text
        for said in ("Order o1", "base: 3 points for every 7.00 USD", "+30", "welcome: 5 points"):
            assert said in page
        told = (await pages.client.get("/api/members/ann%2F1")).json()
        assert told["balances"] == {"pending": 30, "available": 5, "reserved": 0, "owed": 0}
        assert told["story"][-1]["after"]["pending"] == 30
        assert (await pages.client.get("/members/carl")).status_code == 404


async def test_a_search_reads_only_ids_that_begin_so_and_the_id_itself_comes_first(
    database: str,
) -> None:
    topics = Topics()
    names = ["ann", *(f"ann-{n:02}" for n in range(25)), "Anna", "ann_x", "anm", "ano"]
    async with earning(database) as earn, served(database) as pages:
        await earn.apply(*(topics.join(name) for name in reversed(names)))
        page = (await pages.client.get("/members?q=ann")).text
        ids = re.findall(r'href="/members/([^"?]+)"', page)
        assert ids == names[:20]
        page = (await pages.client.get("/members?q=ann_")).text
        assert re.findall(r'href="/members/([^"?]+)"', page) == ["ann_x"]
        async with pages.pool.acquire() as connection, connection.transaction():
            # As it is planned once for all; by itself nobody takes an index of so few rows.
            await connection.execute("set local plan_cache_mode = force_generic_plan")
            await connection.execute("set local enable_seqscan = off")
            query = load("headway.status", "members.sql").members_like
            await connection.execute(f"prepare search (text, bigint) as {query}")
            rows = await connection.fetch("explain execute search ('ann', 20)")
    plan = "\n".join(row[0] for row in rows)
    assert re.search(r"Index Cond: .*member_id ~>=~ \$1.*member_id ~<~ \(\$1", plan), plan
    assert "Sort" not in plan


async def test_dead_letters_are_filtered_and_paged_as_the_json_is(database: str) -> None:
    topics = Topics()
    async with earning(database) as earn, served(database) as pages:
        good = [topics.join(f"g{n}") for n in range(300)]
        await earn.apply(
            *good, *(topics.raw(b"{", key=b"ann") for _ in range(55)), topics.raw(b"[]")
        )
        first = (await pages.client.get("/api/dead-letters")).json()
        assert (len(first["dead_letters"]), first["after"]) == (50, 50)
        rest = (await pages.client.get("/api/dead-letters?after=50")).json()
        assert ([one["id"] for one in rest["dead_letters"]], rest["after"]) == (
            list(range(51, 57)),
            None,
        )
        page = (await pages.client.get("/dead-letters")).text
        assert "/dead-letters?all=0&amp;after=50" in page
        assert 'href="/dead-letters/50"' in page
        assert 'href="/dead-letters/51"' not in page
        one = (await pages.client.get("/dead-letters?reason=not-an-object")).text
        assert 'href="/dead-letters/56"' in one
        assert "1 shown" in one
        keyed = (await pages.client.get("/api/dead-letters?key=ann&after=54")).json()
        assert [one["id"] for one in keyed["dead_letters"]] == [55]
        assert (await pages.client.get("/dead-letters/57")).status_code == 404


async def test_who_listens_is_sent_all_at_once_and_then_only_what_has_changed() -> None:
    board = Board()
    board.put(meant(SEEN))
    changes = Front(board).changes()
    _, first = await anext(changes)
    assert set(first["parts"]) == set(PARTS)
    board.put(meant(SEEN.model_copy(update={"outbox": Outbox(waiting=5, oldest_seconds=1)})))
    _, second = await anext(changes)
    assert "outbox" in second["parts"]
    assert "groups" not in second["parts"]
    assert "<dd>5</dd>" in second["parts"]["outbox"]
    board.close()
    assert [change async for change in changes] == []


def test_a_chart_is_in_its_box_and_a_sparkline_as_high_as_it_should_be() -> None:
    drawn = charts(SEEN.groups[0])
    assert drawn is not None
    assert drawn.lag.lines[0].points == "0.0,45.6 120.0,24.6 240.0,2.0"
    assert [line.name for line in drawn.throughput.lines] == ["produced", "consumed"]
    assert charts(SEEN.groups[0].model_copy(update={"series": SEEN.groups[0].series[:1]})) is None
    assert (sparkline([0, 4, 8]), sparkline([0, 0]), sparkline([])) == ("▁▅█", "▁▁", "")


async def test_a_letter_under_the_wrong_key_can_be_put_under_the_right_one(database: str) -> None:
    topics = Topics()
    async with earning(database) as earn, served(database) as pages:
        bad = topics.tell("member.joined", "ann")._replace(key=b"bob")
        await earn.apply(*(topics.join(f"g{n}") for n in range(10)), bad)
        headers = basic(await key(database, Scope.ADMIN_WRITE)) | {"Origin": HERE}
        page = (await pages.client.get("/dead-letters/1", headers=headers)).text
        token = page.partition('name="token" value="')[2].partition('"')[0]
        form = {"do": "check", "token": token, "body": (bad.value or b"").decode()}
        assert 'name="rekey"' in page
        again = await pages.client.post("/dead-letters/1", data=form, headers=headers)
        assert (again.status_code, "key-mismatch" in again.text) == (422, True)
        form["rekey"] = "1"
        fine = await pages.client.post("/dead-letters/1", data=form, headers=headers)
        assert (fine.status_code, "It can be read now" in fine.text) == (200, True)
