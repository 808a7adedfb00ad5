"""The page in a real browser: by keyboard alone, kept fresh, and without barriers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.pages_in_browser import LEVELS, browser, needs_chromium
from tests.status.kit import Installation, installed
from tests.status.test_installation import OWED

Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[int, Scheme], ...] = ((320, "dark"), (1200, "light"))
__all__ = ["browser"]
pytestmark = needs_chromium


@asynccontextmanager
async def opened(
    browser: Browser, here: Installation, path: str, *, width: int = 1200,
    scheme: Scheme = "light", script: bool = True,
) -> AsyncIterator[Page]:  # fmt: skip
    """A page of the status, in a browser of somebody who knows the key when they are asked."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script,
        http_credentials={"username": "ops", "password": here.key},
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(here.address + path)
    yield page
    await context.close()


async def tab_to(page: Page, selector: str, most: int = 40) -> None:
    """Press Tab until that has the focus, and see that one can see it."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if await focused.evaluate("(one, wanted) => one.matches(wanted)", selector):
            style = await focused.evaluate("one => getComputedStyle(one).outlineStyle")
            assert style == "solid"
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


async def go_to(page: Page, selector: str, path: str) -> None:
    """Follow that link, with Tab and Enter, to the page it is to lead to."""
    await tab_to(page, selector)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{path}")


async def test_a_dead_letter_is_mended_and_replayed_by_keyboard_alone(
    browser: Browser, kafka: str, topics: str, database: str, tmp_path: Path
) -> None:
    async with (
        installed(kafka, topics, database, tmp_path) as here,
        opened(browser, here, "/") as watching,
        opened(browser, here, "/") as page,
    ):
        await expect(watching.locator("#letters")).to_contain_text("invalid-data")
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("Skip to content")
        await page.keyboard.press("Enter")
        await go_to(page, "#to-letters", "/dead-letters")
        await go_to(page, "[href='/dead-letters/1']", "/dead-letters/1")
        await expect(page.locator("textarea")).to_have_count(0)
        await go_to(page, "[href^='/login']:not(header *)", "/dead-letters/1")
        await expect(page.locator("textarea")).to_have_count(1)

        await tab_to(page, "textarea")
        await tab_to(page, "button[value=replay]")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("data.lines.0.amount")
        await expect(page.locator(":focus")).to_have_id("body")
        for width, _ in LOOKS:
            await page.set_viewport_size({"width": width, "height": 900})
            assert await barriers(page) == []

        told = json.loads(await page.locator("textarea").input_value())
        told["data"]["lines"][0]["amount"] = 7000
        await page.keyboard.press("Control+A")
        await page.keyboard.insert_text(json.dumps(told))
        await tab_to(page, "button[value=replay]", most=1)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Sent again")

        await here.place.until(OWED)
        await go_to(page, "[href='/members/ann']", "/members/ann")
        await expect(page.locator(".story")).to_contain_text("Order a1")
        await expect(page.locator(".story")).to_contain_text("+30")
        # The other window was not touched, and knows.
        await expect(watching.locator("#letters")).to_contain_text("None waits")
        await looks_well(browser, here)


async def looks_well(browser: Browser, here: Installation) -> None:
    """No barrier on any page, narrow and wide, dark and light; nothing leaves the screen."""
    for width, scheme in LOOKS:
        async with opened(browser, here, "/", width=width, scheme=scheme) as page:
            await page.locator("details").last.evaluate("one => one.open = true")
            for path in ("/", "/dead-letters?all=1", "/members?q=a", "/members/ann", "/runbook"):
                if path != "/":
                    await page.goto(here.address + path)
                assert await barriers(page) == [], path
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
    async with opened(browser, here, "/", script=False) as page:
        await expect(page.locator("#letters")).to_contain_text("None waits")


async def barriers(page: Page) -> list[str]:
    """What axe-core finds against levels A and AA of the WCAG."""
    options = {"runOnly": {"type": "tag", "values": LEVELS}}
    found = await Axe().run(page, options=options)
    assert found.response["passes"], "axe-core has looked at something"
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]
