"""What leaves the ledger through the outbox: balance.changed, notices, effects for others."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from headway.contracts import codec
from headway.contracts.opening import OPENING, imported
from headway.domain.adjustment import ADJUST
from headway.domain.closing import Decision
from headway.domain.erasing import ERASE
from headway.domain.goal import CLEAR_GOAL, SET_GOAL
from headway.domain.points import Effect, PointsEvent
from headway.domain.progress import Next, goal, progress
from headway.program.program import Programs

SHARDS = 16
_HELD = frozenset(("pending", "available", "reserved", "owed"))
_HEADERS = orjson.dumps([[name, value.decode()] for name, value in codec.HEADERS]).decode()
_CAUSES = {
    "effect": "effect", "tick": "tick", "redemption.timeout": "timeout", ADJUST: "admin",
    ERASE: "admin", OPENING: "admin", SET_GOAL: "redemption", CLEAR_GOAL: "redemption",
}  # fmt: skip


class OutboxRow(NamedTuple):
    """One row of `outbox`; shard is a stable function of the account."""

    shard: int
    topic: str
    key: bytes
    value: bytes | None
    headers: str


def cause_kind(kind: str) -> str:
    """event, effect, redemption, transfer, tick, timeout or admin: what is told differs by it."""
    if kind in _CAUSES:
        return _CAUSES[kind]
    if kind.startswith(("transfer.", "pool.")):
        return "transfer"
    return "redemption" if kind.startswith("redemption.") else "event"


def balance_changed(
    decision: Decision, programs: Programs, epoch: int, head: bytes, topic_prefix: str
) -> OutboxRow:
    """The account after one cause, as CloudEvents JSON."""
    account, item, points = decision.account, decision.input, decision.points
    moment: datetime | None = account.time
    now = moment or item.time
    program = programs.at(now)
    facts = progress(program, account.available, account.owed, account.tier, now)
    chosen = goal(program, account.goal, account.available, account.owed, account.tier, now)
    event = {
        "specversion": "1.0",
        "id": f"{account.member_id}:{epoch}:{account.version}",
        "source": "headway/ledger",
        "type": "balance.changed.v1",
        "subject": account.member_id,
        "time": item.time,
        "datacontenttype": "application/json",
        "data": {
            "member_id": account.member_id,
            "epoch": epoch,
            "version": account.version,
            "cause": {
                "source": item.source,
                "id": item.id,
                "kind": cause_kind(item.kind),
                "time": item.time,
            },
            "seq_from": points[0].seq if points else None,
            "seq_to": points[-1].seq if points else None,
            "account_time": moment,
            "head_hash": head.hex(),
            "pending": account.pending,
            "available": account.available,
            "reserved": account.reserved,
            "owed": account.owed,
            "tier": account.tier,
            "saved": account.saved,
            "joined_at": account.joined_at,
            "left_at": account.left_at,
            "program_version": program.version,
            "clawed_back": _clawed_back(decision),
            "redeemed": _redeemed(decision),
            "moved": _moved(points),
            "issued": _issued(decision),
            "certificates": [one.redemption_id for one in account.certificates] or None,
            "rewards_ready": [reward.id for reward in facts.ready],
            "next_reward": _ahead(facts.next),
            "goal": _ahead(chosen),
        },
    }
    return OutboxRow(
        account.account_id % SHARDS,
        topic_prefix + "balance-changed",
        account.member_id.encode(),
        orjson.dumps(event, option=orjson.OPT_UTC_Z),
        _HEADERS,
    )


def _ahead(one: Next | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {"id": one.reward.id, "points": one.reward.points, "missing": one.missing}


_BY_KIND = {
    "order.cancelled": "the order was cancelled",
    "order.refunded": "goods of the order came back",
    "review.removed": "the review was removed",
    "effect": "the referral was undone",
}


def _clawed_back(decision: Decision) -> dict[str, object] | None:
    """What this cause took back and why, so that the member can be told; None: nothing."""
    if not decision.points:
        return None
    points = waived = 0
    order_id: str | None = None
    for row in decision.points:
        if row.kind == "reverse":
            points += row.points
            order_id = order_id or row.order_id
        elif row.kind == "waive":
            waived += row.points
    if not points:
        return None
    kind, data = decision.input.kind, decision.input.data
    reason = getattr(data, "reason", "") or _BY_KIND.get(kind, "a late or corrected event")
    return {"points": points, "waived": waived, "reason": reason, "order_id": order_id}


def _redeemed(decision: Decision) -> dict[str, object] | None:
    """What this cause confirmed; None: nothing."""
    item, step = decision.input, decision.input.data
    if item.kind != "redemption.confirm" or decision.outcome.outcome != "applied":
        return None
    return {
        "redemption_id": step.redemption_id,
        "reward_id": step.reward_id,
        "points": sum(points for _, points in step.held),
        "value_minor": step.value_minor,
        "currency": step.currency,
    }


def _issued(decision: Decision) -> list[dict[str, object]] | None:
    """Certificates that this cause issued and the account still holds; None: there are none."""
    if not decision.issued:
        return None
    held = {one.redemption_id for one in decision.account.certificates}
    return [
        {
            "redemption_id": one.certificate.redemption_id,
            "reward_id": one.reward_id,
            "points": one.certificate.points,
            "value_minor": one.certificate.value_minor,
            "currency": one.certificate.currency,
        }
        for one in decision.issued
        if one.certificate.redemption_id in held
    ] or None


def _moved(rows: Sequence[PointsEvent]) -> dict[str, int] | None:
    """Change of all that is held, by kind of row; None: nothing came or went."""
    moved: dict[str, int] = {}
    for row in rows:
        change = (row.to_bucket in _HELD) - (row.from_bucket in _HELD)
        if change:
            moved[row.kind] = moved.get(row.kind, 0) + change * row.points
    return moved or None


def notices(
    decision: Decision, programs: Programs, epoch: int, topic_prefix: str
) -> list[OutboxRow]:
    """What a member is told apart from the balance: tiers, and what is about to happen.

    Of what is brought in from the past nobody is told.
    """
    account = decision.account
    if imported(decision.input.source):
        return []
    told: list[tuple[str, str, datetime, dict[str, object]]] = []
    for tier in decision.tier_events:
        facts: dict[str, object] = {
            "tier_from": tier.tier_from, "tier_to": tier.tier_to, "at": tier.effective_at,
        }  # fmt: skip
        told.append(("tier.changed", str(tier.tier_seq), tier.effective_at, facts))
    for notice in decision.notices:
        facts = {"at": notice.at, _AMOUNTS[notice.kind]: notice.amount}
        if notice.of:
            facts["tier" if notice.kind == "tier.at-risk" else "plan"] = notice.of
        name = f"{notice.at.isoformat()}:{notice.due.isoformat()}"
        told.append((notice.kind, name, notice.due, facts))
    return [
        OutboxRow(
            account.account_id % SHARDS,
            topic_prefix + "member-notices",
            codec.key_of(account.member_id),
            codec.encode(
                kind,
                source="headway/ledger",
                id=f"{account.member_id}:{epoch}:{kind}:{name}",
                time=moment,
                data={"member_id": account.member_id, "version": account.version} | facts,
            )[0],
            _HEADERS,
        )
        for kind, name, moment, facts in told
    ]


_AMOUNTS = {
    "points.expiring": "points",
    "tier.at-risk": "missing",
    "membership.ended": "refund_minor",
}


def effect_event(effect: Effect, account_id: int, topic_prefix: str) -> OutboxRow:
    """An effect, keyed by the member it is for; earn reads it like any other topic."""
    value, _ = codec.encode(
        "effect",
        source="headway/earn",
        id=f"{_key_of(effect)}:{effect.revision}",
        time=effect.time,
        data={
            "member_id": effect.member_id,
            "referral_id": effect.referral_id,
            "rule": effect.rule,
            "revision": effect.revision,
            "worth": effect.worth,
            "earned_at": effect.earned_at,
            "since": effect.since,
            "undone_at": effect.undone_at,
            "program_version": effect.program_version,
            "order_id": effect.order_id,
            "per_order": effect.per_order,
        },
    )
    return OutboxRow(
        account_id % SHARDS,
        topic_prefix + "effects",
        codec.key_of(effect.member_id),
        value,
        _HEADERS,
    )


def _key_of(effect: Effect) -> str:
    key = f"{effect.referral_id}:{effect.rule}"
    return f"{key}:{effect.order_id}" if effect.per_order else key
