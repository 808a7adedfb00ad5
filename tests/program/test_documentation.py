"""The page about the programme file is true: every example in it loads, every field is in it."""

import re
from pathlib import Path

import pytest

from headway.program.document import field_names
from headway.program.loading import check_program
from tests.program.making import BASE, HEAD, TIERS

PAGE = (Path(__file__).parents[2] / "docs" / "programme.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def whole(example: str) -> str:
    """A file of an example that shows a part of one."""
    if re.search("^name:", example, re.MULTILINE):
        return example
    if example.lstrip("# \n").startswith("- ") or "\n- {" in example:
        return HEAD + TIERS + "rules:\n" + re.sub("^", "  ", example, flags=re.MULTILINE)
    rules = "" if "\nrules:" in example else f"rules:\n  - {BASE}\n"
    return HEAD + rules + example


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_right(example: str) -> None:
    warnings = check_program(whole(example), file="example").warnings
    meant = [warning for warning in warnings if "no rule has when.membership" not in warning.fix]
    assert [str(warning) for warning in meant] == []


def test_every_field_is_on_the_page() -> None:
    assert [name for name in field_names() if not re.search(rf"\b{name}\b", PAGE)] == []


def test_the_words_that_fields_take_are_on_the_page() -> None:
    for word in (
        "end_of_next_period", "end_of_period", "while_reached", "calendar_year", "membership_year",
        "rolling_12_months", "lifetime", "next_period", "at_once", "one_step", "to_earned",
        "carry", "nearest", "allow_negative", "within_balance", "only_pending", "per_line",
        "by_money", "recompute", "gift_cards", "paid_with_points", "prorated",
    ):  # fmt: skip
        assert f"`{word}`" in PAGE or word in "".join(EXAMPLES), word
