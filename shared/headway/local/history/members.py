"""Who bought: each buyer joins an hour before the first purchase and leaves an address."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from headway.local.history.dice import Dice
from headway.local.history.happenings import SYNTHETIC, Order, SourceEvent, event_id

_BEFORE_FIRST_PURCHASE = timedelta(hours=1)
_FIRST = (
    "Ada", "Ben", "Chloe", "Dan", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jamal", "Kira",
    "Liam", "Maya", "Noah", "Olga", "Priya", "Quinn", "Rosa", "Sami", "Tess", "Uma", "Victor",
    "Wren", "Yusuf", "Zoe",
)  # fmt: skip
_LAST = (
    "Abbott", "Brandt", "Castro", "Diaz", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jensen",
    "Kim", "Lopez", "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Silva", "Turner", "Weber",
)  # fmt: skip
_LOCALES = ("en-US",) * 12 + ("en-GB", "es-US", "de-DE", "fr-CA", "ja-JP")
# Places whose clocks change on different days, one of them by half an hour, and some that never do.
_ZONES = ("",) * 6 + (
    "America/New_York", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe",
    "America/Phoenix", "Asia/Tokyo", "Pacific/Chatham",
)  # fmt: skip


def first_purchases(orders: Iterable[Order]) -> dict[str, Order]:
    """Each member's earliest order, by member, in the order of joining."""
    first: dict[str, Order] = {}
    for order in sorted(orders, key=lambda order: (order.time, order.order_id)):
        first.setdefault(order.member_id, order)
    return first


def joined_at(first: Order) -> datetime:
    """When the buyer of this first order joined."""
    return first.time - _BEFORE_FIRST_PURCHASE


def joins_and_contacts(first: dict[str, Order], dice: Dice) -> Iterator[SourceEvent]:
    """The contact and the joining of every member; names and addresses are nobody's."""
    for member_id, order in first.items():
        at = joined_at(order)
        yield SourceEvent(
            "contact.updated",
            event_id("contact.updated", member_id),
            SYNTHETIC,
            member_id,
            at,
            _contact(member_id, dice),
        )
        id_ = event_id("member.joined", member_id)
        yield SourceEvent("member.joined", id_, SYNTHETIC, member_id, at)


def _contact(member_id: str, dice: Dice) -> dict[str, object]:
    first = _FIRST[dice.roll(len(_FIRST), "first name", member_id)]
    last = _LAST[dice.roll(len(_LAST), "last name", member_id)]
    # Any text may be a member id; an address takes only some of its characters.
    mailbox = "".join(c if c.isascii() and c.isalnum() else "-" for c in member_id)[:40].strip("-")
    number = dice.roll(10**6, "mailbox", member_id)
    return {
        "email": f"{first}.{mailbox or 'member'}.{number}@example.com".lower(),
        "name": f"{first} {last}",
        "locale": _LOCALES[dice.roll(len(_LOCALES), "locale", member_id)],
        "zone": _ZONES[dice.roll(len(_ZONES), "zone", member_id)],
    }
