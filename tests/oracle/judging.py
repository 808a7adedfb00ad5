"""What the rules give for one event, in millionths of a point: exact, contested, rounded."""

from collections.abc import Sequence

from tests.oracle.conditions import holds, wants
from tests.oracle.programme import Programme
from tests.oracle.rules import POINT, Piece, Rule, Scene

Given = tuple[Rule, list[int]]
BASE = ("per_money", "per_item", "percent")


def judge(programme: Programme, scene: Scene, pieces: Sequence[Piece]) -> list[Given]:
    """By rule, the base by id and then multipliers: what each piece is given, before caps."""
    rules = [rule for rule in programme.on(scene.on) if holds(rule, scene)]
    given = []
    for rule in rules:
        mine = [wants(rule, piece, scene.currency) for piece in pieces]
        if rule.gives != "multiply" and any(mine):
            given.append((rule, exact(rule, pieces, mine)))
    given = _contest(given)
    base = [
        sum(exacts[at] for rule, exacts in given if rule.gives in BASE) for at in range(len(pieces))
    ]
    given += _multiplied(rules, scene, pieces, base)
    rounded = [(rule, rounded_by(rule.rounding, exacts)) for rule, exacts in given]
    return [(rule, exacts) for rule, exacts in rounded if sum(exacts) > 0]


def exact(rule: Rule, pieces: Sequence[Piece], mine: Sequence[bool]) -> list[int]:
    """What a rule that is no multiplier gives for each piece that is its."""
    amounts = [piece.base if own else 0 for piece, own in zip(pieces, mine, strict=True)]
    up, down = rule.amount.numerator * POINT, rule.amount.denominator
    if rule.gives == "per_item":
        return [
            piece.quantity * up // down if own else 0
            for piece, own in zip(pieces, mine, strict=True)
        ]
    if rule.gives == "percent":
        return [amount * up // (100 * down) for amount in amounts]
    if rule.gives == "per_money":
        if not rule.full:
            return [amount * up // (rule.every * down) for amount in amounts]
        return split(sum(amounts) // rule.every * up // down, amounts, list(mine).index(True))
    return split(up // down, amounts, list(mine).index(True))


def split(total: int, shares: Sequence[int], first: int) -> list[int]:
    """A total over pieces by their shares, in whole millionths; all to the first without any."""
    whole = sum(shares)
    if whole == 0:
        return [total if at == first else 0 for at in range(len(shares))]
    parts, so_far = [], 0
    for share in shares:
        before, so_far = so_far, so_far + share
        parts.append(total * so_far // whole - total * before // whole)
    return parts


def _contest(given: Sequence[Given]) -> list[Given]:
    """Of a group the one that gives most; equal ones by priority, then by id."""
    best: dict[str, Given] = {}
    for rule, exacts in given:
        rival = best.get(rule.group)
        if rule.group and (rival is None or _stronger(rule, sum(exacts), rival)):
            best[rule.group] = rule, exacts
    return [one for one in given if not one[0].group or best[one[0].group][0] is one[0]]


def _stronger(rule: Rule, total: int, rival: Given) -> bool:
    other = rival[0]
    return (-total, -rule.priority, rule.id) < (-sum(rival[1]), -other.priority, other.id)


def _multiplied(
    rules: Sequence[Rule], scene: Scene, pieces: Sequence[Piece], base: Sequence[int]
) -> list[Given]:
    """Of each group the largest factor on each piece, on what the base rules gave for it."""
    given: dict[str, Given] = {}
    for at, piece in enumerate(pieces):
        best: dict[str, Rule] = {}
        for rule in rules:
            if rule.gives == "multiply" and wants(rule, piece, scene.currency):
                rival = best.get(rule.group, rule)
                best[rule.group] = min(
                    rule, rival, key=lambda one: (-one.amount, -one.priority, one.id)
                )
        for rule in best.values():
            more = rule.amount - 1
            exacts = given.setdefault(rule.id, (rule, [0] * len(pieces)))[1]
            exacts[at] = max(0, base[at] * more.numerator // more.denominator)
    return sorted(given.values(), key=lambda one: one[0].id)


def rounded_by(how: str, exacts: Sequence[int]) -> list[int]:
    """The event's total in whole points, over the pieces by what they had before."""
    total = sum(exacts)
    if how == "carry" or total == 0:
        return list(exacts)
    whole = {
        "down": total // POINT,
        "nearest": (2 * total + POINT) // (2 * POINT),
        "up": -(-total // POINT),
    }[how]
    return split(whole * POINT, exacts, 0)


def cut(exacts: Sequence[int], room: int | None) -> list[int]:
    """What a cap leaves of them: first come, first served."""
    if room is None:
        return list(exacts)
    kept = []
    for one in exacts:
        kept.append(min(one, room))
        room -= kept[-1]
    return kept
