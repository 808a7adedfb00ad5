"""What members do beside buying: join, tell their birthday, invite, fly, subscribe, leave."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from headway.local.history.happenings import SourceEvent
from tests.year.happened import Calendar, event


def life(of: Calendar, member: str, joined: int, earlier: Sequence[str]) -> Iterator[SourceEvent]:
    """Everything of one member but orders; `earlier` are those who may have invited them."""
    time = of.time(joined, "joined", member)
    person = {"email": f"{member}@example.org", "name": member.title(), "locale": "en-US"}
    yield event("contact.updated", member, member, time - timedelta(minutes=1), person)
    yield event("member.joined", member, member, time, {})
    if of.chance(600, "birthday", member):
        month, day = of.dice.roll(12, "month", member) + 1, of.dice.roll(28, "day", member) + 1
        told = "02-29" if of.chance(20, "leap", member) else f"{month:02}-{day:02}"
        later = time + timedelta(minutes=3 + of.dice.roll(60 * 24 * 5, "told", member))
        yield event("member.updated", member, member, later, {"attributes": {"birthday": told}})
    yield from _invitation(of, member, joined, earlier)
    yield from _activities(of, member, joined)
    yield from _membership(of, member, joined)
    if of.chance(30, "left", member):
        gone = of.time(joined + of.dice.roll(of.days - joined, "left", member), "left", member)
        yield event("member.left", member, member, gone, {})


def _invitation(
    of: Calendar, member: str, joined: int, earlier: Sequence[str]
) -> Iterator[SourceEvent]:
    """Some had been invited; of some the shop says later that their first order completed it."""
    if not earlier or not of.chance(250, "invited", member):
        return
    referrer = earlier[of.dice.roll(len(earlier), "referrer", member)]
    who = {"referral_id": f"invitation-{member}", "referrer_id": referrer}
    time = of.time(joined, "joined", member) + timedelta(minutes=2)
    if of.chance(800, "recorded", member):
        yield event("referral.created", member, member, time, who)
    if of.chance(400, "completed", member):
        day = joined + 1 + of.dice.roll(60, "completed", member)
        told = who | {"order_id": f"{member}-0"}
        yield event("referral.completed", member, member, of.time(day, "completion", member), told)


def _activities(of: Calendar, member: str, joined: int) -> Iterator[SourceEvent]:
    for at in range(of.dice.roll(8, "activities", member)):
        day = joined + of.dice.roll(of.days - joined, "activity", member, at)
        kind = ("visit", "visit", "app", "flight", "fuel")[of.dice.roll(5, "kind", member, at)]
        facts: dict[str, object] = {"activity": kind}
        if kind == "flight":
            facts["quantity"] = 100 + of.dice.roll(3000, "miles", member, at)
        if kind == "fuel":
            facts |= {"amount": 1000 + of.dice.roll(7000, "fuel", member, at), "currency": "USD",
                      "quantity": 10 + of.dice.roll(50, "litres", member, at),
                      "partner": "oil", "store": "pump-1", "channel": "store"}  # fmt: skip
        time = of.time(day, "activity", member, at)
        yield event("activity.recorded", f"{member}-{at}", member, time, facts)


def _membership(of: Calendar, member: str, joined: int) -> Iterator[SourceEvent]:
    """Three months at a time: renewed or not, cancelled with or without the money back."""
    if not of.chance(250, "subscribed", member):
        return
    id_, day = f"plan-{member}", joined + of.dice.roll(60, "subscribed", member)
    paid = {"paid_minor": 3900, "currency": "USD"}
    told = {"membership_id": id_, "plan": "prime-quarter"} | paid
    yield event("membership.started", member, member, of.time(day, "started", member), told)
    if of.chance(500, "renewed", member):
        day += 80 + of.dice.roll(40, "renewed", member)
        again = {"membership_id": id_} | paid
        yield event("membership.renewed", member, member, of.time(day, "renewed", member), again)
    if of.chance(400, "cancelled", member):
        day += 1 + of.dice.roll(60, "cancelled", member)
        end = {"membership_id": id_, "refund": of.chance(500, "money back", member)}
        yield event("membership.cancelled", member, member, of.time(day, "end", member), end)
