"""Referrals: both sides are rewarded for the friend's first purchase, and both lose it with it.

The friend's account decides; what it means for the referrer leaves as an effect.
"""

from datetime import datetime

from headway.contracts.effect import Effect as EffectData
from headway.contracts.referral import ReferralCompleted, ReferralCreated
from headway.domain.account import EffectAward, Input, Referral
from headway.domain.award import grant
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied, nothing
from headway.domain.points import Effect
from headway.domain.reversal import reverse
from headway.errors import Conflict
from headway.program.program import MICRO, Programs


def intake_referral(book: Book, data: ReferralCreated | ReferralCompleted) -> None:
    """Claim the referral for a friend whose enrolment is waited for; the first one heard of counts.

    Otherwise another friend could claim it meanwhile, and what was accepted could not be decided.
    """
    if book.joined_at is not None or data.referrer_id == book.account.member_id:
        return
    _refuse_anothers(book, data.referral_id)
    if book.referral is None:
        book.referral = Referral(data.referral_id, data.referrer_id, None, None, 0, False)
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
    _refuse_anothers(book, data.referral_id)
    if book.left_at is not None and item.time >= book.left_at:
        return nothing("member left")
    known = book.referral
    if known is None:
        known = Referral(data.referral_id, data.referrer_id, None, None, 0, False)
        book.touched.referee = True
    elif (known.referral_id, known.referrer) != (data.referral_id, data.referrer_id):
        return nothing("already referred")
    if isinstance(data, ReferralCompleted):
        known = known._replace(completed_order=known.completed_order or data.order_id)
    else:
        earliest = item.time if known.created_at is None else min(known.created_at, item.time)
        known = known._replace(created_at=earliest)
    book.referral = known
    award_referral(book, programs, item.time)
    return applied()


def award_referral(book: Book, programs: Programs, cause_time: datetime) -> None:
    """Reward both sides once the friend's first purchase is one the referral stands for."""
    referral, first = book.referral, book.first
    if referral is None or first is None or first.gone or referral.revision:
        return
    led_to_it = referral.created_at is not None and referral.created_at <= first.paid_at
    if not led_to_it and referral.completed_order != first.order_id:
        return
    book.referral = referral._replace(revision=1, worth=True)
    program = programs.at(first.paid_at)
    for rule in program.fixed_rules.get("referral.completed", ()):
        if rule.to == "friend":
            grant(
                book,
                program,
                rule=rule.id,
                exact=rule.points * MICRO,
                award="referral:" + referral.referral_id,
                earned_at=first.paid_at,
                pending_days=rule.pending_days,
                order_id=first.order_id,
            )
    _tell_referrer(book, programs, cause_time)


def undo_referral(book: Book, programs: Programs, at: datetime, cause_time: datetime) -> None:
    """The first purchase is wholly gone: so is the referral, for good, known already or not."""
    referral, first = book.referral, book.first
    if first is None:
        return
    book.first = first._replace(gone=True)
    if referral is None or not referral.worth:
        return
    book.referral = referral._replace(revision=referral.revision + 1, worth=False)
    award = "referral:" + referral.referral_id
    for number in sorted(number for number, lot in book.lots.items() if lot.award == award):
        lot = book.lots[number]
        reverse(book, programs, number, lot.exact - lot.exact_returned, at, order_id=first.order_id)
    _tell_referrer(book, programs, cause_time)


def _tell_referrer(book: Book, programs: Programs, cause_time: datetime) -> None:
    referral, first = book.referral, book.first
    if referral is None or first is None:
        return
    program = programs.at(first.paid_at)
    for rule in program.fixed_rules.get("referral.completed", ()):
        if rule.to == "referrer":
            worth = rule.points * MICRO if referral.worth else 0
            book.effects_out.append(
                Effect(
                    referral.referrer,
                    referral.referral_id,
                    rule.id,
                    referral.revision,
                    worth,
                    first.paid_at,
                    program.version,
                    first.order_id,
                    max(cause_time, first.paid_at),
                )
            )


def intake_effect(book: Book, data: EffectData) -> None:
    """Claim the effect for a member whose enrolment is waited for."""
    key = f"{data.referral_id}:{data.rule}"
    if "effect:" + key in book.account.held_elsewhere:
        raise Conflict("data.referral_id", f"referral {data.referral_id} rewards another member")
    if book.joined_at is None and key not in book.effect_awards:
        book.put_effect(EffectAward(key, 0, 0))


def decide_effect(book: Book, programs: Programs, item: Input, data: EffectData) -> Outcome:
    """The highest revision wins; the difference to what was applied is appended."""
    key = f"{data.referral_id}:{data.rule}"
    known = book.effect_awards.get(key) or EffectAward(key, 0, 0)
    if data.revision <= known.revision:
        return nothing("overtaken")
    worth = data.worth
    if book.joined_at is not None and data.earned_at < book.joined_at:
        worth = 0
    if book.left_at is not None and data.earned_at >= book.left_at:
        worth = 0
    book.put_effect(EffectAward(key, data.revision, worth))
    if worth == known.exact:
        return nothing("before enrolment" if worth != data.worth else "worth nothing")
    if worth > known.exact:
        program = programs.version(data.program_version)
        rules = program.fixed_rules.get("referral.completed", ())
        pending = next(
            (rule.pending_days for rule in rules if rule.id == data.rule), program.pending_days
        )
        grant(
            book,
            program,
            rule=data.rule,
            exact=worth - known.exact,
            award="effect:" + key,
            earned_at=data.earned_at,
            pending_days=pending,
        )
        return applied()
    _take_back(book, programs, "effect:" + key, known.exact - worth, book.time or item.time)
    return applied("undone")


def _take_back(book: Book, programs: Programs, award: str, exact: int, at: datetime) -> None:
    for number in sorted(number for number, lot in book.lots.items() if lot.award == award):
        lot = book.lots[number]
        part = min(exact, lot.exact - lot.exact_returned)
        reverse(book, programs, number, part, at)
        exact -= part
