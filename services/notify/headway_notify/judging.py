"""Deciding messages whose time has come: one transaction, any number of processes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import asyncpg
import orjson

from headway.program.messages import KINDS, SERVICE, Kind, Messages
from headway.program.program import Program
from headway.sealing.vault import Vault
from headway.stream.positions import Connection, Pool
from headway_notify.contacts.reading import addressees_of
from headway_notify.deciding import (
    MAIL_ALONE,
    NO_MAIL_HERE,
    Candidate,
    Outlets,
    Standing,
    Verdict,
    decide,
)
from headway_notify.details import DETAILS
from headway_notify.facts import Facts
from headway_notify.moving import COUNTED, statement
from headway_notify.overtaken import AS_FROZEN, true_of
from headway_notify.permission import Permission, may_send
from headway_notify.programmes import Programmes
from headway_notify.roads.handovers import Onward
from headway_notify.store import QUERIES

_MARKETING = sorted(set(KINDS) - SERVICE)
_LONGEST = timedelta(days=366)
"""The longest window that a cap can have."""


class Judged(NamedTuple):
    """One message and what became of it; `detail` as it will be told."""

    id: int
    member_id: str
    verdict: Verdict
    detail: str


class Judge:
    """Takes messages that are due, decides on each, writes what came of it."""

    def __init__(
        self, pool: Callable[[], Pool], vault: Callable[[], Vault], programmes: Programmes,
        group: str, contacts_topic: str, onward: Onward | None = None,
        outlets: Outlets = MAIL_ALONE,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._vault = vault
        self._programmes = programmes
        self._group = group
        self._contacts_topic = contacts_topic
        self._onward = onward
        self._outlets = outlets

    async def run_once(self, now: datetime, most: int) -> Counter[str]:
        """Decide up to `most` messages that are due at `now`; counts of decided and skipped."""
        async with self._pool().acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                QUERIES.take_due, now, most, self._group, self._contacts_topic
            )
            if not rows:
                return Counter()
            of = {row["id"]: orjson.loads(row["facts"])["program_version"] for row in rows}
            await self._programmes.need(set(of.values()), connection)
            programs = {id_: self._programmes.version(number) for id_, number in of.items()}
            members = await standings(connection, self._vault(), rows, programs, now)
            judged = decide_in_turn(rows, programs, members, now, self._outlets)
            judged = await _with_statements(connection, rows, judged)
            await _write(connection, judged)
            if self._onward is not None:
                going = [one.id for one in judged if not one.verdict.why_not]
                await self._onward.decided(connection, going)
        return Counter("skipped" if one.verdict.why_not else "decided" for one in judged)


def decide_in_turn(
    rows: Sequence[asyncpg.Record],
    programs: Mapping[int, Program],
    members: Mapping[str, Callable[[Program], Standing]],
    now: datetime,
    outlets: Outlets = MAIL_ALONE,
) -> list[Judged]:
    """Each in its turn: what was decided before it in the same breath counts towards the cap."""
    taken: Counter[str] = Counter()
    judged = []
    for row in rows:
        program, member_id = programs[row["id"]], row["member_id"]
        member = members[member_id](program)
        member = member._replace(marketing=member.marketing + taken[member_id])
        detail = _now_true(row)
        one = Candidate(
            member_id, row["kind"], row["business_day"], row["left_day"], detail is not None
        )
        verdict = decide(one, program, member, now, outlets)
        if not verdict.why_not and row["kind"] not in SERVICE:
            taken[member_id] += 1
        judged.append(Judged(row["id"], member_id, verdict, detail or row["detail"]))
    return judged


def _now_true(row: asyncpg.Record) -> str | None:
    """What is still so of a message's detail as the account is now; None: nothing is."""
    kind: Kind = row["kind"]
    if kind in AS_FROZEN:
        return str(row["detail"])
    told = DETAILS[kind].model_validate_json(row["detail"])
    now = true_of(kind, told, Facts.model_validate_json(row["facts"]))
    return None if now is None else now.model_dump_json()


async def standings(
    connection: Connection, vault: Vault, rows: Sequence[asyncpg.Record],
    programs: Mapping[int, Program], now: datetime,
) -> dict[str, Callable[[Program], Standing]]:  # fmt: skip
    """How each member can be reached, under a programme."""
    ids = sorted({row["member_id"] for row in rows})
    known = await addressees_of(connection, vault, ids)
    sent: dict[str, list[datetime]] = defaultdict(list)
    if any(program.messages.cap for program in programs.values()):
        found = await connection.fetch(
            QUERIES.marketing_sent, ids, now - _LONGEST, _MARKETING, NO_MAIL_HERE
        )
        for row in found:
            sent[row["member_id"]].append(row["send_at"])

    def standing(member_id: str) -> Callable[[Program], Standing]:
        def under(program: Program) -> Standing:
            since = now - timedelta(days=program.messages.cap_days)
            recent = sum(at > since for at in sent.get(member_id, ()))
            found = known.get(member_id)
            # Who has no contact may have refused and been forgotten, with the refusal.
            permission = Permission(marketing=False) if found is None else found.permission

            def refused(kind: Kind, policy: Messages) -> str:
                return may_send(kind, policy.consent, permission) or ""

            zone = "" if found is None else found.reader.zone
            return Standing(found is not None, zone, refused, recent)

        return under

    return {member_id: standing(member_id) for member_id in ids}


async def _with_statements(
    connection: Connection, rows: Sequence[asyncpg.Record], judged: list[Judged]
) -> list[Judged]:
    """Statements are put together when they are decided: their period is over. It is the one that
    they were made due for, whatever periods the programme has by now."""
    periods = {
        row["id"]: (date.fromisoformat(row["cause"]), row["business_day"])
        for row in rows
        if row["kind"] == "statement"
    }
    if not periods:
        return judged
    wanted = [(row["member_id"], periods[row["id"]][0]) for row in rows if row["id"] in periods]
    found = await connection.fetch(
        QUERIES.movements_of, [member for member, _ in wanted], [first for _, first in wanted]
    )
    moved = {(row["member_id"], row["first_day"]): row for row in found}
    done = []
    for one in judged:
        if one.id in periods:
            first, last = periods[one.id]
            row = moved[one.member_id, first]
            told = statement(first, last, row["held"], tuple(row[name] for name in COUNTED))
            one = one._replace(detail=told.model_dump_json())
        done.append(one)
    return done


async def _write(connection: Connection, judged: Sequence[Judged]) -> None:
    await connection.execute(
        QUERIES.write_decided,
        [one.id for one in judged],
        [one.member_id for one in judged],
        [one.verdict.send_at for one in judged],
        [one.verdict.why_not or one.verdict.no_mail for one in judged],
        [one.detail for one in judged],
    )
