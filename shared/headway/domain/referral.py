"""Referrals: both sides are rewarded for what the friend does, and both lose it when it is undone.

The friend's account decides; what it means for the referrer leaves as an effect.
"""

from datetime import datetime

from headway.contracts.referral import ReferralCompleted, ReferralCreated
from headway.domain.account import Input, Order, Referral
from headway.domain.award import grant_once
from headway.domain.book import Book
from headway.domain.facts import plain_facts
from headway.domain.outcome import Outcome, applied, nothing
from headway.domain.points import Effect
from headway.domain.reversal import take_back_all
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.judging import judge
from headway.program.program import Program, Programs
from headway.program.rules import Rule


def intake_referral(book: Book, data: ReferralCreated | ReferralCompleted) -> None:
    """Claim the referral for a friend whose enrolment is waited for; the first one heard of counts.

    Otherwise another friend could claim it meanwhile, and what was accepted could not be decided.
    """
    if data.referrer_id == book.account.member_id:
        return
    _refuse_anothers(book, data.referral_id)
    if book.joined_at is None and book.referral is None:
        book.referral = Referral(data.referral_id, data.referrer_id, None, None, 0, None)
        book.touched.referee = True


def _refuse_anothers(book: Book, referral_id: str) -> None:
    if "referral:" + referral_id in book.account.held_elsewhere:
        raise Conflict("data.referral_id", f"referral {referral_id} is known for another friend")


def decide_referral(
    book: Book, programs: Programs, item: Input, data: ReferralCreated | ReferralCompleted
) -> Outcome:
    """The friend was referred, or upstream says which purchase completed the referral."""
    if data.referrer_id == book.account.member_id:
        return nothing("own referral")
    if book.left_at is not None and item.time >= book.left_at:
        return nothing("member left")
    known = book.referral
    if known is None:
        known = Referral(data.referral_id, data.referrer_id, None, None, 0, None)
        book.touched.referee = True
    elif (known.referral_id, known.referrer) != (data.referral_id, data.referrer_id):
        return nothing("already referred")
    if isinstance(data, ReferralCompleted):
        known = known._replace(completed_order=known.completed_order or data.order_id)
    else:
        earliest = item.time if known.created_at is None else min(known.created_at, item.time)
        known = known._replace(created_at=earliest)
    book.referral = known
    award_signup(book, programs)
    award_referral(book, programs)
    judge_tier(book, programs, book.time or item.time)  # where tiers go by points
    return applied()


def award_signup(book: Book, programs: Programs) -> None:
    """Reward both sides for the friend's joining, where the programme does."""
    referral, at = book.referral, book.time
    if referral is None or referral.created_at is None or referral.signed_up or at is None:
        return
    program = programs.at(at)
    if book.joined_at is None or not _has(program, "signup"):
        return
    book.referral = referral._replace(signed_up=at)
    award = f"signup:{referral.referral_id}"
    _reward(book, program, "signup", award, at, at, None)


def award_referral(book: Book, programs: Programs) -> None:
    """Reward both sides once the friend's first purchase is one the referral stands for."""
    referral, first, at = book.referral, book.first, book.time
    if referral is None or first is None or first.gone or referral.since or at is None:
        return
    led_to_it = referral.created_at is not None and referral.created_at <= first.paid_at
    if not led_to_it and referral.completed_order != first.order_id:
        return
    book.referral = referral._replace(since=at)
    program = programs.at(first.paid_at)
    award = "referral:" + referral.referral_id
    _reward(book, program, "first_purchase", award, first.paid_at, at, first.order_id)


def undo_referral(book: Book, programs: Programs, at: datetime) -> None:
    """The first purchase is wholly gone: so is the referral, for good, known already or not."""
    referral, first = book.referral, book.first
    if first is None:
        return
    book.first = first._replace(gone=True)
    if referral is None or referral.since is None:
        return
    award = "referral:" + referral.referral_id
    take_back_all(book, programs, award, at, order_id=first.order_id)
    program = programs.at(first.paid_at)
    for rule in _judged(book, program, "first_purchase", referral.since):
        if rule.to == "referrer":
            _tell(book, program, rule, first.paid_at, referral.since, at, first.order_id)


def large_enough(program: Program, order: Order, total: int) -> bool:
    """Whether a purchase of so much that can earn is one that referrals go by."""
    if not program.minimum_referral:
        return total > 0
    return order.currency == program.currency and total >= program.minimum_referral


def tell_of_purchase(book: Book, programs: Programs, order: Order) -> None:
    """Reward both sides for each purchase after the invitation, where the programme does."""
    _each_purchase(book, programs, order, None)


def tell_of_return(book: Book, programs: Programs, order: Order, at: datetime) -> None:
    """A purchase is wholly gone, and what it was worth to both sides with it."""
    _each_purchase(book, programs, order, at)


def _each_purchase(
    book: Book, programs: Programs, order: Order, undone_at: datetime | None
) -> None:
    referral = book.referral
    if referral is None or referral.created_at is None or referral.created_at > order.paid_at:
        return
    program = programs.version(order.program_version)
    if not _has(program, "every_purchase"):
        return
    award = f"referral:{referral.referral_id}:{order.order_id}"
    at = order.paid_at
    if undone_at is None:
        _reward(book, program, "every_purchase", award, at, at, order.order_id)
        return
    take_back_all(book, programs, award, undone_at, order_id=order.order_id)
    for rule in _judged(book, program, "every_purchase", at):
        if rule.to == "referrer":
            _tell(book, program, rule, at, at, undone_at, order.order_id)


def _has(program: Program, deed: str) -> bool:
    found = program.rules_on.get("referral.completed")
    return found is not None and any(rule.referral == deed for rule in found.base)


def _judged(book: Book, program: Program, deed: str, moment: datetime) -> list[Rule]:
    """The rules that reward a deed of the friend's, by the friend's own circumstances."""
    facts = plain_facts(book, "referral.completed", moment, deed)
    return [award.rule for award in judge(program, facts, {}, program.day(moment))]


def _reward(
    book: Book,
    program: Program,
    deed: str,
    award: str,
    earned_at: datetime,
    since: datetime,
    order_id: str | None,
) -> None:
    for rule in _judged(book, program, deed, since):
        if rule.to == "friend":
            exact = rule.numerator
            grant_once(book, program, rule, exact, award, earned_at, since, order_id=order_id)
        else:
            _tell(book, program, rule, earned_at, since, None, order_id)


def _tell(
    book: Book,
    program: Program,
    rule: Rule,
    earned_at: datetime,
    since: datetime,
    undone_at: datetime | None,
    order_id: str | None,
) -> None:
    """Tell the referrer what a rule is worth to them now; a later revision replaces this one."""
    referral = book.referral
    if referral is None:
        return
    per_order = rule.referral == "every_purchase"
    revision = referral.revision + 1
    book.referral = referral._replace(revision=revision)
    book.effects_out.append(
        Effect(
            referral.referrer,
            referral.referral_id,
            rule.id,
            revision,
            rule.numerator,
            earned_at,
            since,
            undone_at,
            program.version,
            order_id,
            per_order,
        )
    )
