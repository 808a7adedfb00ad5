"""The exported OpenAPI document: up to date, and true about what is answered."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from headway_redeem.__main__ import command
from headway_redeem.app import document
from tests.redeem.kit import Shop

FILE = Path(__file__).parents[2] / "docs" / "contracts" / "openapi.json"


def test_the_exported_document_is_up_to_date() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == document(), (
        "run `headway redeem openapi docs/contracts/openapi.json`"
    )


def test_export_writes_what_is_stale(tmp_path: Path) -> None:
    file, run = tmp_path / "openapi.json", CliRunner()
    stale = run.invoke(command, ["openapi", "--check", str(file)])
    assert stale.exit_code == 1
    assert "headway redeem openapi" in stale.output
    assert run.invoke(command, ["openapi", str(file)]).exit_code == 0
    assert run.invoke(command, ["openapi", "--check", str(file)]).exit_code == 0
    assert file.read_bytes() == FILE.read_bytes()


def test_export_to_nowhere_says_what_to_do(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["openapi", str(tmp_path / "none" / "openapi.json")])
    assert done.exit_code == 1
    assert "name a file that can" in done.output


@cache
def _told() -> dict[str, Any]:
    return document()


def validator(path: str, method: str, status: int, media_type: str) -> Draft202012Validator:
    """What the document says of an answer."""
    told = _told()
    response = told["paths"][path][method]["responses"][str(status)]
    schema: dict[str, Any] = response["content"][media_type]["schema"]
    return Draft202012Validator({**schema, "components": told["components"]})


@pytest.mark.parametrize("reward", ["five", "twenty"])
async def test_answers_are_what_the_document_says(shop: Shop, reward: str) -> None:
    ann = await shop.member_with(250)
    at = "/v1/redemptions"
    answer = await shop.reserve(ann, reward)
    media_type = answer.headers["content-type"]
    validator(at, "post", answer.status_code, media_type).validate(answer.json())
    assert (answer.status_code, media_type) in (
        (201, "application/json"),
        (409, "application/problem+json"),
    )
    if answer.status_code == 201:
        one = f"{at}/{{redemption_id}}"
        shown = await shop.client.get(f"{at}/{answer.json()['redemption_id']}")
        validator(one, "get", 200, "application/json").validate(shown.json())
    seen = await shop.sees(ann)
    validator("/v1/members/{member_id}", "get", 200, "application/json").validate(seen)
    rewards = await shop.client.get("/v1/rewards")
    validator("/v1/rewards", "get", 200, "application/json").validate(rewards.json())
