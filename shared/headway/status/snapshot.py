"""Everything that is known of an installation at one moment. Frozen values; nothing is read here.

The names are those of `/api/status` and `headway status --json`. Counts are records, rows or
messages; what is in seconds says so; times are aware, in UTC.
"""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Word: TypeAlias = Literal["NOTFOUND", "OK", "WARN", "ERR", "STOP", "STALL", "REWIND"]
"""What Burrow calls the state of a partition, or of a group."""


class Frozen(BaseModel):
    """A value that does not change."""

    model_config = ConfigDict(frozen=True)


class Sample(Frozen):
    """How a group stood at one moment of the past, for charts. Rates are records a second."""

    at: datetime
    lag: int
    consumed_per_second: float | None = None
    produced_per_second: float | None = None


class Partition(Frozen):
    """One partition of a group that is behind, or is not OK.

    `committed` is Kafka's offset and `applied` the database's, None where there is none. `owner` is
    the client that reads it, '' if none does.
    """

    topic: str
    partition: int
    state: Word | None
    lag: int
    lag_seconds: float | None
    committed: int | None
    applied: int | None
    end: int
    owner: str


class Group(Frozen):
    """One consumer group. `state` is None where Kafka does not let its commits be read, `complete`
    the share of its partitions of which Burrow's rules had a whole window; `members` is None where
    Kafka does not tell; `lag_seconds` is how long the oldest record that waits
    has waited, None where that cannot be told. `in_kafka` is False for one that only the database
    remembers."""

    group: str
    in_kafka: bool = True
    state: Word | None
    complete: float | None = None
    members: int | None
    lag: int
    lag_seconds: float | None
    consumed_per_second: float | None = None
    produced_per_second: float | None = None
    partitions: tuple[Partition, ...] = ()
    series: tuple[Sample, ...] = ()


class Outbox(Frozen):
    """Messages decided on and not yet published. `at_least`: they were counted up to a bound."""

    waiting: int
    at_least: bool = False
    oldest_seconds: float | None = None


class Refused(Frozen):
    """Dead letters that wait for somebody, of one reason and topic."""

    reason: str
    topic: str
    count: int
    first_at: datetime
    last_at: datetime


class DeadLetters(Frozen):
    """Dead letters that were neither sent again nor closed. `at_least`: as for the outbox."""

    waiting: int
    at_least: bool = False
    by_reason: tuple[Refused, ...] = ()


class Job(Frozen):
    """One periodic job: when it last ran, how that ended and since when it ends so, and by when it
    should have run again. `trouble` is the kind of error that it failed with."""

    job: str
    last_at: datetime
    outcome: Literal["ok", "failed"]
    since: datetime
    next_at: datetime
    overdue_seconds: float = 0
    trouble: str = ""


class VerifyRun(Frozen):
    """The last time the books were verified. `findings` by the name of the check."""

    at: datetime
    ok: bool
    scope: str
    findings: dict[str, int] = Field(default_factory=dict)
    took_seconds: float
    release: str


class Programme(Frozen):
    """The version of the programme in force, and the next one that is published already."""

    version: int
    name: str
    zone: str
    from_at: datetime
    rules: int
    next_version: int | None = None
    next_from_at: datetime | None = None


class Sending(Frozen):
    """Messages of one state on one road."""

    road: str
    state: str
    count: int


class Pause(Frozen):
    """A road that somebody has stopped."""

    road: str
    why: str
    paused_by: str
    paused_at: datetime


class Notifications(Frozen):
    """What members are told. `failed_last_hour` counts what was given up in the hour before."""

    by_state: tuple[Sending, ...] = ()
    paused: tuple[Pause, ...] = ()
    failed_last_hour: int = 0


class Redemptions(Frozen):
    """Rewards asked for that are in one state."""

    state: str
    count: int


class Unseen(Frozen):
    """A part that could not be looked at: Kafka or the database, and why."""

    part: Literal["kafka", "database"]
    why: str


class Snapshot(Frozen):
    """Everything. A part that could not be looked at is None or empty, and named in `unseen`.
    `accounts_held`: accounts that jobs leave alone until a person has looked."""

    at: datetime
    groups: tuple[Group, ...] = ()
    outbox: Outbox | None = None
    dead_letters: DeadLetters | None = None
    jobs: tuple[Job, ...] = ()
    accounts_held: int | None = None
    verify: VerifyRun | None = None
    programme: Programme | None = None
    notifications: Notifications | None = None
    redemptions: tuple[Redemptions, ...] = ()
    unseen: tuple[Unseen, ...] = ()
