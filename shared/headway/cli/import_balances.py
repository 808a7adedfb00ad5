"""`headway import balances`: check the file, compare with the ledger, write, and tie out."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import click

from headway.cli.output import connected, progress_bar, settings
from headway.errors import UserError
from headway.importing.balances_file import FileRefused, read_balances
from headway.ledger.openings import Known, Sum, bring_in, known, stated, written
from headway.ledger.programs import read_programs

_BATCH = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SHOWN = 20


class Imported(NamedTuple):
    """What became of a file. `there` is what the ledger holds of it now; None: only checked."""

    file: Path
    batch: str
    stated: Sum
    members: int
    known: Known
    there: Sum | None
    refused: Mapping[str, str]
    """Why, by member, a balance gave nothing."""

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts the ledger, and what was to be written is there."""
        return not self.known.other and self.there in (None, self.stated)

    def facts(self) -> dict[str, object]:
        """For machines."""
        return {
            "ok": self.ok, "batch": self.batch, "members": self.members,
            "already_there": len(self.known.same), "conflicts": list(self.known.other),
            "file": self.stated._asdict(),
            "ledger": None if self.there is None else self.there._asdict(),
            "gave_nothing": dict(self.refused),
        }  # fmt: skip


async def import_balances(file: Path, batch: str, *, only_check: bool) -> Imported:
    """Check all of it, then write what is not there; nothing when anything contradicts."""
    if not _BATCH.fullmatch(batch):
        raise UserError(
            f"--batch {batch!r} will not do", "write 1 to 64 letters, digits, dots and dashes"
        )
    chosen = settings()
    async with connected(chosen.postgres_dsn) as connection:
        now = await connection.fetchval("select now()")
        if not await connection.fetchval("select exists (select from program_versions)"):
            raise UserError("no programme is published", "run `headway program publish FILE`")
        program = (await read_programs(connection)).at(now)
        try:
            balances = read_balances(file, batch, program, now)
        except FileRefused as refused:
            click.echo(str(refused), err=True)
            click.echo("headway: nothing was written", err=True)
            raise SystemExit(1) from refused
        there = await known(connection, balances)
        result = Imported(file, batch, stated(balances), len(balances), there, None, {})
        if only_check or there.other:
            return result
        new = [balance for balance in balances if balance.member_id not in there.same]
        with progress_bar("members") as seen:
            gave_nothing = await bring_in(connection, new, chosen.topic_prefix, seen)
        return result._replace(
            there=await written(connection, batch, balances), refused=gave_nothing
        )


def balances_report(result: Imported) -> None:
    """What a person is told."""
    total, repeated = result.stated, len(result.known.same)
    for member_id in result.known.other[:_SHOWN]:
        click.echo(
            f"member {member_id}: the ledger has another balance of batch {result.batch}\n"
            "  -> give back the rows as they were; what was not in them goes into a new --batch",
            err=True,
        )
    more = len(result.known.other) - _SHOWN
    if more > 0:
        click.echo(f"and {more:,} more members", err=True)
    for member_id, reason in list(result.refused.items())[:_SHOWN]:
        click.echo(f"member {member_id}: nothing was given: {reason}", err=True)
    click.echo(
        f"{result.file}: {result.members:,} members, {total.lots:,} lots, {total.points:,} points; "
        f"{repeated:,} members are in the ledger already"
    )
    there = result.there
    if result.known.other:
        click.echo("import: CONFLICT, see above; nothing was written")
    elif there is None:
        click.echo("check ok: nothing was written")
    elif result.ok:
        click.echo(
            f"ties: the file's {total.points:,} points in {total.lots:,} lots are in the ledger "
            f"as batch {result.batch}"
        )
    else:
        click.echo(
            f"import: DIFFERENT, the ledger has {there.points:,} points in {there.lots:,} lots of "
            f"batch {result.batch} for these members\n"
            "  -> look at the members named above; run the same file again if it was interrupted"
        )
