"""Whether a message that is due goes, and when: decided once. Pure.

In this order: the member is still one, can be written to and lets us; the message still holds; a
marketing message is not held out, and its cap has room. What is skipped says why.
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
    """When it may go; or why it does not."""

    send_at: datetime | None
    why_not: str = ""


def decide(one: Candidate, program: Program, member: Standing, now: datetime) -> Verdict:
    """One message, decided at `now`."""
    policy, marketing = program.messages, one.kind not in SERVICE
    why_not = _why_not(one, program, member, marketing)
    if why_not:
        return Verdict(None, why_not)
    zone = zone_or(member.zone, program.zone)
    return Verdict(earliest(now, policy, zone, marketing=marketing))


def _why_not(one: Candidate, program: Program, member: Standing, marketing: bool) -> str:
    policy = program.messages
    if one.left_day is not None and one.left_day <= one.day:
        return "the member has left"
    if not member.known:
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
