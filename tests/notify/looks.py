"""What every message has to look like, whoever reads it."""

from collections.abc import Iterator
from datetime import date

from playwright.sync_api import Browser

from headway.program.messages import KINDS, Kind
from headway_notify.bar import Bar, bar
from headway_notify.messaging import Message
from headway_notify.reader import Links, Reader
from headway_notify.render import render
from headway_notify.samples import sample
from headway_notify.template_set import built_in_templates
from tests.notify.account import PROGRAM
from tests.notify.browser import SCHEMES, WIDTHS, Look, look, opened

DAY = date(2026, 3, 3)
LINKS = Links("https://shop.example/preferences/t0ken", "https://shop.example/unsubscribe/t0ken")
NAME = "Maria-Magdalena Konstantinopolskaja"
"""Long enough to break a line on a small screen."""


def message_html(message: Message, language: str, name: str = NAME) -> str:
    """The HTML of a message to a reader of that language."""
    return render(message, PROGRAM, Reader(name, language), LINKS).html


def right(browser: Browser, languages: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """(which message for whom, what is wrong with it) of every kind, width and scheme."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            with opened(browser, width, scheme) as page:
                for language in languages:
                    for kind in KINDS:
                        message = sample(PROGRAM, kind, DAY)
                        seen = look(page, message_html(message, language))
                        which = f"{kind} {language} {width} {scheme}"
                        yield which, wrong(seen, kind, message, language)


def wrong(seen: Look, kind: Kind, message: Message, language: str) -> list[str]:
    """What a reader would stumble over; nothing, one hopes."""
    found = []
    if seen.scroll_width > seen.width:
        found.append(f"scrolls sideways: {seen.scroll_width} px on {seen.width}")
    found += [f"leaves the screen: {text}" for text in seen.overflowing()]
    found += [f"contrast: {text}" for text in seen.faint()]
    found += [f"axe: {text}" for text in seen.violations]
    found += [f"asks the network for {address}" for address in seen.requests]
    if not seen.texts:
        found.append("shows nothing")
    wording = built_in_templates().wording(Reader(NAME, language), PROGRAM.zone)
    expected = bar(message.facts, PROGRAM, wording)
    assert expected is not None
    return found + wrong_bar(seen, expected, shown=kind not in ("reward_ready", "statement"))


def wrong_bar(seen: Look, expected: Bar, *, shown: bool) -> list[str]:
    """Whether the bar's parts are as wide as they say, to two pixels, and can be told apart."""
    if len(seen.bars) != int(shown):
        return [f"{len(seen.bars)} bars"]
    found = []
    for one in seen.bars:
        if one["label"] != expected.label:
            found.append(f"the bar is called {one['label']!r}")
        parts = zip(one["cells"], expected.cells, strict=True)
        for (name, width, height, _), (kind, percent, _) in parts:
            if name != kind or abs(width - one["width"] * percent / 100) > 2:
                found.append(f"the bar's {name} is {width} of {one['width']} px, not {percent}%")
            if not 12 <= height <= 16:
                found.append(f"the bar is {height} px high")
        if len({colour for *_, colour in one["cells"]}) != len(one["cells"]):
            found.append("parts of the bar look the same")
    return found
