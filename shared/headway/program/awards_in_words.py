"""What a rule gives, in words, from the file's own terms."""

from decimal import Decimal

from headway.program.money import to_minor, to_text
from headway.program.numbers_in_words import count
from headway.program.rule_document import Award, PerMoney, Rule

_FOR = {
    "order.paid": "for each order",
    "member.joined": "for joining",
    "review.published": "for a review",
    "activity.recorded": "for an activity",
    "birthday": "on every birthday",
}
_FOR_REFERRAL = {
    "signup": "when a referred friend signs up",
    "first_purchase": "when a referred friend buys for the first time",
    "every_purchase": "whenever a referred friend buys",
}


def award_in_words(rule: Rule, currency: str) -> str:
    """What it gives, without its conditions; amounts of money are in `currency`."""
    award = rule.award
    if award.per_money is not None:
        return _per_money(award.per_money, currency) + _of_activity(rule)
    if award.per_item is not None:
        piece = "for every piece" if rule.on == "order.paid" else "for every unit"
        return f"{count(award.per_item, 'point')} {piece}{_of_activity(rule)}"
    if award.percent is not None:
        return f"{plain(award.percent)}% of the amount in points{_of_activity(rule)}"
    if award.multiply is not None:
        return f"{plain(award.multiply)} x the base ({plain(award.multiply - 1)} on top)"
    return _once(award, rule)


def plain(number: Decimal) -> str:
    """`1.5` of 1.500, `2` of 2.0."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _per_money(award: PerMoney, currency: str) -> str:
    every = to_text(to_minor(award.every, currency), currency)
    full = "full " if award.steps == "full" else ""
    return f"{count(award.points, 'point')} for every {full}{every}"


def _once(award: Award, rule: Rule) -> str:
    points = count(award.points or 0, "point")
    if award.to is not None:
        return f"{points} to the {award.to} {_FOR_REFERRAL[rule.when.referral or 'first_purchase']}"
    return f"{points} {_FOR[rule.on] if rule.when.activity is None else ''}".rstrip()


def _of_activity(rule: Rule) -> str:
    return " of an activity" if rule.on == "activity.recorded" and not rule.when.activity else ""
