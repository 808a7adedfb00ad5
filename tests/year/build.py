"""A year of source events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from headway.local.history.dice import Dice
from headway.local.history.happenings import SourceEvent
from headway.program.yaml12 import Yaml12
from tests.year.arrival import sent
from tests.year.happened import Calendar
from tests.year.members import life
from tests.year.orders import orders
from tests.year.returns import returns

PROGRAMME = Path(__file__).with_name("programme.yaml")
ZONE = ZoneInfo("America/New_York")
DAYS = 365


@dataclass(frozen=True)
class Year:
    """`events` in the order of their time, `sent` in the order of sending, repeats among them.

    Contacts come first of all in `sent`: they are read by another service, and nothing of them
    is late.
    """

    events: list[SourceEvent]
    contacts: list[SourceEvent]
    sent: list[SourceEvent]


def year(
    members: int,
    *,
    last_day: date,
    seed: int = 2026,
    late: float = 0.20,
    returned: float = 0.10,
    repeated: float = 0.05,
) -> Year:
    """So many members' year up to `last_day`, with these shares of events or orders."""
    of = Calendar(last_day - timedelta(days=DAYS - 1), DAYS, ZONE, Dice(seed))
    ids = [f"member-{at:05}" for at in range(members)]
    told: list[SourceEvent] = []
    joined = sorted((of.dice.roll(DAYS // 3, "joins", id_), id_) for id_ in ids)
    for at, (day, id_) in enumerate(joined):
        told += life(of, id_, day, [earlier for _, earlier in joined[:at]])
        told += orders(of, id_, day)
    end = datetime.combine(last_day + timedelta(days=1), time(), ZONE)
    first = [one for one in told if one.type == "order.paid" and one.facts["order_version"] == 1]
    told += returns(of, first, returned)
    told = sorted((one for one in told if one.time < end), key=lambda one: (one.time, one.id))
    events = [one for one in told if one.type != "contact.updated"]
    contacts = [one for one in told if one.type == "contact.updated"]
    sending = sent(events, late_share=late, repeated_share=repeated, dice=of.dice)
    return Year(events, contacts, contacts + sending)


def programme(**changes: Mapping[str, Any]) -> str:
    """The year's programme, with other `points`, `tiers` and so on where given."""
    doc: dict[str, Any] = yaml.load(PROGRAMME.read_text(encoding="utf-8"), Yaml12)
    for name, change in changes.items():
        doc[name] = {**doc[name], **change}
    return yaml.safe_dump(doc, sort_keys=False)
