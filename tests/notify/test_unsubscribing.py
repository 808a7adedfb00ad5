"""The page and the one click: looking changes nothing, one POST is enough."""

from urllib.parse import urlencode

import httpx
import pytest

from headway.program.messages import TOPICS
from headway_notify.web.words import WORDS, words_for
from tests.notify.desk import FORM, Desk

ONE_CLICK = "List-Unsubscribe=One-Click"
BOUNDARY = "x7"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    f"One-Click\r\n--{BOUNDARY}--\r\n"
)


@pytest.fixture
async def link(desk: Desk) -> str:
    """The link in a message of progress to m1."""
    await desk.contact()
    return await desk.link()


async def changed(desk: Desk) -> bool:
    """Whether anybody chose anything."""
    rows = "select from notify.preferences union all select from notify.suppressions"
    return bool(await desk.pool.fetchval(f"select exists ({rows})"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (ONE_CLICK, "application/x-www-form-urlencoded; charset=utf-8"),
        (ONE_CLICK, ""),
        (MULTIPART, f"multipart/form-data; boundary={BOUNDARY}"),
    ],
)
async def test_one_post_of_a_mail_program_is_enough(
    desk: Desk, link: str, body: str, kind: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await desk.client.post(link, content=body, headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert await desk.unwanted() == {"progress": "one_click"}
    assert (await desk.client.post(link, content=body, headers=headers)).status_code == 200


async def test_one_click_stops_what_the_message_was_about_and_no_more(desk: Desk) -> None:
    await desk.contact()
    link = await desk.link(kind="reward_ready")
    await desk.client.post(link, content=ONE_CLICK, headers=FORM)
    stopped, goes_on = await desk.decided(kind="referral_thanks"), await desk.decided()
    assert [claimed.id for claimed in await desk.claim()] == [goes_on]
    assert await desk.state(stopped) == ("skipped", "unwanted: rewards")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_only_a_post_acts(desk: Desk, link: str, method: str) -> None:
    for address in (link, f"{link}?{ONE_CLICK}", f"{link}?do=stop"):
        answer = await desk.client.request(method, address)
        assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
    assert not await changed(desk)


@pytest.mark.parametrize("body", ["", "x=1", "List-Unsubscribe=Two-Clicks", "do=everything", "%ff"])
async def test_a_post_that_does_not_say_what_changes_nothing(
    desk: Desk, link: str, body: str
) -> None:
    answer = await desk.client.post(link, content=body, headers=FORM)
    assert answer.status_code == 400
    assert not await changed(desk)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("a" * 20_000, FORM["content-type"], 413),
        ("&".join(["a=1"] * 100), FORM["content-type"], 400),
        ("no form", "multipart/form-data; boundary=y", 400),
        ("no form", "multipart/form-data", 400),
        (b"\xff=\xff", FORM["content-type"], 400),
    ],
)
async def test_a_form_that_is_none_is_refused(
    desk: Desk, link: str, body: str | bytes, kind: str, status: int
) -> None:
    answer = await desk.client.post(link, content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert not await changed(desk)


async def test_a_wrong_link_is_nobodys_and_says_nothing(desk: Desk, link: str) -> None:
    await desk.contact("m2")
    other = await desk.link("m2")
    token, wrong = link.rpartition("/")[2], other.rpartition("/")[2]
    mixed = wrong[:12] + token[12:]
    for text in ["x", token[:-1], token + "A", mixed, token[:20] + "_" * 23, "%00" * 20]:
        for answer in (
            await desk.client.get(f"/u/{text}"),
            await desk.client.post(f"/u/{text}", content=ONE_CLICK, headers=FORM),
        ):
            assert answer.status_code == 404
            assert "m1" not in answer.text
    assert not await changed(desk)


async def test_a_link_ends_with_the_members_key(desk: Desk, link: str) -> None:
    await desk.forget("m1")
    assert (await desk.client.get(link)).status_code == 404
    assert (await desk.client.post(link, content=ONE_CLICK, headers=FORM)).status_code == 404


async def test_the_page_is_private_and_runs_nothing(desk: Desk, link: str) -> None:
    answer = await desk.client.get(link)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    for thing in ("<script", "<img", "<link", "m1", "Maria", "example.com", "http"):
        assert thing not in answer.text, thing


async def chosen(desk: Desk, link: str, *topics: str, none: bool = False) -> httpx.Response:
    fields = [("topic", topic) for topic in topics] + [("none", "yes")] * none + [("do", "choose")]
    return await desk.client.post(link, content=urlencode(fields), headers=FORM)


async def test_topics_are_chosen_and_chosen_again(desk: Desk, link: str) -> None:
    assert (await chosen(desk, link, "rewards", "account")).status_code == 200
    assert set(await desk.unwanted()) == set(TOPICS) - {"rewards", "account"}
    await chosen(desk, link, *TOPICS)
    assert await desk.unwanted() == {}
    page = (await desk.client.get(link)).text
    assert page.count(" checked") == len(TOPICS)


async def test_nothing_at_all_holds_for_every_kind_until_something_is_chosen_again(
    desk: Desk, link: str
) -> None:
    await chosen(desk, link, "rewards", none=True)
    assert await desk.suppressed() == {"unsubscribed_all"}
    number = await desk.decided(kind="reward_used")
    assert await desk.claim() == []
    assert (await desk.state(number))[0] == "skipped"
    page = (await desk.client.get(link)).text
    assert page.count(" checked") == 1
    await chosen(desk, link, "account")
    assert await desk.suppressed() == set()
    number = await desk.decided(kind="reward_used")
    assert [claimed.id for claimed in await desk.claim()] == [number]


async def test_no_choice_lifts_a_complaint(desk: Desk, link: str) -> None:
    await desk.pool.execute(
        "insert into notify.suppressions values ($1, 'complaint')",
        desk.vault.digest("m1@example.com"),
    )
    await chosen(desk, link, none=True)
    await chosen(desk, link, *TOPICS)
    assert await desk.suppressed() == {"complaint"}


async def test_while_the_database_is_away_nobody_is_told_that_it_worked(
    desk: Desk, link: str
) -> None:
    await desk.pool.close()
    answer = await desk.client.post(link, content=ONE_CLICK, headers=FORM)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert link.rpartition("/")[2] not in answer.text


@pytest.mark.parametrize("locale", ["de-AT", "fr", "es_MX", "ja-JP", "en-GB", "pt-BR"])
async def test_the_page_speaks_the_members_language(desk: Desk, locale: str) -> None:
    await desk.contact(locale=locale)
    page = (await desk.client.get(await desk.link())).text
    language = locale[:2] if locale[:2] in WORDS else "en"
    assert f'<html lang="{language}">' in page
    assert words_for(locale).title in page


async def test_every_language_has_every_word_and_says_it_its_own_way() -> None:
    assert set(WORDS) == {"en", "de", "fr", "es", "ja"}
    for language, words in WORDS.items():
        for text in (words.lead, words.stop, words.stopped):
            assert text.count("{topic}") == 1, language
        if language != "en":
            assert not set(words.topics.values()) & set(WORDS["en"].topics.values())
            assert words.title != WORDS["en"].title
