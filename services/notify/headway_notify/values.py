"""What templates may use: the values of one message, by name. Pure.

Numbers that a sentence turns on (one point, two points) are integers; all else is words, ready for
the reader's locale and zone.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from headway.program.program import Program
from headway_notify import details
from headway_notify.bar import bar
from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.reader import Links, Reader
from headway_notify.ways import ways
from headway_notify.wording import Wording

D = TypeVar("D", bound=details.Detail)


class Priced(NamedTuple):
    """A reward, and the points that it takes."""

    name: str
    points: int


def values(
    message: Message, program: Program, reader: Reader, links: Links, wording: Wording
) -> dict[str, Any]:
    """Everything the templates of this kind may use, but `subject` and `preheader`."""
    facts, ahead = message.facts, message.facts.ahead
    found = {
        "lang": wording.language.name,
        "_": wording.language.gettext,
        "ngettext": wording.language.ngettext,
        "number": wording.number,
        "unit": wording.unit,
        "points": wording.points,
        "titled": wording.titled,
        "programme": program.name,
        "tier": _tier(program, facts.tier),
        "name": reader.name,
        "available": facts.available,
        "pending": facts.pending,
        "owed": -facts.owed,
        "pending_covers": facts.pending >= -facts.owed,
        "bar": bar(facts, program, wording),
        "ready": [Priced(each.name, each.points) for each in reversed(facts.ready(program))],
        "first": _first(program),
        "following": _reward(program, ahead.id) if ahead else "",
        "missing": ahead.missing if ahead else 0,
        "goal": _reward(program, facts.goal.id) if facts.goal else "",
        "saved": _saved(facts, program, wording),
        "why": _why(message, program, wording),
        "as_of": wording.moment(facts.account_time),
        "preferences": links.preferences,
    }
    more = _MORE.get(message.kind)
    return found if more is None else found | more(message, program, wording)


def _tier(program: Program, tier_id: str) -> str:
    return next((level.name for level in program.levels if level.id == tier_id), "")


def _reward(program: Program, reward_id: str) -> str:
    reward = program.reward(reward_id)
    return reward.name if reward else reward_id


def _first(program: Program) -> Priced | None:
    if not program.rewards:
        return None
    cheapest = min(program.rewards, key=lambda reward: reward.points)
    return Priced(cheapest.name, cheapest.points)


def _saved(facts: Facts, program: Program, wording: Wording) -> str:
    amounts = [wording.money(minor, currency) for currency, minor in sorted(facts.saved.items())
               if minor]  # fmt: skip
    return wording.several(amounts) if amounts else wording.money(0, program.currency)


def _why(message: Message, program: Program, wording: Wording) -> str:
    _ = wording.language.gettext
    if message.kind == "progress":
        return _(
            "You receive this summary because your %(programme)s account changed on %(day)s.",
            programme=program.name, day=wording.day(message.day),
        )  # fmt: skip
    return _("You receive this message as a member of %(programme)s.", programme=program.name)


# -- what only one kind tells -------------------------------------------------------------


def _welcome(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    return {
        "start": message.facts.available + message.facts.pending,
        "ways": ways(program, wording),
    }


def _reward_ready(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.RewardReady)
    reward = program.reward(told.reward_id)
    if reward is None:
        return {"reward": told.reward_id, "price": 0}
    price = reward.price(message.facts.tier, program.day(message.facts.account_time))
    return {"reward": reward.name, "price": price}


def _reward_used(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.RewardUsed)
    return {
        "reward": _reward(program, told.reward_id),
        "used": told.points,
        "value": wording.money(told.value_minor, told.currency) if told.value_minor else "",
    }


def _certificate_issued(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.CertificateIssued)
    return {
        "certificate": _reward(program, told.reward_id),
        "used": told.points,
        "value": wording.money(told.value_minor, told.currency) if told.value_minor else "",
    }


def _tier_changed(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.TierChanged)
    order = ["", *(level.id for level in program.levels)]
    rose = told.tier_to in order and (
        told.tier_from not in order or order.index(told.tier_to) > order.index(told.tier_from)
    )
    return {
        "tier_from": _tier(program, told.tier_from) or told.tier_from,
        "tier_to": _tier(program, told.tier_to) or told.tier_to,
        "change": "up" if rose else "down",
        "at": wording.moment(told.at),
    }


def _tier_at_risk(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.TierAtRisk)
    return {
        "tier_kept": _tier(program, told.tier) or told.tier,
        "lacking": wording.measured(told.missing, program.tiers.measure, program.currency),
        "until": wording.until(told.at),
    }


def _points_expiring(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.PointsExpiring)
    return {"expiring": told.points, "until": wording.until(told.at)}


def _points_taken_back(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.PointsTakenBack)
    return {
        "taken": told.points,
        "waived": told.waived,
        "reason": " ".join(told.reason.split()).rstrip("."),
        "order_id": told.order_id or "",
    }


def _referral_thanks(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    return {"thanks": _detail(message, details.ReferralThanks).points}


def _programme_change(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told = _detail(message, details.ProgrammeChange)
    return {"from_day": wording.day(told.from_day), "changes": told.changes}


def _statement(message: Message, program: Program, wording: Wording) -> dict[str, Any]:
    told, _ = _detail(message, details.Statement), wording.language.gettext
    # What did not move is left out, so that the few lines that did can be read.
    moved = (
        (_("Earned"), told.earned),
        (_("Given back"), told.restored),
        (_("Adjusted by hand"), told.adjusted),
        (_("Used for rewards"), -told.used),
        (_("Expired"), -told.expired),
        (_("Taken back"), -told.taken_back),
    )
    return {
        "first_day": wording.date(told.first),
        "last_day": wording.date(told.last),
        "movements": [
            (_("At the start"), wording.points(told.opening)),
            *((title, wording.points(amount)) for title, amount in moved if amount),
            (_("At the end"), wording.points(told.closing)),
        ],
    }


def _detail(message: Message, kind: type[D]) -> D:
    """The detail, as its kind has it. Raises TypeError for a message that mixes them up."""
    if not isinstance(message.detail, kind):
        raise TypeError(f"a message {message.kind} tells {kind.__name__}")
    return message.detail


_MORE: Mapping[str, Callable[[Message, Program, Wording], dict[str, Any]]] = {
    "welcome": _welcome,
    "reward_ready": _reward_ready,
    "reward_used": _reward_used,
    "certificate_issued": _certificate_issued,
    "tier_changed": _tier_changed,
    "tier_at_risk": _tier_at_risk,
    "points_expiring": _points_expiring,
    "points_taken_back": _points_taken_back,
    "referral_thanks": _referral_thanks,
    "programme_change": _programme_change,
    "statement": _statement,
}
