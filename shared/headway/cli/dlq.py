"""`headway dlq`: what was refused for good, and sending it again once mended."""

import base64
import json
from typing import TYPE_CHECKING, Any

import click

from headway.cli.dlq_mend import mend
from headway.cli.dlq_options import filter_of, filters, text, with_database
from headway.cli.dlq_replay import replay
from headway.cli.output import console
from headway.stream.dead_letters import kept
from headway.stream.dead_letters.kept import Count, Filter, Kept, Listed, Page
from headway.stream.dead_letters.replaying import target

if TYPE_CHECKING:
    from headway.access.audit import Entry
    from headway.stream.positions import Connection

_MOMENT = "%Y-%m-%d %H:%M:%S"


@click.group("dlq")
def command() -> None:
    """Dead letters: records refused for good, kept with the reason.

    Exit codes: 0 done, 1 what was asked for cannot be, 2 Kafka or Postgres does not answer.
    """


command.add_command(mend)
command.add_command(replay)


@command.command("list")
@filters
@click.option("--all", "everything", is_flag=True, help="Also those already sent again.")
@click.option("--counts", is_flag=True, help="How many, by topic, reason and field.")
@click.option("--after", type=int, default=0, help="Only ids above this: the next page.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines: one object per line.")
def list_(
    everything: bool, counts: bool, after: int, limit: int, as_json: bool, **options: Any
) -> None:
    """List dead letters, oldest first, with the reason of each."""
    wanted = filter_of(options)._replace(state="all" if everything else "open")
    if counts:
        _show_counts(wanted, as_json)
        return
    rows = with_database(lambda connection: kept.listed(connection, wanted, Page(after, limit)))
    if as_json:
        for row in rows:
            click.echo(json.dumps(_listed_facts(row), default=str))
        return
    _show_table(rows)
    if len(rows) == limit:
        click.echo(f"There may be more: --after {rows[-1].id}")


def _listed_facts(row: Listed) -> dict[str, object]:
    facts = row._asdict() | {"key": text(row.key)}
    return {"consumer_group" if name == "group" else name: facts[name] for name in facts}


def _show_table(rows: list[Listed]) -> None:
    from rich.table import Table

    table = Table("id", "from", "key", "reason", "field", "what is wrong", "refused", "replayed")
    for row in rows:
        table.add_row(
            str(row.id), text(f"{row.topic}-{row.partition} @{row.offset}"), text(row.key),
            text(row.reason), text(row.field), text(row.message[:200]),
            f"{row.failed_at:{_MOMENT}}", f"{row.replayed_at:{_MOMENT}}" if row.replayed_at else "",
        )  # fmt: skip
    console().print(table if rows else "No dead letters.", markup=False)


def _show_counts(wanted: Filter, as_json: bool) -> None:
    from rich.table import Table

    found: list[Count] = with_database(lambda connection: kept.counted(connection, wanted))
    if as_json:
        for one in found:
            click.echo(json.dumps(one._asdict(), default=str))
        return
    table = Table("letters", "topic", "reason", "field", "oldest", "latest")
    for one in found:
        table.add_row(
            f"{one.letters:,}", text(one.topic), text(one.reason), text(one.field),
            f"{one.oldest:{_MOMENT}}", f"{one.latest:{_MOMENT}}",
        )  # fmt: skip
    console().print(table if found else "No dead letters.", markup=False)


@command.command("show")
@click.argument("id", type=int)
@click.option("--json", "as_json", is_flag=True, help="For machines: binary parts in base64.")
@click.option("--body", is_flag=True, help="Only the original bytes, to mend them in a file.")
def show(id: int, as_json: bool, body: bool) -> None:
    """Show one dead letter whole: where from, why refused, headers, original bytes."""

    async def look(connection: "Connection") -> tuple[Kept, "list[Entry]"]:
        from headway.access.audit import entries

        letter = await kept.shown(connection, id)
        return letter, await entries(connection, limit=20, target=target(id))

    letter, acts = with_database(look)
    if body:
        if letter.value is None:
            raise click.ClickException(f"dead letter {id} was kept without its body")
        click.echo(letter.value, nl=False)
    elif as_json:
        facts = letter._asdict() | {
            "key": _base64(letter.key),
            "value": _base64(letter.value),
            "headers": [[name, _base64(value)] for name, value in letter.headers],
        }
        click.echo(json.dumps(facts, default=str))
    else:
        _show_whole(letter, acts)


def _show_whole(letter: Kept, acts: "list[Entry]") -> None:
    click.echo(f"dead letter {letter.id}")
    click.echo(f"  from      {letter.topic} partition {letter.partition} offset {letter.offset}")
    click.echo(f"  refused   by {letter.group}, release {letter.release}, {letter.failed_at}")
    click.echo(f"  reason    {letter.reason} ({letter.stage}) {text(letter.field)}".rstrip())
    click.echo(f"            {text(letter.message)}")
    sent = f"{letter.replayed_at}, {letter.replays} times" if letter.replayed_at else "no"
    click.echo(f"  replayed  {sent}")
    for entry in reversed(acts):
        click.echo(f"            {entry.recorded_at:{_MOMENT}} {entry.act} by {entry.actor.name}")
    click.echo(f"  key       {text(letter.key)}")
    for name, value in letter.headers:
        click.echo(f"  header    {text(name.encode())}: {text(value)}")
    click.echo(f"  value     {text(letter.value)}")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
