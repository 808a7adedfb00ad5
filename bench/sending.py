"""`python -m bench.sending`: how fast does notify send, beside a bare aiosmtplib loop?

Both hand the same number of mails of the same size to the same mail sink, over as many sessions, in
turn, round after round. Notify claims each mail in Postgres, composes it, sends it and marks it;
the loop sends one that was composed beforehand, and keeps nothing.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiosmtplib
import asyncpg
import click
import uvloop
from rich.console import Console

from bench.direct import load
from bench.servers import Databases
from headway.contracts.contact import ContactUpdated
from headway.ledger.migrate import migrate
from headway.ledger.programs import publish
from headway.ledger.queries import load as load_queries
from headway.local import LocalStack
from headway.local.smtp_sink import count_mails, read_mails
from headway.runtime.clock import SystemClock
from headway.runtime.database import Database
from headway.runtime.health import Health
from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.root import open_vault
from headway_notify.compose import Composer
from headway_notify.contacts.writing import write_contacts
from headway_notify.mime import Sender
from headway_notify.programmes import Programmes
from headway_notify.roads.wiring import roads
from headway_notify.settings import NotifySettings

CONSOLE = Console()
RESULTS = Path(__file__).parent / "results" / "sending.json"
PROGRAM = Path(__file__).parents[1] / "examples" / "programs" / "shoes.yaml"
SQL = load_queries("bench", "sending.sql")
GOAL = 0.5
KEY = new_master_key()
FROM = "Stride Shoes <rewards@example.com>"


@asynccontextmanager
async def sink(folder: Path) -> AsyncIterator[int]:
    """The mail sink as a process of its own; gives its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "headway.local.smtp_sink", "--port", "0", "--dir", str(folder),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdout is None:
        raise RuntimeError("the sink has no output")
    said = (await process.stdout.readline()).decode()
    try:
        yield int(said.partition("127.0.0.1:")[2].partition(" ")[0])
    finally:
        process.terminate()
        await process.wait()


async def by_notify(dsn: str, port: int, mails: int, sessions: int, fresh: int) -> float:
    """Mails a second of the delivery as it ships, from its start to its last mark."""
    settings = NotifySettings(
        postgres_dsn=dsn, smtp_port=port, smtp_from=FROM, smtp_connections=sessions
    )
    connection = await asyncpg.connect(dsn)
    vault = await open_vault(connection, MasterKeys.parse(KEY))
    members = [f"r{fresh}m{number}" for number in range(mails)]
    contacts = [
        ContactUpdated(member_id=one, email=f"{one}@example.com", name="Maria") for one in members
    ]
    await write_contacts(connection, vault, contacts, [])
    await connection.execute(SQL.decided, members)
    await connection.execute("vacuum analyze notify.notifications")
    database, health = Database(settings, "bench-sending"), Health()
    programmes = Programmes(lambda: database.pool)
    composer = Composer(programmes, lambda: vault, Sender.parse(FROM))
    out = roads(
        lambda: database.pool, lambda: vault, settings, SystemClock(), composer, programmes,
        "unused", health,
    )  # fmt: skip
    await database.start()
    started = time.perf_counter()
    for service in out.services:
        await service.start()
    while True:
        if not await connection.fetchval(SQL.waiting):
            break
        await asyncio.sleep(0.02)
    took = time.perf_counter() - started
    for service in reversed(out.services):
        await service.stop()
    await database.stop()
    await connection.close()
    return mails / took


async def by_loop(port: int, message: bytes, mails: int, sessions: int) -> float:
    """Mails a second of the bare loop."""

    async def session(share: range) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
            for number in share:
                await client.sendmail("rewards@example.com", [f"m{number}@example.com"], message)

    started = time.perf_counter()
    await asyncio.gather(*(session(range(n, mails, sessions)) for n in range(sessions)))
    return mails / (time.perf_counter() - started)


async def measure(dsn: str, mails: int, sessions: int, rounds: int) -> dict[str, object]:
    """All figures, as they go to the results."""
    await migrate(dsn)
    await publish(dsn, PROGRAM.read_text())
    found: list[dict[str, float]] = []
    with TemporaryDirectory() as folder:
        async with sink(Path(folder)) as port:
            await by_notify(dsn, port, 200, sessions, 0)  # nothing is compiled or cached before it
            message = next(read_mails(Path(folder))).content.replace(b"\n", b"\r\n")
            await by_loop(port, message, 200, sessions)
            for number in range(rounds):
                before = count_mails(Path(folder))
                notify = await by_notify(dsn, port, mails, sessions, number + 1)
                loop = await by_loop(port, message, mails, sessions)
                if count_mails(Path(folder)) - before != 2 * mails:
                    raise RuntimeError("mails were lost or doubled")
                found.append({"notify": round(notify), "loop": round(loop)})
                CONSOLE.print(f"round {number + 1}: {notify:,.0f} by notify, {loop:,.0f} by loop")
    ratio = median(one["notify"] / one["loop"] for one in found)
    return {"ratio": round(ratio, 3), "goal": GOAL, "mails_per_s": found, "bytes": len(message)}


@click.command()
@click.option("--mails", default=3000, show_default=True, help="Of each side in a round.")
@click.option("--sessions", default=16, show_default=True)
@click.option("--rounds", default=5, show_default=True)
@click.option("--check", is_flag=True, help="Exit 1 when the goal is missed.")
def main(mails: int, sessions: int, rounds: int, check: bool) -> None:
    """Compare notify's sending with a bare loop; keep bench/results/sending.json."""
    before = load()
    with LocalStack.temporary(fast_start=False) as stack:
        server = Databases(stack.start(kafka=False).postgres_dsn)

        async def run() -> dict[str, object]:
            return await measure(await server.fresh("bench_sending"), mails, sessions, rounds)

        told = uvloop.run(run())
    told |= {"mails": mails, "sessions": sessions, "load_before": before}
    told["measured_at"] = datetime.now(UTC).date().isoformat()
    CONSOLE.print(f"ratio {told['ratio']} (goal {GOAL})")
    RESULTS.write_text(json.dumps(told, indent=2) + "\n")
    if check and float(str(told["ratio"])) < GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
