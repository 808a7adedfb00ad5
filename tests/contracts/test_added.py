"""Fields added to a type later: events that do not use them stay what they were, digest and all."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.contracts.fields import Data
from headway.contracts.order import Line
from headway.contracts.registry import CONTRACTS
from tests.contracts.events import NAMES, Envelope, data_of, golden, read, without
from tests.contracts.test_properties import paid, unhurried


def grown(model: type[Data] = Data) -> Iterator[type[Data]]:
    """Every model, whole or part of one, with fields that came later."""
    for kind in model.__subclasses__():
        if kind.__dict__.get("ADDED"):
            yield kind
        yield from grown(kind)


GROWN = sorted(set(grown()), key=lambda model: model.__name__)
# Types by name whose own data has grown, and goldens of theirs.
TYPES = {
    contract.type: contract.model.ADDED for contract in CONTRACTS.values() if contract.model.ADDED
}
GOLDENS = [name for name in NAMES if str(golden(name)["type"]) in TYPES]


def places(envelope: Envelope) -> list[tuple[dict[str, object], str, object]]:
    """Where an event may hold an added field: the object, the name, and what stands for none."""
    data = data_of(envelope)
    found = [(data, name, nothing) for name, nothing in TYPES[str(envelope["type"])]]
    lines = data["lines"] if envelope["type"] == "order.paid.v1" else []
    assert isinstance(lines, list)
    return found + [(line, name, nothing) for line in lines for name, nothing in Line.ADDED]


def test_the_types_that_have_grown() -> None:
    assert {model.__name__ for model in GROWN} == {
        "ActivityRecorded", "BalanceChanged", "ContactUpdated", "Effect", "Line", "OrderPaid",
    }  # fmt: skip
    # Part of another type: `places` has to know where it stands.
    assert set(GROWN) - {contract.model for contract in CONTRACTS.values()} == {Line}


@pytest.mark.parametrize(
    ("model", "name", "nothing"),
    [(model, *added) for model in GROWN for added in model.ADDED],
    ids=lambda value: value.__name__ if isinstance(value, type) else repr(value),
)
def test_an_added_field_may_be_absent_and_then_says_what_stands_for_it(
    model: type[Data], name: str, nothing: object
) -> None:
    field = model.model_fields[name]
    assert not field.is_required()
    default = field.get_default(call_default_factory=True, validated_data={})
    assert default == nothing
    assert type(default) is type(nothing), "equal in JSON too: 0 is not false"


def test_names_are_added_once() -> None:
    for model in GROWN:
        names = [name for name, _ in model.ADDED]
        assert len(set(names)) == len(names)
        assert set(names) < set(model.model_fields)


@unhurried
@given(st.data())
def test_told_without_and_told_as_nothing_are_the_same_event(data: st.DataObject) -> None:
    envelope = data.draw(st.sampled_from(GOLDENS).map(golden) | paid())
    for at, name, _ in places(envelope):
        if data.draw(st.booleans()):
            at.pop(name, None)
    left_out = [place for place in places(envelope) if place[1] not in place[0]]
    silent = read(envelope)
    for at, name, nothing in left_out:
        if data.draw(st.booleans()):
            at[name] = nothing
    told = read(envelope)
    assert told == silent
    canonical = json.loads(told.canonical_data)
    for at, name, nothing in places({**envelope, "data": canonical}):
        assert name not in at or at[name] != nothing


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("order.paid.v1.partner", "data.partner"),
        ("order.paid.v1.partner", "data.lines.0.brand"),
        *(
            ("activity.recorded.v1.flight", f"data.{name}")
            for name, _ in TYPES["activity.recorded.v1"]
        ),
        *(("effect.v1.per-order", f"data.{name}") for name, _ in TYPES["effect.v1"]),
        ("balance.changed.v1.clawed-back", "data.clawed_back"),
        ("balance.changed.v1.redeemed", "data.redeemed"),
        ("balance.changed.v1.redeemed", "data.moved"),
        *(
            ("balance.changed.v1.certificates", f"data.{name}")
            for name in ("issued", "certificates", "goal")
        ),
        ("contact.updated.v1.choices", "data.zone"),
        ("contact.updated.v1.choices", "data.marketing"),
    ],
)
def test_what_an_added_field_says_is_part_of_the_event(name: str, path: str) -> None:
    assert read(without(name, path)).digest != read(golden(name)).digest
