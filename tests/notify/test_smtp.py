"""One session with a real mail server, through everything it may answer."""

import asyncio

import pytest

from headway_notify.settings import NotifySettings
from headway_notify.smtp import Connection, Ending
from tests.notify.conftest import MailServer

MESSAGE = b"From: a@example.com\r\nSubject: x\r\n\r\n.dot\r\n..two\r\nFrom here\r\n"


def settings(server: MailServer, timeout: float = 5.0) -> NotifySettings:
    return NotifySettings(smtp_port=server.port, smtp_timeout=timeout)


async def test_a_mail_arrives_byte_for_byte(mail_server: MailServer) -> None:
    connection = await Connection.open(settings(mail_server), "rewards@example.com")
    for number in range(3):
        answer = await connection.send(f"m{number}@example.com", MESSAGE)
        assert answer[:2] == (Ending.SENT, "message: 250")
    await connection.quit()
    kept = mail_server.mails()
    assert [mail.recipients for mail in kept] == [(f"m{n}@example.com",) for n in range(3)]
    assert {mail.sender for mail in kept} == {"rewards@example.com"}
    assert {mail.content for mail in kept} == {MESSAGE.replace(b"\r\n", b"\n")}


@pytest.mark.parametrize(
    ("recipient", "ending", "reply"),
    [
        ("refuse-550@example.com", Ending.FAILED, "RCPT: 550"),
        ("refuse-451@example.com", Ending.PUT_OFF, "RCPT: 451"),
        ("refuse-421@example.com", Ending.PUT_OFF, "RCPT: 421"),
        ("refuse-data-554@example.com", Ending.FAILED, "message: 554"),
        ("refuse-data-452@example.com", Ending.PUT_OFF, "message: 452"),
        ("drop-data@example.com", Ending.UNKNOWN, "message: SMTPServerDisconnected"),
    ],
)
async def test_every_answer_has_its_meaning(
    mail_server: MailServer, recipient: str, ending: Ending, reply: str
) -> None:
    connection = await Connection.open(settings(mail_server), "rewards@example.com")
    assert (await connection.send(recipient, MESSAGE))[:2] == (ending, reply)
    if connection.usable:
        assert (await connection.send("next@example.com", MESSAGE)).ending is Ending.SENT
        await connection.quit()
    else:
        assert recipient.startswith(("drop", "refuse-421"))


@pytest.mark.parametrize(
    ("recipient", "ending", "reply"),
    [
        ("hang@example.com", Ending.PUT_OFF, "RCPT: TimeoutError"),
        ("hang-data@example.com", Ending.UNKNOWN, "message: TimeoutError"),
    ],
)
async def test_silence_is_unknown_only_after_the_message(
    mail_server: MailServer, recipient: str, ending: Ending, reply: str
) -> None:
    connection = await Connection.open(settings(mail_server, 0.5), "rewards@example.com")
    assert (await connection.send(recipient, MESSAGE))[:2] == (ending, reply)
    assert not connection.usable


async def test_a_server_that_goes_away_before_the_message_has_it_not(
    mail_server: MailServer,
) -> None:
    connection = await Connection.open(settings(mail_server), "rewards@example.com")
    mail_server.stop()
    await asyncio.sleep(0.1)
    answer = await connection.send("m1@example.com", MESSAGE)
    assert answer.ending is Ending.PUT_OFF
    assert not connection.usable


async def test_what_a_server_says_of_an_address_is_not_kept(mail_server: MailServer) -> None:
    connection = await Connection.open(settings(mail_server), "rewards@example.com")
    answer = await connection.send("refuse-550@example.com", MESSAGE)
    assert "@" not in answer.reply
    assert "recipient" not in answer.reply
    await connection.quit()
