"""Birthdays: a month and a day, without the year ('MM-DD')."""

from datetime import date


def birthday_in(birthday: str, year: int) -> date:
    """The birthday 'MM-DD' in a year; that of a 29 February is the 28th where there is none."""
    month, day = int(birthday[:2]), int(birthday[3:])
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, day - 1)


def is_birthday(text: str) -> bool:
    """Whether a text is a month and a day that exist, as 'MM-DD'."""
    try:
        date.fromisoformat(f"2000-{text}")
    except ValueError:
        return False
    return len(text) == 5
