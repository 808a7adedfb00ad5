"""Five languages, each whole, none with a string too many, and none that presses."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import headway_notify
from headway.program.messages import KINDS
from headway_notify.languages import choose, language
from headway_notify.reader import Links, Reader
from headway_notify.render import render
from headway_notify.samples import sample
from headway_notify.template_set import built_in_templates
from tests.notify.account import PROGRAM

PACKAGE = Path(headway_notify.__file__).parent
TRANSLATED = ("de", "fr", "es", "ja")
DAY = date(2026, 3, 3)
Id = str | tuple[str, ...]


def catalogue(name: str) -> Catalog:
    with (PACKAGE / "locale" / f"{name}.po").open("rb") as file:
        return read_po(file, locale=name, abort_invalid=True)


@pytest.fixture(scope="module")
def written() -> set[Id]:
    """Every string that templates and code have translated, as `pybabel extract` finds them."""
    with (PACKAGE.parent / "babel.cfg").open() as file:
        method, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(PACKAGE.parent, method, options)
    return {message for _, _, message, _, _ in found}


def translations(name: str) -> Iterator[tuple[str, str]]:
    """(English, translation) of every string and form."""
    for message in catalogue(name):
        if message.id:
            strings = (message.string,) if isinstance(message.string, str) else message.string or ()
            english = message.id if isinstance(message.id, str) else message.id[-1]
            yield from ((english, string) for string in strings)


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_string_is_missing_and_none_is_unused(name: str, written: set[Id]) -> None:
    assert len(written) > 80
    found = catalogue(name)
    assert {message.id for message in found if message.id} == written
    for english, string in translations(name):
        assert string, f"{english!r} is not translated"
    assert not [message.id for message in found if message.id and message.fuzzy]


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_translation_uses_the_values_of_its_string(name: str) -> None:
    for english, string in translations(name):
        assert _placeholders(string) == _placeholders(english), english
    assert not [error for _, errors in catalogue(name).check() for error in errors]


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("name", TRANSLATED)
def test_nothing_but_names_is_left_in_english(name: str) -> None:
    same = {english for english, string in translations(name) if english == string}
    # Words that are the same in both, and one that is all values.
    assert same <= {
        "%(title)s: %(value)s",
        "point",
        "points",
        "%(amount)s points",
        "%(amount)s point",
    }


def test_plurals_follow_the_language() -> None:
    known = built_in_templates().languages
    said = {
        name: [known[name].ngettext("%(amount)s point", "%(amount)s points", n, amount=n)
               for n in (0, 1, 2)]
        for name in known
    }  # fmt: skip
    assert said == {
        "en": ["0 points", "1 point", "2 points"],
        "de": ["0 Punkte", "1 Punkt", "2 Punkte"],
        "fr": ["0 point", "1 point", "2 points"],
        "es": ["0 puntos", "1 punto", "2 puntos"],
        "ja": ["0 ポイント", "1 ポイント", "2 ポイント"],
    }


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("de-AT", "de_AT"),
        ("de", "de"),
        ("DE_ch", "de_CH"),
        ("de-XX", "de"),
        ("de-Latn-AT-1996", "de_AT"),
        ("es-419", "es_419"),
        ("fr-CA", "fr_CA"),
        ("ja-JP", "ja_JP"),
        ("en-GB", "en_GB"),
        ("it-IT", "en"),
        ("zz", "en"),
        ("x", "en"),
        ("", "en"),
    ],
)
def test_a_reader_gets_the_nearest_language(tag: str, locale: str) -> None:
    assert str(choose(tag, TRANSLATED)).casefold() == locale.casefold()


@pytest.mark.parametrize(
    ("tag", "amount", "number", "day"),
    [
        ("en-US", "$1,234.50", "12,500", "Tuesday, March 3, 2026"),
        ("en-GB", "US$1,234.50", "12,500", "Tuesday, 3 March 2026"),
        ("de", "1.234,50\u00a0$", "12.500", "Dienstag, 3. März 2026"),
        ("de-AT", "$\u00a01.234,50", "12.500", "Dienstag, 3. März 2026"),
        ("fr", "1\u00a0234,50\u00a0$US", "12\u00a0500", "mardi 3 mars 2026"),
        ("es", "1.234,50\u00a0US$", "12.500", "martes, 3 de marzo de 2026"),
        ("ja", "$1,234.50", "12,500", "2026年3月3日火曜日"),
    ],
)
def test_numbers_money_and_days_are_the_locale_s(
    tag: str, amount: str, number: str, day: str
) -> None:
    wording = built_in_templates().wording(Reader("Maria", tag), PROGRAM.zone)
    assert wording.money(123_450, "USD") == amount
    assert wording.number(12_500) == number
    assert wording.day(DAY) == day


# Pressure, orders, scarcity, praise with strings attached: what Cognitive Evaluation Theory calls
# controlling. Words and phrases, in small letters, as whole words (in Japanese anywhere).
CONTROLLING = {
    "en": (
        "don't miss", "do not miss", "hurry", "last chance", "final", "act now", "act fast", "must",
        "have to", "need to act", "should", "ought", "only", "just", "limited", "urgent", "lose",
        "losing", "warning", "congratulations", "well done", "good job", "exclusive", "deserve",
        "expires soon", "before it's too late", "immediately", "claim",
    ),
    "de": (
        "verpassen", "nicht verpassen", "nur noch", "letzte chance", "schnell", "beeilen", "müssen",
        "sollten", "sollen", "sofort", "jetzt sichern", "dringend", "verlieren", "warnung",
        "glückwunsch", "exklusiv", "verdienen", "begrenzt", "nur",
    ),
    "fr": (
        "ne manquez pas", "manquer", "dépêchez-vous", "vite", "dernière chance", "devez", "devriez",
        "il faut que", "urgent", "immédiatement", "seulement", "perdre", "perdez", "attention",
        "félicitations", "bravo", "exclusif", "limité", "profitez",
    ),
    "es": (
        "no te pierdas", "pierdas", "perder", "date prisa", "rápido", "última oportunidad", "debes",
        "deberías", "tienes que", "urgente", "inmediatamente", "solo", "sólo", "atención",
        "felicidades", "enhorabuena", "exclusivo", "limitado", "aprovecha", "¡",
    ),
    "ja": (
        "お見逃しなく", "逃さ", "急い", "お急ぎ", "今すぐ", "最後のチャンス", "なければなりません",
        "べき", "必ず", "限定", "緊急", "失い", "警告", "おめでとう", "特別な", "しか", "わずか",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["en", *TRANSLATED])
def test_no_string_presses(name: str, written: set[Id]) -> None:
    strings: list[str] = [string for _, string in translations(name)] if name != "en" else []
    if name == "en":
        for one in written:
            strings += one if isinstance(one, tuple) else (one,)
    for string in strings:
        _kind_words(name, string)


@pytest.mark.parametrize("name", ["en", *TRANSLATED])
def test_no_message_presses_even_in_words_outside_the_catalogues(name: str) -> None:
    for kind in KINDS:
        made = render(sample(PROGRAM, kind, DAY), PROGRAM, Reader("Maria", name), Links("p", ""))
        for part in (made.subject, made.preheader, made.text):
            _kind_words(name, part)


def _kind_words(name: str, text: str) -> None:
    small = text.casefold()
    assert not set("!\uff01¡") & set(small), text
    for phrase in CONTROLLING[name]:
        pattern = re.escape(phrase) if name == "ja" else rf"(?<!\w){re.escape(phrase)}(?!\w)"
        assert not re.search(pattern, small), f"{phrase!r} in {text!r}"


def test_the_list_of_words_would_be_noticed() -> None:
    for name, phrases in CONTROLLING.items():
        for phrase in phrases:
            with pytest.raises(AssertionError):
                _kind_words(name, f"... {phrase} ...")


def test_a_catalogue_with_a_mistake_names_the_line() -> None:
    with pytest.raises(ValueError, match="line 3"):
        language("de", 'msgid "a"\nmsgstr "b"\nmsgid c\n')
    with pytest.raises(ValueError, match=r"line 4: .*placeholder"):
        language("de", '\n\n#, python-format\nmsgid "%(a)s"\nmsgstr "%(b)s"\n')
