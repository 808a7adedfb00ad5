"""What rules and dashboards group and join by is found for each metric."""

import pytest

from tests.deploy.metrics_known import grouped


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("sum by (a) (x) / sum by (b) (y)", [("x", {"a"}), ("y", {"b"})]),
        ("sum(x) by (a) + y", [("x", {"a"})]),
        ("y + sum(rate(x[5m])) by (a)", [("x", {"a"})]),
        ('x{k="on (q)"} > 0 and on (a, b) y', [("x", {"a", "b"}), ("y", {"a", "b"})]),
        ("x and on (a) changes(y[5m]) == 0 and on (b) z > 0",
         [("x", {"a"}), ("y", {"a"}), ("y", {"b"}), ("z", {"b"})]),
        ("sum by (a) (max by (a, b) (x)) > 1", [("x", {"a"}), ("x", {"a", "b"})]),
        ("absent(x) and on () y == 1", [("x", set()), ("y", set())]),
        ("x > 1", []),
    ],
)  # fmt: skip
def test_each_with_its_own_labels(expression: str, found: list[tuple[str, set[str]]]) -> None:
    assert list(grouped(expression)) == found
