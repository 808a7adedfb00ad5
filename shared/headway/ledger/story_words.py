"""The ledger's rows and inputs in the words that support says to a member."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from headway.contracts.opening import OPENING
from headway.domain.account import Lot
from headway.domain.adjustment import ADJUST, ADJUSTMENT
from headway.domain.certificate import PREFIX
from headway.domain.erasing import ERASE
from headway.domain.goal import CLEAR_GOAL, SET_GOAL
from headway.domain.points import PointsEvent
from headway.domain.restoring import RESTORED
from headway.domain.transfer import GIVE, HOME, POOL, RECEIVE, SEND, TRANSFER
from headway.program.money import to_text
from headway.program.program import Program
from headway.program.rules import MICRO
from headway.program.words import rule_in_words

Names = Mapping[str, str]
"""Names of rewards, by their own id and by that of each redemption."""

_LINES_SHOWN = 3
_LEFT_OUT = {
    "pending": "still pending",
    "available": "that could be spent",
    "expired": "that had expired",
    "owed": "not there any more: owed",
}


_MOVED = {TRANSFER: "from another member", POOL: "from the household"}
"""Where points came from that were earned elsewhere, by what they are told under."""
_CERTIFICATE = {
    "redeem": "certificate issued:",
    "restore": "certificate taken back:",
}


def became(outcome: str, reason: str) -> str:
    """What became of an input; '' when it was simply applied."""
    words = {"applied": "", "nothing": "gave nothing", "parked": "", "refused": "refused"}[outcome]
    return ": ".join(part for part in (words, reason) if part)


def happening(kind: str, data: Mapping[str, Any], rewards: Names) -> str:
    """One input as a person would tell it."""
    if kind.startswith("redemption."):
        return _redemption(kind, data, rewards)
    if kind == SET_GOAL:
        return f"Chose to save for {rewards.get(data['reward_id'], data['reward_id'])}"
    telling = _TELLINGS.get(kind)
    return kind if telling is None else telling(data)


def _paid(data: Mapping[str, Any]) -> str:
    currency = data["currency"]
    lines = [
        f"{line['quantity']} x {line['sku']}"
        + (f" ({line['category']})" if line["category"] else "")
        + f" {to_text(line['amount'], currency)}"
        + (" gift card" if line["gift_card"] else "")
        + (
            f", {to_text(line['paid_with_points'], currency)} of it paid with points"
            if line["paid_with_points"]
            else ""
        )
        for line in data["lines"]
    ]
    more = len(lines) - _LINES_SHOWN
    tail = f" and {more} more" if more > 0 else ""
    return f"Order {data['order_id']}: {'; '.join(lines[:_LINES_SHOWN])}{tail}"


def _refunded(data: Mapping[str, Any]) -> str:
    if data["order_id"] is None:
        what = ", ".join(f"{line['quantity']} x {line['sku']}" for line in data["lines"])
        return f"Return {data['refund_id']} without an order: {what}"
    what = ", ".join(f"{line['quantity']} of line {line['line_id']}" for line in data["lines"])
    return f"Return {data['refund_id']} of order {data['order_id']}: {what}"


def _effect(data: Mapping[str, Any]) -> str:
    if not data["worth"]:
        return f"Referral {data['referral_id']}: the friend's first purchase was undone"
    return f"Referral {data['referral_id']}: the friend bought for the first time"


def _opening(data: Mapping[str, Any]) -> str:
    points = sum(lot["points"] for lot in data["lots"])
    return f"Opening balance: {points:,} points in {len(data['lots'])} lots ({data['batch']})"


def _parts(data: Mapping[str, Any]) -> str:
    return f"{sum(part['points'] for part in data['parts']):,} points"


_TELLINGS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "order.paid": _paid,
    "order.refunded": _refunded,
    "order.refund_failed": lambda data: f"Return {data['refund_id']} did not go through",
    "order.cancelled": lambda data: f"Order {data['order_id']} cancelled",
    "order.fulfilled": lambda data: f"Order {data['order_id']} fulfilled",
    "referral.created": lambda data: (
        f"Referred by {data['referrer_id']} (referral {data['referral_id']})"
    ),
    "referral.completed": lambda data: (
        f"Referral {data['referral_id']} by {data['referrer_id']} led to order {data['order_id']}"
    ),
    "review.published": lambda data: f"Review {data['review_id']} of {data['sku']}",
    "review.removed": lambda data: f"Review {data['review_id']} removed",
    "member.joined": lambda data: "Joined",
    "member.updated": lambda data: "Details changed",
    "member.left": lambda data: "Left the programme",
    "activity.recorded": lambda data: f"Activity: {data['activity']}",
    "effect": _effect,
    OPENING: _opening,
    ERASE: lambda data: f"The member's name was erased: {data['reason']}",
    SEND: lambda data: f"Sent {data['points']:,} points to another member ({data['transfer_id']})",
    RECEIVE: lambda data: f"Sent by another member: {_parts(data)} ({data['transfer_id']})",
    GIVE: lambda data: (
        f"The household spent {sum(points for _, points in data['lots']):,} points"
        f" ({data['redemption_id']})"
    ),
    HOME: lambda data: f"Back from the household: {_parts(data)} ({data['redemption_id']})",
    CLEAR_GOAL: lambda data: "Saves for no reward in particular",
    ADJUST: lambda data: f"Adjusted by hand, {data['points']:+,} points: {data['reason']}",
}


def _redemption(kind: str, data: Mapping[str, Any], rewards: Names) -> str:
    reward = data["reward_id"]
    name = rewards.get(data["redemption_id"]) or rewards.get(reward, reward)
    return {
        "redemption.reserve": f"Asked for {name}",
        "redemption.confirm": f"Took {name}",
        "redemption.cancel": f"Gave up {name}",
        "redemption.timeout": f"Did not take {name} in time",
        "redemption.fulfil": f"Received {name}",
        "redemption.reverse": f"Gave back {name}",
    }[kind]


def row(row: PointsEvent, lot: Lot | None, program: Program, carried: int, rewards: Names) -> str:
    """One points event: which rule gave or took how much, and why.

    `carried` is what was left of a point under its rule before it, in millionths.
    """
    if row.kind == "earn":
        return _earned(row, program, carried)
    if row.kind == "reverse":
        took = f"taken back for {_award(lot)} ({row.rule}), {_LEFT_OUT[row.from_bucket]}"
        return f"{took}; {_points(-row.exact)} points exactly" if row.exact else took
    if row.kind == "adjust" and row.from_bucket == "issued":
        return "given by hand" + _expiry(lot, program)
    of = f"earned for {_award(lot)}" if lot is None or lot.rule not in _MOVED else _MOVED[lot.rule]
    if row.kind == "move_in" and row.lot == row.seq:
        return f"arrived {of}" + _expiry(lot, program)
    if row.order_id and row.kind in ("restore", "redeem"):
        return _paying(row, of, lot, program)
    if row.kind == "waive":
        what = "what is missing is waived" if row.to_bucket == "owed" else "waived before, goes now"
        return f"{what}: {of}"
    name = rewards.get(row.group or "", "a reward")
    certificate = _CERTIFICATE.get(row.kind) if (row.group or "").startswith(PREFIX) else None
    if certificate:
        return f"{certificate} {name}: {of}"
    return {
        "activate": f"can be spent now: {of}" + _expiry(lot, program),
        "expire": f"expired: {of}",
        "repay": f"clears what is owed: {of}",
        "reserve": f"held for {name}: {of}",
        "release": f"no longer held for {name}: {of}",
        "redeem": f"spent on {name}: {of}",
        "donate": f"given through {name}: {of}",
        "restore": f"back from {name}: {of}",
        "adjust": f"taken by hand: {of}",
        "move_out": f"left for another member: {of}",
        "move_in": f"came home: {of}",
    }.get(row.kind, row.kind)


def _paying(row: PointsEvent, of: str, lot: Lot | None, program: Program) -> str:
    """Points that follow the order they paid for: it was returned, or was not after all."""
    if row.kind == "restore":
        return f"had paid for order {row.order_id}, comes back: {of}" + _expiry(lot, program)
    again = f"pays for order {row.order_id} again"
    return f"{again}, {_LEFT_OUT['owed']}" if lot is None else f"{again}: {of}"


def _earned(row: PointsEvent, program: Program, carried: int) -> str:
    rule = rule_in_words(program, row.rule or "")
    parts = [f"{row.rule}: {rule}" if rule else str(row.rule)]
    if row.line_id:
        parts[0] += f", line {row.line_id}"
    if carried or row.exact % MICRO:
        left = (carried + row.exact) % MICRO
        parts.append(f"{_points(row.exact)} + {_points(carried)} carried, {_points(left)} left")
    if row.to_bucket == "pending" and row.activates_at is not None:
        parts.append(f"to spend from {_day(row.activates_at, program)}")
    elif row.expires_at is not None:
        parts.append(f"expires on {_day(row.expires_at, program)}")
    return "; ".join(parts)


def _expiry(lot: Lot | None, program: Program) -> str:
    if lot is None or lot.expires_at is None:
        return ""
    return f", expires on {_day(lot.expires_at, program)}"


def _award(lot: Lot | None) -> str:
    if lot is None:
        return "an award"
    what, _, of = lot.award.partition(":")
    if what == "welcome":
        return "joining"
    if what == "effect":
        return f"referral {of.rpartition(':')[0]}"
    if what == "opening":
        return "the opening balance"
    if what == ADJUSTMENT:
        return "an adjustment"
    if what == RESTORED:
        return "what had been owed"
    if what == "activity":
        return "an activity"
    return f"{what} {of}" + (f" line {lot.line_id}" if lot.line_id else "")


def _points(exact: int) -> str:
    """Millionths of a point as a decimal: 1500000 is 1.5."""
    text = f"{Decimal(exact) / MICRO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(moment: datetime, program: Program) -> date:
    return program.day(moment)
