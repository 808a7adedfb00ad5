"""SES by its real wire form, held against AWS's own model of it; and what each answer means."""

import base64
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session
from botocore.validate import ParamValidator

from headway_notify.roads.answers import Answer, Ending, Unreachable
from headway_notify.roads.mail import Tag
from headway_notify.roads.ses import SesRoad
from headway_notify.settings import NotifySettings
from tests.notify.platforms import CUT, HANG, Received, Reply, platform

MESSAGE = b"From: a@example.com\r\nTo: maria@example.com\r\n\r\n.dot\r\n\xe2\x82\xac\r\n"
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI")
TAKEN: Reply = (200, {"Content-Type": "application/json"}, b'{"MessageId": "0100-abc"}')


def refused(status: int, kind: str) -> Reply:
    """As SES words an error: its type in a header, a message that quotes what it likes."""
    body = b'{"message": "Email address is not verified: maria@example.com"}'
    return status, {"x-amzn-ErrorType": f"{kind}:http://internal.amazon.com/"}, body


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS[1])
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


async def send(reply: Reply, **more: Any) -> tuple[Answer, list[Received]]:
    async with platform(lambda server, request: reply) as server:
        settings: dict[str, Any] = {
            "ses_region": "eu-west-1",
            "ses_endpoint": server.url,
            "road_timeout": 0.5,
        }
        road = SesRoad(NotifySettings(**(settings | more)))
        session = await road.open("a@example.com")
        answer = await session.send("maria@example.com", MESSAGE, Tag(17, "reward_ready"))
        await road.close()
    return answer, server.received


async def test_the_request_is_what_the_model_of_ses_asks_for() -> None:
    answer, (request,) = await send(TAKEN, ses_configuration_set="loyalty")
    assert answer == Answer(Ending.SENT, "200", "0100-abc")
    operation = Session().get_service_model("sesv2").operation_model("SendEmail")
    assert (request.method, request.path) == (
        operation.http["method"], operation.http["requestUri"]
    )  # fmt: skip
    body = request.json
    body["Content"]["Raw"]["Data"] = base64.b64decode(body["Content"]["Raw"]["Data"], validate=True)
    report = ParamValidator().validate(body, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert set(body) <= set(operation.input_shape.members)
    assert body["Content"]["Raw"]["Data"] == MESSAGE
    assert body["Destination"] == {"ToAddresses": ["maria@example.com"]}
    assert body["ConfigurationSetName"] == "loyalty"
    assert body["EmailTags"] == [
        {"Name": "notification", "Value": "17"},
        {"Name": "kind", "Value": "reward_ready"},
    ]


async def test_the_signature_is_over_what_arrived() -> None:
    _, (request,) = await send(TAKEN)
    authorization = request.headers["authorization"]
    signed_names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    again = AWSRequest(
        "POST", f"http://{request.headers['host']}{request.path}", data=request.body,
        headers={name: request.headers[name] for name in signed_names},
    )  # fmt: skip
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(*KEYS), "ses", "eu-west-1")
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert authorization.endswith(f"Signature={signer.signature(text, again)}")


@pytest.mark.parametrize(
    ("reply", "ending", "ill", "said"),
    [
        (refused(400, "MessageRejected"), Ending.FAILED, False, "400 MessageRejected"),
        (refused(400, "BadRequestException"), Ending.FAILED, False, "400 BadRequestException"),
        (refused(400, "AccountSuspendedException"), Ending.PUT_OFF, True,
         "400 AccountSuspendedException"),
        (refused(403, "InvalidSignatureException"), Ending.PUT_OFF, True,
         "403 InvalidSignatureException"),
        (refused(429, "TooManyRequestsException"), Ending.PUT_OFF, True,
         "429 TooManyRequestsException"),
        ((500, {}, b"<html>"), Ending.PUT_OFF, True, "500"),
        ((503, {}, b'{"__type": "com.amazonaws#ServiceUnavailable"}'), Ending.PUT_OFF, True,
         "503 ServiceUnavailable"),
        (HANG, Ending.UNKNOWN, True, "no answer: TimeoutError"),
        (CUT, Ending.UNKNOWN, True, None),
    ],
)  # fmt: skip
async def test_every_answer_of_ses_has_its_meaning(
    reply: Reply, ending: Ending, ill: bool, said: str | None
) -> None:
    answer, requests = await send(reply)
    assert (answer.ending, answer.road_ill) == (ending, ill)
    assert said is None or answer.reply == said
    assert "@" not in answer.reply
    assert len(requests) == 1, "nothing is sent again behind our back"


async def test_without_credentials_there_is_no_road_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    road = SesRoad(NotifySettings(ses_region="eu-west-1"))
    with pytest.raises(Unreachable, match="no AWS credentials"):
        await road.open("a@example.com")
    await road.close()
