"""The commands of an operator: codes in pools, and how many there are of a reward."""

import json
from pathlib import Path

import pytest

from headway.ledger.programs import publish
from tests.cli.running import headway
from tests.conftest import run_apart
from tests.redeem.kit import CATALOGUE


@pytest.fixture
def published(database: str) -> str:
    """A database with a programme that has every kind of reward."""
    run_apart(publish(database, CATALOGUE))
    return database


def test_codes_come_in_and_are_counted(published: str, tmp_path: Path) -> None:
    file = tmp_path / "codes.txt"
    file.write_text("SPA-1\nSPA-2\n\nSPA-3\n")
    said = headway("codes", "import", str(file), "--pool", "spa", postgres_dsn=published)
    assert said == "pool spa: 3 codes are new\n"
    file.write_text("SPA-3\nSPA-4\n")
    said = headway("codes", "import", str(file), "--pool", "spa", postgres_dsn=published)
    assert said == "pool spa: 1 codes are new, 1 were there\n"
    file.write_text("A-1234\nB-1234\nA-1234\n")
    said = headway("codes", "import", str(file), "--pool", "spa", code=2, postgres_dsn=published)
    assert "in lines 3 (as 1)" in said
    assert "A-1234" not in said
    headway("codes", "generate", "--pool", "made", "--count", "7", postgres_dsn=published)
    assert json.loads(headway("codes", "list", "--json", postgres_dsn=published)) == [
        {"pool": "made", "state": "free", "codes": 7},
        {"pool": "spa", "state": "free", "codes": 4},
    ]


def test_stock_is_what_the_operator_says(published: str) -> None:
    said = headway("rewards", "stock", "mug", "--total", "3", postgres_dsn=published)
    assert said == "mug: 3 in all, 0 taken, 3 left\n"
    listed = json.loads(headway("rewards", "list", "--json", postgres_dsn=published))
    stocks = {one["reward_id"]: one["stock"] for one in listed if one["stock"]}
    assert stocks["mug"] == {"reward_id": "mug", "total": 3, "taken": 0}
    assert stocks["hike"]["total"] == 2, "as the programme says"
    said = headway("rewards", "stock", "five", "--total", "3", code=2, postgres_dsn=published)
    assert "reward five is not counted" in said
    said = headway("rewards", "stock", "none", "--total", "3", code=2, postgres_dsn=published)
    assert "no programme has a reward 'none'" in said
    assert "A guided hike" in headway("rewards", "list", postgres_dsn=published)


def test_setting_stock_is_in_the_audit_log(published: str) -> None:
    headway("rewards", "stock", "mug", "--total", "30", postgres_dsn=published)
    headway("rewards", "stock", "nothing", "--total", "30", code=2, postgres_dsn=published)
    entries = json.loads(headway("audit", "--json", postgres_dsn=published))
    assert [(one["act"], one["target"], one["detail"]) for one in entries] == [
        ("stock.set", "mug", {"total": 30})
    ]
