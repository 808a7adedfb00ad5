"""`headway program explain`: what an event would earn, rule by rule."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headway.cli.output import console, print_json, run, settings, snapshot
from headway.cli.program_files import published, read, refuse
from headway.contracts.codec import Event, decode, key_of
from headway.contracts.fields import utc
from headway.errors import Poison, UserError
from headway.program.explaining import Explanation, in_points
from headway.program.explaining import explain as explain_event
from headway.program.loading import ProgramFileError, load_program
from headway.program.program import Program, Programs

if TYPE_CHECKING:
    from headway.domain.account import Account

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--event", "event_file", type=_FILE, required=True, help="CloudEvents JSON.")
@click.option("--member", "member_id", help="As who; default: a member who is just joining.")
@click.option("--program", "program_file", type=_FILE, help="Default: what is published.")
@click.option("--at", "moment", help="When, in RFC 3339; default: the event's own time.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def explain(
    event_file: Path,
    member_id: str | None,
    program_file: Path | None,
    moment: str | None,
    as_json: bool,
) -> None:
    """Say what an event would earn, and of each rule on it why it gives, or gives not.

    Nothing is written. With --program and without --member it needs no database. The event is
    taken as the member's own and next one, whoever it names: by the tier, the purchases and the
    caps that the member has now.
    """
    from headway.cli.program_facts import facts_for, newcomer

    event = _event(event_file, moment)
    try:
        proposed = None if program_file is None else _proposed(program_file)
    except ProgramFileError as error:
        refuse(error, as_json)
    known = None if member_id is None else run(_account(settings().postgres_dsn, member_id))
    program = proposed or Programs(run(published(settings().postgres_dsn))[0]).at(event.time)
    account = known or newcomer(event, program)
    facts = facts_for(account, event, program)
    found = explain_event(program, facts, account.caps, program.day(event.time))
    if as_json:
        print_json(_as_facts(event, program, found))
    else:
        _print(event, program, found)


def _proposed(file: Path) -> Program:
    return load_program(read(file), file=str(file))


def _event(file: Path, moment: str | None) -> Event:
    """The event of a file, as if it came from Kafka under the key it should have."""
    text = read(file)
    try:
        subject = json.loads(text)["subject"]
        event = decode(key_of(str(subject)), text.encode(), ())
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UserError(
            f"{file} is no CloudEvents JSON: {error}", "write one as docs/contracts shows"
        ) from error
    except Poison as error:
        raise UserError(f"{file}: {error}", "mend that field and try again") from error
    if moment is None:
        return event
    try:
        return event._replace(time=utc(moment))
    except ValueError as error:
        raise UserError(f"--at {error}", "write it like 2026-05-01T12:30:00Z") from error


async def _account(dsn: str, member_id: str) -> "Account":
    """The member's account as it is now."""
    from headway.ledger.snapshot import account_from

    async with snapshot(dsn) as connection:
        row = await connection.fetchrow("select * from accounts where member_id = $1", member_id)
    if row is None:
        raise UserError(
            f"the ledger knows no member {member_id}",
            "check the id, or leave --member out for a member who is just joining",
        )
    return account_from(row)


def _as_facts(event: Event, program: Program, found: list[Explanation]) -> dict[str, object]:
    return {
        "event": event.type,
        "time": event.time,
        "program": {"version": program.version, "name": program.name},
        "exact": sum(one.exact for one in found),
        "rules": [
            {"rule": one.rule.id, "verdict": one.verdict, "why": one.why, "exact": one.exact,
             "points": one.points, "to": one.rule.to}
            for one in found
        ],
    }  # fmt: skip


def _print(event: Event, program: Program, found: list[Explanation]) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = console()
    out.print(f"{event.type} at {event.time.isoformat()}, by {escape(program.name)}")
    if not found:
        out.print(f"no rule is on {event.type}, so it earns nothing")
        return
    table = Table("rule", "verdict", "gives", "why")
    for one in found:
        to = f" to the {one.rule.to}" if one.rule.to else ""
        gives = f"{in_points(one.exact)}{to}" if one.exact else ""
        table.add_row(one.rule.id, one.verdict, gives, escape(one.why))
    out.print(table)
    for to in sorted({one.rule.to for one in found}):
        total = in_points(sum(one.exact for one in found if one.rule.to == to))
        out.print(f"the {to} gets {total}" if to else f"together {total}")
