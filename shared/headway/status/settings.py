"""Settings of the status page, beside those that every process shares."""

from pydantic import Field

from headway.runtime.settings import Settings
from headway.status.judging import Objectives


class StatusSettings(Settings):
    """Where the page is served, how often it looks, and from where on a person is needed."""

    status_port: int = Field(8090, ge=0, le=65535, description="Port of the status page.")
    status_bind: str = Field("127.0.0.1", description="Address that port listens on.")
    status_every: float = Field(
        5, ge=0.2, le=300, description="Seconds from one look at everything to the next."
    )
    status_cluster_name: str = Field(
        "default", description="What the label cluster_name says of this Kafka, in /metrics."
    )
    status_offset_refresh: int = Field(
        10, ge=1, le=600,
        description="Seconds between the log ends that Burrow's rules look at, fifteen of them: a "
        "group whose log has only just grown is not yet called stopped.",
    )  # fmt: skip
    status_lag_seconds: float = Field(
        120, gt=0, description="A group further behind than this needs a person."
    )
    status_outbox_seconds: float = Field(
        60, gt=0, description="A message that waits longer than this to be published does, too."
    )
    status_failed_an_hour: int = Field(
        20, ge=1, description="So many messages given up in the last hour do, too."
    )

    @property
    def objectives(self) -> Objectives:
        """From where on something needs a person."""
        return Objectives(
            lag_seconds=self.status_lag_seconds,
            outbox_seconds=self.status_outbox_seconds,
            failed_an_hour=self.status_failed_an_hour,
        )
