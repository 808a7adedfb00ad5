"""The words of the page, in the languages that members have."""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files

from headway.program.messages import TOPICS, Topic


@dataclass(frozen=True, slots=True)
class PageWords:
    """The page in one language."""

    language: str
    title: str
    lead: str
    stop: str
    choose: str
    none: str
    none_hint: str
    save: str
    saved: str
    stopped: str
    gone_title: str
    gone: str
    unclear: str
    topics: dict[Topic, str]


def _read() -> dict[str, PageWords]:
    text = files("headway_notify.web").joinpath("words.toml").read_text("utf-8")
    return {language: _checked(language, said) for language, said in tomllib.loads(text).items()}


def _checked(language: str, said: dict[str, object]) -> PageWords:
    names = {field.name for field in fields(PageWords)} - {"language"}
    topics = said.get("topics")
    if said.keys() != names or not isinstance(topics, dict) or topics.keys() != set(TOPICS):
        raise ValueError(f"words.toml: {language} should have {sorted(names)}, and all topics")
    return PageWords(language=language, **said)  # type: ignore[arg-type]


WORDS = _read()
"""By language, as ISO 639 has it."""


def words_for(locale: str) -> PageWords:
    """The page in a member's language (de-AT: German), or in English."""
    return WORDS.get(locale.replace("_", "-").partition("-")[0].lower(), WORDS["en"])
