"""Whether a message is Amazon SNS's own: its signature, against the certificate that it names."""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import httpx
import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from headway.errors import Poison, Retryable

_HOST = r"https://sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?/"
_CERTIFICATE = re.compile(_HOST + r"[A-Za-z0-9._-]{1,200}\.pem")
_CONFIRMATION = re.compile(_HOST + r"\?[\x21-\x7e]{1,4000}")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_NEEDED = ("Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature", "SigningCertURL")
# SNS signs by version 1 unless the topic says otherwise; nobody else can choose what is hashed.
_HASHES = {"1": SHA1, "2": SHA256}
_MOST_CERTIFICATES = 16
_FETCH_WITHIN = 5.0

Fetch = Callable[[str], Awaitable[bytes]]
SnsMessage = Mapping[str, str]


async def fetch(url: str) -> bytes:
    """What is at an address of SNS's own; follows nothing. Raises Retryable."""
    try:
        async with httpx.AsyncClient(timeout=_FETCH_WITHIN, follow_redirects=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        raise Retryable(f"SNS could not be asked: {type(error).__name__}") from error
    if answer.status_code != 200:
        raise Retryable(f"SNS answered {answer.status_code}")
    return answer.content


def parse(body: bytes) -> SnsMessage:
    """The fields of a message, all texts. Raises Poison."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Poison("not-json", "", "the body should be SNS's JSON") from None
    if not isinstance(said, dict):
        raise Poison("not-sns", "", "the body should be an object")
    for name in _NEEDED:
        if not isinstance(said.get(name), str):
            raise Poison("not-sns", name, "is missing, or is no text")
    if said["Type"] not in _SIGNED:
        raise Poison("not-sns", "Type", f"should be one of {', '.join(_SIGNED)}")
    return {name: value for name, value in said.items() if isinstance(value, str)}


def confirmation_url(message: SnsMessage) -> str:
    """Where a subscription is confirmed. Raises Poison for an address that is not SNS's."""
    url = message.get("SubscribeURL", "")
    if not _CONFIRMATION.fullmatch(url):
        raise Poison("not-sns", "SubscribeURL", "should be of sns.*.amazonaws.com over https")
    return url


class Signatures:
    """Checks signatures; certificates are fetched once."""

    def __init__(self, fetch: Fetch = fetch, now: Callable[[], datetime] | None = None) -> None:
        self._fetch = fetch
        self._now = now or (lambda: datetime.now(UTC))
        self._certificates: dict[str, x509.Certificate] = {}
        self._fetching = asyncio.Lock()

    async def check(self, message: SnsMessage) -> None:
        """Raises Poison for a message that SNS did not sign, Retryable if that cannot be told."""
        url = message["SigningCertURL"]
        if not _CERTIFICATE.fullmatch(url):
            raise Poison("not-sns", "SigningCertURL", "should be of sns.*.amazonaws.com over https")
        algorithm = _HASHES.get(message.get("SignatureVersion", ""))
        if algorithm is None:
            raise Poison("not-sns", "SignatureVersion", "should be 1 or 2")
        certificate = await self._certificate(url)
        key = certificate.public_key()
        if not certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc:
            raise Poison("bad-signature", "SigningCertURL", "the certificate is out of date")
        if not isinstance(key, RSAPublicKey):
            raise Poison("bad-signature", "SigningCertURL", "the certificate's key is not RSA")
        try:
            signature = base64.b64decode(message["Signature"], validate=True)
            key.verify(signature, signed_text(message), PKCS1v15(), algorithm())
        except (InvalidSignature, binascii.Error):
            raise Poison("bad-signature", "Signature", "does not fit the message") from None

    async def _certificate(self, url: str) -> x509.Certificate:
        async with self._fetching:
            known = self._certificates.get(url)
            if known is not None:
                return known
            try:
                found = x509.load_pem_x509_certificate(await self._fetch(url))
            except ValueError:
                raise Poison("bad-signature", "SigningCertURL", "names no certificate") from None
            if len(self._certificates) >= _MOST_CERTIFICATES:
                self._certificates.clear()
            self._certificates[url] = found
            return found


def signed_text(message: SnsMessage) -> bytes:
    """What SNS signs: name and value of its fields, a line each; Subject only if there is one."""
    fields = (name for name in _SIGNED[message["Type"]] if name in message)
    return "".join(f"{name}\n{message[name]}\n" for name in fields).encode()
