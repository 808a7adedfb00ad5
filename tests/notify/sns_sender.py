"""Messages as Amazon SNS signs them, with a certificate of the tests' own."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from headway_notify.feedback.sns import signed_text
from tests.notify.desk import TOPIC

CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
_HASHES = {"1": SHA1, "2": SHA256}


class SnsSender:
    """A sender whose signatures fit its certificate; `asked` are the addresses it was asked at."""

    def __init__(self, days: int = 30) -> None:
        self._key = generate_private_key(65537, 2048)
        self.asked: list[str] = []
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
        )
        self._pem = made.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    async def fetch(self, url: str) -> bytes:
        """What is at an address of SNS."""
        self.asked.append(url)
        return self._pem if url == CERTIFICATE else b"<ok/>"

    def message(self, said: object, *, version: str = "1", **fields: str) -> str:
        """A signed message with `said` in it; `fields` are signed with it."""
        message = {
            "Type": "Notification",
            "MessageId": str(uuid4()),
            "TopicArn": TOPIC,
            "Message": said if isinstance(said, str) else json.dumps(said),
            "Timestamp": "2026-03-04T05:00:01.000Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **fields,
        }
        signature = self._key.sign(signed_text(message), PKCS1v15(), _HASHES[version]())
        return json.dumps({**message, "Signature": base64.b64encode(signature).decode()})

    def confirmation(self, url: str = CONFIRM, **fields: str) -> str:
        """An invitation to confirm a subscription."""
        return self.message(
            "You have chosen to subscribe", Type="SubscriptionConfirmation", Token="abc",
            SubscribeURL=url, **fields,
        )  # fmt: skip


def mail(*recipients: str, notification: int | None = None, **more: object) -> dict[str, object]:
    """SES's part of a message about the mail itself."""
    tags = {} if notification is None else {"notification": [str(notification)]}
    return {
        "timestamp": "2026-03-04T05:00:00.000Z",
        "messageId": "0102019-ses-id-000000",
        "destination": list(recipients),
        "tags": {"ses:operation": ["SendRawEmail"], **tags},
        **more,
    }


def bounce(
    *recipients: str, kind: str = "Permanent", key: str = "eventType", **more: object
) -> object:
    """A bounce; `key` is notificationType without event publishing."""
    return {
        key: "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": [
                {"emailAddress": r, "status": "5.1.1", "diagnosticCode": f"550 no {r} here"}
                for r in recipients
            ],
            "timestamp": "2026-03-04T05:00:01.000Z",
            "feedbackId": "f-1",
            "reportingMTA": "dns; mail.example.com",
        },
        "mail": mail(*recipients, **more),  # type: ignore[arg-type]
    }  # fmt: skip


def complaint(*recipients: str, feedback_type: str = "abuse", **more: object) -> object:
    """A complaint of these recipients."""
    return {
        "notificationType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": r} for r in recipients],
            "complaintFeedbackType": feedback_type,
            "timestamp": "2026-03-04T05:00:01.000Z",
        },
        "mail": mail(*recipients, **more),  # type: ignore[arg-type]
    }


def other(event_type: str, *recipients: str, **more: object) -> object:
    """Any other event."""
    part = {"timestamp": "2026-03-04T05:00:01.000Z", "recipients": list(recipients)}
    name = event_type[0].lower() + event_type[1:]
    return {"eventType": event_type, name: part, "mail": mail(*recipients, **more)}  # type: ignore[arg-type]
