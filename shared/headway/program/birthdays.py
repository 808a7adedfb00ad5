"""Birthdays: a month and a day, without the year ('MM-DD')."""

from datetime import date


def birthday_of(text: str) -> tuple[int, int] | None:
    """The (month, day) of a member's attribute 'MM-DD'; None when it says no such thing."""
    digits = text[:2] + text[3:]
    if len(text) != 5 or text[2] != "-" or not (digits.isascii() and digits.isdecimal()):
        return None
    try:
        day = date(2000, int(text[:2]), int(text[3:]))
    except ValueError:
        return None
    return day.month, day.day


def birthday_in(birthday: str, year: int) -> date:
    """The birthday 'MM-DD' in a year; that of a 29 February is the 28th where there is none."""
    month, day = int(birthday[:2]), int(birthday[3:])
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, day - 1)
