"""Everything that earns a fixed number of points: joining, reviews, activities."""

from headway.contracts.activity import ActivityRecorded
from headway.contracts.review import ReviewPublished, ReviewRemoved
from headway.domain.account import Input, Review
from headway.domain.award import grant
from headway.domain.book import Book
from headway.domain.orders import not_yet_joined
from headway.domain.outcome import Outcome, applied, nothing, parked
from headway.domain.reversal import reverse
from headway.domain.tier import judge_tier
from headway.errors import Conflict
from headway.program.program import MICRO, FixedRule, Programs


def _grant_fixed(book: Book, programs: Programs, item: Input, rule: FixedRule, award: str) -> None:
    grant(
        book,
        programs.at(item.time),
        rule=rule.id,
        exact=rule.points * MICRO,
        award=award,
        earned_at=item.time,
        pending_days=rule.pending_days,
    )


def decide_joined(book: Book, programs: Programs, item: Input) -> Outcome:
    """Enrolment: from here on the member earns; the welcome bonus is the head start."""
    if book.joined_at is not None:
        return nothing("already joined")
    book.joined_at = item.time
    program = programs.at(item.time)
    for rule in program.fixed_rules.get("member.joined", ()):
        _grant_fixed(book, programs, item, rule, "welcome")
    judge_tier(book, programs, book.time or item.time)
    return applied(unlocks="member")


def decide_left(book: Book, item: Input) -> Outcome:
    """From here on nothing is earned; what is there lives on by its own rules."""
    if book.left_at is not None:
        return nothing("already left")
    book.left_at = item.time
    return applied()


def decide_review(book: Book, programs: Programs, item: Input, data: ReviewPublished) -> Outcome:
    """A review earns once, on publication, whatever its rating."""
    review = book.reviews[data.review_id]
    if review.n != book.cause:
        if review.digest == item.digest:
            return nothing("already published")
        raise Conflict("data.review_id", f"review {data.review_id} is known with other content")
    unlocks = "review:" + data.review_id
    why = _cannot_earn(book, item)
    if why:
        return nothing(why, unlocks=unlocks)
    for rule in programs.at(item.time).fixed_rules.get("review.published", ()):
        _grant_fixed(book, programs, item, rule, unlocks)
    return applied(unlocks=unlocks)


def intake_review(book: Book, item: Input, data: ReviewPublished) -> None:
    """Claim the review's key."""
    if "review:" + data.review_id in book.account.held_elsewhere:
        raise Conflict("data.review_id", f"review {data.review_id} belongs to another member")
    if data.review_id not in book.reviews:
        book.put_review(Review(data.review_id, book.cause, item.digest, False))


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
    award = "review:" + data.review_id
    at = book.time or item.time
    for number in sorted(number for number, lot in book.lots.items() if lot.award == award):
        lot = book.lots[number]
        reverse(book, programs, number, lot.exact - lot.exact_returned, at)
    return applied() if book.acted() else nothing("it had earned nothing")


def decide_activity(book: Book, programs: Programs, item: Input, data: ActivityRecorded) -> Outcome:
    """Any other action that a rule names."""
    why = _cannot_earn(book, item)
    if why:
        return nothing(why)
    for rule in programs.at(item.time).fixed_rules.get("activity.recorded", ()):
        if rule.activities is None or data.activity in rule.activities:
            _grant_fixed(book, programs, item, rule, f"activity:{book.cause}")
    return applied() if book.acted() else nothing("no rule awards it")


def _cannot_earn(book: Book, item: Input) -> str:
    if not_yet_joined(book, item.time):
        return "before enrolment"
    if book.left_at is not None and item.time >= book.left_at:
        return "member left"
    return ""
