"""Notify's own settings, beside those every service shares."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from headway_notify.mime import Sender
from headway_notify.privacy_settings import PrivacySettings
from headway_notify.roads.settings import RoadSettings


class NotifySettings(PrivacySettings, RoadSettings):
    """Where the mail server is, and how mails are handed to it."""

    smtp_host: str = Field("127.0.0.1", description="The mail server.")
    smtp_port: int = Field(25, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        "none", description="starttls: upgrade the connection, or refuse it; tls: from the start."
    )
    smtp_user: str = Field("", description="User to log in with; empty: no log-in.")
    smtp_password: SecretStr = Field(SecretStr(""), description="That user's password.")
    smtp_from: str = Field(
        "Headway <rewards@localhost>", description="Sender; its domain ends every Message-ID."
    )
    smtp_connections: int = Field(16, ge=1, le=100, description="Connections kept open.")
    smtp_timeout: float = Field(
        20.0, gt=0, le=600, description="Seconds for connecting, and for handing over one mail."
    )
    notify_templates: Path | None = Field(
        None, description="Folder whose templates and catalogues take the place of the built-in."
    )
    notify_unknown: Literal["resend", "leave"] = Field(
        "resend",
        description="A mail of which nobody knows whether the server has it: send it again "
        "(it may arrive twice, counted), or leave it (it may never arrive).",
    )
    notify_lease_seconds: float = Field(
        60.0, ge=1, description="How long a sender's claim on a mail holds without an answer."
    )
    notify_claim: int = Field(200, ge=1, le=5000, description="Mails claimed at once, at most.")
    notify_retry_seconds: float = Field(
        30.0, gt=0, description="Wait before the second try; each later one waits twice as long."
    )
    notify_give_up_hours: float = Field(
        24.0, gt=0, description="A mail that could not be handed over this long is failed: stale."
    )

    @field_validator("smtp_from")
    @classmethod
    def _is_a_sender(cls, text: str) -> str:
        Sender.parse(text)
        return text

    @model_validator(mode="after")
    def _claim_outlives_a_mail(self) -> "NotifySettings":
        if self.notify_lease_seconds < 2 * self.smtp_timeout:
            raise ValueError(
                "HEADWAY_NOTIFY_LEASE_SECONDS should be at least twice HEADWAY_SMTP_TIMEOUT,"
                " so that no claim lapses while its mail is being handed over"
            )
        if self.notify_lease_seconds < 2 * self.road_timeout and (
            self.notify_mail == "ses" or self.roads
        ):
            raise ValueError(
                "HEADWAY_NOTIFY_LEASE_SECONDS should be at least twice HEADWAY_ROAD_TIMEOUT"
            )
        return self
