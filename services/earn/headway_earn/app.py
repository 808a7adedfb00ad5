"""The composition root of earn: everything is wired here, and nowhere else."""

from collections.abc import Sequence

import mode

from headway.contracts.topics import EARN_INPUTS
from headway.runtime.clock import StreamClock, SystemClock
from headway.runtime.database import Database
from headway.runtime.health import Health
from headway.runtime.host import run
from headway.runtime.kafka import connection
from headway.runtime.metrics import watch_pool
from headway.runtime.settings import read
from headway.stream.consumer import BatchConsumer, ConsumerOptions
from headway.stream.relay import Relay, RelayOptions
from headway_earn.batch import EarnHandler
from headway_earn.jobs import Jobs
from headway_earn.settings import EarnSettings

NAME = "earn"


def services(settings: EarnSettings, health: Health) -> Sequence[mode.Service]:
    """Database, clock, relay, jobs and consumers, in the order in which they start."""
    database = Database(settings, f"headway-{NAME}")
    watch_pool(lambda: database.pool)
    group = settings.group(NAME)
    stream = StreamClock(lambda: database.pool, group)
    relay = Relay(RelayOptions(connection(settings), settings.postgres_dsn), health)

    def too_much_waiting() -> str:
        waiting = relay.backlog()
        return f"{waiting} outbox rows are waiting" if waiting > settings.outbox_limit else ""

    def consumer(number: int) -> BatchConsumer:
        # Events from the future are judged by the machine's clock, whatever the jobs follow.
        handler = EarnHandler(
            lambda: database.pool, group, settings.topic_prefix, SystemClock(), relay.wake,
            stop_on_refusals=settings.stop_on_refusals,
        )  # fmt: skip
        return BatchConsumer(
            ConsumerOptions(
                connection(settings),
                group,
                tuple(settings.topic(name) for name in EARN_INPUTS),
                max_records=settings.max_records,
                member=str(number),
            ),
            handler,
            health,
            hold=too_much_waiting,
            # Services stop in reverse order: the first consumer is the last to leave.
            before_leaving=relay.finish if number == 1 else None,
        )

    jobs = Jobs(
        lambda: database.pool,
        stream if settings.clock == "stream" else SystemClock(),
        settings.topic_prefix,
        health,
        relay.wake,
        every=settings.jobs_every,
        batch=settings.jobs_batch,
    )
    clocks = [stream] if settings.clock == "stream" else []
    consumers = [consumer(number) for number in range(1, settings.consumers + 1)]
    return [database, *clocks, relay, jobs, *consumers]


def main() -> None:
    """Run earn until told to stop."""
    health = Health()
    settings = read(EarnSettings)
    run(NAME, services(settings, health), settings, health)
