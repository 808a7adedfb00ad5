"""Messages in a real browser: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

Scheme = Literal["light", "dark"]
WIDTHS = (320, 640)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LEAST_CONTRAST = 4.5
_AXE = Axe()
_LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

# Every piece of text that is shown, with its colour and the nearest colour behind it.
_TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, own = node.parentElement;
    if (!node.textContent.trim() || !own.checkVisibility({checkOpacity: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    let behind = own;
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')
      behind = behind.parentElement;
    found.push({
      text: node.textContent.trim(), colour: getComputedStyle(own).color,
      behind: behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)',
      right: box.right, left: box.left,
    });
  }
  return found;
}"""
_BAR = """() => [...document.querySelectorAll('[role=img]')].map(bar => ({
  label: bar.getAttribute('aria-label'), width: bar.getBoundingClientRect().width,
  cells: [...bar.querySelectorAll('td')].map(cell => [
    cell.className, cell.getBoundingClientRect().width, cell.getBoundingClientRect().height,
    getComputedStyle(cell).backgroundColor]),
}))"""


@dataclass(frozen=True)
class Look:
    """A page as one reader sees it. Widths in CSS pixels."""

    width: int
    scroll_width: int
    texts: list[dict[str, Any]]
    bars: list[dict[str, Any]]
    violations: list[str]
    requests: list[str]

    def overflowing(self) -> list[str]:
        """Texts that leave the screen."""
        return [
            one["text"] for one in self.texts
            if one["right"] > self.width + 0.5 or one["left"] < -0.5
        ]  # fmt: skip

    def faint(self) -> list[str]:
        """Texts with too little contrast, and how much they have."""
        return [
            f"{one['text']!r}: {ratio:.2f} ({one['colour']} on {one['behind']})"
            for one in self.texts
            if (ratio := contrast(one["colour"], one["behind"])) < LEAST_CONTRAST
        ]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2 between two opaque colours written `rgb(1, 2, 3)`."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    if not colour.startswith("rgb("):
        raise ValueError(f"{colour} is not opaque: its contrast depends on what is behind")
    parts = (int(part) / 255 for part in colour[4:-1].split(","))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def find_chromium() -> str | None:
    """Where a browser is: HEADWAY_CHROMIUM, or on the path."""
    named = os.environ.get("HEADWAY_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for a module's tests; without one they are skipped, and say so."""
    path = find_chromium()
    if path is None:
        pytest.skip(
            "no Chromium: install it (Debian: apt install chromium) or name it with"
            " HEADWAY_CHROMIUM"
        )
    with sync_playwright() as playwright:
        # Its sandbox cannot be had as root, and the pages are ours.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, width: int, scheme: Scheme) -> Iterator[Page]:
    """A page for messages, shown one after the other, without any network."""
    context = browser.new_context(
        viewport={"width": width, "height": 600}, color_scheme=scheme, offline=True
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def look(page: Page, html: str) -> Look:
    """Show a message and measure it."""
    requests: list[str] = []

    def keep(request: Request) -> None:
        requests.append(request.url)

    page.on("request", keep)
    page.set_content(html)
    page.remove_listener("request", keep)
    size = page.viewport_size
    assert size is not None
    found = _AXE.run(page, options=_LEVELS)
    return Look(
        size["width"],
        page.evaluate("document.documentElement.scrollWidth"),
        page.evaluate(_TEXTS),
        page.evaluate(_BAR),
        [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html']}"
            for one in found.response["violations"]
        ],
        requests,
    )
