"""A programme as people and machines see it."""

from collections.abc import Sequence

from rich.table import Table

from headway.cli.output import console
from headway.program.program import Program
from headway.program.rewards_in_words import reward_in_words, worth_in_words
from headway.program.words import (
    life_in_words,
    membership_in_words,
    rules_in_words,
    tier_rules_in_words,
    tiers_in_words,
)


def facts(program: Program) -> dict[str, object]:
    """For machines."""
    return {
        "version": program.version,
        "name": program.name,
        "zone": str(program.zone),
        "from": program.from_at,
        "currency": program.currency,
        "rules": [
            {"id": rule, "gives": gives, "spendable": spendable}
            for rule, gives, spendable in rules_in_words(program)
        ],
        "life": life_in_words(program),
        "tiers": [{"name": name, "reached": reached} for name, reached in tiers_in_words(program)],
        "tier_rules": tier_rules_in_words(program),
        "membership": membership_in_words(program),
        "rewards": [
            {"id": r.id, "name": r.name, "points": r.points, "value_minor": r.value_minor,
             "currency": r.currency, "kind": r.kind, "in_words": reward_in_words(program, r)}
            for r in program.rewards
        ],
    }  # fmt: skip


def show_program(program: Program) -> None:
    """For people, on standard output."""
    from rich.markup import escape

    out = console()
    name = escape(program.name)
    out.print(f"[bold]{name}[/bold], from {program.from_at.isoformat()}, {program.zone}")
    out.print(_table("Earning", ("rule", "gives", "to spend"), rules_in_words(program)))
    for line in life_in_words(program):
        out.print(f"- {escape(line)}")
    if program.levels:
        out.print(_table("Tiers", ("tier", "reached"), tiers_in_words(program)))
    for line in (*tier_rules_in_words(program), *membership_in_words(program)):
        out.print(f"- {escape(line)}")
    if program.rewards:
        out.print(_rewards(program))
    for reward in program.rewards:
        if reward.kind != "money_off" or not reward.same_for_all or reward.limit or reward.stock:
            out.print(f"- {escape(reward.id)}: {escape(reward_in_words(program, reward))}")


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    from rich.markup import escape

    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _rewards(program: Program) -> Table:
    from rich.markup import escape

    table = Table("reward", "name", "kind", title="Rewards", title_justify="left")
    table.add_column("points", justify="right")
    table.add_column("value", justify="right")
    for reward in program.rewards:
        table.add_row(
            reward.id, escape(reward.name), reward.kind, f"{reward.points:,}",
            worth_in_words(reward),
        )  # fmt: skip
    return table
