"""Incidents under load: what tells of each, what the product shows, and nothing lost or doubled."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from headway.local import LocalStack
from tests.proof.incidents import (
    BrokerRestarted,
    ClockJumps,
    ConsumerKilled,
    DatabaseDown,
    DiskFull,
    Expected,
    Incident,
    PartitionFlooded,
    PartitionPoisoned,
    PartitionStuck,
    RelayStuck,
    Scene,
)
from tests.proof.installation import Installation, history
from tests.proof.overseer import Overseer
from tests.proof.recording import Record
from tests.proof.steady import SteadyLoad, contacts_known
from tests.proof.test_faults import agree

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(Overseer.missing()), reason=Overseer.missing()),
]
JOBS = (
    ("headway-earn", ("earn-1", "earn-2")),
    ("headway-redeem", ("redeem",)),
    ("headway-notify", ("notify",)),
)

MEMBERS = 120
PER_SECOND = 15
INCIDENTS: list[type[Incident]] = [
    ConsumerKilled,
    DatabaseDown,
    PartitionPoisoned,
    PartitionFlooded,
    PartitionStuck,
    BrokerRestarted,
    RelayStuck,
]
ON_MACHINES_OF_THEIR_OWN: list[type[Incident]] = [ClockJumps, DiskFull]


@pytest.mark.parametrize("kind", INCIDENTS)
async def test_an_incident(place: Installation, record: Record, kind: type[Incident]) -> None:
    await goes_by(kind(), place, record)


@pytest.mark.skipif(not ClockJumps.library.exists(), reason="Debian's faketime is not installed")
async def test_a_clock_jumps(place: Installation, record: Record) -> None:
    await goes_by(ClockJumps(), place, record)


async def test_the_disk_is_full(on_small_disk: Installation, record: Record) -> None:
    await goes_by(DiskFull(), on_small_disk, record)


@pytest.fixture
def small_disk() -> Iterator[LocalStack]:
    """Servers of which PostgreSQL has a disk of its own, of 256 MB."""
    root = Path(tempfile.mkdtemp(prefix="headway-"))
    (root / "postgres").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(root / "postgres")]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        shutil.rmtree(root)
        pytest.skip("a small disk can only be mounted by root")
    try:
        with LocalStack(root) as stack:
            stack.start()
            yield stack
    finally:
        subprocess.run(["umount", str(root / "postgres")], check=True)
        shutil.rmtree(root)


@pytest.fixture
async def on_small_disk(small_disk: LocalStack, tmp_path: Path) -> AsyncIterator[Installation]:
    installation = Installation(small_disk, tmp_path)
    await installation.prepare()
    try:
        yield installation
    finally:
        await installation.end()


async def is_told(expected: Expected, overseer: Overseer) -> float:
    """The alert fires, and the page has the word and the section; seconds until it fired."""
    fired = await overseer.fires(expected.alert, within=90)
    sections = (expected.runbook,) if expected.page is None else expected.page
    await overseer.says(expected.status, sections, within=90)
    return round(fired, 1)


async def goes_by(incident: Incident, place: Installation, record: Record) -> None:
    """The incident from its first second to the books that hold."""
    incident.equip(place)
    await place.all_ready()
    overseer = Overseer(place, place.folder / "overseer")
    await overseer.begin(JOBS)
    events = await contacts_known(place, history(MEMBERS))
    load = SteadyLoad(place, events, PER_SECOND)
    load.begin()
    try:
        await place.decided(100)
        scene = Scene(place, load)
        try:
            assert not await overseer.is_firing(incident.expected.alert), "before anything happened"
            await incident.strike(scene)
            await asyncio.sleep(incident.lasts)
            figures = await incident.observe(scene)
            figures["alert_fired_s"] = await is_told(incident.expected, overseer)
        finally:
            # Whatever was seen: other proofs need the servers too.
            mended = time.monotonic()
            await incident.mend(scene)
        await load.caught_up(within=120)
        figures["caught_up_in_s"] = round(time.monotonic() - mended, 1)
        await load.end()
        if not incident.expected.stays:
            figures["alert_ended_s"] = await overseer.calms(incident.expected.alert, 90)
    finally:
        await load.close()
        overseer.end()
    await place.finish()
    record.note(events=len(events), **figures)
    await agree(place, record)
