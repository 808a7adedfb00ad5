"""The demo from first server to last line."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from headway.contracts.topics import Topics
from headway.local.demo.bars import Bars
from headway.local.demo.commanding import headway
from headway.local.demo.dump import QUERIES, dump_lines, dump_mails, dump_topics, read_ledger
from headway.local.demo.households import Households
from headway.local.demo.outcome import Outcome, keep_one_mail, read_outcome
from headway.local.demo.phases import Phases
from headway.local.demo.programmes import DEFAULT, Chosen, choose
from headway.local.demo.publishing import Publisher
from headway.local.demo.quiet import Watch
from headway.local.demo.shoppers import Shoppers, goals_of
from headway.local.demo.stage import Folders, Stage
from headway.local.history import (
    History,
    cdnow_history,
    closing_event,
    file_history,
    wishes_of,
)
from headway.local.history.dice import Dice
from headway.local.stack import Endpoints
from headway.program.loading import load_document, load_program
from headway.program.program import Program
from headway.program.rewards import PAYING

_SEED = 1997
_REDEEM_OF_THOUSAND = {False: 60, True: 20}
_HOUSEHOLDS = 12
_PUBLISH = "publish the history"
_DECIDE = "decide the rest of it, the last redemptions"
_CLOSE = "close the last day: settle accounts, send mails"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    root: Path
    program: str = DEFAULT
    full: bool = False
    orders: Path | None = None
    keep_data: bool = False
    dump: Path | None = None


class Demo:
    """One run: `play` first, then `verify`, and `stop` at any point."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._phases = Phases()
        self._folders = Folders(options.root.absolute())
        self._stage = Stage(self._folders)
        self._shoppers: Shoppers | None = None
        self._program: Program

    async def play(self) -> tuple[History, Outcome]:
        """Start everything, publish, redeem, wait until all is quiet; tell what happened."""
        programme = choose(self._options.program)
        program = self._program = load_program(programme.text, file=programme.file)
        zone, households = program.zone, Households(program.pool_members, _HOUSEHOLDS)
        with self._phases.phase("start Kafka and PostgreSQL, read the history"):
            endpoints, history = await self._begin(programme, zone)
        with self._phases.phase("create tables and topics, publish the programme"):
            await self._stage.prepare(programme.text, programme.file)
        with self._phases.phase("start earn, redeem, notify and a mail server"):
            await asyncio.to_thread(self._stage.open, endpoints)
        async with Watch(self._stage.settings) as watch:
            await self._stream(history, zone, watch, households)
            await watch.database.execute(QUERIES.refresh_statistics)
            outcome = await read_outcome(watch.database)
            member_id = await watch.database.fetchval(QUERIES.stories)
        self._tell(history, outcome, member_id)
        return history, outcome

    def verify(self) -> bool:
        """Check the books and what was published; whether all is well."""
        with self._phases.phase("headway verify --topic"):
            return headway(self._stage.settings, "verify", "--topic") == 0

    async def dump(self) -> None:
        """Write everything of this run into the folder asked for, if one was."""
        folder = self._options.dump
        if folder is None:
            return
        settings = self._stage.settings
        with self._phases.phase("dump topics, ledger and mails"):
            await dump_topics(settings.kafka_bootstrap, settings.topic_prefix, folder / "topics")
            ledger = await read_ledger(settings.postgres_dsn)
            await asyncio.to_thread((folder / "engine.json").write_bytes, ledger)
            accepted = [] if self._shoppers is None else self._shoppers.accepted
            dump_lines(folder / "redemptions.jsonl", accepted)
            dump_mails(self._stage.services.mail, folder / "mails.jsonl")

    def stop(self) -> None:
        """Stop everything that runs."""
        with self._phases.phase("stop everything"):
            self._stage.stop(keep_data=self._options.keep_data)

    def tell_times(self) -> None:
        """Where the time went."""
        self._console.print(self._phases.table())

    def tell_where(self) -> None:
        """How to look around in what runs now."""
        settings, services = self._stage.settings, self._stage.services
        self._console.print(
            "Everything goes on running, on the stream's clock. To look around:\n"
            f"  export HEADWAY_KAFKA_BOOTSTRAP={settings.kafka_bootstrap}\n"
            f"  export HEADWAY_POSTGRES_DSN='{settings.postgres_dsn}'\n"
            f"  redemptions  {services.api}/v1/openapi.json (a key: headway keys create)\n"
            f"  metrics      {services.pages('earn')}/metrics\n"
            f"  logs         {services.logs}\n"
            f"  mails        {services.mail}\n"
            "Ctrl-C stops everything.",
            soft_wrap=True,
        )

    def check(self) -> None:
        """UserError when a service has ended on its own."""
        self._stage.services.check()

    async def _begin(self, programme: Chosen, zone: ZoneInfo) -> tuple[Endpoints, History]:
        """Servers and history; a file is read first, as it may well be wrong."""
        now = datetime.now(UTC)
        if self._options.orders is not None:
            history = file_history(self._options.orders, zone=zone, now=now, seed=_SEED)
            return await asyncio.to_thread(self._stage.raise_servers), history
        wishes = wishes_of(load_document(programme.text, file=programme.file))
        return await asyncio.gather(
            asyncio.to_thread(self._stage.raise_servers),
            asyncio.to_thread(
                cdnow_history,
                full=self._options.full,
                zone=zone,
                now=now,
                seed=_SEED,
                wishes=wishes,
            ),
        )

    async def _stream(
        self, history: History, zone: ZoneInfo, watch: Watch, households: Households
    ) -> None:
        settings, services = self._stage.settings, self._stage.services
        topics = Topics(settings.topic_prefix)
        publisher = Publisher(settings.kafka_bootstrap, topics)
        shoppers = self._shoppers = Shoppers(
            settings.kafka_bootstrap,
            topics,
            services.api,
            of_thousand=_REDEEM_OF_THOUSAND[self._options.full],
            dice=Dice(_SEED),
            households=households,
            goals=goals_of(self._program),
            paying=frozenset(r.id for r in self._program.rewards if r.kind in PAYING),
        )
        shopping = asyncio.create_task(shoppers.shop(self._stage.key))

        def look() -> None:
            services.check()
            if shopping.done():
                shopping.result()

        await publisher.start()
        try:
            async with Bars(self._console, settings, services.mail, history) as bars:
                with self._phases.phase(_PUBLISH):
                    await publisher.publish(history.events, zone, bars.sent)
                with self._phases.phase(_DECIDE):
                    await watch.wait(None, look)
                    shoppers.close()
                    await shopping
                with self._phases.phase(_CLOSE):
                    now = datetime.now(UTC)
                    await publisher.publish([closing_event(now)], zone)
                    await watch.wait(now, look)
        finally:
            shopping.cancel()
            await publisher.stop()

    def _tell(self, history: History, outcome: Outcome, member_id: str | None) -> None:
        console, accepted = self._console, self._shoppers.accepted if self._shoppers else []
        seconds = sum(self._phases.seconds(name) for name in (_PUBLISH, _DECIDE, _CLOSE))
        events = len(history.events)
        console.print(outcome.table(history.purchases, events, len(accepted), seconds))
        if member_id is not None:
            console.print(f"One member's story: headway member {member_id}", style="bold")
            headway(self._stage.settings, "member", member_id)
        page = keep_one_mail(self._stage.services.mail, member_id or "", self._folders.page)
        if page is not None:
            console.print(f"A mail to open in a browser: {page.as_uri()}", soft_wrap=True)


def run(options: Options, console: Console, hold: Callable[["Demo"], None]) -> bool:
    """Play, verify, dump, hold, stop; whether all is well. The last line says what happened.

    `hold` gets the demo while everything still runs. UserError when something failed; everything
    is stopped in any case.
    """
    demo = Demo(options, console)
    try:
        history, outcome = asyncio.run(demo.play())
        ok = demo.verify()
        asyncio.run(demo.dump())
        hold(demo)
    finally:
        demo.stop()
    demo.tell_times()
    console.print(
        f"headway demo: {history.purchases} purchases, {outcome.points_events} points events, "
        f"{outcome.sent} emails, verify {'ok' if ok else 'FAILED'}",
        soft_wrap=True,
        highlight=False,
    )
    return ok
