"""The page in a real browser: by keyboard alone, without script, and without barriers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from headway.program.messages import TOPICS
from headway.runtime.health import Health
from headway.runtime.web import WebServer
from headway_notify.web.words import WORDS
from tests.notify.desk import HERE, Desk
from tests.pages_in_browser import LEVELS, browser, needs_chromium

__all__ = ["browser"]
pytestmark = needs_chromium


@pytest.fixture
async def server(desk: Desk) -> AsyncIterator[str]:
    """Where the application is served."""
    web = WebServer(desk.app, "127.0.0.1", 0, Health())
    await web.start()
    yield f"http://127.0.0.1:{web.port}"
    await web.stop()


@asynccontextmanager
async def opened(
    browser: Browser,
    address: str,
    *,
    width: int = 640,
    scheme: Literal["light", "dark"] = "light",
    script: bool = False,
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=script,
    )
    page = await context.new_page()
    await page.goto(address)
    yield page
    await context.close()


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_everything_works_by_keyboard_alone_and_without_script(
    desk: Desk, browser: Browser, server: str
) -> None:
    await desk.contact()
    link = (await desk.link()).replace(HERE, server)
    async with opened(browser, link) as page:
        assert await desk.unwanted() == {}
        # The first stop is the one button that most people came for.
        await press(page, "Tab", "Enter")
        await page.get_by_role("status").wait_for()
        assert await desk.unwanted() == {"progress": "page"}

        # Second topic off; then to the button and save.
        await press(page, "Tab", "Tab", "Space", *["Tab"] * 6)
        assert await page.locator(":focus").get_attribute("value") == "choose"
        await press(page, "Enter")
        await page.get_by_text(WORDS["en"].saved).wait_for()
        assert set(await desk.unwanted()) == {"progress", "rewards"}

        # Nothing at all.
        await press(page, *["Tab"] * 7, "Space", "Tab", "Enter")
        await page.locator("input[name=none][checked]").wait_for()
        assert await desk.suppressed() == {"unsubscribed_all"}
        assert set(await desk.unwanted()) == set(TOPICS)


async def test_no_page_has_barriers(desk: Desk, browser: Browser, server: str) -> None:
    for locale in WORDS:
        await desk.contact(locale=locale)
        link = (await desk.link(kind="reward_ready")).replace(HERE, server)
        addresses = [link, f"{server}/u/nobody"] if locale == "en" else [link]
        for address in addresses:
            await looks_well(browser, address, 320, "light")
            await looks_well(browser, address, 640, "dark")
    async with opened(browser, link, script=True) as page:
        await page.locator("button[value=stop]").click()
        await page.get_by_role("status").wait_for()
        assert await barriers(page) == []


async def looks_well(
    browser: Browser, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    async with opened(browser, address, width=width, scheme=scheme, script=True) as page:
        assert await barriers(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def barriers(page: Page) -> list[str]:
    """What axe-core finds against levels A and AA of the WCAG."""
    options = {"runOnly": {"type": "tag", "values": LEVELS}}
    found = await Axe().run(page, options=options)
    assert found.response["passes"], "axe-core has looked at something"
    return [violation["id"] for violation in found.response["violations"]]


async def test_the_style_is_applied_in_spite_of_the_policy(
    desk: Desk, browser: Browser, server: str
) -> None:
    await desk.contact()
    link = (await desk.link()).replace(HERE, server)
    async with opened(browser, link, script=True) as page:
        style = "getComputedStyle(document.querySelector('button')).minHeight"
        assert await page.evaluate(style) == "44px"
