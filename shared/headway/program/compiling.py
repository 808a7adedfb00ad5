"""From the file's document to the frozen Program that decisions use."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from headway.program.compiling_rewards import compile_rewards
from headway.program.compiling_rules import by_event, compile_rules, pending_of
from headway.program.document import ByActivity, Document, KeptMonths, Rolling
from headway.program.document import Tiers as TiersDocument
from headway.program.life_document import Expiry as ExpiryDocument
from headway.program.messages_document import compile_messages
from headway.program.money import to_minor
from headway.program.program import Program
from headway.program.rules import MICRO, NEVER, Expiry, Level, Pending, Plan, Tiers
from headway.program.sharing import Most, Transfers
from headway.program.sharing_document import Transfers as TransfersDocument


def compile_program(document: Document, version: int) -> Program:
    """The checked document as version `version`."""
    life, membership = document.points, document.membership
    rules, rewards = compile_rules(document), compile_rewards(document)
    return Program(
        version=version,
        name=document.name,
        zone=ZoneInfo(document.zone),
        from_at=document.from_,
        currency=document.currency,
        pending=pending_of(life.pending, life.pending_days) or Pending(),
        expiry=_expiry(life.expiry),
        clawback=life.clawback,
        attribution=life.attribution,
        reinstate_days=life.reinstate_days,
        notices=tuple(sorted(set(life.notices))),
        earn_on=frozenset(life.earn_on),
        before_joining_days=life.before_joining_days,
        rules_on=by_event(rules.values()),
        rules=rules,
        tiers=_tiers(document.tiers, document.currency),
        minimum_referral=to_minor(document.referrals.minimum_order, document.currency),
        plans={} if membership is None else {plan.id: plan for plan in _plans(document)},
        refund_unused="full" if membership is None else membership.refund.unused,
        refund_used="none" if membership is None else membership.refund.used,
        rewards=rewards,
        messages=compile_messages(document.messages),
        same_for_all=all(reward.same_for_all for reward in rewards),
        transfers=_transfers(document.transfers),
        pool_members=0 if document.pools is None else document.pools.members,
    )


def _transfers(transfers: TransfersDocument | None) -> Transfers | None:
    if transfers is None:
        return None
    most = transfers.maximum
    return Transfers(transfers.minimum, None if most is None else Most(most.points, most.per))


def _expiry(expiry: ExpiryDocument | Literal["never"]) -> Expiry:
    if expiry == "never":
        return NEVER
    rounding = expiry.round_up or ("month" if expiry.months else "day")
    return Expiry(
        expiry.months or 0,
        expiry.days or 0,
        expiry.every_year_on,
        expiry.date,
        expiry.inactive_months or 0,
        rounding,
        frozenset(expiry.qualifying or ("order.paid",)),
    )


def _tiers(tiers: TiersDocument | None, currency: str) -> Tiers:
    if tiers is None:
        return Tiers()
    measure, window, keep = tiers.measure, tiers.window, tiers.keep
    activity = measure.activity if isinstance(measure, ByActivity) else ""
    rolling = window.rolling_months if isinstance(window, Rolling) else 12
    default = "end_of_period" if tiers.by_year else "while_reached"
    return Tiers(
        measure="activity" if isinstance(measure, ByActivity) else measure,
        activity=activity,
        window="rolling"
        if isinstance(window, Rolling) or window == "rolling_12_months"
        else window,
        rolling_months=rolling,
        entry=tiers.entry,
        keep="months" if isinstance(keep, KeptMonths) else (keep or default),  # type: ignore[arg-type]
        keep_months=keep.months if isinstance(keep, KeptMonths) else 0,
        grace_days=tiers.grace_days,
        one_step=tiers.downgrade == "one_step",
        at_risk_days=tuple(sorted(set(tiers.at_risk_days))),
        levels=tuple(_levels(tiers, currency)),
        measured_as=f"activity:{activity}" if isinstance(measure, ByActivity) else measure,
    )


def _levels(tiers: TiersDocument, currency: str) -> Iterable[Level]:
    for level in tiers.levels:
        if tiers.measure == "spend":
            start = to_minor(level.from_, currency)
        else:
            start = int(level.from_ * (MICRO if tiers.measure == "points" else 1))
        expiry = None if level.expiry is None else _expiry(level.expiry)
        yield Level(level.id, level.name, start, expiry)


def _plans(document: Document) -> Iterable[Plan]:
    for plan in document.membership.plans if document.membership else ():
        minor, currency = _price(plan.price)
        yield Plan(plan.id, plan.name, plan.months, minor, currency)


def _price(text: str) -> tuple[int, str]:
    amount, currency = text.split(" ")
    return to_minor(Decimal(amount), currency), currency
