"""The languages that messages are written in: gettext catalogues, and which one a reader gets."""

import gettext
import io
from collections.abc import Iterable
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

SOURCE = "en"
"""What the templates themselves are written in; it needs no catalogue."""


class Language:
    """One language's strings. Those that it does not have stay English."""

    def __init__(self, name: str, strings: gettext.NullTranslations) -> None:
        self.name = name
        self._one = strings.gettext
        self._several = strings.ngettext

    def gettext(self, string: str, /, **values: object) -> str:
        """A string, translated, with its %(values)s put in."""
        return self._one(string) % values

    def ngettext(self, one: str, several: str, number: int, /, **values: object) -> str:
        """The form of a string that goes with a number, translated."""
        return self._several(one, several, number) % values


def language(name: str, catalogue: str) -> Language:
    """From the text of a .po file ('': none). Raises ValueError naming the line of a mistake."""
    if not catalogue:
        return Language(name, gettext.NullTranslations())
    try:
        read = read_po(io.BytesIO(catalogue.encode()), locale=name, abort_invalid=True)
    except PoFileError as error:
        raise ValueError(f"line {error.lineno + 1}: {error.args[0]}") from None
    for message, mistakes in read.check():
        raise ValueError(f"line {message.lineno}: {mistakes[0]}")
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Language(name, gettext.GNUTranslations(compiled))


def choose(tag: str, languages: Iterable[str]) -> Locale:
    """How numbers and dates are written for a reader, in the language that they are written to in.

    `de-AT` is written to in German, the Austrian way; a tag nobody knows in that of its nearest
    kin (`de-XX` as `de`), and a language that there is no catalogue of in American English.
    """
    return _choose(tag, tuple(languages))


@lru_cache(maxsize=1024)
def _choose(tag: str, languages: tuple[str, ...]) -> Locale:
    parts = tag.replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        try:
            found = Locale.parse("-".join(parts[:length]), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if found.language == SOURCE or found.language in languages:
            return found
    return Locale.parse(SOURCE)
