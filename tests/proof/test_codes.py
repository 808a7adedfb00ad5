"""A million voucher codes, made and brought in, in under a minute each, and none of them twice."""

import time
from pathlib import Path

import pytest

from tests.proof.installation import Installation
from tests.proof.recording import Record

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

MILLION = 1_000_000
WITHIN = 60
"""Seconds."""


async def test_a_million_codes_are_brought_in_within_a_minute(
    place: Installation, record: Record, tmp_path: Path
) -> None:
    file = tmp_path / "codes.txt"
    # Scattered over the index, as codes are: 2654435761 is odd, so no two are the same.
    file.write_text("".join(f"{number * 2654435761 % 2**40:010X}\n" for number in range(MILLION)))
    imported = await timed(place, "codes", "import", str(file), "--pool", "uploaded")
    again = await timed(place, "codes", "import", str(file), "--pool", "uploaded")
    made = await timed(place, "codes", "generate", "--pool", "made", "--count", str(MILLION))
    code, said = await place.headway("codes", "list", "--json")
    assert code == 0, said
    assert said.count(f'"codes": {MILLION}') == 2, said
    record.note(codes=MILLION, imported_s=imported, imported_again_s=again, made_s=made)
    assert imported < WITHIN
    assert made < WITHIN


async def timed(place: Installation, *command: str) -> float:
    """How long a command takes, in seconds."""
    began = time.monotonic()
    code, said = await place.headway(*command)
    assert code == 0, said
    return round(time.monotonic() - began, 1)
