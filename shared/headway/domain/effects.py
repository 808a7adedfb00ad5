"""What a friend's deeds are worth to the member who referred them: effects of their account."""

from headway.contracts.effect import Effect as EffectData
from headway.domain.account import EffectAward, Input
from headway.domain.award import grant_once
from headway.domain.book import Book
from headway.domain.outcome import Outcome, applied, nothing
from headway.domain.reversal import standing_by_rule, take_back_all
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.program import Programs


def intake_effect(book: Book, data: EffectData) -> Outcome | None:
    """Claim the effect. An Outcome when a later revision has been heard; None when it is news."""
    key = data.key
    if "effect:" + key in book.account.held_elsewhere:
        raise Conflict("data.referral_id", f"referral {data.referral_id} rewards another member")
    known = book.effect_awards.get(key)
    if known is None:
        if book.joined_at is None:
            book.put_effect(EffectAward(key, 0, 0))
        return None
    return nothing("overtaken") if data.revision <= known.revision else None


def decide_effect(book: Book, programs: Programs, item: Input, data: EffectData) -> Outcome:
    """Grant what it is worth, as of where it stands among the member's inputs."""
    book.put_effect(EffectAward(data.key, data.revision, 0))
    if book.joined_at is not None and data.earned_at < book.joined_at:
        return nothing("before enrolment")
    if book.left_at is not None and data.earned_at >= book.left_at:
        return nothing("member left")
    program = programs.version(data.program_version)
    rule = program.rules.get(data.rule)
    if rule is None or not data.worth:
        return nothing("worth nothing")
    award, since = "effect:" + data.key, item.time
    if not grant_once(book, program, rule, data.worth, award, data.earned_at, since):
        return nothing(f"capped: {rule.id}")
    standing = standing_by_rule(book, "effect:" + data.key)
    book.put_effect(EffectAward(data.key, data.revision, sum(standing.values())))
    judge_tier(book, programs, book.time or since)  # where tiers go by points
    return applied()


def undo_effect(book: Book, programs: Programs, item: Input, data: EffectData) -> Outcome:
    """What it stood for is gone."""
    at = book.time or item.time
    if not any(standing_by_rule(book, "effect:" + data.key).values()):
        return nothing("worth nothing")
    take_back_all(book, programs, "effect:" + data.key, at)
    book.put_effect(EffectAward(data.key, data.revision, 0))
    judge_tier(book, programs, at)
    return applied("undone")
