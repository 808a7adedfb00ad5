"""`headway notify status|pause|resume|failed`: looking after the roads while they are in use."""

from typing import TYPE_CHECKING

import click

from headway.access import audit
from headway.cli.output import console, print_json, with_database
from headway.errors import UserError
from headway_notify import failures, pausing
from headway_notify.failures import Name

if TYPE_CHECKING:
    from headway.stream.positions import Connection

_MOMENT = "%Y-%m-%d %H:%M:%S"
_ROADS = click.Choice(pausing.ROADS)


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(as_json: bool) -> None:
    """Show how many messages are where on each road, and which roads are paused."""
    from rich.table import Table

    async def look(connection: "Connection") -> tuple[list[dict[str, object]], ...]:
        standing = [dict(row) for row in await failures.standing(connection)]
        return standing, [dict(row) for row in await pausing.pauses(connection)]

    standing, paused = with_database(look)
    if as_json:
        print_json({"messages": standing, "paused": paused})
        return
    table = Table("road", "state", "messages", "unsure", "since", pad_edge=False, box=None)
    for row in standing:
        waits = row["state"] in ("decided", "sending", "unknown") and row["oldest"]
        since = f"{row['oldest']:{_MOMENT}}" if waits else ""
        table.add_row(*map(str, (row["road"], row["state"], row["messages"], row["unsure"], since)))
    console().print(table if standing else "No messages yet.", markup=False)
    for row in paused:
        click.echo(
            f"paused: {row['road']} since {row['paused_at']:{_MOMENT}} by {row['paused_by']}:"
            f" {row['why']}"
        )


@click.command("pause")
@click.option("--road", type=_ROADS, default="all", show_default=True, help="What to stop.")
@click.option("--why", required=True, help="The reason, for whoever finds it stopped.")
def pause(road: str, why: str) -> None:
    """Stop sending within seconds, in all processes; what is being handed over is finished."""
    if not why.strip() or len(why) > 256:
        raise click.UsageError("--why should have 1 to 256 characters")

    async def stop(connection: "Connection") -> bool:
        by = audit.operator()
        async with connection.transaction():
            new = await pausing.pause(connection, road, why.strip(), by.name)
            if new:
                await audit.record(connection, by, "notify.pause", road, why=why.strip())
        return new

    click.echo(f"{road} is paused" if with_database(stop) else f"{road} was paused already")


@click.command("resume")
@click.option("--road", type=_ROADS, default="all", show_default=True, help="What to let go on.")
def resume(road: str) -> None:
    """Send again on a road that was paused; `all` ends that of all, not those of single roads."""

    async def go_on(connection: "Connection") -> bool:
        async with connection.transaction():
            was = await pausing.resume(connection, road)
            if was:
                await audit.record(connection, audit.operator(), "notify.resume", road)
        return was

    click.echo(f"{road} goes on" if with_database(go_on) else f"{road} was not paused")


@click.group("failed")
def failed() -> None:
    """Messages that failed, or of which nobody knows: list, show, replay.

    One is named by its notification's number, with the road behind a colon unless it is mail.
    """


@failed.command("list")
@click.option("--road", type=click.Choice(pausing.ROADS[1:]), help="Of this road alone.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(road: str | None, limit: int, as_json: bool) -> None:
    """List them, oldest first, with what the other side said."""
    from rich.table import Table

    rows = with_database(lambda connection: failures.listed(connection, road=road, limit=limit))
    if as_json:
        print_json([dict(row) for row in rows])
        return
    table = Table(
        "name", "member", "kind", "state", "tries", "said", "at", pad_edge=False, box=None
    )
    for row in rows:
        name = Name(row["notification"], row["road"])
        table.add_row(
            str(name), row["member_id"], row["kind"], row["state"], str(row["attempts"]),
            row["reply"], f"{row['at']:{_MOMENT}}",
        )  # fmt: skip
    console().print(table if rows else "Nothing failed.", markup=False)


@failed.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show one whole, as JSON: its facts, its tries, what was said last."""
    wanted = Name.parse(name)
    print_json(dict(with_database(lambda connection: failures.shown(connection, wanted))))


@failed.command("replay")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that failed; not what is unknown.")
@click.option(
    "--road", type=click.Choice(pausing.ROADS[1:]), help="With --all: of this road alone."
)
def replay(names: tuple[str, ...], everything: bool, road: str | None) -> None:
    """Have them sent again. What is unknown may then arrive twice, so it has to be named."""
    if bool(names) == everything:
        raise click.UsageError("name some, or say --all")
    given = [Name.parse(name) for name in names]

    async def again(connection: "Connection") -> list[Name]:
        async with connection.transaction():
            wanted = given
            if everything:
                rows = await failures.listed(connection, road=road, limit=1_000_000)
                ended = [row for row in rows if row["state"] == "failed"]
                wanted = [Name(row["notification"], row["road"]) for row in ended]
            done = await failures.replay(connection, wanted)
            for name in done:
                await audit.record(connection, audit.operator(), "notify.replay", str(name))
        return done

    done = with_database(again)
    for name in done:
        click.echo(f"{name} goes again")
    missing = [name for name in given if name not in done]
    if missing:
        raise UserError(
            f"not to be sent again: {', '.join(map(str, missing))}",
            "only what failed, or is unknown for good, can be",
        )
    if not done:
        click.echo("Nothing to send again.")


COMMANDS = (status, pause, resume, failed)
