"""A reward as a sentence has it: what it is, what it costs, who may have it."""

from datetime import date
from decimal import Decimal

from headway.program.money import to_text
from headway.program.numbers_in_words import count
from headway.program.program import Program
from headway.program.rewards import EVERYBODY, WHOLE, Codes, Days, Limit, Rate, Reward


def reward_in_words(program: Program, reward: Reward) -> str:
    """`$5 off worth 5.00 USD for 100 points`, and all that limits it."""
    more = (
        *(
            f"{count(o.points, 'point')}{_for(program, o.tiers)}{_on(o.days)}"
            for o in reward.offers
        ),
        "" if reward.who == EVERYBODY else "only" + _who(program, reward),
        _limit(reward.limit),
        "" if reward.stock is None else f"{reward.stock:,} of them",
        "issued by itself" if reward.automatic else "",
    )
    return "; ".join(part for part in (f"{reward.name} {_what(reward)}", *more) if part)


def worth_in_words(reward: Reward) -> str:
    """What it is worth, as far as that is known without an order."""
    if reward.rate is not None:
        step = to_text(reward.rate.minor, reward.currency)
        return f"{step} for {count(reward.rate.points, 'point')}"
    if reward.percent:
        most = reward.maximum_minor
        limit = "" if most is None else f", at most {to_text(most, reward.currency)}"
        return f"{_percent(reward.percent)} of an order{limit}"
    return to_text(reward.value_minor, reward.currency)


def _what(reward: Reward) -> str:
    price = count(reward.points, "point")
    if reward.rate is not None:
        return f"pays {worth_in_words(reward)}{_bounds(reward.rate)}"
    if reward.percent:
        return f"takes off {worth_in_words(reward)} for {price}"
    cash = f" and {to_text(reward.cash_minor, reward.currency)}" if reward.cash_minor else ""
    worth = f"worth {worth_in_words(reward)} " if reward.value_minor else ""
    detail = {
        "free_product": f", the product {reward.sku}",
        "voucher": _codes(reward.codes),
        "donation": f", given to {reward.cause}",
    }.get(reward.kind, "")
    return f"{worth}for {price}{cash}{detail}"


def _bounds(rate: Rate) -> str:
    least = f", from {count(rate.minimum, 'point')} on" if rate.minimum > rate.points else ""
    return least + (f", up to {_percent(rate.share)} of an order" if rate.share < WHOLE else "")


def _codes(codes: Codes | None) -> str:
    if codes is None:
        return ""
    days = "" if codes.valid_days is None else f", valid {count(codes.valid_days, 'day')}"
    return f", {'the code' if codes.many else 'a code'} of pool {codes.pool}{days}"


def _who(program: Program, reward: Reward) -> str:
    return _for(program, reward.who.tiers) + _on(reward.who.days)


def _for(program: Program, tiers: frozenset[str]) -> str:
    names = [level.name for level in program.levels if level.id in tiers]
    return f" for {' or '.join(names)}" if names else ""


def _on(days: Days) -> str:
    since = "" if days.first == date.min else f" from {days.first}"
    return since + ("" if days.last == date.max else f" to {days.last}")


def _limit(limit: Limit | None) -> str:
    if limit is None:
        return ""
    times = "once" if limit.times == 1 else f"{limit.times:,} times"
    return f"{times} {'ever' if limit.per == 'lifetime' else f'a {limit.per}'} for each member"


def _percent(thousandths: int) -> str:
    text = f"{Decimal(thousandths) / 1000:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"
