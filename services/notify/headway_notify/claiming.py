"""What becomes of a message when it would go: it does, brought up to date; or it does not."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import asyncpg

from headway.program.messages import SERVICE, Kind
from headway_notify.details import DETAILS
from headway_notify.facts import Facts
from headway_notify.overtaken import OVERTAKEN, refreshed
from headway_notify.permission import FORGOTTEN, NO_CONTACT, Permission, may_send


class Taken(NamedTuple):
    """A row that is locked, and why it does not go ('': it does). Facts and detail are None where
    they stay as they were frozen."""

    row: asyncpg.Record
    why_not: str
    epoch: int | None = None
    version: int | None = None
    facts: str | None = None
    detail: str | None = None


def settle(rows: Sequence[asyncpg.Record]) -> list[Taken]:
    """Decide on each row; who may not be written to any more is skipped."""
    return [_settled(row) for row in rows]


def columns(taken: Sequence[Taken], key: str) -> list[list[Any]]:
    """The arrays that a claim is written from; `key` names the row's own id."""
    return [
        [one.row[key] for one in taken],
        [one.why_not for one in taken],
        [one.epoch for one in taken],
        [one.version for one in taken],
        [one.facts for one in taken],
        [one.detail for one in taken],
    ]


def _settled(row: asyncpg.Record) -> Taken:
    kind = cast(Kind, row["kind"])
    barred = _barred(kind, row)
    if barred or row["latest"] is None:
        return Taken(row, barred)
    detail = DETAILS[kind].model_validate_json(row["detail"])
    frozen = Facts.model_validate_json(row["facts"])
    now = refreshed(kind, detail, frozen, Facts.model_validate_json(row["latest"]))
    if now is None:
        return Taken(row, OVERTAKEN)
    if now.facts is frozen:
        return Taken(row, "")
    facts = now.facts
    return Taken(
        row, "", facts.epoch, facts.version, row["latest"], now.detail.model_dump_json()
    )  # fmt: skip


def _barred(kind: Kind, row: asyncpg.Record) -> str:
    """Why it may not go after all; '': it may. Consent was asked for when it was decided: what may
    have come since is a refusal."""
    if row["forgotten"]:
        return FORGOTTEN
    if row["sealed"] is None:
        return "" if row["without_contact"] and kind in SERVICE else NO_CONTACT
    permission = Permission(row["marketing"], frozenset(row["unwanted"]), row["suppressed"])
    return may_send(kind, "assumed", permission) or ""
