"""Pages in Debian's Chromium, driven by Playwright: a browser for a test, or a plain skip."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.notify.browser import find_chromium

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""What axe-core looks for: levels A and AA."""
_CHROMIUM = find_chromium()
needs_chromium = pytest.mark.skipif(
    _CHROMIUM is None, reason="there is no chromium on this machine: apt-get install chromium"
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()
