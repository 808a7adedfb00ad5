"""The engine's core decides on a year, and the oracle finds nothing to object to in any version."""

from datetime import date

import pytest

from tests.year.build import programme, year
from tests.year.engine import lived
from tests.year.test_following import LIVES, TIERS


@pytest.mark.parametrize(("points", "tiers"), list(zip(LIVES, TIERS, strict=True)))
def test_the_oracle_agrees_with_every_version(
    points: dict[str, object], tiers: dict[str, object]
) -> None:
    engine = lived(programme(points=points, tiers=tiers), year(60, last_day=date(2026, 3, 31)).sent)
    differing, result = engine.differences()
    assert differing == []
    assert len(result.facts) > 1000
    assert engine.commands
