"""Every kind of message in a browser: at 320 and 640 px, in light and in dark."""

import pytest
from playwright.sync_api import Browser

from headway_notify.facts import Ahead
from headway_notify.messaging import Message
from headway_notify.samples import sample
from tests.notify.account import PROGRAM
from tests.notify.browser import contrast, look, opened
from tests.notify.looks import DAY, message_html, right, wrong


def test_every_kind_at_every_width_in_light_and_dark(chromium: Browser) -> None:
    found = dict(right(chromium, ("en",)))
    assert len(found) == 48
    assert {which: problems for which, problems in found.items() if problems} == {}


@pytest.mark.parametrize(("available", "pending"), [(1, 0), (99, 0), (30, 50), (0, 0), (50, 900)])
def test_the_bar_is_right_at_its_ends(chromium: Browser, available: int, pending: int) -> None:
    message = _standing(available, pending)
    with opened(chromium, 320, "light") as page:
        seen = look(page, message_html(message, "en"))
    assert wrong(seen, "progress", message, "en") == []
    filled = [width for name, width, *_ in seen.bars[0]["cells"] if name == "full"]
    assert sum(filled) == pytest.approx(seen.bars[0]["width"] * available / 100, abs=2)


@pytest.mark.parametrize("missing", [250, 0])
def test_the_bar_runs_to_the_goal(chromium: Browser, missing: int) -> None:
    message = sample(PROGRAM, "progress", DAY)
    goal = Ahead(id="twenty", points=400, missing=missing)
    message = message._replace(facts=message.facts.model_copy(update={"goal": goal}))
    with opened(chromium, 320, "dark") as page:
        seen = look(page, message_html(message, "en"))
    assert wrong(seen, "progress", message, "en") == []
    filled = [width for name, width, *_ in seen.bars[0]["cells"] if name == "full"]
    assert sum(filled) == pytest.approx(
        seen.bars[0]["width"] * (37 if missing else 100) / 100, abs=2
    )


def test_long_names_break_and_do_not_push_the_screen_apart(chromium: Browser) -> None:
    message = sample(PROGRAM, "progress", DAY)
    with opened(chromium, 320, "dark") as page:
        seen = look(page, message_html(message, "en", name="Wolfeschlegelsteinhausen" * 6))
    assert seen.scroll_width == 320
    assert seen.overflowing() == []


def test_what_is_wrong_would_be_noticed(chromium: Browser) -> None:
    message = sample(PROGRAM, "progress", DAY)
    html = message_html(message, "en")
    broken = {
        "contrast": html.replace("color:#55636d", "color:#9aa5ad"),
        "scrolls": html.replace("<body", '<body><div style="width:700px">x</div', 1),
        "axe": html.replace('<html lang="en"', "<html", 1).replace(' lang="en"', ""),
        "the bar's full": html.replace('width="75%"', 'width="60%"', 1),
        "the network": html.replace("</body>", '<img alt="" src="https://x.example/a.png"></body>'),
    }
    with opened(chromium, 320, "light") as page:
        for what, page_html in broken.items():
            assert page_html != html
            assert what in " ".join(wrong(look(page, page_html), "progress", message, "en"))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


def _standing(available: int, pending: int) -> Message:
    message = sample(PROGRAM, "progress", DAY)
    following = {"id": "five", "points": 100, "missing": 100 - available}
    changed = message.facts.model_dump() | {
        "available": available, "pending": pending, "rewards_ready": (), "next_reward": following,
    }  # fmt: skip
    return message._replace(facts=type(message.facts).model_validate(changed))
