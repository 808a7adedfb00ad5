"""Every message in every language, as readers see it; and the pictures of docs/messages.md."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from headway.program.messages import KINDS, Kind
from headway_notify.samples import sample
from tests.notify.account import PROGRAM
from tests.notify.browser import SCHEMES, WIDTHS, Scheme, opened
from tests.notify.looks import DAY, message_html, right
from tests.proof.recording import ROOT, Record

pytestmark = pytest.mark.proof

LANGUAGES = ("en", "de", "fr", "es", "ja")
PICTURES = ROOT / "docs" / "messages"
MOST_PICTURES = 1_500_000
"""Bytes: a repository keeps every version of a picture for good."""


def test_every_message_in_every_language_looks_right(chromium: Browser, record: Record) -> None:
    found = dict(right(chromium, LANGUAGES))
    assert len(found) == len(KINDS) * len(LANGUAGES) * len(WIDTHS) * len(SCHEMES)
    assert {which: problems for which, problems in found.items() if problems} == {}
    record.note(browser=chromium.version, kinds=len(KINDS), languages=len(LANGUAGES),
                looks=len(found), wrong=0)  # fmt: skip


def test_pictures_of_the_documentation(chromium: Browser, record: Record) -> None:
    for kind in KINDS:
        for width, scheme in zip(WIDTHS, SCHEMES, strict=True):
            _picture(chromium, kind, "en", width, scheme)
    for language in LANGUAGES[1:]:
        _picture(chromium, "progress", language, 320, "light")
    pictures = list(PICTURES.glob("*.png"))
    size = sum(path.stat().st_size for path in pictures)
    assert size < MOST_PICTURES
    page = (ROOT / "docs" / "messages.md").read_text()
    assert [path.name for path in pictures if f"messages/{path.name}" not in page] == []
    record.note(pictures=len(pictures), kilobytes=size // 1000)


def _picture(browser: Browser, kind: Kind, language: str, width: int, scheme: Scheme) -> Path:
    target = PICTURES / f"{kind}-{language}-{width}-{scheme}.png"
    target.parent.mkdir(exist_ok=True)
    with opened(browser, width, scheme) as page:
        page.set_content(message_html(sample(PROGRAM, kind, DAY), language, name="Maria"))
        page.screenshot(path=target, full_page=True)
    return target
