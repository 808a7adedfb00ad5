"""Birthday gifts: granted by themselves, at the local midnight that begins the day."""

from datetime import datetime

from headway.domain.award import grant_once
from headway.domain.book import Book
from headway.domain.tier import judge_tier
from headway.program.birthdays import birthday_in
from headway.program.calendar import midnight
from headway.program.conditions import Facts
from headway.program.judging import judge
from headway.program.program import Programs


def next_gift(book: Book, programs: Programs, instant: datetime) -> datetime | None:
    """The next birthday after `instant`, where the programme has something for it."""
    if book.joined_at is None or book.left_at is not None:
        return None
    program = programs.at(instant)
    if "birthday" not in program.rules_on and not programs.several:
        return None
    today = program.day(instant)
    for year in (today.year, today.year + 1):
        at = midnight(birthday_in(book.birthday, year), program.zone)
        if at > instant:
            return at
    return midnight(birthday_in(book.birthday, today.year + 2), program.zone)


def gift(book: Book, programs: Programs, at: datetime) -> None:
    """Grant what the programme gives on a birthday."""
    program = programs.at(at)
    facts = Facts(
        "birthday",
        at,
        tier=book.tier,
        joined_at=book.joined_at,
        birthday=book.birthday,
        membership=book.membership.plan if book.membership and at < book.membership.until else "",
    )
    for award in judge(program, facts, {}, program.day(at)):
        year = program.day(at).year
        grant_once(book, program, award.rule, award.exact, f"birthday:{year}", at, at)
    judge_tier(book, programs, at)  # where tiers go by points
