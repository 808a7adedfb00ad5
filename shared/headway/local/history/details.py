"""What of an order CDNOW did not record and a programme asks for: where it was bought, which brand.

Half of the orders get one of the words that the rules name, the others none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from headway.local.history.dice import Dice
from headway.local.history.happenings import SourceEvent
from headway.local.history.wishes import Wishes


def detailed(event: SourceEvent, wishes: Wishes, dice: Dice) -> SourceEvent:
    """The same purchase with what the programme looks at."""
    facts = dict(event.facts)
    for field, words in (
        ("channel", wishes.channels),
        ("store", wishes.stores),
        ("partner", wishes.partners),
    ):
        if words and dice.roll(2, field, event.id):
            facts[field] = words[dice.roll(len(words), f"which {field}", event.id)]
    if wishes.brands:
        lines = cast("Sequence[Mapping[str, object]]", facts["lines"])
        facts["lines"] = [_branded(line, event.id, wishes.brands, dice) for line in lines]
    return event if facts == event.facts else replace(event, facts=facts)


def _branded(
    line: Mapping[str, object], name: str, brands: Sequence[str], dice: Dice
) -> Mapping[str, object]:
    what = name, str(line["line_id"])
    if not dice.roll(2, "brand", *what):
        return line
    return {**line, "brand": brands[dice.roll(len(brands), "which brand", *what)]}
