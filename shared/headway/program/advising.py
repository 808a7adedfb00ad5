"""What in a programme is legal but hardly meant: for `headway program check` to warn of."""

from headway.program.advising_contests import always_beaten, nothing_to_multiply
from headway.program.advising_reach import out_of_reach
from headway.program.advising_rewards import hardly_meant_rewards
from headway.program.advising_rules import never_applies
from headway.program.checking_rules import Mistakes, Place
from headway.program.document import Document
from headway.program.program import Program
from headway.program.rules import NEVER, Expiry, Pending


def advice(document: Document, program: Program) -> Mistakes:
    """(where, what is strange and what to do) of everything that is hardly meant."""
    yield from never_applies(document, program)
    yield from always_beaten(document, program)
    yield from nothing_to_multiply(document, program)
    yield from _dies_early(document, program)
    yield from _never_told(program)
    yield from _unused_membership(document)
    yield from out_of_reach(document, program)
    yield from hardly_meant_rewards(document, program)


def _dies_early(document: Document, program: Program) -> Mistakes:
    """An expiry that is shorter than the time points are pending."""
    if _shorter(program.expiry, program.pending):
        yield ("points", "expiry"), _EARLY
    if program.expiry.on is not None and program.expiry.on < program.day(program.from_at):
        yield ("points", "expiry"), "points are dead before this version starts; give a later date"
    for number, rule in enumerate(document.rules):
        pending = program.rules[rule.id].pending
        if pending != program.pending and _shorter(program.expiry, pending):
            where: Place = ("rules", number, "pending" if rule.pending else "pending_days")
            yield where, _EARLY


_EARLY = "points live for a shorter time than they are pending; lengthen the expiry"
_DAYS_IN_A_MONTH = 31


def _shorter(expiry: Expiry, pending: Pending) -> bool:
    if expiry.on is not None and pending.on is not None:
        return expiry.on <= pending.on
    lives = expiry.days or expiry.months * _DAYS_IN_A_MONTH
    return 0 < lives < pending.days


def _never_told(program: Program) -> Mistakes:
    lives = [program.expiry, *(level.expiry for level in program.levels if level.expiry)]
    if any(life != NEVER for life in lives):
        return
    if program.notices:
        yield ("points", "notices"), "points never expire, so no notice is ever due; remove it"
    if program.reinstate_days:
        yield ("points", "reinstate_days"), "points never expire, so none come back; remove it"


def _unused_membership(document: Document) -> Mistakes:
    if document.membership is None:
        return
    used = {plan for rule in document.rules for plan in rule.when.membership or ()}
    for number, plan in enumerate(document.membership.plans):
        if plan.id not in used:
            yield (
                ("membership", "plans", number),
                f"no rule has when.membership {plan.id}: members pay for nothing; add such a rule",
            )
