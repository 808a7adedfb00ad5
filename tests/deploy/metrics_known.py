"""Every metric Prometheus finds here, with its labels: what rules and dashboards may ask for."""

import re
from collections.abc import Iterator

from headway.lag.exposition import families
from headway.lag.snapshot import LagSnapshot
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
    empty = LagSnapshot(0.0, database_asked=True)
    for family in families(empty, "default"):
        found[family.name] = set(family._labelnames)
    return {name: labels | _SCRAPED for name, labels in found.items()}


def used(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of an expression, with the labels its selector names."""
    bare = _RANGE.sub("", _STRING.sub('""', expression))
    selectors = {m[1]: _labels(m[2]) for m in re.finditer(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", bare)}
    grouped = re.compile(r"\b(?:by|on|ignoring)\s*\([^)]*\)")
    for name in _NAME.findall(grouped.sub("", re.sub(r"\{[^}]*\}", "", bare))):
        if name not in _FUNCTIONS:
            yield name, selectors.get(name, set())


def grouped_by(expression: str) -> set[str]:
    """The labels that an expression groups or joins by."""
    found = re.findall(r"\b(?:by|on|ignoring)\s*\(([^)]*)\)", expression)
    return {label.strip() for group in found for label in group.split(",") if label.strip()}


def _labels(selector: str) -> set[str]:
    return set(re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", selector))
