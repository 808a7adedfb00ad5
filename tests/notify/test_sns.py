"""Only what SNS signed, for a topic of ours, is taken; nothing else is fetched or confirmed."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from headway.errors import Retryable
from headway.stream.positions import Pool
from headway_notify.feedback.sns import signed_text
from tests.notify.desk import Desk
from tests.notify.sns_sender import CERTIFICATE, CONFIRM, SnsSender, bounce

SAID = bounce("m1@example.com")


@pytest.fixture(scope="module")
def keys() -> SnsSender:
    """A key pair is slow to make: one for all tests."""
    return SnsSender()


@pytest.fixture
def sns(keys: SnsSender) -> SnsSender:
    """SNS, not asked anything yet."""
    keys.asked.clear()
    return keys


@pytest.fixture
async def desk(pool: Pool, sns: SnsSender) -> AsyncIterator[Desk]:
    """One that asks this SNS."""
    found = await Desk.open(pool, sns.fetch)
    async with found.client:
        yield found


async def post(desk: Desk, body: str) -> httpx.Response:
    """As SNS posts: JSON that is called plain text."""
    headers = {"content-type": "text/plain; charset=UTF-8"}
    return await desk.client.post("/feedback/ses", content=body, headers=headers)


async def kept(desk: Desk) -> int:
    return int(await desk.pool.fetchval("select count(*) from notify.feedback"))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("fields", [{}, {"Subject": "Amazon SES"}])
async def test_a_signed_notification_is_kept_sealed_and_once(
    desk: Desk, sns: SnsSender, version: str, fields: dict[str, str]
) -> None:
    body = sns.message(SAID, version=version, **fields)
    for _ in range(2):
        answer = await post(desk, body)
        assert answer.status_code == 200, answer.text
    assert await kept(desk) == 1
    assert sns.asked == [CERTIFICATE], "a certificate is fetched once"
    row = await desk.pool.fetchval("select f::text from notify.feedback f")
    assert b"m1@example.com".hex() not in row


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("Message", "{}", 403),
        ("MessageId", "other", 403),
        ("Timestamp", "2026-03-05T05:00:01.000Z", 403),
        ("Subject", "added", 403),
        ("Signature", "AAAA", 403),
        ("Signature", "no base64!", 403),
        ("SignatureVersion", "2", 403),
        ("SignatureVersion", "3", 400),
        ("TopicArn", "arn:aws:sns:eu-west-1:123456789012:theirs", 403),
        ("Type", "UnsubscribeConfirmation", 403),
        ("Type", "Gossip", 400),
        ("SigningCertURL", "http://sns.eu-west-1.amazonaws.com/a.pem", 400),
        ("SigningCertURL", "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem", 400),
        ("SigningCertURL", "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem", 400),
        ("SigningCertURL", "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem", 400),
        ("SigningCertURL", "https://sns.eu-west-1.amazonaws.com/a/../b.pem", 400),
        ("SigningCertURL", "https://bucket.s3.amazonaws.com/a.pem", 400),
        ("SigningCertURL", CERTIFICATE + "\n", 400),
    ],
)
async def test_what_was_changed_or_is_of_others_is_refused(
    desk: Desk, sns: SnsSender, field: str, value: str, status: int
) -> None:
    body = json.dumps({**json.loads(sns.message(SAID)), field: value})
    assert (await post(desk, body)).status_code == status
    assert await kept(desk) == 0
    assert set(sns.asked) <= {CERTIFICATE}


@pytest.mark.parametrize("body", ["", "[]", "{", '{"Type": 1}', '{"Type": "Notification"}'])
async def test_what_is_not_snss_form_is_refused(desk: Desk, body: str) -> None:
    assert (await post(desk, body)).status_code == 400


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            {"Type": "Notification", "Message": "hi", "MessageId": "1", "Subject": "s",
             "Timestamp": "t", "TopicArn": "a", "Signature": "x", "Token": "n"},
            "Message\nhi\nMessageId\n1\nSubject\ns\nTimestamp\nt\nTopicArn\na\nType\nNotification\n",
        ),
        (
            {"Type": "Notification", "TopicArn": "a", "MessageId": "1", "Timestamp": "t",
             "Message": "hi\n"},
            "Message\nhi\n\nMessageId\n1\nTimestamp\nt\nTopicArn\na\nType\nNotification\n",
        ),
        (
            {"Type": "SubscriptionConfirmation", "Message": "hi", "MessageId": "1",
             "Subject": "not signed", "SubscribeURL": "u", "Timestamp": "t", "Token": "k",
             "TopicArn": "a"},
            "Message\nhi\nMessageId\n1\nSubscribeURL\nu\nTimestamp\nt\nToken\nk\nTopicArn\na\n"
            "Type\nSubscriptionConfirmation\n",
        ),
    ],
)  # fmt: skip
def test_what_is_signed_is_what_amazon_documents(message: dict[str, str], text: str) -> None:
    assert signed_text(message) == text.encode()


async def test_too_much_is_refused(desk: Desk, sns: SnsSender) -> None:
    assert (await post(desk, sns.message("x" * 400_000))).status_code == 413


async def test_a_subscription_is_confirmed_after_its_signature(desk: Desk, sns: SnsSender) -> None:
    assert (await post(desk, sns.confirmation())).status_code == 200
    assert sns.asked == [CERTIFICATE, CONFIRM]
    assert await kept(desk) == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com:8443/?x",
        "https://sns.eu-west-1.amazonaws.com@evil.example/?x",
    ],
)
async def test_nothing_is_confirmed_elsewhere(desk: Desk, sns: SnsSender, url: str) -> None:
    assert (await post(desk, sns.confirmation(url))).status_code == 400
    assert sns.asked == [CERTIFICATE]


async def test_nothing_is_confirmed_for_a_topic_of_others(desk: Desk, sns: SnsSender) -> None:
    answer = await post(desk, sns.confirmation(TopicArn="arn:aws:sns:eu-west-1:1:theirs"))
    assert answer.status_code == 403
    assert sns.asked == []


async def test_a_certificate_that_has_ended_is_refused(pool: Pool) -> None:
    old = SnsSender(days=-1)
    desk = await Desk.open(pool, old.fetch)
    async with desk.client:
        assert (await post(desk, old.message(SAID))).status_code == 403


async def test_while_the_certificate_cannot_be_had_sns_is_asked_to_come_again(
    pool: Pool, sns: SnsSender
) -> None:
    async def away(url: str) -> bytes:
        raise Retryable("SNS could not be asked")

    desk = await Desk.open(pool, away)
    async with desk.client:
        assert (await post(desk, sns.message(SAID))).status_code == 503
