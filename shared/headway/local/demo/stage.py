"""The installation that a demo runs on: servers, services, an empty ledger and one programme."""

import fcntl
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from headway.errors import UserError
from headway.ledger.migrate import migrate
from headway.ledger.programs import publish
from headway.local.demo.pools import fill_pools
from headway.local.demo.secrets import MASTER_KEY_FILE
from headway.local.demo.services import Services
from headway.local.demo.shoppers import shoppers_key
from headway.local.stack import Endpoints, LocalStack
from headway.local.startup import folder_for
from headway.program.loading import load_program
from headway.runtime.settings import Settings
from headway.stream.topics_admin import create_topics


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a demo keeps what it leaves behind."""

    root: Path

    @property
    def servers(self) -> Path:
        """Data and logs of Kafka and PostgreSQL."""
        return self.root / "servers"

    @property
    def page(self) -> Path:
        """The mail to look at."""
        return self.root / "one-mail.html"

    def own(self) -> TextIO:
        """Take the folder until what is returned is closed; UserError while another demo has it."""
        folder_for(self.root)
        owned = (self.root / "owner").open("a+")
        try:
            fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owned.close()
            raise UserError(
                f"another demo runs in {self.root}",
                "wait for it, or choose another folder (--root)",
            ) from None
        return owned

    def clear(self) -> None:
        """Remove what an earlier demo left."""
        LocalStack(self.servers).erase()
        for name in ("logs", "mail", "run"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        self.page.unlink(missing_ok=True)
        (self.root / MASTER_KEY_FILE).unlink(missing_ok=True)


class Stage:
    """Servers and services of one demo; `stop` ends them all."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._stack = LocalStack(folders.servers)
        self._services: Services | None = None
        self._owned: TextIO | None = None
        self._settings: Settings | None = None
        self._key: str | None = None

    @property
    def settings(self) -> Settings:
        """Where the servers are; only after `raise_servers`."""
        assert self._settings is not None, "the servers have not been started"
        return self._settings

    @property
    def key(self) -> str:
        """The shoppers' API key, which nobody else gets to see; only after `prepare`."""
        assert self._key is not None, "there is no key yet"
        return self._key

    @property
    def services(self) -> Services:
        """The services; only after `open`."""
        assert self._services is not None, "the stage is not open yet"
        return self._services

    def raise_servers(self) -> Endpoints:
        """Start Kafka and PostgreSQL with nothing in them."""
        self._owned = self._folders.own()
        self._folders.clear()
        endpoints = self._stack.start()
        # Whatever the environment says: this is an installation of its own.
        self._settings = Settings(
            kafka_bootstrap=endpoints.kafka_bootstrap,
            postgres_dsn=endpoints.postgres_dsn,
            topic_prefix="headway.",
            group_prefix="headway-",
        )
        return endpoints

    async def prepare(self, programme: str, file: str) -> ZoneInfo:
        """Create tables and topics, publish the programme with codes for what it issues by itself,
        make a key; the programme's zone."""
        zone = load_program(programme, file=file).zone
        settings = self.settings
        await migrate(settings.postgres_dsn)
        await create_topics(settings.kafka_bootstrap, settings.topic_prefix)
        await publish(settings.postgres_dsn, programme, file=file)
        await fill_pools(settings.postgres_dsn, load_program(programme, file=file))
        self._key = await shoppers_key(settings.postgres_dsn)
        return zone

    def open(self, endpoints: Endpoints) -> None:
        """Start the services, which go by the stream's clock: the history is of other days."""
        self._services = Services(self._folders.root, endpoints, clock="stream")
        self._services.start()

    def close(self) -> None:
        """Stop the services, so that nothing changes any more; the servers go on."""
        if self._services is not None:
            self._services.stop()
            self._services = None

    def stop(self, *, keep_data: bool) -> None:
        """Stop everything, and remove the servers' data unless it is to be kept."""
        self.close()
        self._stack.stop()
        if self._owned is None:
            return
        if not keep_data:
            self._stack.erase()
        self._owned.close()
        self._owned = None
