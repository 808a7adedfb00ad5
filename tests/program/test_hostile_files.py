"""Whatever a file says, it is loaded or refused at a line: never an error of ours, never a hang."""

from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.program.loading import Problem, ProgramFileError, check_program
from tests.program.test_mistakes import GOOD

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates().map(str),
    st.sampled_from(
        [
            "never", "first", "order.paid", "1e999999", "-1", "0", "NaN", "Infinity", "00:00",
            "02-29", "9999-12-31", "9999-12-31T23:59:59Z", "FREQ=DAILY", "FREQ=YEARLY;BYDAY=5MO",
            "1.00 USD", "JPY", "gold", "prime", [], {}, [[]], {"a": 1}, {1: 2}, {"days": 3},
            {"min": 1}, {"every": 3}, {"rule": "FREQ=DAILY"}, {"months": 1200}, 10**30, 0.1,
        ]
    ),
)  # fmt: skip


def places(tree: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a tree."""
    found = [way] if way else []
    if isinstance(tree, dict):
        children = list(tree.items())
    else:
        children = list(enumerate(tree)) if isinstance(tree, list) else []
    for name, child in children:
        found += places(child, (*way, name))
    return found


def problems(text: str) -> tuple[Problem, ...]:
    """Of a text, whether it is loaded or refused."""
    try:
        return check_program(text, file="f").warnings
    except ProgramFileError as error:
        return error.problems


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_field_with_something_else_in_it(data: st.DataObject) -> None:
    tree = yaml.load(GOOD, Loader=yaml.BaseLoader)
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from(places(tree)))
        parent = tree
        for name in way[:-1]:
            parent = parent[name]
        # A copy: a later draw may write into it, and the next try would start from that.
        parent[way[-1]] = deepcopy(data.draw(ODD))
    text = yaml.safe_dump(tree, allow_unicode=True)
    for problem in problems(text):
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.field
        assert problem.fix
        assert "~" not in problem.field


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=10))
def test_a_file_with_something_else_in_the_middle(at: int, gone: int, text: str) -> None:
    problems(GOOD[:at] + text + GOOD[at + gone :])


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "&a {name: *a}",
        "? {a: b}\n: c",
        "? [a]\n: c",
        "1: 2",
        "<<: {a: 1}",
        "<<: 3",
        "--- a\n--- b",
        "a: !!binary x",
        "a: !!timestamp x",
        "a: !!int x",
        "a: !!bool x",
        "a: !!set [b]",
        "%YAML 9.9\n---\na: 1",
        "a: " + "&b [" * 50,
    ],
)
def test_yaml_of_a_strange_kind(text: str) -> None:
    with pytest.raises(ProgramFileError):
        check_program(text, file="f")
