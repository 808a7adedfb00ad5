"""The example programmes are right as they stand, and every one is named on their page."""

from pathlib import Path

import pytest

from headway.local.demo.programmes import choose, examples
from headway.local.history import Wishes, wishes_of
from headway.program.loading import check_program, load_document

FOLDER = Path(__file__).parents[2] / "examples" / "programs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
PAGE = (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_no_mistakes_and_nothing_that_is_hardly_meant(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    assert [str(warning) for warning in check_program(text, file=name).warnings] == []
    assert f"[{name}.yaml]({name}.yaml)" in PAGE


def test_the_examples_come_with_headway() -> None:
    assert examples() == NAMES
    for name in NAMES:
        assert choose(name).text == (FOLDER / f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "wished"),
    [
        ("shoes", Wishes(categories=("boots",), currency="USD")),
        ("minimal", Wishes(currency="USD")),
        (
            "miles",
            Wishes(
                activities=("elite-miles", "flight"),
                counted=frozenset(("elite-miles", "flight")),
                currency="USD",
            ),
        ),
        ("shoe-vip", Wishes(activities=("shoe-donation",), birthdays=True, currency="USD")),
        (
            "cashback",
            Wishes(categories=("groceries", "pharmacy"), handed_over=True, currency="USD"),
        ),
        (
            "staff-rewards",
            Wishes(
                activities=("idea", "target", "training"),
                priced=frozenset(("target",)),
                counted=frozenset(("target", "training")),
                currency="USD",
            ),
        ),
    ],
)
def test_what_an_example_rewards_beside_purchases(name: str, wished: Wishes) -> None:
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    assert wishes_of(load_document(text)) == wished
