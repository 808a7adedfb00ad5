"""In which order a year's events are sent: exact shares of them late, and again."""

from collections import defaultdict
from collections.abc import Sequence

from headway.local.history.dice import Dice
from headway.local.history.happenings import SourceEvent

Placed = tuple[float, int, SourceEvent]


def late(events: Sequence[SourceEvent], share: float, dice: Dice) -> dict[str, float]:
    """By id, where each event is sent whose member has something later to tell before it.

    `events` are in the order of time, and the others are sent in that order; so exactly the
    chosen ones are late. A member's last event cannot be.
    """
    of_member: dict[str, list[int]] = defaultdict(list)
    for at, event in enumerate(events):
        of_member[event.member_id].append(at)
    last = {
        at
        for places in of_member.values()
        for at in places
        if events[at].time == events[places[-1]].time
    }
    can = [at for at in range(len(events)) if at not in last]
    can.sort(key=lambda at: dice.roll(2**60, "late", events[at].id))
    chosen = set(can[: round(share * len(events))])
    placed: dict[str, float] = {}
    for at in chosen:
        event = events[at]
        later = [
            other
            for other in of_member[event.member_id]
            if other not in chosen and events[other].time > event.time
        ]
        after = later[dice.roll(min(4, len(later)), "behind", event.id)]
        placed[event.id] = after + 0.5
    return placed


def sent(
    events: Sequence[SourceEvent], *, late_share: float, repeated_share: float, dice: Dice
) -> list[SourceEvent]:
    """Everything in the order of sending, with repeats some time after the first."""
    delayed = late(events, late_share, dice)
    placed: list[Placed] = [
        (delayed.get(event.id, float(at)), at, event) for at, event in enumerate(events)
    ]
    again = sorted(placed, key=lambda one: dice.roll(2**60, "again", one[2].id))
    for place, at, event in again[: round(repeated_share * len(events))]:
        placed.append((place + 0.7 + dice.roll(len(events) // 10 + 1, "gap", event.id), at, event))
    return [event for *_, event in sorted(placed, key=lambda one: one[:2])]
