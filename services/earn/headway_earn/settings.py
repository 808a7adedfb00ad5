"""What an operator may set for earn, besides what every service shares."""

from pydantic import Field

from headway.runtime.settings import Settings


class EarnSettings(Settings):
    """Environment HEADWAY_..., as for all services."""

    consumers: int = Field(
        2,
        ge=1,
        le=16,
        description="Group members in this process: while Postgres writes the batch of one, "
        "another decides. Members beyond the number of partitions (6) are idle.",
    )
    jobs_every: float = Field(
        1.0, gt=0, le=3600, description="Seconds between looks for due accounts."
    )
    jobs_batch: int = Field(
        500, ge=1, le=10_000, description="Accounts settled in one transaction."
    )
