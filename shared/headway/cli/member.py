"""`headway member`: one member's account, told so that support can read it out."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from headway.cli.output import console, print_json, run, settings, snapshot

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from headway.ledger.story import MemberAccount, StoryLine

_OWN = ("pending", "available", "reserved", "owed")
_MOMENT = "%Y-%m-%d %H:%M"


@click.command("member")
@click.argument("member_id", metavar="ID")
@click.option("--lots/--no-lots", default=True, help="The points by what they were earned for.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(member_id: str, lots: bool, as_json: bool) -> None:
    """Show what member ID has and why: balance, lots, tier, and the rule behind each line.

    Inputs that gave nothing are there with the reason, and so is what still waits. Balances are
    as of the account's own time: what has fallen due since is settled by the next event or job.

    Exits 0; 2 when the ledger knows no such member or cannot be reached.
    """
    member = run(_read(settings().postgres_dsn, member_id))
    from headway.ledger.story import facts, tell

    if as_json:
        print_json(facts(member))
        return
    out = console()
    _print_account(out, member)
    if lots:
        _print_lots(out, member)
    _print_waiting(out, member)
    out.print(story_table(tell(member)))


async def _read(dsn: str, member_id: str) -> "MemberAccount":
    from headway.ledger.story import read_member

    async with snapshot(dsn) as connection:
        return await read_member(connection, member_id)


def story_table(lines: Iterable["StoryLine"], title: str = "History") -> "Table":
    """The lines of a story; what points moved stands indented under what moved them."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", pad_edge=False, box=None)
    table.add_column("when", no_wrap=True)
    table.add_column("what happened, and by which rule", overflow="fold")
    for column in ("points", *_OWN):
        table.add_column(column, justify="right", no_wrap=True)
    for line in lines:
        head = line.seq is None
        table.add_row(
            line.at.strftime(_MOMENT),
            f"[bold]{escape(line.what)}[/bold]" if head else f"  {escape(line.what)}",
            "" if head else _signed(line),
            *("" if head or not amount else f"{amount:,}" for amount in line.after),
        )
    return table


def _signed(line: "StoryLine") -> str:
    """Points that came to the member with +, that left with -, and else that only moved."""
    if line.source not in _OWN:
        return f"+{line.points:,}"
    return f"{line.points:,}" if line.target in _OWN else f"-{line.points:,}"


def _print_account(out: "Console", member: "MemberAccount") -> None:
    from rich.markup import escape
    from rich.panel import Panel

    from headway.domain.progress import progress
    from headway.program.money import to_text

    if member.held is not None:
        out.print(
            Panel(
                f"[bold]HELD[/bold]: jobs leave this account alone until a person has looked.\n"
                f"{escape(member.held)}\n-> mend the cause, then "
                f"headway held let-go {member.account_id}",
                style="red",
            )
        )
    balances = member.balances
    out.print(f"[bold]Member {escape(member.member_id)}[/bold], account {member.account_id}")
    out.print(
        f"{balances.available:,} points to spend, {balances.pending:,} pending, "
        f"{balances.reserved:,} held for rewards, {-balances.owed:,} owed"
    )
    if member.account_time is None:
        out.print("not joined yet")
        return
    program = member.programs.at(member.account_time)
    names = {level.id: level.name for level in program.levels}
    ahead = progress(program, balances.available, balances.owed, member.tier, member.account_time)
    ready = ", ".join(reward.name for reward in ahead.ready) or "nothing yet"
    out.print(f"can get now: {escape(ready)}")
    if ahead.next is not None:
        out.print(f"{ahead.next.missing:,} more points to {escape(ahead.next.reward.name)}")
    saved = ", ".join(to_text(minor, currency) for currency, minor in member.saved.items())
    out.print(f"saved so far: {saved or 'nothing'}")
    facts = [("tier", names.get(member.tier, member.tier) or "none")]
    for name, moment in (
        ("joined", member.joined_at), ("left", member.left_at),
        ("as of", member.account_time), ("next due", member.next_due_at),
    ):  # fmt: skip
        if moment is not None:
            facts.append((name, moment.astimezone(program.zone).strftime(_MOMENT)))
    facts += [("version", str(member.version)), ("times in", str(program.zone))]
    out.print(", ".join(f"{name} {value}" for name, value in facts))


def _print_lots(out: "Console", member: "MemberAccount") -> None:
    from rich.table import Table

    open_lots = [lot for lot in member.lots if lot.pending or lot.available or lot.reserved]
    if not open_lots:
        return
    table = Table(title="Points by what they were earned for", title_justify="left", box=None)
    table.add_column("lot", justify="right")
    for column in ("earned for", "rule"):
        table.add_column(column)
    for column in ("pending", "available", "reserved"):
        table.add_column(column, justify="right")
    for column in ("to spend from", "expires on"):
        table.add_column(column, no_wrap=True)
    for lot in open_lots:
        program = member.programs.version(lot.program_version)
        until = "never" if lot.expires_at is None else str(program.day(lot.expires_at))
        award = lot.award + (f" line {lot.line_id}" if lot.line_id else "")
        table.add_row(
            str(lot.lot), award, lot.rule, f"{lot.pending:,}", f"{lot.available:,}",
            f"{lot.reserved:,}", str(program.day(lot.activates_at)), until,
        )  # fmt: skip
    out.print(table)


def _print_waiting(out: "Console", member: "MemberAccount") -> None:
    from rich.markup import escape

    for item in member.inputs:
        if item.waits_for is not None and item.since is not None:
            out.print(
                f"[yellow]waiting[/yellow] since {item.since.strftime(_MOMENT)} UTC for "
                f"{escape(item.waits_for)}: {item.kind} {escape(item.id)}"
            )
    for one in member.redemptions:
        if one.state == "reserved":
            out.print(
                f"{one.points:,} points held for {escape(one.reward_name)} until "
                f"{one.held_until.strftime(_MOMENT)} UTC ({one.redemption_id})"
            )
