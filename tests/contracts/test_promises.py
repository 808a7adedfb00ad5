"""A published version is never broken: each kind of break is caught, what breaks nothing passes."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from headway.cli.contracts import command
from headway.contracts.comparing import changes
from headway.contracts.promises import broken, broken_in
from headway.contracts.registry import CONTRACTS
from headway.contracts.schema import file_name, schema
from tests.cli.running import headway

DOCS = Path(__file__).parents[2] / "docs" / "contracts"
Spoil = Callable[[dict[str, Any]], object]
CURRENT = {contract.type: schema(contract) for contract in CONTRACTS.values()}

SMALL: Mapping[str, Any] = {
    "type": "object",
    "required": ["id", "lines"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 8, "pattern": "^[a-z]*$"},
        "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
        "count": {"type": "integer", "minimum": 0, "maximum": 9, "default": 0},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "minItems": 1},
        "saved": {
            "type": "object",
            "patternProperties": {"^[A-Z]{3}$": {"type": "integer"}},
            "additionalProperties": False,
        },
    },
    "$defs": {
        "Line": {
            "type": "object",
            "required": ["sku"],
            "properties": {"sku": {"type": "string"}, "size": {"type": "integer"}},
        }
    },
}


def of(field: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document["properties"][field]


def line(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["$defs"]["Line"]
    return found


def change(field: str, **words: Any) -> Spoil:
    return lambda document: of(field)(document).update(words)


def drop(field: str, word: str) -> Spoil:
    return lambda document: of(field)(document).pop(word)


# What was changed, where it is told, whether it breaks what is read, and what is written.
CHANGES: list[tuple[str, Spoil, str, bool, bool]] = [
    ("a field is gone", lambda d: d["properties"].pop("kind"), "kind", True, True),
    ("a line's is gone", lambda d: line(d)["properties"].pop("size"), "lines[].size", True, True),
    ("a new field is needed",
     lambda d: (d["properties"].update(new={"type": "string"}), d["required"].append("new")),
     "new", True, False),
    ("a field is needed", lambda d: d["required"].append("kind"), "kind", True, False),
    ("a line's is needed", lambda d: line(d)["required"].append("size"), "lines[].size", True,
     False),
    ("one may be left out", lambda d: d["required"].remove("id"), "id", False, True),
    ("another type", change("count", type="string"), "count", True, True),
    ("a wider type", change("count", type="number"), "count", False, True),
    ("null is taken away", change("note", anyOf=[{"type": "string"}]), "note", True, False),
    ("null is given", change("id", anyOf=[dict(SMALL["properties"]["id"]), {"type": "null"}]),
     "id", False, True),
    ("a value is gone", change("kind", enum=["a"]), "kind", True, False),
    ("a value is new", change("kind", enum=["a", "b", "c"]), "kind", False, True),
    ("any value", drop("kind", "enum"), "kind", False, True),
    ("some values alone", change("id", enum=["x"]), "id", True, False),
    ("shorter", change("id", maxLength=7), "id", True, False),
    ("longer", change("id", maxLength=9), "id", False, True),
    ("no longest", drop("id", "maxLength"), "id", False, True),
    ("a longest", change("note", anyOf=[{"type": "string", "maxLength": 5}, {"type": "null"}]),
     "note", True, False),
    ("not empty", change("id", minLength=2), "id", True, False),
    ("empty", change("id", minLength=0), "id", False, True),
    ("a higher least", change("count", minimum=1), "count", True, False),
    ("a lower least", change("count", minimum=-1), "count", False, True),
    ("a lower most", change("count", maximum=8), "count", True, False),
    ("a higher most", change("count", maximum=10), "count", False, True),
    ("fewer lines", change("lines", maxItems=5), "lines", True, False),
    ("no lines", change("lines", minItems=0), "lines", False, True),
    ("another pattern", change("id", pattern="^[0-9]*$"), "id", True, True),
    ("no pattern", drop("id", "pattern"), "id", False, True),
    ("a form", change("id", format="uuid"), "id", True, False),
    ("other names", change("saved", patternProperties={}), "saved", True, True),
    ("another value of a name",
     change("saved", patternProperties={"^[A-Z]{3}$": {"type": "integer", "minimum": 0}}),
     "saved.*", True, False),
    ("other fields", drop("saved", "additionalProperties"), "saved", False, True),
    ("no other fields", lambda d: d.update(additionalProperties=False), "", True, False),
    ("a field where none was", change("saved", properties={"all": {"type": "integer"}}),
     "saved.all", False, True),
    ("another meaning of nothing", change("count", default=1), "count", True, True),
    ("an unknown word", change("lines", uniqueItems=True), "lines", True, True),
    # What breaks nothing:
    ("a new field", lambda d: d["properties"].update(new={"type": "string"}), "", False, False),
    ("a new field of a line", lambda d: line(d)["properties"].update(new={}), "", False, False),
    ("other words", change("id", description="what it is called", title="Id"), "", False, False),
    ("the same elsewhere",
     lambda d: (d["properties"]["lines"].update(items=line(d)), d.pop("$defs")), "", False, False),
    ("forms the other way round",
     change("note", anyOf=[{"type": "null"}, {"type": "string"}]), "", False, False),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "field", "read", "written"), [one[1:] for one in CHANGES],
                         ids=[one[0] for one in CHANGES])  # fmt: skip
def test_each_kind_of_change_breaks_what_it_breaks_and_nothing_else(
    spoil: Spoil, field: str, read: bool, written: bool
) -> None:
    now = deepcopy(dict(SMALL))
    spoil(now)

    def found(reads: bool, writes: bool) -> set[str]:
        breaks = broken_in("small.v1", SMALL, now, reads=reads, writes=writes)
        return {one.field for one in breaks}

    where = {field or "the event"}
    assert found(True, False) == (where if read else set())
    assert found(False, True) == (where if written else set())
    assert found(True, True) == (where if read or written else set())


@given(
    old=st.integers(-3, 3), new=st.integers(-3, 3), value=st.integers(-4, 4),
    least=st.booleans(), taken=st.sets(st.integers(-4, 4), min_size=1),
    takes=st.sets(st.integers(-4, 4), min_size=1),
)  # fmt: skip
def test_what_no_change_is_told_of_is_taken_as_before(
    old: int, new: int, value: int, least: bool, taken: set[int], takes: set[int]
) -> None:
    word = "minimum" if least else "maximum"
    was = {"type": "integer", word: old, "enum": sorted(taken)}
    now = {"type": "integer", word: new, "enum": sorted(takes)}
    told = changes(was, now)
    before, after = (Draft202012Validator(one).is_valid(value) for one in (was, now))
    assert not (before and not after) or any(one.narrower for one in told)
    assert not (after and not before) or any(one.wider for one in told)


def test_what_is_published_holds() -> None:
    published = {
        contract.type: json.loads((DOCS / file_name(contract)).read_text())
        for contract in CONTRACTS.values()
    }
    assert broken(published, CURRENT) == []


@pytest.mark.parametrize(
    ("wire_type", "word", "tighter", "breaks"),
    [
        ("order.paid.v1", "order_id", 64, True),  # read: senders have longer ones
        ("order.paid.v1", "order_id", 256, False),
        ("notification.sent.v1", "provider_id", 64, False),
        ("notification.sent.v1", "provider_id", 256, True),  # written: readers made room for 128
        ("balance.changed.v1", "tier", 64, True),  # both: notify reads what topics hold
        ("balance.changed.v1", "tier", 256, True),
        ("contact.updated.v1", "email", 9, True),
        ("contact.updated.v1", "email", 999, False),  # Headway writes its tombstones alone
    ],
)
def test_a_topic_s_side_decides(wire_type: str, word: str, tighter: int, breaks: bool) -> None:
    current = deepcopy(CURRENT)
    data: Any = current[wire_type]["properties"]
    field = data["data"]["properties"][word]
    assert field["maxLength"] != tighter
    field["maxLength"] = tighter
    assert [one.field for one in broken(CURRENT, current)] == [f"data.{word}"] * breaks


def test_a_type_that_is_gone_is_broken_and_a_new_one_is_not() -> None:
    fewer = {name: one for name, one in CURRENT.items() if name != "effect.v1"}
    (one,) = broken(CURRENT, fewer)
    assert (one.type, one.what) == ("effect.v1", "is gone")
    assert "keep it" in one.fix
    assert broken(fewer, CURRENT) == []


def publish(folder: Path, spoil: Spoil | None = None) -> Path:
    """What was published once, and differs from what is now."""
    for wire_type, document in CURRENT.items():
        told: dict[str, Any] = deepcopy(document)
        if spoil is not None and wire_type == "order.paid.v1":
            spoil(told)
        (folder / f"{wire_type}.schema.json").write_text(json.dumps(told))
    return folder


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(command, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


def test_check_names_the_field_and_the_fix(tmp_path: Path) -> None:
    publish(tmp_path, lambda d: d["$defs"]["Line"]["properties"].update(colour={"type": "string"}))
    said = run("check", "--against", str(tmp_path), code=1)
    assert "order.paid.v1: data.lines[].colour is gone" in said
    assert "make it order.paid.v2 and keep both" in said
    assert "all 25 published types hold" in run("check", "--against", str(DOCS))


def test_check_refuses_a_folder_without_contracts_or_with_a_spoilt_one(tmp_path: Path) -> None:
    refused = ("contracts", "check", "--against", str(tmp_path))
    assert "no published contract" in headway(*refused, code=2)
    publish(tmp_path)
    (tmp_path / "order.paid.v1.schema.json").write_text("{")
    assert "order.paid.v1.schema.json is no published contract" in headway(*refused, code=2)


def test_export_overwrites_nothing_that_would_break(tmp_path: Path) -> None:
    publish(tmp_path, lambda d: d["$defs"]["Line"]["properties"].update(colour={"type": "string"}))
    before = (tmp_path / "order.paid.v1.schema.json").read_text()
    assert "data.lines[].colour is gone" in run("export", str(tmp_path), code=1)
    assert (tmp_path / "order.paid.v1.schema.json").read_text() == before
    assert not (tmp_path / "README.md").exists()
    # Taking it back for all to see is removing its file.
    (tmp_path / "order.paid.v1.schema.json").unlink()
    assert "files written" in run("export", str(tmp_path))
