"""The composition root of redeem: everything is wired here, and nowhere else."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import mode
from fastapi import FastAPI

from headway.ledger.programs import ProgramCache
from headway.runtime.clock import Clock, StreamClock, SystemClock
from headway.runtime.database import Database
from headway.runtime.health import Health
from headway.runtime.host import run
from headway.runtime.kafka import connection
from headway.runtime.metrics import watch_pool
from headway.runtime.settings import read
from headway.runtime.web import WebServer
from headway.stream.relay import Relay, RelayOptions
from headway_redeem.adjustments import Adjustments
from headway_redeem.admin_api import AdminCommands
from headway_redeem.api import build
from headway_redeem.code_giver import CodeGiver
from headway_redeem.erasing import Erasing
from headway_redeem.exporting import Exporting
from headway_redeem.gate import Gate, Limits, Owners
from headway_redeem.goals import Goals
from headway_redeem.keyring import Keyring
from headway_redeem.lookup import Lookup
from headway_redeem.pools import Pools
from headway_redeem.pools_api import SharingCommands
from headway_redeem.rates import Limit
from headway_redeem.redemptions import Redemptions
from headway_redeem.settings import RedeemSettings
from headway_redeem.stocking import Stocking
from headway_redeem.sweeper import Sweeper
from headway_redeem.tokens import Tokens
from headway_redeem.transfers import Transfers

NAME = "redeem"
CLOCK_GROUP = "earn"
"""The consumer group whose progress is the stream's time."""


class _Unasked(Health):
    """Health for a part whose trouble is told, but keeps nobody from being served.

    Without Kafka nothing is published, yet every redemption is safe in the outbox: taking the
    API out of service would only add an outage.
    """

    def __init__(self, health: Health) -> None:
        super().__init__()
        self._health = health

    def expect(self, loop: str, within: float) -> None:
        """As the service's own."""
        self._health.expect(loop, within)

    def beat(self, loop: str) -> None:
        """As the service's own."""
        self._health.beat(loop)

    def forget(self, loop: str) -> None:
        """As the service's own."""
        self._health.forget(loop)


def _api(
    settings: RedeemSettings, database: Database, programs: ProgramCache, clock: Clock,
    wake: Callable[[], None],
) -> FastAPI:  # fmt: skip
    redemptions = Redemptions(
        lambda: database.pool, programs, clock, settings.topic_prefix, wake,
        hold=timedelta(seconds=settings.redeem_hold_seconds),
        lock_timeout=timedelta(seconds=settings.redeem_lock_seconds),
    )  # fmt: skip
    reads = Lookup(lambda: database.pool, programs, clock)
    return build(
        settings, redemptions, reads, gate(settings, lambda: database.pool, reads),
        admin(settings, lambda: database.pool, programs, clock, settings.topic_prefix, wake),
        sharing(settings, lambda: database.pool, programs, clock, settings.topic_prefix, wake),
        Goals(
            lambda: database.pool, programs, clock, settings.topic_prefix, wake,
            timedelta(seconds=settings.redeem_lock_seconds),
        ),
    )  # fmt: skip


def sharing(
    settings: RedeemSettings, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"],
    programs: ProgramCache, clock: Clock, topic_prefix: str, wake: Callable[[], None],
) -> SharingCommands:  # fmt: skip
    """What members can do with each other."""
    lock_timeout = timedelta(seconds=settings.redeem_lock_seconds)
    return SharingCommands(
        Transfers(pool, programs, clock, topic_prefix, wake, lock_timeout),
        Pools(pool, programs, clock, topic_prefix, wake, lock_timeout),
    )


def admin(
    settings: RedeemSettings, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"],
    programs: ProgramCache, clock: Clock, topic_prefix: str, wake: Callable[[], None],
) -> AdminCommands:  # fmt: skip
    """What operators can do."""
    lock_timeout = timedelta(seconds=settings.redeem_lock_seconds)
    return AdminCommands(
        Adjustments(
            pool, programs, clock, topic_prefix, wake,
            limit=settings.redeem_adjust_limit, lock_timeout=lock_timeout,
        ),
        Stocking(pool, programs, clock, topic_prefix, wake, lock_timeout),
        Exporting(pool),
        Erasing(pool, programs, clock, topic_prefix, wake, lock_timeout),
    )  # fmt: skip


def gate(
    settings: RedeemSettings, pool: Callable[[], "asyncpg.Pool[asyncpg.Record]"], reads: Lookup
) -> Gate:
    """Who gets in, by the keys in the database."""
    now = SystemClock().now
    keyring = Keyring(pool, trusted=settings.redeem_key_seconds)
    window = settings.redeem_rate_seconds
    limits = Limits(
        Limit("key", settings.redeem_rate_key, window),
        Limit("member", settings.redeem_rate_member, window),
    )
    owners = Owners(reads.owner, reads.pools.is_joined)
    return Gate(keyring, Tokens(settings.token_secrets, now), owners, limits, now)


def services(settings: RedeemSettings, health: Health) -> Sequence[mode.Service]:
    """Database, clock, relay, sweeper, code giver and API, in the order in which they start."""
    database = Database(settings, f"headway-{NAME}")
    watch_pool(lambda: database.pool)
    stream = StreamClock(lambda: database.pool, settings.group(CLOCK_GROUP))
    follows_stream = settings.clock == "stream"
    clock: Clock = stream if follows_stream else SystemClock()
    relay = Relay(RelayOptions(connection(settings), settings.postgres_dsn), _Unasked(health))
    programs = ProgramCache()
    sweeper = Sweeper(
        lambda: database.pool, programs, clock, settings.topic_prefix, health, relay.wake,
        every=settings.redeem_sweep_every, batch=settings.redeem_sweep_batch,
    )  # fmt: skip
    giver = CodeGiver(
        lambda: database.pool, programs, clock, health, every=settings.redeem_sweep_every
    )
    api = _api(settings, database, programs, clock, relay.wake)
    web = WebServer(api, settings.api_bind, settings.api_port, health)
    return [database, *([stream] if follows_stream else []), relay, sweeper, giver, web]


def document() -> dict[str, Any]:
    """The API's OpenAPI document; nothing is started for it."""
    settings = read(RedeemSettings)
    database = Database(settings, NAME)
    return _api(settings, database, ProgramCache(), SystemClock(), lambda: None).openapi()


def main() -> None:
    """Run redeem until told to stop."""
    health = Health()
    settings = read(RedeemSettings)
    run(NAME, services(settings, health), settings, health)
