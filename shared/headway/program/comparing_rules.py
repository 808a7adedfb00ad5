"""What changes in the rules from one programme to another, facet by facet."""

from collections.abc import Callable, Iterator

from headway.program.life_in_words import pending_in_words
from headway.program.program import Program
from headway.program.rules import Rule
from headway.program.words import caps_in_words, conditions_in_words, rule_in_words


def rule_changes(old: Program, new: Program) -> Iterator[tuple[str, str]]:
    """(rule, words) of every rule that is gone, another or new; renamed is gone and new."""
    for rule_id, rule in old.rules.items():
        if rule_id not in new.rules:
            yield rule_id, f"rule {rule_id} is gone; it gave {rule_in_words(old, rule_id)}"
            continue
        parts = list(_parts(rule, new.rules[rule_id]))
        parts += _pending(old, rule, new, new.rules[rule_id])
        if parts:
            yield rule_id, f"rule {rule_id} {'; '.join(parts)}"
    for rule_id in new.rules:
        if rule_id not in old.rules:
            yield rule_id, f"rule {rule_id} is new: {rule_in_words(new, rule_id)}"


def _parts(old: Rule, new: Rule) -> Iterator[str]:
    if old.gives != new.gives or old.event != new.event:
        yield f"now gives {new.gives}, was {old.gives}"
    yield from _conditions(old, new)
    for words, facet in _FACETS:
        before, after = facet(old), facet(new)
        if before != after:
            yield words.format(after, before)


def _pending(old: Program, before: Rule, new: Program, after: Rule) -> Iterator[str]:
    """Told of the rule only if it is the rule's own, and not the programme's for all."""
    if _as_all(old, before) and _as_all(new, after):
        return
    was, now = pending_in_words(before.pending), pending_in_words(after.pending)
    if was != now:
        yield f"can now be spent {now}, was {was}"


def _as_all(program: Program, rule: Rule) -> bool:
    return rule.pending in (program.pending, program.pending._replace(after=""))


def _conditions(old: Rule, new: Rule) -> Iterator[str]:
    before, after = conditions_in_words(old), conditions_in_words(new)
    added = [words for words in after if words not in before]
    dropped = [words for words in before if words not in after]
    if added:
        yield f"now only {', '.join(added)}" + (f", was {', '.join(dropped)}" if dropped else "")
    elif dropped:
        yield f"no longer only {', '.join(dropped)}"


_FACETS: tuple[tuple[str, Callable[[Rule], str]], ...] = (
    ("is now capped: {}, was: {}", lambda rule: caps_in_words(rule.caps) or "no cap"),
    ("now rounds by {}, was {}", lambda rule: rule.rounding),
    ("now contests in the group {}, was {}", lambda rule: rule.group or "none"),
    ("now has priority {}, was {}", lambda rule: str(rule.priority)),
    ("is now paid for by {}, was {}", lambda rule: rule.funder),
)
