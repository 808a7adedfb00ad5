"""A mail server of a test's own, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from headway.ledger.programs import publish
from headway.local.smtp_sink import KeptMail, read_mails
from tests.notify.account import SHOES
from tests.notify.browser import chromium
from tests.notify.desk import Desk

__all__ = ["MailServer", "chromium", "mail_server", "pool", "start_mail_server"]


@dataclass
class MailServer:
    """A running mail sink."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    def mails(self) -> list[KeptMail]:
        """What it has kept so far."""
        return list(read_mails(self.folder))

    def stop(self) -> None:
        """End it; the mails stay."""
        self.process.terminate()
        self.process.wait(10)


def start_mail_server(folder: Path, port: int = 0) -> MailServer:
    """Start one that keeps its mails in `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headway.local.smtp_sink", "--port", str(port), "--dir", folder],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    found = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert found is not None, line
    return MailServer(process, int(found[1]), folder)


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    """A mail server that ends with the test."""
    server = start_mail_server(tmp_path / "mail")
    yield server
    server.stop()


@pytest.fixture
async def pool(database: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Connections to the test's database, in which the shop's programme is published."""
    await publish(database, SHOES)
    async with asyncpg.create_pool(database, min_size=1, max_size=6) as connections:
        yield connections


@pytest.fixture
async def desk(pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[Desk]:
    """The web application and the feedback loop on the test's database."""
    found = await Desk.open(pool)
    async with found.client:
        yield found
