"""A folder for a stack of a test's own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.local import LocalStack


@pytest.fixture
def root() -> Iterator[Path]:
    """An empty folder that PostgreSQL's user may enter too, which pytest's own may not be."""
    folder = Path(tempfile.mkdtemp(prefix="headway-"))
    yield folder
    LocalStack(folder).erase()
