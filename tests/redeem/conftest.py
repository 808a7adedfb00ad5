"""A shop for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.redeem.kit import Shop, open_shop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    """An API on a ledger of the test's own, with the example programme."""
    async with open_shop(database) as opened:
        yield opened
