"""Every mistake in a file of balances is named by line and column, with what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from headway.importing.balances_file import FileRefused, read_balances
from headway.program.loading import load_program
from headway.program.rules import MICRO
from tests.cli.test_import_balances import _HEAD, WRONG
from tests.ledger.factory import SHOES

PROGRAM = load_program(SHOES, version=1)
NOW = datetime(2026, 3, 3, 17, tzinfo=UTC)


def file_of(folder: Path, text: str) -> Path:
    path = folder / "balances.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("rows", WRONG)
def test_what_is_wrong_is_named(rows: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        read_balances(file_of(tmp_path, _HEAD + rows), "b", PROGRAM, NOW)
    assert WRONG[rows] in str(refused.value)
    assert len(refused.value.problems) == 1


def test_days_are_the_programmes_and_measures_are_in_its_units(tmp_path: Path) -> None:
    rows = "ann,5,2026-03-01,2026-12-31,,200.50,2026-03-02,4"
    (one,) = read_balances(file_of(tmp_path, _HEAD + rows), "b", PROGRAM, NOW)
    (lot,) = one.lots
    assert lot.earned_at == one.joined_at == datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert lot.expires_at == datetime(2027, 1, 1, 5, tzinfo=UTC)
    assert one.as_of == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert (one.measure, one.measured[0].amount, one.purchases) == ("spend", 20050, 4)

    text = SHOES.replace("measure: spend", "measure: points")
    (two,) = read_balances(
        file_of(tmp_path, _HEAD + "ann,5,2026-03-01,,,7,2026-03-02,"), "b",
        load_program(text, version=1), NOW,
    )  # fmt: skip
    assert (two.measure, two.measured[0].amount) == ("points", 7 * MICRO)


def test_without_the_column_points_live_as_the_programme_says(tmp_path: Path) -> None:
    head = "member_id,points,earned_at\n"
    (one,) = read_balances(file_of(tmp_path, head + "ann,5,2026-03-01"), "b", PROGRAM, NOW)
    assert one.lots[0].by_programme
    (two,) = read_balances(file_of(tmp_path, _HEAD + "ann,5,2026-03-01,,,,,"), "b", PROGRAM, NOW)
    assert not two.lots[0].by_programme
