"""`headway import history`: past orders to Kafka, as events that nobody is told of."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headway.cli.output import progress_bar, settings, snapshot
from headway.contracts.opening import IMPORTED, OPENING
from headway.contracts.topics import Topics
from headway.errors import UserError
from headway.ledger.openings import QUERIES
from headway.ledger.programs import read_programs
from headway.runtime import kafka

if TYPE_CHECKING:
    from headway.local.history.happenings import Order, SourceEvent

_JOINED = "member.joined"


async def import_history(file: Path, *, enrol: bool, only_check: bool) -> None:
    """Read all of the file, then send it in the order in which it happened."""
    from aiokafka.errors import KafkaError

    try:
        from headway.local.history import orders_file
    except ModuleNotFoundError as missing:
        raise UserError(
            f"reading past orders needs the package {missing.name}",
            "install Headway with its `local` extra: uv sync --extra local",
        ) from missing

    chosen = settings()
    async with snapshot(chosen.postgres_dsn) as connection:
        if not await connection.fetchval("select exists (select from program_versions)"):
            raise UserError("no programme is published", "run `headway program publish FILE`")
        now = datetime.now(UTC)
        zone = (await read_programs(connection)).at(now).zone
        orders, returns = orders_file.read_orders(file, zone, now)
        events = _events(orders, returns, enrol=enrol)
        members = sorted({event.member_id for event in events})
        rows = await connection.fetch(QUERIES.balances_until, members, OPENING)
        _refuse_twice(file, events, {row["member_id"]: row["as_of"] for row in rows})
    said = (
        f"{file}: {len(orders):,} orders and {len(returns):,} returns of {len(members):,} members"
    )
    if only_check:
        click.echo(f"{said}; check ok: nothing was sent")
        return
    from headway.local.demo.publishing import Publisher

    publisher = Publisher(kafka.connection(chosen), Topics(chosen.topic_prefix))
    try:
        await publisher.start()
        with progress_bar("events") as seen:
            sent = 0

            def count(events_sent: int) -> None:
                nonlocal sent
                sent += events_sent
                if seen is not None:
                    seen(sent, len(events))

            await publisher.publish(events, zone, count)
    except KafkaError as error:
        raise UserError(
            f"Kafka did not take it all: {error}",
            "check HEADWAY_KAFKA_BOOTSTRAP, and send the same file again: nothing counts twice",
        ) from error
    finally:
        await publisher.stop()
    click.echo(f"{said}; {sent:,} events sent to earn, `headway lag` says when it has read them")


def _events(
    orders: Sequence["Order"], returns: Iterable["SourceEvent"], *, enrol: bool
) -> list["SourceEvent"]:
    from headway.local.history import members
    from headway.local.history.happenings import SourceEvent, event_id, paid

    events = [paid(order, IMPORTED) for order in orders]
    events += [replace(event, source=IMPORTED) for event in returns]
    if enrol:
        for member_id, first in members.first_purchases(orders).items():
            at = members.joined_at(first)
            events.append(
                SourceEvent(_JOINED, event_id(_JOINED, member_id), IMPORTED, member_id, at)
            )
    return sorted(events, key=lambda event: (event.time, event.type != _JOINED, event.id))


def _refuse_twice(file: Path, events: Iterable["SourceEvent"], until: dict[str, datetime]) -> None:
    """Points of what was bought up to an opening balance are in that balance."""
    twice = sorted(
        {e.member_id for e in events if e.member_id in until and e.time <= until[e.member_id]}
    )
    if twice:
        raise UserError(
            f"{file}: {len(twice):,} members have an opening balance of a later day, "
            f"so they would be given the points twice: {', '.join(twice[:10])}",
            "leave their earlier orders out of the file",
        )
