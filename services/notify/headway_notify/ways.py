"""How a programme's points are earned, told to a newcomer in a line for each way."""

from headway.program.program import Program
from headway.program.rules import MICRO, Rule
from headway_notify.wording import Wording


def ways(program: Program, wording: Wording) -> list[str]:
    """The rules that hold for everybody, in the programme's order; conditions stay untold."""
    found = (_way(rule, wording) for rule in program.rules.values())
    return list(dict.fromkeys(way for way in found if way))


def _way(rule: Rule, wording: Wording) -> str:
    asked = [condition for condition in rule.conditions if condition.field != "referral"]
    if asked or rule.line_conditions or rule.to == "friend":
        return ""
    if rule.event == "order.paid":
        return _purchase(rule, wording)
    points, rest = divmod(rule.numerator, rule.denominator * MICRO)
    if rule.measure != "event" or rest or not points:
        return ""
    given, _ = wording.points(points), wording.language.gettext
    if rule.event == "review.published":
        return _("A review: %(points)s", points=given)
    if rule.event == "birthday":
        return _("Your birthday: %(points)s", points=given)
    if rule.to == "referrer":
        return _("A friend you recommend us to: %(points)s", points=given)
    return ""


def _purchase(rule: Rule, wording: Wording) -> str:
    """Points for money, told for the least amount that gives whole points."""
    _ = wording.language.gettext
    if rule.measure == "event":
        points, rest = divmod(rule.numerator, rule.denominator * MICRO)
        return "" if rest else _("Every order: %(points)s", points=wording.points(points))
    if rule.measure != "amount" or not rule.numerator:
        return ""
    every = rule.step or max(-(-rule.denominator * MICRO // rule.numerator), 100)
    points, rest = divmod(every * rule.numerator, rule.denominator * MICRO)
    if rest:
        return ""
    amount = wording.money(every, rule.currency)
    return _(
        "Purchases: %(points)s for every %(amount)s", points=wording.points(points), amount=amount
    )
