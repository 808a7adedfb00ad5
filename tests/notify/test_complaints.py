"""What users of other mailing software complained of, each done right."""

from email import message_from_bytes

import pytest

from headway.program.messages import KINDS, SERVICE, TOPIC_OF
from headway_notify.compose import Composer
from headway_notify.mime import Sender
from headway_notify.permission import Permission, may_send
from headway_notify.programmes import Programmes
from tests.notify.desk import FORM, Desk, bounced
from tests.notify.sns_sender import bounce, complaint
from tests.notify.test_feedback import mapped

ONE_CLICK = "List-Unsubscribe=One-Click"
SCANNER = {"user-agent": "Mozilla/5.0 (compatible; LinkScanner/1.0)"}


async def test_listmonk_2608_one_click_is_one_click(desk: Desk) -> None:
    """“Unsubscribe needs two clicks”: one POST does it, and the page asks nothing more."""
    await desk.contact()
    answer = await desk.client.post(await desk.link(), content=ONE_CLICK, headers=FORM)
    assert answer.status_code == 200
    assert await desk.unwanted() == {"progress": "one_click"}
    assert "<form" not in answer.text
    link = await desk.link(kind="reward_ready")
    await desk.client.post(link, content="do=stop", headers=FORM)
    assert await desk.unwanted() == {"progress": "one_click", "rewards": "page"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_listmonk_1078_bots_that_follow_links_unsubscribe_nobody(
    desk: Desk, method: str
) -> None:
    """“25 in 1,000 unsubscribe”: bots open every link of a mail."""
    await desk.contact()
    for kind in KINDS:
        link = await desk.link(kind=kind)
        for _ in range(2):
            answer = await desk.client.request(method, link, headers=SCANNER)
            assert answer.status_code == 200
    assert await desk.unwanted() == {}
    number = await desk.decided()
    assert [claimed.id for claimed in await desk.claim()] == [number]


async def test_listmonk_3063_the_post_does_what_it_answers(desk: Desk) -> None:
    """“The header is there, but the POST did nothing and answered success”."""
    await desk.contact()
    link, waiting = await desk.link(), await desk.decided()
    await desk.pool.execute(
        "alter table notify.preferences add constraint refused check (wanted) not valid"
    )
    assert (await desk.client.post(link, content=ONE_CLICK, headers=FORM)).status_code == 500
    await desk.pool.execute("alter table notify.preferences drop constraint refused")
    assert (await desk.client.post(link, content=ONE_CLICK, headers=FORM)).status_code == 200
    assert await desk.claim() == []
    assert await desk.state(waiting) == ("skipped", "unwanted: progress")


async def test_listmonk_489_hard_soft_and_complaint_are_not_alike(desk: Desk) -> None:
    """“All bounces are treated alike”."""
    assert mapped(bounce("a@example.com"))[0][2] == "hard"
    assert mapped(bounce("a@example.com", kind="Transient"))[0][2] == "soft"
    assert mapped(complaint("a@example.com"))[0][0] == "complained"
    said = {
        "hard@example.com": bounced("hard@example.com"),
        "soft@example.com": bounced("soft@example.com", bounce="soft"),
        "spam@example.com": {"event_type": "complained", "recipient": "spam@example.com"},
    }
    await desk.tell(*said.values())
    await desk.work_through()
    found = {email: await desk.suppressed(email) for email in said}
    assert found == {
        "hard@example.com": {"hard_bounce"},
        "soft@example.com": set(),
        "spam@example.com": {"complaint"},
    }


@pytest.mark.parametrize("event_type", ["bounced", "complained"])
async def test_listmonk_2193_bounces_of_service_mail_count_and_stop_service_mail(
    desk: Desk, event_type: str
) -> None:
    """“Bounces of transactional mail are ignored”."""
    await desk.contact()
    sent = await desk.decided(kind="reward_used", state="sent")
    said = {"event_type": event_type, "recipient": "m1@example.com"}
    await desk.tell({**said, "message_id": f"notification:{sent}"})
    await desk.work_through()
    for kind in SERVICE:
        await desk.decided(kind=kind)
    assert await desk.claim() == []
    assert {event[2] for event in await desk.events()} == {sent}


@pytest.mark.parametrize("kind", sorted(SERVICE))
async def test_listmonk_pr_1998_service_mail_can_be_unsubscribed_from(
    desk: Desk, kind: str
) -> None:
    """“Unsubscribing from a transactional stream”: it has a link, and the link works."""
    await desk.contact()
    link = await desk.link(kind=kind)  # type: ignore[arg-type]
    await desk.client.post(link, content=ONE_CLICK, headers=FORM)
    number = await desk.decided(kind=kind)  # type: ignore[arg-type]
    assert await desk.claim() == []
    assert (await desk.state(number))[1].startswith("unwanted: ")
    # And of the address nothing is said: other messages go on.
    assert await desk.suppressed() == set()


async def test_odoo_165169_no_cookie_no_log_in_no_redirect_and_nothing_personal(
    desk: Desk,
) -> None:
    """RFC 8058's musts, as that issue quotes them."""
    await desk.contact("maria-42")
    link = await desk.link("maria-42")
    token = link.rpartition("/")[2]
    assert len(token) == 43
    assert "maria" not in link
    answer = await desk.client.post(link, content=ONE_CLICK, headers=FORM)
    assert answer.status_code == 200
    assert not answer.is_redirect
    assert "set-cookie" not in answer.headers
    assert await desk.unwanted("maria-42") == {"progress": "one_click"}


async def test_suppression_is_checked_when_it_is_sent_not_only_when_it_is_decided(
    desk: Desk,
) -> None:
    """Novu and others: what is delayed must be looked at again before it goes."""
    await desk.contact()
    number = await desk.decided()
    await desk.tell(bounced())
    await desk.work_through()
    assert await desk.claim() == []
    assert await desk.state(number) == ("skipped", "suppressed: hard_bounce")


def test_mautic_15995_service_messages_ask_for_no_marketing_consent() -> None:
    """“Truly transactional” mail goes to who refused marketing; marketing does not."""
    refused = Permission(marketing=False)
    for kind in KINDS:
        goes = may_send(kind, "required", refused) is None
        assert goes is (kind in SERVICE), (kind, TOPIC_OF[kind])


async def test_anymail_one_exception_in_a_batch_does_not_have_all_of_it_sent_again(
    desk: Desk,
) -> None:
    """Answered before anything is worked through; the same batch again is a repeat."""
    for _ in range(2):
        answer = await desk.tell(bounced(), {"event_type": {}}, event_id="batch-1")
        assert answer.status_code == 202
    await desk.work_through()
    assert len(await desk.events()) == 2
    assert await desk.suppressed() == {"hard_bounce"}


async def test_gitlab_mr_156414_a_get_shows_a_page_and_only_its_button_acts(desk: Desk) -> None:
    """“Mail scanners unsubscribed people”: the link of a mail asks first."""
    await desk.contact()
    link = await desk.link()
    shown = await desk.client.get(link)
    assert '<form method="post"' in shown.text
    assert await desk.unwanted() == {}
    await desk.client.post(link, content="do=stop", headers=FORM)
    assert await desk.unwanted() == {"progress": "page"}


@pytest.mark.parametrize("public_url", ["", "https://rewards.example"])
async def test_listmonk_1161_one_click_is_promised_only_by_an_https_address(
    desk: Desk, public_url: str
) -> None:
    """“With a mailto address there is no button”: RFC 8058 wants HTTPS, else neither header."""
    await desk.contact()
    await desk.decided()
    (mail,) = await desk.claim()
    composer = Composer(
        Programmes(lambda: desk.pool), lambda: desk.vault, Sender.parse("R <r@example.com>"),
        public_url=public_url,
    )  # fmt: skip
    contact = desk.vault.open(mail.member_id, mail.sealed, mail.wrapped)
    made = message_from_bytes(await composer.compose(mail, contact, contact.email))
    assert "mailto:" not in str(made["List-Unsubscribe"])
    promised = "List-Unsubscribe=One-Click" if public_url else None
    assert made["List-Unsubscribe-Post"] == promised
    assert ("https://" in str(made["List-Unsubscribe"])) is bool(public_url)
