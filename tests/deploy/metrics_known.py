"""Every metric Prometheus finds here, with its labels: what rules and dashboards may ask for."""

import re
from collections.abc import Iterator

from headway.operations.catalogue import declarations

_SCRAPED = {"job", "instance"}
_OTHERS = {
    "up": set[str](),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "process_resident_memory_bytes": set[str](),
}
_FUNCTIONS = {
    "abs", "absent", "and", "bool", "by", "changes", "count", "delta", "deriv", "group_left",
    "histogram_quantile", "ignoring", "increase", "label_values", "max", "min", "on", "or", "rate",
    "sum", "time", "timestamp", "topk", "unless", "vector",
}  # fmt: skip
_NAME = re.compile(r"(?<![\w:\"$.])([a-zA-Z_:][\w:]*)")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_RANGE = re.compile(r"\[[^\]]*\]")


def known() -> dict[str, set[str]]:
    """Labels by name, those that Prometheus itself adds included."""
    found = dict(_OTHERS)
    for part in declarations():
        for one in part.declared:
            labels = set(one.labels)
            if one.type == "histogram":
                found[f"{one.name}_bucket"] = labels | {"le"}
                found[f"{one.name}_sum"] = found[f"{one.name}_count"] = labels
            else:
                found[one.name] = labels
    return {name: labels | _SCRAPED for name, labels in found.items()}


def used(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of an expression, with the labels its selector names."""
    bare = _RANGE.sub("", _STRING.sub('""', expression))
    selectors = {m[1]: _labels(m[2]) for m in re.finditer(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", bare)}
    for name in _metrics(re.sub(r"\{[^}]*\}", "", bare)):
        yield name, selectors.get(name, set())


def grouped(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that an expression groups or joins, with the labels that it does so by.

    What stands in the parentheses of an aggregation is grouped by the labels of its `by`. Beside an
    `on` or `ignoring` that is the metric before it and the one after it: whatever else stands on
    either side has been joined with those.
    """
    bare = _RANGE.sub("", _STRING.sub('""', expression))
    bare = re.sub(r"\{[^}]*\}", "", bare)
    for found in re.finditer(r"\b(by|on|ignoring)\s*\(([^)]*)\)", bare):
        labels = {label.strip() for label in found[2].split(",") if label.strip()}
        before, after = _metrics(bare[: found.start()]), _metrics(bare[found.end() :])
        if found[1] == "by":
            held = _metrics(_aggregated(bare, found.start(), found.end()))
        else:
            held = [*before[-1:], *after[:1]]
        for name in held:
            yield name, labels


def _aggregated(expression: str, begin: int, end: int) -> str:
    """What a `by` groups: the parentheses after it, or before it, as in `sum(x) by (y)`."""
    rest = expression[end:].lstrip()
    if rest.startswith("("):
        return _parenthesised(rest, "(", ")")
    return _parenthesised(expression[:begin].rstrip()[::-1], ")", "(")[::-1]


def _parenthesised(text: str, opening: str, closing: str) -> str:
    depth = 0
    for at, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return text[: at + 1]
    raise ValueError(f"parentheses do not match: {text}")


def _metrics(bare: str) -> list[str]:
    """The metrics in a part of an expression without its strings, ranges and selectors."""
    without = re.sub(r"\b(?:by|on|ignoring)\s*\([^)]*\)", "", bare)
    return [name for name in _NAME.findall(without) if name not in _FUNCTIONS]


def _labels(selector: str) -> set[str]:
    return set(re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", selector))
