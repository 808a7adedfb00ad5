"""The fullest programme over a generated year and the demo's history, on the whole of Headway.

In the year a fifth of the events comes after later ones of the same member, a tenth of the orders
comes back and a twentieth of the events is sent twice. Two earn processes, redeem, notify and
shoppers; afterwards the oracle computes everything from the topics and the accepted commands.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from headway.local import LocalStack
from headway.local.history.happenings import SourceEvent
from headway.local.history.wishes import wishes_of
from headway.program.loading import load_document
from tests.proof.installation import SEED, ZONE, Installation, history
from tests.proof.recording import Record
from tests.year.build import programme, year

pytestmark = [pytest.mark.proof, pytest.mark.timeout(420)]

MEMBERS = 150
LATE = """
select count(*) from (
  select business_time < max(business_time) over (
    partition by account_id order by n rows between unbounded preceding and 1 preceding) as late
  from inputs where source not in ('headway/jobs', 'headway/earn', 'headway/redeem')) i where late
"""


@pytest.fixture
async def shop(stack: LocalStack, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation under the fullest programme, with nothing running yet."""
    installation = Installation(stack, tmp_path, programme=programme())
    await installation.prepare()
    try:
        yield installation
    finally:
        await installation.end()


async def lived(shop: Installation, events: list[SourceEvent], record: Record) -> int:
    """Everything happens; nothing differs, the books hold, and replaying them gives the same.

    Returns how many inputs came late.
    """
    shop.start_all()
    shop.open_shop()
    await shop.publish(events)
    await shop.finish()
    differing = await shop.against_the_oracle()
    assert differing == [], f"{len(differing)} differ:\n" + "\n".join(differing[:20])
    for command in (("verify", "--topic"), ("replay", "--check")):
        code, told = await shop.headway(*command)
        assert code == 0, told
    connection = await asyncpg.connect(shop.settings.postgres_dsn)
    late = int(await connection.fetchval(LATE))
    await connection.close()
    rows = {table: await shop.count(table) for table in ("inputs", "points_events")}
    assert shop.shoppers.accepted
    record.note(seed=SEED, events=len(events), late=late, **rows)
    record.note(commands=len(shop.shoppers.accepted), differences=0)
    return late


async def test_a_year_with_late_returned_and_repeated_events(
    shop: Installation, record: Record
) -> None:
    last_day = (datetime.now(UTC) - timedelta(days=1)).astimezone(ZONE).date()
    sent = year(MEMBERS, last_day=last_day - timedelta(days=1), seed=SEED).sent
    assert await lived(shop, sent, record) > len(sent) // 20


async def test_the_demos_history(shop: Installation, record: Record) -> None:
    wishes = wishes_of(load_document(programme()))
    await lived(shop, history(2 * MEMBERS, wishes), record)
