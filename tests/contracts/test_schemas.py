"""The exported schemas: up to date, valid, and of one mind with the codec."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from headway.cli.contracts import command
from headway.contracts.registry import CONTRACTS
from headway.contracts.schema import exported
from headway.program.schema import SCHEMA_FILE
from tests.contracts.events import NAMES, changed, golden
from tests.contracts.test_reasons import INVALID

DOCS = Path(__file__).parents[2] / "docs" / "contracts"

# What JSON Schema does not say; the folder's README lists these for people.
BEYOND_SCHEMA = {
    ("order.paid.v1", "data.lines.0.quantity", 1.0),  # an integer to JSON Schema
    ("order.paid.v1", "data.lines.0.paid_with_points", 13000),
    ("order.paid.v1", "data.lines.2.line_id", "1"),
    ("order.refunded.v1", "data.lines.0.line_id", None),
    ("order.refunded.v1.no-order", "data.lines.0.sku", None),
    ("order.paid.v1", "data.currency", "USD\n"),  # Python's $ also matches before a newline
}


def validator(name: str) -> Draft202012Validator:
    wire_type = str(golden(name)["type"])
    schema = json.loads((DOCS / f"{wire_type}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_exported_schemas_are_up_to_date() -> None:
    # openapi.json is redeem's and has a test of its own, and so has that of the programme file.
    others = ("openapi.json", SCHEMA_FILE)
    files = [path for path in DOCS.iterdir() if path.name not in others]
    there = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert there == exported(), "run `headway contracts export docs/contracts`"


def test_every_type_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    for contract in CONTRACTS.values():
        assert f"[{contract.type}]({contract.type}.schema.json)" in index


@pytest.mark.parametrize("name", NAMES)
def test_goldens_fit_their_schema(name: str) -> None:
    validator(name).validate(golden(name))


@pytest.mark.parametrize("name", NAMES)
def test_schema_knows_every_field_of_the_golden(name: str) -> None:
    schema = validator(name).schema
    assert isinstance(schema, dict)
    envelope = golden(name)
    assert set(envelope) <= set(schema["properties"])
    data = envelope["data"]
    assert isinstance(data, dict)
    assert set(data) <= set(schema["properties"]["data"]["properties"])


@pytest.mark.parametrize("name", NAMES)
def test_schema_bounds_the_id_as_the_codec_does(name: str) -> None:
    longest = next(c.id_max for c in CONTRACTS.values() if c.type == golden(name)["type"])
    assert validator(name).is_valid(changed(name, "id", "x" * longest))
    assert not validator(name).is_valid(changed(name, "id", "x" * (longest + 1)))


@pytest.mark.parametrize(("name", "path", "value"), INVALID)
def test_what_the_codec_refuses_the_schema_refuses(name: str, path: str, value: object) -> None:
    fits = validator(name).is_valid(changed(name, path, value))
    beyond = any(
        (name, path) == (n, p) and value == v and type(value) is type(v)
        for n, p, v in BEYOND_SCHEMA
    )
    assert fits == beyond


def test_export_writes_what_is_stale_and_removes_what_is_gone(tmp_path: Path) -> None:
    run = CliRunner()
    folder = tmp_path / "contracts"
    assert run.invoke(command, ["export", str(folder)]).exit_code == 0
    assert run.invoke(command, ["export", str(folder), "--check"]).exit_code == 0

    (folder / "order.paid.v1.schema.json").write_text("{}")
    (folder / "order.paid.v0.schema.json").write_text("{}")
    (folder / "notes.md").write_text("mine")
    stale = run.invoke(command, ["export", str(folder), "--check"])
    assert stale.exit_code == 1
    assert "order.paid.v1.schema.json, order.paid.v0.schema.json" in stale.output
    assert "headway contracts export" in stale.output

    assert run.invoke(command, ["export", str(folder)]).exit_code == 0
    assert {path.name for path in folder.iterdir()} == {*exported(), SCHEMA_FILE, "notes.md"}
    assert run.invoke(command, ["export", str(folder), "--check"]).exit_code == 0


def test_export_to_a_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(command, ["export", str(tmp_path / "file" / "below")])
    assert done.exit_code == 1
    assert "name a folder that can" in done.output
