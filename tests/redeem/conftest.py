"""A shop for each test, whose books must add up whatever the test did."""

from collections.abc import AsyncIterator

import pytest

from headway.ledger.replay import replay
from headway.ledger.verify import verify
from tests.redeem.kit import CATALOGUE, SECRET, SHARING, Shop, open_shop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    """An API on a ledger of the test's own, with the example programme; verified afterwards."""
    async with open_shop(database) as opened:
        yield opened
        await _verified(opened)


@pytest.fixture
async def catalogue(database: str) -> AsyncIterator[Shop]:
    """The same with a programme that has every kind of reward; decided again afterwards, too."""
    async with open_shop(database, programme=CATALOGUE) as opened:
        yield opened
        await _verified(opened)
        async with (
            opened.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            assert (await replay(connection)).differences == []


async def _verified(shop: Shop) -> None:
    async with (
        shop.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        report = await verify(connection)
    assert [(c.name, c.findings) for c in report.checks.values() if not c.ok] == []


@pytest.fixture
async def household(database: str) -> AsyncIterator[Shop]:
    """The same with a programme in which members share; decided again afterwards, too."""
    async with open_shop(database, programme=SHARING, redeem_token_secrets=SECRET) as opened:
        yield opened
        await _verified(opened)
        async with (
            opened.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            assert (await replay(connection)).differences == []


@pytest.fixture
async def breakable(database: str) -> AsyncIterator[Shop]:
    """The same, for a test that breaks the database on purpose."""
    async with open_shop(database) as opened:
        yield opened
