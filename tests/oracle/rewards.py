"""What referrals, reviews and activities mean."""

from collections.abc import Sequence
from datetime import datetime

from tests.oracle.lots import POINT, Lot
from tests.oracle.member import APPLIED, CONFLICT, Member, Referral
from tests.oracle.programme import Rule
from tests.oracle.records import Input, moment


def refusal(member: Member, time: datetime) -> str:
    """Why something that happened then gives this member nothing; '' when it does."""
    if member.left_at is not None and time >= member.left_at:
        return "nothing: member left"
    if member.joined_at is not None and time < member.joined_at:
        return "nothing: before enrolment"
    return ""


def referred(member: Member, event: Input) -> str:
    """This member was invited, or the shop names the order that completes the invitation."""
    told = event.data
    if member.left_at is not None and event.time >= member.left_at:
        return "nothing: member left"
    if told["referrer_id"] == member.id:
        return "nothing: own referral"
    known = member.referral
    if known is None:
        known = member.referral = Referral(told["referral_id"], told["referrer_id"])
    elif known.id != told["referral_id"]:
        return "nothing: already referred"
    if event.kind == "referral.completed":
        known.completed_order = known.completed_order or told["order_id"]
    else:
        known.created_at = min(known.created_at or event.time, event.time)
    award_referral(member, event.time)
    return APPLIED


def award_referral(member: Member, cause: datetime) -> None:
    """Pay both sides, once the first purchase is there and came of the invitation."""
    referral, first = member.referral, member.first_order
    if referral is None or first is None or referral.awarded is not None or first.gone:
        return
    invited = referral.created_at is not None and referral.created_at <= first.paid_at
    if not invited and referral.completed_order != first.id:
        return
    rules = member.programme(first.paid_at).on("referral.completed")
    friend = [rule for rule in rules if rule.to == "friend"]
    referral.awarded = member.fixed(friend, f"referral:{referral.id}", first.paid_at)
    _tell_referrer(member, referral, 1, cause)


def undo_referral(member: Member, cause: datetime) -> None:
    """The first purchase came back whole: neither side keeps anything, for good."""
    referral = member.referral
    if referral is None or referral.awarded is None or referral.undone:
        return
    referral.undone = True
    for lot in referral.awarded:
        member.take_back(lot, lot.standing)
    _tell_referrer(member, referral, 2, cause)


def _tell_referrer(member: Member, referral: Referral, revision: int, cause: datetime) -> None:
    first = member.first_order
    assert first is not None
    for rule in member.programme(first.paid_at).on("referral.completed"):
        if rule.to == "referrer" and rule.points:
            member.effects.append(
                {
                    "member_id": referral.referrer,
                    "referral_id": referral.id,
                    "rule": rule.id,
                    "revision": revision,
                    "worth": rule.points * POINT if revision == 1 else 0,
                    "earned_at": first.paid_at.isoformat(),
                    "order_id": first.id,
                    # An invitation may be heard of after the purchase it led to.
                    "time": max(cause, first.paid_at).isoformat(),
                }
            )


def effect(member: Member, event: Input) -> str:
    """What an invitation by this member is worth now; the highest revision counts."""
    told = event.data
    key = told["referral_id"], told["rule"]
    revision, lots = member.referred.get(key, (0, []))
    if told["revision"] <= revision:
        return "nothing: overtaken"
    earned_at = moment(told["earned_at"])
    difference = told["worth"] - sum(lot.standing for lot in lots)
    refused = refusal(member, earned_at)
    if refused and difference > 0:
        member.referred[key] = told["revision"], lots
        return refused
    if difference > 0:
        rule = _rule(member, told["rule"], earned_at)
        lots = [*lots, member.award(rule, f"referral:{told['referral_id']}", difference, earned_at)]
    else:
        _lower(member, lots, -difference)
    member.referred[key] = told["revision"], lots
    return APPLIED


def _lower(member: Member, lots: Sequence[Lot], exact: int) -> None:
    for lot in lots:
        taken = min(exact, lot.standing)
        exact -= taken
        member.take_back(lot, taken)


def _rule(member: Member, id_: str, moment: datetime) -> Rule:
    return next(rule for rule in member.programme(moment).rules if rule.id == id_)


def reviewed(member: Member, event: Input) -> str:
    """A review earns once."""
    told = event.data
    known = member.reviews.get(told["review_id"])
    if known is not None:
        return "nothing: already reviewed" if known[0] == told else CONFLICT
    refused = refusal(member, event.time)
    lots: list[Lot] = []
    if not refused:
        rules = member.programme(event.time).on("review.published")
        lots = member.fixed(rules, f"review:{told['review_id']}", event.time)
    member.reviews[told["review_id"]] = told, lots
    return refused or APPLIED


def review_removed(member: Member, event: Input) -> str:
    """A review taken down takes its points along."""
    review_id = event.data["review_id"]
    if review_id in member.removed_reviews:
        return "nothing: already removed"
    member.removed_reviews.add(review_id)
    for lot in member.reviews[review_id][1]:
        member.take_back(lot, lot.standing)
    return APPLIED


def activity(member: Member, event: Input) -> str:
    """The member did something that some rule may know."""
    refused = refusal(member, event.time)
    if refused:
        return refused
    rules = [
        rule
        for rule in member.programme(event.time).on("activity.recorded")
        if rule.activities is None or event.data["activity"] in rule.activities
    ]
    member.fixed(rules, "activity", event.time)
    return APPLIED if rules else "nothing: no rule"
