"""The composition root of notify: everything is wired here, and nowhere else."""

from collections.abc import Sequence

import mode

from headway.contracts.topics import Topics
from headway.runtime.clock import StreamClock, SystemClock
from headway.runtime.database import Database
from headway.runtime.health import Health
from headway.runtime.host import run
from headway.stream.consumer import BatchConsumer, ConsumerOptions
from headway_notify.announcing import Announcer
from headway_notify.compose import Composer
from headway_notify.intake import Intake
from headway_notify.judging import Judge
from headway_notify.mime import Sender
from headway_notify.planner import Planner
from headway_notify.programmes import Programmes
from headway_notify.roads.wiring import roads
from headway_notify.settings import NotifySettings

NAME = "notify"


def services(settings: NotifySettings, health: Health) -> Sequence[mode.Service]:
    """Database, clock, roads out, planner and consumer, in the order they start."""
    database = Database(settings, f"headway-{NAME}")
    topics, group = Topics(settings.topic_prefix), settings.group(NAME)
    programmes = Programmes(lambda: database.pool)
    composer = Composer(programmes, Sender.parse(settings.smtp_from))
    stream = StreamClock(lambda: database.pool, group)
    clock = stream if settings.clock == "stream" else SystemClock()
    out = roads(
        lambda: database.pool, settings, clock, composer, programmes, topics.notifications, health
    )
    judge = Judge(lambda: database.pool, programmes, group, topics.member_contacts, out.onward)
    announcer = Announcer(lambda: database.pool, programmes)
    planner = Planner(judge, announcer, clock, out.wake, health)
    consumer = BatchConsumer(
        ConsumerOptions(
            settings.kafka_bootstrap,
            group,
            (topics.balance_changed, topics.member_notices, topics.member_contacts),
            max_records=settings.max_records,
        ),
        Intake(lambda: database.pool, group, topics, programmes),
        health,
    )
    clocks = [stream] if settings.clock == "stream" else []
    return [database, *clocks, *out.services, planner, consumer]


def main() -> None:
    """Run notify until told to stop."""
    health = Health()
    settings = NotifySettings()
    run(NAME, services(settings, health), settings, health)
