"""What members' purchases made of those who invited them, against the effects topic."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.oracle.entries import effect_key
from tests.oracle.given import Effect
from tests.oracle.member import Member
from tests.oracle.records import Arrived, Input


def check_effects(members: Iterable[Member], found: Arrived) -> list[str]:
    """The highest revision of each effect must say what the invitation is worth in the end.

    How many revisions it took depends on the order in which things were heard of.
    """
    expected = {
        ":".join(part for part in key if part): effect
        for member in members
        for key, effect in member.state.effects.items()
    }
    told: dict[str, list[Input]] = defaultdict(list)
    for one in found.inputs.values():
        if one.kind == "effect":
            told[effect_key(one)].append(one)
    problems = []
    for key in sorted(expected.keys() | told.keys()):
        revisions = sorted(told.get(key, []), key=lambda one: int(one.data["revision"]))
        numbers = [one.data["revision"] for one in revisions]
        if len(set(numbers)) < len(numbers):
            problems.append(f"effect {key}: revisions {numbers}")
        problems += _compare(key, expected.get(key), revisions[-1] if revisions else None)
    return problems


def _compare(key: str, ours: Effect | None, last: Input | None) -> list[str]:
    told: dict[str, Any] | None = None if last is None else last.data
    if ours is None or ours.worth == 0:
        wrong = told is not None and told["worth"] != 0
        return [f"effect {key}: published for no reason"] if wrong else []
    if last is None or told is None:
        return [f"effect {key}: never published"]
    theirs = {
        "member_id": told["member_id"],
        "worth": told["worth"],
        "since": _moment(told["since"]) or last.time,
        "earned_at": _moment(told["earned_at"]),
        "undone_at": _moment(told["undone_at"]),
        "order_id": told["order_id"],
    }
    right = {
        "member_id": ours.referrer,
        "worth": ours.worth,
        "since": ours.since,
        "earned_at": ours.earned_at,
        "undone_at": ours.undone_at,
        "order_id": ours.order_id,
    }
    return [
        f"effect {key}: {name} {theirs[name]}, not {right[name]}"
        for name in right
        if theirs[name] != right[name]
    ]


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
