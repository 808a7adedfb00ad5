"""Servers of the proofs' own, which are stopped and killed; and the page that keeps the figures."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from headway.local import LocalStack
from tests.notify.browser import chromium
from tests.proof.installation import Installation
from tests.proof.recording import Record, write_page

__all__ = ["chromium", "place", "record", "stack"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka and PostgreSQL for all proofs of this run."""
    with LocalStack(tmp_path_factory.mktemp("stack")) as running:
        running.start()
        yield running


@pytest.fixture
async def place(stack: LocalStack, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation that is prepared, with nothing running yet."""
    installation = Installation(stack, tmp_path)
    await installation.prepare()
    try:
        yield installation
    finally:
        await installation.end()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Iterator[Record]:
    """What this proof found, for docs/proof.md; kept only when it holds."""
    kept = Record(request.node.name)
    yield kept
    report = getattr(request.node, "outcome_of_call", None)
    if report == "passed":
        write_page(kept)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know how the test itself ended."""
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.outcome_of_call = report.outcome  # type: ignore[attr-defined]
    return report
