"""The settings of the roads out, beside notify's own."""

import base64
import binascii
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from headway.runtime.settings import Settings
from headway_notify.pacing import parse_rates

ROADS = ("topic", "klaviyo", "webhook")
"""What can be told beside the mail."""
_HERE = {"localhost", "127.0.0.1", "::1"}


class RoadSettings(Settings):
    """Which roads there are, where they lead, and how they are used."""

    notify_mail: Literal["smtp", "ses", "none"] = Field(
        "smtp", description="How mail leaves; none: it does not, and other roads are all there are."
    )
    notify_roads: str = Field(
        "", description="What is told beside the mail: any of topic, klaviyo, webhook; by commas."
    )
    notify_domain_rates: str = Field(
        "",
        description="Mails to a domain at most, over all processes: gmail.com=20/s,*=50/s; empty: "
        "no limit.",
    )
    notify_breaker_failures: int = Field(
        5, ge=1, description="Failures of a road in a row after which it is left alone."
    )
    notify_breaker_seconds: float = Field(
        1.0, gt=0, description="For how long at first; doubled at each trial, up to 60 times that."
    )
    notify_backfill_hours: float = Field(
        48.0, gt=0, description="What happened longer ago is told to platforms as history."
    )
    road_timeout: float = Field(
        10.0, gt=0, le=600, description="Seconds for one request to SES or a platform."
    )
    road_senders: int = Field(8, ge=1, le=100, description="Requests at once to each of them.")

    ses_region: str = Field("", description="SES: the region; empty: that of the AWS settings.")
    ses_endpoint: str = Field("", description="SES: another address, such as a VPC endpoint's.")
    ses_configuration_set: str = Field("", description="SES: the configuration set, if any.")

    klaviyo_key: SecretStr = Field(SecretStr(""), description="Klaviyo: a private API key.")
    klaviyo_url: str = Field("https://a.klaviyo.com", description="Klaviyo: where its API is.")
    klaviyo_revision: str = Field("2026-07-15", description="Klaviyo: the revision spoken.")
    klaviyo_email: bool = Field(
        False, description="Klaviyo: whether the member's address is sent beside the id."
    )
    klaviyo_rate: float = Field(
        50.0, gt=0, le=350, description="Klaviyo: events a second, over all processes."
    )

    webhook_url: str = Field("", description="Webhook: where messages are posted to, by HTTPS.")
    webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="Webhook: signing secrets (whsec_...), the newest first, by spaces.",
    )

    @property
    def roads(self) -> tuple[str, ...]:
        """What is told beside the mail."""
        return tuple(filter(None, (road.strip() for road in self.notify_roads.split(","))))

    @field_validator("notify_domain_rates")
    @classmethod
    def _are_rates(cls, text: str) -> str:
        parse_rates(text)
        return text

    @field_validator("ses_endpoint", "klaviyo_url", "webhook_url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (
            parts.scheme == "https" or (parts.scheme, parts.hostname in _HERE) == ("http", True)
        ):
            raise ValueError("should be an https:// address; write one")
        return url

    @field_validator("webhook_secrets")
    @classmethod
    def _are_webhook_secrets(cls, secrets: SecretStr) -> SecretStr:
        for secret in secrets.get_secret_value().split():
            try:
                size = len(base64.b64decode(secret.removeprefix("whsec_") + "==", validate=False))
            except binascii.Error:
                size = 0
            if not 24 <= size <= 64:
                raise ValueError("each secret should be whsec_ and 24 to 64 bytes in base64")
        return secrets

    @model_validator(mode="after")
    def _roads_are_complete(self) -> "RoadSettings":
        unknown = [road for road in self.roads if road not in ROADS]
        if unknown:
            raise ValueError(f"HEADWAY_NOTIFY_ROADS: {unknown[0]!r} is none of {', '.join(ROADS)}")
        if self.notify_mail == "none" and not self.roads:
            raise ValueError(
                "HEADWAY_NOTIFY_MAIL is none and HEADWAY_NOTIFY_ROADS is empty, so nobody would be "
                f"told anything; name one of {', '.join(ROADS)} in HEADWAY_NOTIFY_ROADS, or let "
                "mail leave by smtp or ses"
            )
        if "klaviyo" in self.roads and not self.klaviyo_key.get_secret_value():
            raise ValueError("HEADWAY_KLAVIYO_KEY is missing; give a private key with events:write")
        if "webhook" in self.roads and not (
            self.webhook_url and self.webhook_secrets.get_secret_value().split()
        ):
            raise ValueError("HEADWAY_WEBHOOK_URL and HEADWAY_WEBHOOK_SECRETS are both needed")
        return self
