"""What members do beside buying: joining, leaving, reviewing, everything that has a name."""

from headway.contracts.activity import ActivityRecorded
from headway.contracts.member import MemberUpdated
from headway.contracts.review import ReviewPublished, ReviewRemoved
from headway.domain.account import Input, Review
from headway.domain.award import grant
from headway.domain.book import Book
from headway.domain.facts import activity_facts, plain_facts, review_facts
from headway.domain.inactivity import keeps_alive
from headway.domain.measure import count
from headway.domain.membership import used_by
from headway.domain.orders import count_caps, not_yet_joined
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.referral import award_signup
from headway.domain.reversal import take_back_all
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.birthdays import birthday_of
from headway.program.conditions import Facts
from headway.program.judging import verdict
from headway.program.program import Programs

BIRTHDAY = "birthday"
"""The attribute of a member that says when gifts are due: a month and a day, 'MM-DD'."""


def decide_joined(book: Book, programs: Programs, item: Input) -> Outcome:
    """Enrolment: from here on the member earns; the welcome bonus is the head start."""
    if book.joined_at is not None:
        return nothing("already joined")
    book.joined_at = book.active_at = item.time
    judge_tier(book, programs, book.time or item.time)
    _award(book, programs, plain_facts(book, "member.joined", item.time), "welcome")
    judge_tier(book, programs, book.time or item.time)
    award_signup(book, programs)
    return applied(unlocks="member")


def decide_left(book: Book, item: Input) -> Outcome:
    """From here on nothing is earned; what is there lives on by its own rules."""
    if book.left_at is not None:
        return nothing("already left")
    book.left_at = item.time
    return applied()


def decide_updated(book: Book, data: MemberUpdated) -> Outcome:
    """Of what is told of a member, the birthday is kept; programmes ask for nothing else."""
    birthday = data.attributes.get(BIRTHDAY)
    if birthday is None or birthday == book.birthday:
        return applied("noted")
    if birthday and birthday_of(birthday) is None:
        return nothing("birthday is not MM-DD")
    book.birthday = birthday
    return applied("noted")


def decide_review(book: Book, programs: Programs, item: Input, data: ReviewPublished) -> Outcome:
    """A review earns once, on publication, whatever its rating."""
    unlocks = "review:" + data.review_id
    if data.review_id not in book.reviews:
        book.put_review(Review(data.review_id, book.cause, item.digest, False))
    why = cannot_earn(book, item)
    if why:
        return nothing(why, unlocks=unlocks)
    reason = _award(book, programs, review_facts(book, item, data), unlocks)
    judge_tier(book, programs, book.time or item.time)
    return applied(reason, unlocks=unlocks)


def intake_review(book: Book, item: Input, data: ReviewPublished) -> Outcome | None:
    """Claim the review's key. An Outcome when it was known; None when it is new."""
    if "review:" + data.review_id in book.account.held_elsewhere:
        raise Conflict("data.review_id", f"review {data.review_id} belongs to another member")
    known = book.reviews.get(data.review_id)
    if known is None:
        book.put_review(Review(data.review_id, book.cause, item.digest, False))
        return None
    if known.n == book.cause:
        return None
    if known.digest == item.digest:
        return nothing("already published")
    raise Conflict("data.review_id", f"review {data.review_id} is known with other content")


def decide_review_removed(
    book: Book, programs: Programs, item: Input, data: ReviewRemoved
) -> Outcome:
    """A removed review takes its points with it; one not yet known is waited for."""
    if "review:" + data.review_id in book.account.held_elsewhere:
        raise Conflict("data.review_id", f"review {data.review_id} belongs to another member")
    review = book.reviews.get(data.review_id)
    if review is None or any(waiting.n == review.n for waiting in book.account.parked):
        return parked("review:" + data.review_id)
    if review.removed:
        return nothing("already removed")
    book.put_review(review._replace(removed=True))
    take_back_all(book, programs, "review:" + data.review_id, book.time or item.time)
    judge_tier(book, programs, book.time or item.time)
    return applied() if book.acted() else nothing("it had earned nothing")


def decide_activity(book: Book, programs: Programs, item: Input, data: ActivityRecorded) -> Outcome:
    """Any other action that a rule names."""
    why = cannot_earn(book, item)
    if why:
        return nothing(why)
    program = programs.at(item.time)
    count(book, program, f"activity:{data.activity}", item.time, data.quantity)
    reason = _award(
        book, programs, activity_facts(book, program, item, data), f"activity:{book.cause}"
    )
    judge_tier(book, programs, book.time or item.time)
    return (
        applied(reason)
        if book.acted() or book.tier_events
        else nothing(reason or "no rule awards it")
    )


def _award(book: Book, programs: Programs, facts: Facts, award: str) -> str:
    """Grant what the rules give for an event without lines; says what a cap has cut."""
    program = programs.at(facts.time)
    awards, capped = verdict(program, facts, book.caps, program.day(facts.time))
    for one in awards:
        grant(book, program, one.rule, one.exact, award, facts.time)
    count_caps(book, awards, program, facts.time)
    used_by(book, awards, facts.time)
    keeps_alive(book, programs, facts.event, facts.time)
    return "capped: " + ", ".join(capped) if capped else ""


def cannot_earn(book: Book, item: Input) -> str:
    """Why nothing the member does at that time can earn; '' when it can."""
    if not_yet_joined(book, item.time):
        return "before enrolment"
    if book.left_at is not None and item.time >= book.left_at:
        return "member left"
    return ""
