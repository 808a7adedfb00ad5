"""The rules that proofs run with are the published ones, only faster."""

import re
from typing import Any

import pytest
import yaml

from tests.proof.overseer import RULES, hurried

PUBLISHED, HURRIED = (
    [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    for text in (RULES.read_text(), hurried(RULES.read_text(), "p1-"))
)
_UNITS = {"s": 1, "m": 60, "h": 3600}


def durations(rule: dict[str, Any]) -> list[int]:
    """How long a rule waits, then its ranges, in seconds."""
    told = [*([rule["for"]] if "for" in rule else []), *re.findall(r"\[(\w+)\]", rule["expr"])]
    return [int(one[:-1]) * _UNITS[one[-1]] for one in told]


@pytest.mark.parametrize(
    ("published", "faster"),
    list(zip(PUBLISHED, HURRIED, strict=True)),
    ids=lambda rule: rule["alert"],
)
def test_what_a_rule_waits_for_and_looks_back_over_keep_their_ratio(
    published: dict[str, Any], faster: dict[str, Any]
) -> None:
    before, after = durations(published), durations(faster)
    ratios = {long // short for long, short in zip(before, after, strict=True)}
    assert len(ratios) <= 1
    assert all(8 <= ratio <= 20 for ratio in ratios)


def test_groups_are_the_proofs_and_jobs_are_not() -> None:
    expressions = {rule["alert"]: rule["expr"] for rule in HURRIED}
    assert 'group=~"p1-.+"' in expressions["HeadwayLagSecondsHigh"]
    assert 'consumergroup="p1-earn"' in expressions["HeadwayNoMembers"]
    assert 'job=~"headway-.+"' in expressions["HeadwayServiceDown"]
