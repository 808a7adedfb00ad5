"""What an operator may set for redeem, besides what every service shares."""

from pydantic import Field

from headway.runtime.settings import Settings


class RedeemSettings(Settings):
    """Environment HEADWAY_..., as for all services."""

    api_port: int = Field(8080, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    api_bind: str = Field(
        "127.0.0.1",
        description="Address the API listens on. It asks nobody who they are: put what does so "
        "in front of it before opening it to more than this machine.",
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
