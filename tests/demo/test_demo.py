"""The whole main job on real servers, and an oracle that computes the same by other code."""

import csv
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headway.local.demo.stage import Folders
from headway.local.history import cdnow
from headway.local.history.orders_file import COLUMNS
from tests.oracle_dump import differences

ROOT = Path(__file__).parents[2]
PROGRAMME = (ROOT / "examples/programs/shoes.yaml").read_text(encoding="utf-8")
LAST_LINE = re.compile(
    r"headway demo: (\d+) purchases, (\d+) points events, (\d+) emails, verify ok"
)


def play(folder: Path, *arguments: str, within: float) -> tuple[int, int, int]:
    """Run the demo; purchases, points events and mails as its last line has them."""
    environment = {n: text for n, text in os.environ.items() if not n.startswith("HEADWAY_")}
    done = subprocess.run(
        [sys.executable, "-c", "from headway.cli import main; main()", "demo",
         "--root", str(folder / "demo"), "--dump", str(folder / "dump"), *arguments],
        env=environment, capture_output=True, text=True, timeout=within, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    last = LAST_LINE.fullmatch(done.stdout.splitlines()[-1])
    assert last, done.stdout[-3000:]
    purchases, events, mails = map(int, last.groups())
    return purchases, events, mails


def small_shop(path: Path) -> int:
    """The orders of CDNOW's first hundred sampled customers, some returned, of last year."""
    start = datetime.now(UTC) - timedelta(days=600)
    bought = [p for p in cdnow.purchases(full=False) if p.customer < "01000"]
    first = min(purchase.day for purchase in bought)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for purchase in bought:
            at = start + (purchase.day - first) + timedelta(minutes=purchase.row)
            line = ("1", "sku", "boots")
            name, dollars = f"o-{purchase.row}", f"{purchase.cents / 100:.2f}"
            rows.writerow([name, purchase.customer, at, *line, purchase.quantity, dollars, "USD"])
            if purchase.row % 9 == 0:
                named = name if purchase.row % 2 else ""
                back = at + timedelta(days=9)
                rows.writerow([named, purchase.customer, back, *line, -1, "", "USD"])
    return len(bought)


@pytest.mark.proof
@pytest.mark.timeout(400)
def test_a_shop_of_ones_own_agrees_with_the_oracle(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    purchases = small_shop(orders)
    told = play(tmp_path, "--orders", str(orders), within=380)
    assert told[0] == purchases > 200
    assert told[1] > purchases
    assert told[2] > 100
    assert differences(tmp_path / "dump", PROGRAMME) == []
    page = (tmp_path / "demo/one-mail.html").read_text(encoding="utf-8")
    assert "<html" in page.lower()


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("flags", "purchases"), [((), 6_919), (("--full",), 69_659)])
def test_cdnow_agrees_with_the_oracle(
    tmp_path: Path, flags: tuple[str, ...], purchases: int
) -> None:
    told = play(tmp_path, *flags, within=880)
    assert told[0] == purchases
    assert differences(tmp_path / "dump", PROGRAMME) == []


def refused(folder: Path, *arguments: str) -> str:
    """Run a demo that cannot begin; what it says."""
    done = subprocess.run(
        [sys.executable, "-c", "from headway.cli import main; main()", "demo",
         "--root", str(folder), *arguments],
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_history_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("order_id\n1\n")
    said = refused(tmp_path / "demo", "--orders", str(orders))
    assert "line 1: no column member_id" in said
    assert not (tmp_path / "demo").exists()


def test_a_programme_that_is_not_there_starts_nothing(tmp_path: Path) -> None:
    said = refused(tmp_path / "demo", "--program", "shoe-vipp")
    assert "shoe-vipp is no example, and cannot be read as a file" in said
    assert "name a programme file in UTF-8, or one of beauty-tiers, " in said
    assert not (tmp_path / "demo").exists()


def test_a_second_demo_leaves_the_first_ones_folder_alone(tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    mail.mkdir()
    with Folders(tmp_path).own():
        assert "another demo runs in" in refused(tmp_path)
    assert mail.exists()
