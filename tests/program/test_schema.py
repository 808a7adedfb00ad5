"""The JSON Schema for editors: up to date, valid, and of one mind with the loader."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from headway.program.schema import SCHEMA_FILE, exported_schema
from headway.program.yaml12 import Yaml12
from tests.program.test_documentation import EXAMPLES, whole
from tests.program.test_mistakes import GOOD, MISTAKES

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "examples" / "programs").glob("*.yaml"))


def parsed(text: str) -> Any:
    loader = Yaml12(text)
    return loader.construct_document(loader.get_single_node())


def fits(text: str) -> bool:
    return Draft202012Validator(json.loads(exported_schema())).is_valid(parsed(text))


def test_the_exported_schema_is_up_to_date() -> None:
    there = (ROOT / "docs" / "contracts" / SCHEMA_FILE).read_text("utf-8")
    assert there == exported_schema(), "run `headway contracts export docs/contracts`"
    Draft202012Validator.check_schema(json.loads(there))


@pytest.mark.parametrize("file", PROGRAMS, ids=lambda file: file.name)
def test_examples_fit(file: Path) -> None:
    assert fits(file.read_text("utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_page_s_examples_fit(example: str) -> None:
    assert fits(whole(example))


@pytest.mark.parametrize(
    "mistake",
    [
        "a misspelt field", "a field left out", "no currency", "a reward without a currency",
        "an id nobody can type", "an event that is none", "true for a number",
        "a day of the week in full", "a cap of a fortnight", "a total without its ends",
        "an hour as a number", "an expiry in words", "no photo",
        "tiers by the balance", "a field nobody knows", "a number for a word", "no words at all",
    ],
)  # fmt: skip
def test_editors_see_what_a_schema_can_say(mistake: str) -> None:
    (before, after), _ = MISTAKES[mistake]
    assert fits(GOOD)
    assert not fits(GOOD.replace(before, after, 1))
