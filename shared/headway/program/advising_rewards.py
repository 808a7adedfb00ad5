"""Rewards and prices that are legal, and that hardly anybody can have meant."""

from datetime import date

from headway.program.checking_rules import Mistakes, Place
from headway.program.document import Document
from headway.program.program import Program
from headway.program.rule_document import Dates


def hardly_meant_rewards(document: Document, program: Program) -> Mistakes:
    """Prices that never apply, rewards that nobody can have, or not by themselves, and pools that
    two kinds share."""
    begins = program.day(program.from_at)
    uses: dict[str, object] = {}
    yield from _never_by_themselves(document)
    for number, reward in enumerate(document.rewards):
        where: Place = ("rewards", number)
        for index, price in enumerate(reward.prices):
            if reward.points is not None and price.points >= reward.points:
                yield (
                    (*where, "prices", index, "points"),
                    f"never applies: everybody pays {reward.points:,}, and the lowest price counts",
                )
            if _over(price.dates, begins):
                yield (*where, "prices", index, "dates"), _OVER
        if reward.who is not None and _over(reward.who.dates, begins):
            yield (*where, "who", "dates"), _OVER
        if reward.codes is not None:
            known = uses.setdefault(reward.codes.pool, reward.codes.uses)
            if known != reward.codes.uses:
                yield (
                    (*where, "codes", "uses"),
                    f"another reward uses pool {reward.codes.pool} otherwise; give it its own",
                )


def _never_by_themselves(document: Document) -> Mistakes:
    """Automatic rewards that a cheaper one for everybody always comes before."""
    prices = [r.points or 0 for r in document.rewards if r.automatic and r.who is None]
    cheapest = min(prices, default=None)
    for number, reward in enumerate(document.rewards):
        if not reward.automatic or cheapest is None or reward.points is None:
            continue
        least = min([reward.points, *(price.points for price in reward.prices)])
        if least > cheapest:
            yield (
                ("rewards", number, "automatic"),
                f"is issued to those alone who choose it as their goal: for all others one of "
                f"{cheapest:,} points comes first",
            )


_OVER = "over before this version starts; give later days, or remove it"


def _over(dates: Dates | None, begins: date) -> bool:
    return dates is not None and dates.to is not None and dates.to < begins
