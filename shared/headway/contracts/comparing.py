"""What changed between two JSON Schemas, and which way: are fewer values allowed, or more? Pure.

It knows the words that the contracts are written in; of any other word it only sees that it
changed, and takes that for a change both ways.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]
ANYTHING: Final = "anything"

_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_TEXTS: Final = ("pattern", "format")
_PARTS: Final = ("items", "propertyNames")
_SAID: Final = ("title", "description", "examples", "$schema", "$id", "$defs", "$comment")
"""Words for people; no value is allowed or refused for them."""
_READ: Final = frozenset(
    (
        *_LOWER, *_UPPER, *_TEXTS, *_PARTS, *_SAID, "type", "const", "enum", "anyOf", "$ref",
        "default", "properties", "required", "additionalProperties", "patternProperties",
    )
)  # fmt: skip


class Change(NamedTuple):
    """One change. `field`: where, as in `data.lines[].sku`; '' for the whole. `narrower`: something
    is refused that was allowed; `wider`: something is allowed that was not."""

    field: str
    what: str
    narrower: bool = False
    wider: bool = False


def changes(old: Schema, new: Schema) -> list[Change]:
    """Everything in which `new` differs from `old` in what it allows or what a field means."""
    return list(_Comparing(old.get("$defs", {}), new.get("$defs", {})).of("", old, new))


class _Comparing:
    """Two documents, each with its own definitions."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new

    def of(self, field: str, old: Schema, new: Schema) -> Iterator[Change]:
        """The changes of one part."""
        was, now = _forms(old, self._old), _forms(new, self._new)
        for kind in sorted(was.keys() - now.keys()):
            if _wider_kind(kind, now) is None:
                yield Change(field, f"may no longer be {kind}", narrower=True)
        for kind in sorted(now.keys() - was.keys()):
            if _wider_kind(kind, was) is None:
                yield Change(field, f"may now be {kind}", wider=True)
        for kind in sorted(was):
            other = kind if kind in now else _wider_kind(kind, now)
            if other is not None:
                yield from self._form(field, was[kind], now[other])

    def _form(self, field: str, old: Schema, new: Schema) -> Iterator[Change]:
        yield from _values(field, old, new)
        yield from _bounds(field, old, new)
        yield from _texts(field, old, new)
        yield from self._fields(field, old, new)
        yield from self._others(field, old, new)
        for name in _PARTS:
            below = field + "[]" if name == "items" else field + " (its names)"
            if name in old or name in new:
                yield from self.of(below, old.get(name, {}), new.get(name, {}))
        for name in sorted((old.keys() | new.keys()) - _READ):
            if old.get(name) != new.get(name):
                yield Change(field, f"{name} changed", narrower=True, wider=True)

    def _fields(self, field: str, old: Schema, new: Schema) -> Iterator[Change]:
        was, now = old.get("properties", {}), new.get("properties", {})
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        for name in was.keys() - now.keys():
            yield Change(_below(field, name), "is gone", narrower=True, wider=True)
        if old.get("additionalProperties", True) is False:
            for name in sorted(now.keys() - was.keys()):
                yield Change(_below(field, name), "is new where nothing else was", wider=True)
        for name in sorted(needs - needed):
            what = "is needed now" if name in was else "is new and needed"
            yield Change(_below(field, name), what, narrower=True)
        for name in sorted((needed - needs) & now.keys()):
            yield Change(_below(field, name), "may now be left out", wider=True)
        for name in sorted(was.keys() & now.keys()):
            below = _below(field, name)
            yield from self.of(below, was[name], now[name])
            optional = name not in needed | needs
            if optional and was[name].get("default") != now[name].get("default"):
                yield Change(below, "means something else when left out", narrower=True, wider=True)

    def _others(self, field: str, old: Schema, new: Schema) -> Iterator[Change]:
        """Fields that have no name of their own in the schema."""
        was, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from self.of(_below(field, "*"), was, now)
        elif was != now:
            if now is not True:
                yield Change(field, "takes fewer other fields", narrower=True)
            if was is not True:
                yield Change(field, "takes more other fields", wider=True)
        named, names = old.get("patternProperties", {}), new.get("patternProperties", {})
        for pattern in sorted(named.keys() ^ names.keys()):
            yield Change(field, f"names like {pattern} changed", narrower=True, wider=True)
        for pattern in sorted(named.keys() & names.keys()):
            yield from self.of(_below(field, "*"), named[pattern], names[pattern])


def _below(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _forms(schema: Schema, definitions: Schema) -> dict[str, Schema]:
    """What a value may be, by its type: `anyOf` taken apart, references followed."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    if "anyOf" not in schema:
        return {_kind(schema): schema}
    found: dict[str, Schema] = {}
    for part in schema["anyOf"]:
        for kind, form in _forms(part, definitions).items():
            # Two forms of one type are told apart by their place alone.
            found[kind if kind not in found else f"{kind} ({len(found)})"] = form
    return found


def _kind(schema: Schema) -> str:
    if "type" in schema:
        return str(schema["type"])
    values = _allowed(schema)
    if values:
        return "string" if all(isinstance(value, str) for value in values) else "one of some"
    return ANYTHING


def _wider_kind(kind: str, others: Mapping[str, Schema]) -> str | None:
    """Which of other types takes all values of a type."""
    if kind == "integer" and "number" in others:
        return "number"
    return ANYTHING if ANYTHING in others else None


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return None if found is None else list(found)


def _values(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    was, now = _allowed(old), _allowed(new)
    if was is None or now is None:
        if was != now:
            what = "may be no other than some values now" if was is None else "may be any value now"
            yield Change(field, what, narrower=was is None, wider=now is None)
        return
    for value in was:
        if value not in now:
            yield Change(field, f"may no longer be {value!r}", narrower=True)
    for value in now:
        if value not in was:
            yield Change(field, f"may now be {value!r}", wider=True)


def _bounds(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    for names, no_bound, up in ((_LOWER, float("-inf"), True), (_UPPER, float("inf"), False)):
        for name in names:
            was, now = old.get(name, no_bound), new.get(name, no_bound)
            if was != now:
                tighter = (now > was) is up
                what = f"{name} is {_number(now)}, was {_number(was)}"
                yield Change(field, what, narrower=tighter, wider=not tighter)


def _number(bound: float) -> str:
    return "none" if bound in (float("inf"), float("-inf")) else str(bound)


def _texts(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    for name in _TEXTS:
        if old.get(name) != new.get(name):
            yield Change(
                field, f"{name} changed", narrower=name in new, wider=name in old
            )  # fmt: skip
