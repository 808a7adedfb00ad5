"""Incidents under load: what the product shows of each, and nothing lost or doubled after it."""

import asyncio
import time

import pytest

from tests.proof.incidents import (
    BrokerRestarted,
    ConsumerKilled,
    DatabaseDown,
    Incident,
    PartitionFlooded,
    PartitionPoisoned,
    PartitionStuck,
    RelayStuck,
    Scene,
)
from tests.proof.installation import Installation, history
from tests.proof.recording import Record
from tests.proof.steady import SteadyLoad, contacts_known
from tests.proof.test_faults import agree

pytestmark = [pytest.mark.proof, pytest.mark.timeout(240)]

MEMBERS = 150
PER_SECOND = 25
INCIDENTS: list[type[Incident]] = [
    ConsumerKilled,
    DatabaseDown,
    PartitionPoisoned,
    PartitionFlooded,
    PartitionStuck,
    BrokerRestarted,
    RelayStuck,
]


@pytest.mark.parametrize("kind", INCIDENTS)
async def test_an_incident(place: Installation, record: Record, kind: type[Incident]) -> None:
    await goes_by(kind(), place, record)


async def goes_by(incident: Incident, place: Installation, record: Record) -> None:
    """The incident from its first second to the books that hold."""
    incident.equip(place)
    await place.all_ready()
    events = await contacts_known(place, history(MEMBERS))
    load = SteadyLoad(place, events, PER_SECOND)
    load.begin()
    try:
        await place.decided(100)
        await incident.strike(scene := Scene(place, load, events))
        await asyncio.sleep(incident.lasts)
        figures = await incident.observe(scene)
        mended = time.monotonic()
        await incident.mend(scene)
        await load.caught_up(within=60)
        figures["caught_up_in_s"] = round(time.monotonic() - mended, 1)
        await load.end()
    finally:
        await load.close()
    await place.finish()
    record.note(events=len(events), **figures)
    await agree(place, record)
