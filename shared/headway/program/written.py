"""How single values are written in a programme file: names, words, amounts, days, hours."""

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema


class Part(BaseModel):
    """A part of the file: unknown fields are errors, so that a typo never goes unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def written(pattern: str, fix: str) -> tuple[AfterValidator, FieldInfo]:
    """A text of that form; `fix` tells a person what to write."""
    fits = re.compile(pattern).fullmatch

    def check(text: str) -> str:
        if fits(text) is None:
            raise ValueError(fix)
        return text

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^{pattern}$"})


def no_truth_value(value: object) -> object:
    """`true` is no 1."""
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


def one_or_more(value: object) -> object:
    """One word, number or mapping stands for a list of one."""
    return [value] if isinstance(value, str | int | dict) else value


class OneOrMore:
    """Marks a list that may be given as what would be alone in it."""

    @staticmethod
    def __get_pydantic_core_schema__(source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(one_or_more, handler(source))

    @staticmethod
    def __get_pydantic_json_schema__(
        core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]}


def word_or_parts(value: object) -> str:
    """Which of the two a field that takes both was given; see WORD and PARTS."""
    return PARTS.tag if isinstance(value, dict | Part) else WORD.tag


WORD, PARTS = Tag("~word"), Tag("~parts")
"""Mark the forms of a field; the ~ keeps them out of the way to a field that errors name."""
EITHER = Discriminator(word_or_parts)


def _read(convert: Callable[[str], Any], fix: str) -> BeforeValidator:
    def read(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(fix)
        try:
            return convert(value)
        except ValueError:
            raise ValueError(fix) from None

    return BeforeValidator(read)


def _as_pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone; write one such as America/New_York") from error
    return name


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if len(text) != 10 or not 1970 <= day.year <= 2999:  # so that counting from it never overflows
        raise ValueError
    return day


def _hour(text: str) -> time:
    if re.fullmatch(r"[0-9]{2}:[0-9]{2}", text) is None:
        raise ValueError
    return time.fromisoformat(text)


def _day_of_year(text: str) -> tuple[int, int]:
    if re.fullmatch(r"[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError
    day = date.fromisoformat(f"2000-{text}")
    return day.month, day.day


RuleId = Annotated[
    str,
    *written(
        r"[a-z][a-z0-9_-]{0,63}",
        "should be up to 64 small letters, digits, - and _, the first one a letter",
    ),
]
Currency = Annotated[str, *written("[A-Z]{3}", "should be three capital letters, such as USD")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Words = Annotated[list[Word], Field(min_length=1, max_length=1000), OneOrMore]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ShortName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Points = Annotated[int, Field(ge=1, le=10**9), BeforeValidator(no_truth_value)]
Count = Annotated[int, Field(ge=1, le=10**6), BeforeValidator(no_truth_value)]
Days = Annotated[int, Field(ge=0, le=3650), BeforeValidator(no_truth_value)]
Months = Annotated[int, Field(ge=1, le=1200), BeforeValidator(no_truth_value)]
Amount = Annotated[
    Decimal, Field(ge=0, le=10**9, decimal_places=4), BeforeValidator(no_truth_value)
]
Zone = Annotated[str, AfterValidator(_known_zone)]
Day = Annotated[
    date,
    _read(_day, "should be a day from 1970 to 2999 that exists, such as 2026-12-31"),
    _as_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
]
DayOfYear = Annotated[
    tuple[int, int],
    _read(_day_of_year, 'should be a day of the year in quotes, such as "12-31"'),
    _as_pattern("[0-9]{2}-[0-9]{2}"),
]
Hour = Annotated[
    time,
    _read(_hour, 'should be an hour in quotes, such as "17:30"'),
    _as_pattern("[0-9]{2}:[0-9]{2}"),
]
Price = Annotated[
    str,
    *written(
        r"[0-9]{1,9}(\.[0-9]{1,4})? [A-Z]{3}",
        "should be an amount and its currency, such as 5.00 USD",
    ),
]
