"""Whether a message that is due goes, and when: decided once. Pure.

In this order: the member is still one, can be reached and lets us; what it would tell is not
overtaken; a marketing message is not held out, and its cap has room. What is skipped says why. Who
has no contact is reached by other roads than mail, where there are any.
"""

from collections.abc import Callable
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from headway.program.messages import SERVICE, Kind, Messages
from headway.program.program import Program
from headway_notify.overtaken import OVERTAKEN
from headway_notify.permission import NO_CONTACT
from headway_notify.timing import earliest, zone_or

NO_MAIL_TO = "no contact is known: told by other roads alone"
"""Why a message that goes is not mailed: nobody knows where to."""
NO_MAIL_HERE = "no mail leaves here: told by other roads alone"
"""Why a message that goes is not mailed: HEADWAY_NOTIFY_MAIL is none."""


class Outlets(NamedTuple):
    """What messages go by: mail, and `others`, which know a member by the id alone."""

    mail: bool = True
    others: bool = False


MAIL_ALONE = Outlets()


class Candidate(NamedTuple):
    """A message whose time to be decided has come. `left_day`: when the member left, if so;
    `holds`: what it would tell is still so."""

    member_id: str
    kind: Kind
    day: date
    left_day: date | None
    holds: bool = True


class Standing(NamedTuple):
    """How a member can be written to: `refused` says of a kind why they may not be, or ''.

    `known`: there is a contact. `marketing`: the marketing messages within the cap's days, those
    decided in the same breath included.
    """

    known: bool
    zone: str = ""
    refused: Callable[[Kind, Messages], str] = lambda kind, policy: ""
    marketing: int = 0


class Verdict(NamedTuple):
    """When it may go; or why it does not. `no_mail`: why it goes by other roads alone, if so."""

    send_at: datetime | None
    why_not: str = ""
    no_mail: str = ""


def decide(
    one: Candidate, program: Program, member: Standing, now: datetime, outlets: Outlets = MAIL_ALONE
) -> Verdict:
    """One message, decided at `now`."""
    policy, marketing = program.messages, one.kind not in SERVICE
    reached = outlets.others or (outlets.mail and member.known)
    why_not = _why_not(one, program, member, marketing, reached)
    if why_not:
        return Verdict(None, why_not)
    zone = zone_or(member.zone, program.zone)
    at = earliest(now, policy, zone, marketing=marketing)
    return Verdict(at, no_mail=_no_mail(member, outlets))


def _no_mail(member: Standing, outlets: Outlets) -> str:
    if not member.known:
        return NO_MAIL_TO
    return "" if outlets.mail else NO_MAIL_HERE


def _why_not(
    one: Candidate, program: Program, member: Standing, marketing: bool, reached: bool
) -> str:
    policy = program.messages
    if one.left_day is not None and one.left_day <= one.day:
        return "the member has left"
    if not reached:
        return NO_CONTACT
    refused = member.refused(one.kind, policy)
    if refused:
        return refused
    if not one.holds:
        return OVERTAKEN
    if not marketing:
        return ""
    if held_out(one.member_id, program):
        return "held out"
    if policy.cap == 0:
        return "the programme sends no marketing (cap 0)"
    if policy.cap is not None and member.marketing >= policy.cap:
        return f"{policy.cap} messages in {policy.cap_days} days are the cap"
    return ""


def held_out(member_id: str, program: Program) -> bool:
    """Whether a member is one of those who are sent no marketing: the same ones, always."""
    share = program.messages.holdout_percent
    if not share:
        return False
    drawn = sha256(f"{program.name}\0{member_id}".encode()).digest()
    return int.from_bytes(drawn[:8]) % 100 < share
