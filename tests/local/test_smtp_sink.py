"""The mail server of the demo keeps what it took, whole, where mail readers find it."""

import asyncio
import contextlib
import mailbox
import smtplib
from pathlib import Path

import pytest

from headway.local.smtp_sink import count_mails, read_mails, serve


def send(port: int, content: bytes) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        wire = content.replace(b"\n", b"\r\n")
        return client.sendmail("shop@example.com", ["m1@example.com"], wire)


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: plain\n\nhello\n",
        b"Subject: dots\n\n.\n..\n.one\n",
        b"Subject: mbox\n\nFrom here on\n>From there\n>>From far\n",
        b"Subject: eight bit\n\n\xc3\xa9\xff\n",
        b"Subject: long\n\n" + b"x" * 100_000 + b"\n",
        b"Subject: empty\n\n",
    ],
)
async def test_a_mail_is_kept_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    async with await serve(tmp_path, 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await asyncio.to_thread(send, port, content) == {}
        assert await asyncio.to_thread(send, port, b"Subject: next\n\nnext\n") == {}
    first, second = read_mails(tmp_path)
    assert first.content == content
    assert (first.sender, first.recipients) == ("shop@example.com", ("m1@example.com",))
    assert second.parse()["Subject"] == "next"
    assert count_mails(tmp_path) == 2
    with contextlib.closing(mailbox.mbox(tmp_path / "mail.mbox")) as opened:
        assert len(opened) == 2


def test_a_folder_without_mails_has_none(tmp_path: Path) -> None:
    assert list(read_mails(tmp_path / "none")) == []
    assert count_mails(tmp_path / "none") == 0
