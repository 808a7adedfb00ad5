"""What an operator may set about contacts, the unsubscribe page and feedback."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from headway.runtime.settings import Settings
from headway_notify.feedback.generic import secret_bytes


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class PrivacySettings(Settings):
    """Keys, the web port and who may send feedback."""

    # Secrets must not be repeated by the error that refuses them.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    notify_master_key: SecretStr = Field(
        SecretStr(""),
        description="What contacts are sealed with: 32 bytes in base64 (`headway notify key`), the "
        "same for all notify processes; several, separated by commas: the first seals, each opens.",
    )
    notify_web_port: int = Field(
        0, ge=0, le=65535, description="Port of the unsubscribe page and of feedback; 0: none."
    )
    notify_web_bind: str = Field(
        "127.0.0.1",
        description="Address that port listens on. Plain HTTP: put what ends TLS in front of it.",
    )
    notify_public_url: str = Field(
        "", description="Where members reach that port, https://…; empty: messages link nowhere."
    )
    notify_soft_bounces: int = Field(
        5, ge=1, le=1000, description="Soft bounces of an address after which it is suppressed."
    )
    notify_soft_bounce_days: int = Field(
        30, ge=1, le=366, description="Days within which so many soft bounces count."
    )
    notify_sns_topics: str = Field(
        "", description="ARNs of the SNS topics that SES's feedback comes by; empty: refused."
    )
    notify_feedback_secrets: SecretStr = Field(
        SecretStr(""),
        description="Secrets of POST /feedback/generic (whsec_…), separated by commas: each is "
        "accepted. Empty: refused.",
    )

    @field_validator("notify_public_url")
    @classmethod
    def _is_an_origin(cls, text: str) -> str:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.netloc and not parts.query
        if text and (not whole or parts.fragment or not text.isascii()):
            raise ValueError("should be like https://rewards.shop.example, a path is allowed")
        return text.rstrip("/")

    @field_validator("notify_feedback_secrets")
    @classmethod
    def _are_feedback_secrets(cls, secrets: SecretStr) -> SecretStr:
        for secret in _split(secrets.get_secret_value()):
            secret_bytes(secret)
        return secrets

    @property
    def master_key(self) -> str:
        """The master keys as they are written."""
        return self.notify_master_key.get_secret_value()

    @property
    def sns_topics(self) -> frozenset[str]:
        """The ARNs of topics that are listened to."""
        return frozenset(_split(self.notify_sns_topics))

    @property
    def feedback_secrets(self) -> list[str]:
        """Secrets of the generic endpoint."""
        return _split(self.notify_feedback_secrets.get_secret_value())
