"""Messages read back by the standard library say what was put in, whatever it was."""

import json
import re
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headway_notify.details import Detail
from headway_notify.facts import Facts
from headway_notify.messaging import Message, notification_id
from headway_notify.mime import NO_LINKS, Sender, message
from headway_notify.reader import Links, Reader
from headway_notify.render import Rendered, render
from headway_notify.smtp import mailable
from tests.notify.account import PROGRAM, balance

DAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 4, 5, 0, 1, tzinfo=UTC)
SENDER = Sender.parse("Stride Shoes <rewards@example.com>")
FACTS = Facts.model_validate(balance())

names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=200
).filter(lambda name: name == " ".join(name.split()))


def built(
    name: str = "Maria",
    member_id: str = "m1",
    facts: Facts = FACTS,
    rendered: Rendered | None = None,
    links: Links = NO_LINKS,
) -> bytes:
    told = Message(member_id, "progress", DAY.isoformat(), DAY, facts, Detail())
    return message(
        rendered or render(told, PROGRAM, Reader(name), links),
        told,
        sender=SENDER,
        to_name=name,
        to_address="maria@example.com",
        now=NOW,
        links=links,
    )


def parsed(raw: bytes) -> EmailMessage:
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    found = message_from_bytes(raw, policy=policy.default)
    assert not found.defects
    return found


def body(found: EmailMessage, kind: str) -> str:
    part = found.get_body((kind,))
    assert part is not None
    assert not part.defects
    return str(part.get_content()).replace("\r\n", "\n")


def test_headers_name_the_ledger_version_the_member_the_day_and_the_facts() -> None:
    found = parsed(built())
    assert found["Headway-Ledger-Version"] == "1.1"
    assert found["Headway-Member"] == "m1"
    assert found["Headway-Business-Day"] == "2026-03-03"
    assert json.loads(found["Headway-Facts"]) == {
        "ready": ["five"],
        "saved": {"USD": 500},
        "next": {"id": "ten", "points": 200, "missing": 50},
        "goal": None,
    }
    assert found["From"] == "Stride Shoes <rewards@example.com>"
    assert found["Date"].datetime == NOW.replace(microsecond=0)
    assert found["Auto-Submitted"] == "auto-generated"


def test_the_message_id_is_the_same_for_the_same_member_and_day_alone() -> None:
    number = notification_id("m1", "2026-03-03", "progress")
    assert parsed(built())["Message-ID"] == f"<{number}@example.com>"
    assert number != notification_id("m1", "2026-03-04", "progress")
    assert number != notification_id("m2", "2026-03-03", "progress")
    assert number != notification_id("m1", "2026-03-03", "statement")


def test_the_message_id_of_progress_is_what_it_has_always_been() -> None:
    known = "76ca139686401de1b48fb49b0008b3e8"
    assert notification_id("m1", "2026-03-03", "progress") == known


def test_one_click_and_the_page_are_in_the_headers_and_in_both_parts() -> None:
    page, click = "https://shop.example/p/t0ken", "https://shop.example/u/t0ken?kind=progress"
    found = parsed(built(links=Links(page, click)))
    assert found["List-Unsubscribe"] == f"<{click}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in ("plain", "html"):
        assert page in body(found, part)
        # A link that acts has no place where a scanner follows links.
        assert click not in body(found, part)


def test_without_a_page_nothing_is_linked() -> None:
    found = parsed(built())
    assert found["List-Unsubscribe"] is None
    assert found["List-Unsubscribe-Post"] is None
    assert "<a " not in body(found, "html")


@pytest.mark.parametrize(
    "link",
    ["https://shop.example/\r\nBcc: a@b.c", "javascript:1", "https://x.example/>", "https:// x"],
)
def test_no_link_can_add_a_header(link: str) -> None:
    with pytest.raises(ValueError, match="one-click"):
        built(links=Links("", link))


def test_the_template_and_the_language_are_told() -> None:
    found = parsed(built())
    assert re.fullmatch(r"progress/en@[0-9a-f]{12}", found["Headway-Template"])
    assert found["Content-Language"] == "en-US"


@given(name=names)
@example(name="Zoë Müller-Łęcki")
@example(name='Anna "Ann" O\'Neil, Jr. <x>')
@example(name="=?utf-8?q?no?=")
@example(name="a" * 200)
@example(name="名" * 200)
def test_any_name_arrives_whole_in_every_place(name: str) -> None:
    raw = built(name)
    found = parsed(raw)
    # Not through policy.default: it puts spaces between encoded words, against RFC 2047.
    to = message_from_bytes(raw, policy=policy.compat32)["To"]
    shown, address = parseaddr(str(to))
    assert (str(make_header(decode_header(shown))), address) == (name, "maria@example.com")
    assert f"Hello {name}, you have" in body(found, "plain")


@given(member_id=st.text(min_size=1, max_size=128).filter(lambda text: "\0" not in text))
@example(member_id="m\r\nBcc: everyone@example.com")
def test_no_member_id_can_add_a_header(member_id: str) -> None:
    found = message_from_bytes(built(member_id=member_id), policy=policy.default)
    assert found["Bcc"] is None
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


def test_long_facts_are_folded_and_read_back_whole() -> None:
    ready = [f"reward-{number:03}" for number in range(300)]
    found = parsed(built(facts=Facts.model_validate(balance(rewards_ready=ready))))
    assert json.loads(found["Headway-Facts"])["ready"] == ready


@given(text=st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=3000))
@example(text="=" * 2000)
@example(text=".\n..\nFrom here")
def test_both_parts_read_back_as_written(text: str) -> None:
    found = parsed(built(rendered=Rendered("subject", f"{text}\n", f"<p>{text}</p>\n")))
    assert body(found, "plain").rstrip("\n") == text.rstrip("\n")
    html = text.encode("ascii", "xmlcharrefreplace").decode()
    assert body(found, "html").rstrip("\n") == f"<p>{html}</p>"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("maria@example.com", "maria@example.com"),
        ("first.last+tag@sub.example.com", "first.last+tag@sub.example.com"),
        ("maria@bücher.example", "maria@xn--bcher-kva.example"),
        ("maría@example.com", None),
        ("a>b@example.com", None),
        ('"a b"@example.com', None),
        ("maria@", None),
        ("maria@exa mple.com", None),
    ],
)
def test_only_addresses_that_fit_the_wire_are_mailed(address: str, wire: str | None) -> None:
    assert mailable(address) == wire


@pytest.mark.parametrize("text", ["", "rewards", "Shop <rewards>", "Shop <a@b\r\nBcc: c@d>"])
def test_a_sender_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        Sender.parse(text)
