"""The pictures of docs/status.md: an installation at work, and what troubles it."""

import asyncio
import json
import signal
from itertools import count
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.earn.service import Place
from tests.notify.browser import find_chromium
from tests.proof.recording import ROOT, Record
from tests.status.kit import Installation, bought, installed, joined
from tests.status.test_in_browser import Scheme, barriers, opened

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(find_chromium() is None, reason="there is no chromium on this machine"),
]

PREFIX = "headway."
PICTURES = ROOT / "docs" / "status"
MOST_PICTURES = 1_000_000
"""Bytes: a repository keeps every version of a picture for good."""
LOOKS: tuple[tuple[int, Scheme], ...] = ((1200, "light"), (320, "dark"))
PATHS = {"status": "/", "letter": "/login?next=/dead-letters/1", "member": "/members/bob"}


async def shopping(place: Place, seconds: int) -> None:
    """Orders, now more and now fewer of them; earn is frozen for a third of the time."""
    numbers = count(1)
    members = [f"m{number:03}" for number in range(200)]
    await place.send(joined(member) for member in members)
    await place.send(bought("bob", f"b{number}") for number in (2, 3))
    earn = place.processes[0]
    for second in range(seconds):
        if second == seconds // 3:
            earn.send_signal(signal.SIGSTOP)
        if second == seconds * 2 // 3:
            earn.send_signal(signal.SIGCONT)
        many = 20 + 60 * (second % 8)
        orders = [next(numbers) for _ in range(many)]
        await place.send(bought(members[n % len(members)], f"o{n}") for n in orders)
        await asyncio.sleep(0.5)


async def test_pictures_of_the_status_page(
    kafka: str, database: str, tmp_path: Path, record: Record
) -> None:
    async with installed(kafka, PREFIX, database, tmp_path) as here, async_playwright() as driver:
        await here.place.cli("verify")
        await shopping(here.place, 36)
        await asyncio.sleep(2)
        browser = await driver.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        for width, scheme in LOOKS:
            for name, path in PATHS.items():
                async with opened(browser, here, path, width=width, scheme=scheme) as page:
                    if name == "letter":
                        await page.get_by_role("button", name="Mend and replay").click()
                        await page.get_by_role("alert").wait_for()
                    assert await barriers(page) == []
                    target = PICTURES / f"{name}-{width}-{scheme}.png"
                    target.parent.mkdir(exist_ok=True)
                    await page.screenshot(path=target, full_page=name != "member")
        await browser.close()
        record.note(**_figures(here))
    pictures = list(PICTURES.glob("*.png"))
    size = sum(path.stat().st_size for path in pictures)
    assert size < MOST_PICTURES
    text = (ROOT / "docs" / "status.md").read_text()
    assert [path.name for path in pictures if f"status/{path.name}" not in text] == []
    record.note(pictures=len(pictures), kilobytes=size // 1000)


def _figures(here: Installation) -> dict[str, object]:
    found = here.parts.board.latest
    assert found is not None
    seen = json.loads(found[1].snapshot.model_dump_json())
    earn = next(one for one in seen["groups"] if one["group"] == PREFIX + "earn")
    return {"samples": len(earn["series"]), "most_lag": max(one["lag"] for one in earn["series"])}
