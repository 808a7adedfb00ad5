"""What an operator may set for redeem, besides what every service shares."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from headway.runtime.settings import Settings

_SHORTEST_SECRET = 32


def _long_enough(secrets: SecretStr) -> SecretStr:
    if any(len(secret) < _SHORTEST_SECRET for secret in _split(secrets.get_secret_value())):
        raise ValueError(f"each secret needs {_SHORTEST_SECRET} characters or more")
    return secrets


def _origins(text: str) -> str:
    for origin in _split(text):
        parts = urlsplit(origin)
        if origin != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in ("http", "https"):
            raise ValueError("each origin should be like https://shop.example, without a path")
        if "*" in origin:
            raise ValueError("name each origin; there is no wildcard")
    return text


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class RedeemSettings(Settings):
    """Environment HEADWAY_..., as for all services."""

    # Secrets must not be repeated by the error that refuses them.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    api_port: int = Field(8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    api_bind: str = Field(
        "127.0.0.1",
        description="Address the API listens on. It speaks plain HTTP, so keys can be read on the "
        "way: put what ends TLS in front of it before opening it to more than this machine.",
    )
    redeem_hold_seconds: float = Field(
        900.0, gt=0, le=86_400, description="How long a reservation holds its points."
    )
    redeem_lock_seconds: float = Field(
        2.0, gt=0, le=60, description="Longest wait for one lock; then 503 with Retry-After."
    )
    redeem_request_seconds: float = Field(
        5.0, gt=0, le=60, description="Longest time for one request; then 503 with Retry-After."
    )
    redeem_body_limit: int = Field(
        16_384, ge=256, le=1_048_576, description="Bytes in a request's body, at most."
    )
    redeem_sweep_every: float = Field(
        1.0, gt=0, le=3600, description="Seconds between looks for reservations held too long."
    )
    redeem_sweep_batch: int = Field(
        100, ge=1, le=1000, description="Reservations timed out in one transaction."
    )
    redeem_key_seconds: float = Field(
        3.0, ge=0, le=60, description="A revoked API key stops within so many seconds."
    )
    redeem_token_secrets: Annotated[SecretStr, AfterValidator(_long_enough)] = Field(
        SecretStr(""),
        description="What member tokens are signed with: 32 characters or more, the same for all "
        "redeem processes; several, separated by commas, sign with the first. Empty: no tokens.",
    )
    redeem_rate_seconds: int = Field(
        60, ge=1, le=3600, description="The time that rate limits are about."
    )
    redeem_rate_key: int = Field(
        12_000, ge=1, description="Requests of one API key in that time, to one process."
    )
    redeem_rate_member: int = Field(
        120, ge=1, description="Requests of one member's tokens in that time, to one process."
    )
    redeem_adjust_limit: int = Field(
        1000, ge=0, le=10**9,
        description="Points that one person may give or take by hand; above it a second approves.",
    )  # fmt: skip
    redeem_cors_origins: Annotated[str, AfterValidator(_origins)] = Field(
        "", description="Origins whose pages may call the API from a browser, separated by commas."
    )

    @property
    def token_secrets(self) -> list[str]:
        """The secrets of member tokens, the one to sign with first."""
        return _split(self.redeem_token_secrets.get_secret_value())

    @property
    def cors_origins(self) -> list[str]:
        """The origins that browsers may call from; none: CORS is off."""
        return _split(self.redeem_cors_origins)
