"""A rendered mail as the bytes that go over SMTP.

The standard library's EmailMessage costs more than rendering does, so the skeleton is written
here; tests read every kind of message back with the standard library and compare. All output is
7-bit with lines under the 998 octets of RFC 5322, so that any server takes it unchanged.
"""

import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, parseaddr

from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.reader import Links
from headway_notify.render import Rendered

_LINE_LIMIT = 998
_FOLD_AT = 900
_PLAIN = re.compile(r"[\x20-\x7e]*")
_ADDRESS = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


NO_LINKS = Links()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mail comes from, and the domain that its Message-IDs end in."""

    header: str
    address: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> "Sender":
        """From `Stride Shoes <rewards@example.com>`, or a bare address. Raises ValueError."""
        name, address = parseaddr(text)
        local, at, domain = address.rpartition("@")
        printable = text.isprintable() and address.isascii()
        if not (local and at and domain and printable):
            raise ValueError(f"{text!r} is no sender; write: Stride Shoes <rewards@example.com>")
        return cls(_mailbox(name, address), address, domain)


def message(
    rendered: Rendered,
    told: Message,
    *,
    sender: Sender,
    to_name: str,
    to_address: str,
    now: datetime,
    links: Links = NO_LINKS,
) -> bytes:
    """The whole message, CRLF line ends, ready for DATA (dots are not yet doubled)."""
    key = told.notification_id
    boundary = f"=-{key}"
    head = (
        f"From: {sender.header}\r\n"
        f"To: {_mailbox(to_name, to_address)}\r\n"
        f"Subject: {_unstructured('Subject', rendered.subject)}\r\n"
        f"Date: {format_datetime(now.astimezone(UTC))}\r\n"
        f"Message-ID: <{key}@{sender.domain}>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        f"{_unsubscribe(links)}"
        f"Content-Language: {rendered.locale}\r\n"
        f"Headway-Ledger-Version: {told.facts.epoch}.{told.facts.version}\r\n"
        f"Headway-Member: {_unstructured('Headway-Member', told.member_id)}\r\n"
        f"Headway-Business-Day: {told.day.isoformat()}\r\n"
        f"Headway-Facts: {_folded(facts_header(told.facts))}\r\n"
        f"Headway-Template: {rendered.template}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'
        "\r\n"
    )
    # Character references keep the HTML ASCII; browsers and mail readers show the same.
    html = rendered.html.encode("ascii", "xmlcharrefreplace")
    return b"".join(
        (
            head.encode("ascii"),
            _part(boundary, "plain", rendered.text.encode()),
            _part(boundary, "html", html),
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )


def _unsubscribe(links: Links) -> str:
    """RFC 2369 and, for one click, RFC 8058; nothing where there is no page that takes it."""
    if not links.one_click:
        return ""
    if not _ADDRESS.fullmatch(links.one_click):
        raise ValueError("the one-click link is no address that can stand in a header")
    return (
        f"List-Unsubscribe: <{links.one_click}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


def facts_header(facts: Facts) -> str:
    """The facts for machines: reward ids ready, savings in minor units, next reward and goal."""
    return json.dumps(
        {
            "ready": list(facts.rewards_ready),
            "saved": facts.saved,
            "next": facts.next_reward and facts.next_reward.model_dump(),
            "goal": facts.goal and facts.goal.model_dump(),
        }
    )


def _part(boundary: str, subtype: str, body: bytes) -> bytes:
    encoding = "7bit"
    if not body.isascii() or max(map(len, body.split(b"\n"))) > _LINE_LIMIT:
        body, encoding = binascii.b2a_qp(body, istext=True), "quoted-printable"
    head = (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + body.replace(b"\n", b"\r\n") + b"\r\n"


def _mailbox(name: str, address: str) -> str:
    """A display name and address, safe against line breaks and specials (RFC 5322, RFC 2047)."""
    if not name:
        return f"<{address}>"
    if _ATOMS.fullmatch(name) and "=?" not in name:
        return f"{name} <{address}>"
    if _PLAIN.fullmatch(name) and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{_encoded('To', name)}\r\n <{address}>"


def _unstructured(field: str, text: str) -> str:
    plain = _PLAIN.fullmatch(text) and "=?" not in text and text == text.strip()
    if plain and len(text) < _FOLD_AT:
        return text
    return _encoded(field, text)


def _encoded(field: str, text: str) -> str:
    return Header(text, "utf-8", header_name=field).encode(linesep="\r\n")


def _folded(text: str) -> str:
    """Break an over-long header at spaces; readers join the lines again."""
    if len(text) < _FOLD_AT:
        return text
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) + 1 > _FOLD_AT:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])
