"""Settings that every service shares, read from the environment (HEADWAY_...)."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the servers are and how this process behaves. Services add their own by subclassing."""

    model_config = SettingsConfigDict(env_prefix="HEADWAY_", frozen=True, extra="ignore")

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092", description="Kafka's addresses, host:port, separated by commas."
    )
    postgres_dsn: str = Field(
        "postgresql://localhost/headway", description="The ledger's database."
    )
    topic_prefix: str = Field("headway.", description="What every topic's name starts with.")
    group_prefix: str = Field("headway-", description="What every consumer group starts with.")
    clock: Literal["system", "stream"] = Field(
        "system", description="What jobs call now: the machine's time, or the stream's."
    )
    web_port: int = Field(
        0, ge=0, le=65535, description="Port of /live, /ready and /metrics; 0 serves none."
    )
    web_bind: str = Field("0.0.0.0", description="Address that port listens on.")
    log_level: str = Field("INFO", description="Least severe log line that is written.")
    max_records: int = Field(1000, ge=1, le=50_000, description="Records in a batch, at most.")
    pool_size: int = Field(8, ge=2, le=100, description="Connections to Postgres, at most.")
    outbox_limit: int = Field(
        50_000, ge=1, description="Earn pauses while more outbox rows than this are waiting."
    )
    stop_on_refusals: bool = Field(
        True,
        description="Stop when so many records are refused that a deploy must have gone wrong. "
        "Once they are known to be bad data: false dead-letters them all.",
    )

    def topic(self, name: str) -> str:
        """The full name of one of Headway's topics."""
        return self.topic_prefix + name

    def group(self, name: str) -> str:
        """The full name of one of Headway's consumer groups."""
        return self.group_prefix + name
