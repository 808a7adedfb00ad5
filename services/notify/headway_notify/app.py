"""The composition root of notify: everything is wired here, and nowhere else."""

from collections.abc import Sequence
from datetime import timedelta
from email.utils import parseaddr

import mode

from headway.contracts.topics import Topics
from headway.runtime.clock import StreamClock, SystemClock
from headway.runtime.database import Database
from headway.runtime.health import Health
from headway.runtime.host import run
from headway.runtime.kafka import connection
from headway.runtime.metrics import watch_pool
from headway.runtime.settings import read
from headway.runtime.web import WebServer
from headway.stream.consumer import BatchConsumer, ConsumerOptions
from headway_notify.announcing import Announcer
from headway_notify.checking import chosen
from headway_notify.compose import Composer
from headway_notify.contacts.strongroom import Strongroom
from headway_notify.feedback.processing import FeedbackLoop, SoftBounces
from headway_notify.intake import Intake
from headway_notify.judging import Judge
from headway_notify.mime import Sender
from headway_notify.planner import Planner
from headway_notify.programmes import Programmes
from headway_notify.roads.wiring import roads
from headway_notify.settings import NotifySettings
from headway_notify.web.application import build
from headway_notify.web.choices import Choices
from headway_notify.web.listening import Listening
from headway_notify.web.unsubscribing import Unsubscribing

NAME = "notify"


def services(settings: NotifySettings, health: Health) -> Sequence[mode.Service]:
    """Every part of notify, in the order in which they start.

    Raises TemplateError when the templates of a folder have mistakes.
    """
    database = Database(settings, f"headway-{NAME}")
    watch_pool(lambda: database.pool)
    topics, group = Topics(settings.topic_prefix), settings.group(NAME)
    programmes = Programmes(lambda: database.pool)
    templates = chosen(settings.notify_templates)
    stream = StreamClock(lambda: database.pool, group)
    clock = stream if settings.clock == "stream" else SystemClock()
    strongroom = Strongroom(lambda: database.pool, settings.master_key)
    composer = Composer(
        programmes, lambda: strongroom.vault, Sender.parse(settings.smtp_from),
        public_url=settings.notify_public_url, templates=templates,
    )  # fmt: skip
    out = roads(
        lambda: database.pool, lambda: strongroom.vault, settings, clock, composer, programmes,
        topics.notifications, health,
    )  # fmt: skip
    judge = Judge(
        lambda: database.pool, lambda: strongroom.vault, programmes, group,
        topics.member_contacts, out.onward, out.outlets,
    )  # fmt: skip
    announcer = Announcer(lambda: database.pool, programmes)
    planner = Planner(judge, announcer, clock, out.wake, health, lambda: database.pool)
    consumer = BatchConsumer(
        ConsumerOptions(
            connection(settings),
            group,
            topics.notify_inputs,
            max_records=settings.max_records,
        ),
        Intake(
            lambda: database.pool,
            lambda: strongroom.vault,
            group,
            topics,
            programmes,
            stop_on_refusals=settings.stop_on_refusals,
        ),
        health,
    )
    clocks = [stream] if settings.clock == "stream" else []
    web = _web(settings, database, strongroom, health)
    return [database, strongroom, *clocks, *out.services, planner, consumer, *web]


def _web(
    settings: NotifySettings, database: Database, strongroom: Strongroom, health: Health
) -> list[mode.Service]:
    """The unsubscribe page and feedback, and the loop that works feedback through."""
    loop = FeedbackLoop(
        lambda: database.pool,
        lambda: strongroom.vault,
        SoftBounces(settings.notify_soft_bounces, timedelta(days=settings.notify_soft_bounce_days)),
        health,
    )
    if not settings.notify_web_port:
        return [loop]
    pages = Unsubscribing(
        Choices(lambda: database.pool, lambda: strongroom.vault),
        parseaddr(settings.smtp_from)[0],
    )
    listening = Listening(
        lambda: database.pool,
        lambda: strongroom.vault,
        sns_topics=settings.sns_topics,
        secrets=settings.feedback_secrets,
    )
    application = build(pages, listening)
    return [
        loop,
        WebServer(application, settings.notify_web_bind, settings.notify_web_port, health),
    ]


def main() -> None:
    """Run notify until told to stop."""
    health = Health()
    settings = read(NotifySettings)
    run(NAME, services(settings, health), settings, health)
