"""A ledger with something of everything in it, made once and copied for each test."""

import uuid
from collections.abc import Iterator

import pytest

from headway.local import Endpoints
from tests.conftest import in_database, run_apart
from tests.ledger.factory import busy_months, open_shop
from tests.ledger.tampering import execute


@pytest.fixture(scope="module")
def busy_template(endpoints: Endpoints, template: str) -> Iterator[str]:
    """The name of a database that holds busy months."""
    name = f"busy_{uuid.uuid4().hex[:12]}"
    server = endpoints.postgres_dsn
    run_apart(execute(server, f"create database {name} template {template}"))
    run_apart(_fill(in_database(server, name)))
    yield name
    run_apart(execute(server, f"drop database {name} with (force)"))


@pytest.fixture
def busy_database(endpoints: Endpoints, busy_template: str) -> Iterator[str]:
    """The DSN of a copy of it, the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = endpoints.postgres_dsn
    run_apart(execute(server, f"create database {name} template {busy_template}"))
    yield in_database(server, name)
    run_apart(execute(server, f"drop database {name} with (force)"))


async def _fill(dsn: str) -> None:
    async with open_shop(dsn) as shop:
        await busy_months(shop)
