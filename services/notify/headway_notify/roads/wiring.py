"""Which roads the settings ask for, put together."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import mode

from headway.runtime.clock import Clock
from headway.runtime.health import Health
from headway.sealing.vault import Vault
from headway.stream.positions import Pool
from headway_notify.compose import Composer
from headway_notify.deciding import Outlets
from headway_notify.delivery import Delivery
from headway_notify.lives import Mails
from headway_notify.marking import Marker
from headway_notify.programmes import Programmes
from headway_notify.roads.engagement import EngagementRoad
from headway_notify.roads.handovers import Handovers, Onward
from headway_notify.roads.klaviyo import KlaviyoRoad
from headway_notify.roads.mail import MailRoad
from headway_notify.roads.ses import SesRoad
from headway_notify.roads.topic import Topic
from headway_notify.roads.tracking import Tracking
from headway_notify.roads.unmailed import Unmailed
from headway_notify.roads.webhook import WebhookRoad
from headway_notify.settings import NotifySettings
from headway_notify.smtp import SmtpRoad

PLATFORMS: dict[str, Callable[[NotifySettings], EngagementRoad]] = {
    "klaviyo": KlaviyoRoad,
    "webhook": WebhookRoad,
}


class Roads(NamedTuple):
    """What a notify process sends by: `services` in the order they start; `wake` says that there
    is something to send."""

    services: Sequence[mode.Service]
    onward: Onward
    outlets: Outlets
    wake: Callable[[], None]


def mail_road(settings: NotifySettings) -> MailRoad | None:
    """The one road that mail takes, or None where no mail leaves. Raises UserError when what it
    needs is not installed or set."""
    if settings.notify_mail == "none":
        return None
    return SesRoad(settings) if settings.notify_mail == "ses" else SmtpRoad(settings)


def roads(
    pool: Callable[[], Pool], vault: Callable[[], Vault], settings: NotifySettings, clock: Clock,
    composer: Composer, programmes: Programmes, notifications: str, health: Health,
) -> Roads:  # fmt: skip
    """All of them. `notifications`: the full name of the topic."""
    topic = Topic(notifications) if "topic" in settings.roads else None
    mail = mail_road(settings)
    services: list[mode.Service] = []
    wakes: list[Callable[[], None]] = []
    if mail is None:
        services.append(Unmailed(pool, health))
    else:
        mails = Mails(topic, mail.name)
        marker = Marker(pool, settings, health, mails)
        delivery = Delivery(pool, vault, settings, clock, composer, mail, mails, marker, health)
        services += [marker, delivery]
        wakes.append(delivery.wake)
    platforms = [name for name in PLATFORMS if name in settings.roads]
    for name in platforms:
        lives = Handovers(name, topic)
        own = Marker(pool, settings, health, lives, resend=True)
        tracking = Tracking(
            pool, vault, settings, clock, programmes, PLATFORMS[name](settings), lives, own, health
        )
        services += [own, tracking]
        wakes.append(tracking.wake)

    def wake() -> None:
        for one in wakes:
            one()

    outlets = Outlets(mail=mail is not None, others=bool(settings.roads))
    return Roads(services, Onward(platforms, topic), outlets, wake)
