"""What leaves the ledger through the outbox: balance.changed, and effects for other members."""

from datetime import datetime
from typing import NamedTuple

import orjson

from headway.contracts import codec
from headway.domain.decide import Decision
from headway.domain.points import Effect
from headway.domain.progress import progress
from headway.program.program import Programs

SHARDS = 16
_HEADERS = orjson.dumps([[name, value.decode()] for name, value in codec.HEADERS]).decode()
_CAUSES = {"effect": "effect", "tick": "tick", "redemption.timeout": "timeout", "adjust": "admin"}


class OutboxRow(NamedTuple):
    """One row of `outbox`; shard is a stable function of the account."""

    shard: int
    topic: str
    key: bytes
    value: bytes | None
    headers: str


def cause_kind(kind: str) -> str:
    """event, effect, redemption, tick, timeout or admin: what people are told differs by it."""
    if kind in _CAUSES:
        return _CAUSES[kind]
    return "redemption" if kind.startswith("redemption.") else "event"


def balance_changed(
    decision: Decision, programs: Programs, epoch: int, head: bytes, topic_prefix: str
) -> OutboxRow:
    """The account after one cause, as CloudEvents JSON."""
    account, item, points = decision.account, decision.input, decision.points
    moment: datetime | None = account.time
    program = programs.at(moment or item.time)
    facts = progress(program, account.available, account.owed)
    following = facts.next
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
            "rewards_ready": [reward.id for reward in facts.ready],
            "next_reward": None
            if following is None
            else {
                "id": following.reward.id,
                "points": following.reward.points,
                "missing": following.missing,
            },
        },
    }
    return OutboxRow(
        account.account_id % SHARDS,
        topic_prefix + "balance-changed",
        account.member_id.encode(),
        orjson.dumps(event, option=orjson.OPT_UTC_Z),
        _HEADERS,
    )


def effect_event(effect: Effect, account_id: int, topic_prefix: str) -> OutboxRow:
    """An effect, keyed by the member it is for; earn reads it like any other topic."""
    value, _ = codec.encode(
        "effect",
        source="headway/earn",
        id=f"{effect.referral_id}:{effect.rule}:{effect.revision}",
        time=effect.time,
        data={
            "member_id": effect.member_id,
            "referral_id": effect.referral_id,
            "rule": effect.rule,
            "revision": effect.revision,
            "worth": effect.worth,
            "earned_at": effect.earned_at,
            "program_version": effect.program_version,
            "order_id": effect.order_id,
        },
    )
    return OutboxRow(
        account_id % SHARDS,
        topic_prefix + "effects",
        codec.key_of(effect.member_id),
        value,
        _HEADERS,
    )
