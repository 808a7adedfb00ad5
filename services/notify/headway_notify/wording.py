"""Numbers, money, days and moments as a reader expects them: by Babel, in their locale and zone."""

import copy
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale
from babel.dates import format_date, format_time, get_datetime_format, get_timezone_location
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal

from headway.program.money import exponent
from headway.program.rules import MICRO
from headway_notify.languages import Language

_NARROW_SPACE, _FIXED_SPACE = "\u202f", "\u00a0"
_CODE_BEFORE_DIGIT = re.compile(r"(?<=[A-Za-z])(?=\d)")


class Wording:
    """How one reader is written to: their language, their locale, their clock."""

    def __init__(self, language: Language, locale: Locale, zone: ZoneInfo) -> None:
        self.language = language
        self.locale = locale
        self.zone = zone
        self._key = str(locale)

    def number(self, value: int) -> str:
        """`12500` as `12,500`, `12.500` ..."""
        return _number(value, self._key)

    def unit(self, value: int) -> str:
        """The noun that goes with a number of points."""
        return self.language.ngettext("point", "points", value)

    def points(self, value: int) -> str:
        """`1` as `1 point`, `60` as `60 points`."""
        amount = _number(value, self._key)
        return self.language.ngettext("%(amount)s point", "%(amount)s points", value, amount=amount)

    def money(self, minor: int, currency: str) -> str:
        """Minor units as people write them: `$12.50`, `12,50 $`, `¥1,200`."""
        return _money(minor, currency, self._key)

    def titled(self, title: str, value: str) -> str:
        """A line of a plain text: `Next reward: 50 points to $10 off`."""
        return self.language.gettext("%(title)s: %(value)s", title=title, value=value)

    def several(self, parts: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b, and c`."""
        return format_list(parts, locale=self.locale)

    def day(self, value: date) -> str:
        """`Tuesday, March 3, 2026`."""
        return _day(value, self._key)

    def date(self, value: date) -> str:
        """`March 3, 2026`."""
        return _date(value, self._key)

    def moment(self, value: datetime) -> str:
        """`March 3, 2026, 6:12 PM (New York)` on the reader's wall."""
        local = value.astimezone(self.zone)
        return f"{_moment(local.replace(tzinfo=None), self._key)} ({_city(self.zone, self._key)})"

    def until(self, value: datetime) -> str:
        """The last moment before `value`: what ends at midnight ends with the day before."""
        local = value.astimezone(self.zone)
        if local.time() == time():
            return self.day(local.date() - timedelta(days=1))
        return self.moment(value)

    def measured(self, missing: int, measure: str, currency: str) -> str:
        """What a tier lacks, in the programme's measure of tiers: money, points, or a count."""
        if measure == "spend":
            return self.money(missing, currency)
        if measure == "points":
            return self.points(-(-missing // MICRO))
        amount = self.number(missing)
        if measure == "orders":
            return self.language.ngettext(
                "%(amount)s order", "%(amount)s orders", missing, amount=amount
            )
        return self.language.ngettext(
            "%(amount)s activity", "%(amount)s activities", missing, amount=amount
        )


@lru_cache(maxsize=256)
def zone_of(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of that name; the other one where there is none."""
    return ZoneInfo(name) if name in _zones() else otherwise


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


# Babel takes 10 to 50 microseconds for each of these, and readers share most of them.
@lru_cache(maxsize=65_536)
def _number(value: int, locale: str) -> str:
    return _spaced(format_decimal(value, locale=locale))


@lru_cache(maxsize=16_384)
def _money(minor: int, currency: str, locale: str) -> str:
    digits = exponent(currency)
    pattern = _money_pattern(digits, locale)
    amount = pattern.apply(
        Decimal(minor).scaleb(-digits), Locale.parse(locale), currency=currency,
        currency_digits=False,
    )  # fmt: skip
    # CLDR puts a space between a code and its number; Babel does not.
    return _CODE_BEFORE_DIGIT.sub(_FIXED_SPACE, _spaced(amount))


@lru_cache(maxsize=1024)
def _money_pattern(digits: int, locale: str) -> NumberPattern:
    """The locale's own, with the digits of ISO 4217: CLDR has fewer for some currencies."""
    pattern: NumberPattern = copy.copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


@lru_cache(maxsize=4096)
def _day(value: date, locale: str) -> str:
    return _spaced(format_date(value, "full", locale=locale))


@lru_cache(maxsize=4096)
def _date(value: date, locale: str) -> str:
    return _spaced(format_date(value, "long", locale=locale))


@lru_cache(maxsize=16_384)
def _moment(value: datetime, locale: str) -> str:
    shape = str(get_datetime_format("long", locale=locale))
    hour = _spaced(format_time(value, "short", locale=locale))
    return shape.replace("{0}", hour).replace("{1}", _date(value.date(), locale))


@lru_cache(maxsize=1024)
def _city(zone: ZoneInfo, locale: str) -> str:
    return str(get_timezone_location(zone, locale=locale, return_city=True))


def _spaced(text: str) -> str:
    """Without the narrow space of newer CLDR data, which old mail readers show as a box."""
    return text.replace(_NARROW_SPACE, _FIXED_SPACE)
