"""`headway audit`: who did what."""

from typing import TYPE_CHECKING

import click

from headway.cli.output import console, print_json, run, settings, snapshot

if TYPE_CHECKING:
    from headway.access.audit import Entry


@click.command("audit")
@click.option("--target", help="Only what was done to this: a key's or a member's id.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(target: str | None, limit: int, as_json: bool) -> None:
    """List admin acts and changes to API keys, newest first.

    The database refuses to change or remove what is listed. Exits 0; 2 when it cannot be read.
    """
    from rich.table import Table

    found = run(_read(settings().postgres_dsn, limit, target))
    if as_json:
        print_json([{**entry._asdict(), "actor": entry.actor._asdict()} for entry in found])
        return
    table = Table(
        "when (UTC)", "who", "did", "to", "outcome", "request", "with", pad_edge=False, box=None
    )
    for entry in found:
        table.add_row(
            f"{entry.recorded_at:%Y-%m-%d %H:%M:%S}", f"{entry.actor.kind} {entry.actor.name}",
            entry.act, entry.target, entry.outcome, entry.request_id,
            " ".join(f"{name}={value}" for name, value in entry.detail.items()),
        )  # fmt: skip
    console().print(table if found else "Nothing was done yet.", markup=False)


async def _read(dsn: str, limit: int, target: str | None) -> "list[Entry]":
    from headway.access.audit import entries

    async with snapshot(dsn) as connection:
        return await entries(connection, limit=limit, target=target)
