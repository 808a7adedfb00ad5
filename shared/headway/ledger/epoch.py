"""Epochs: the lives of a ledger's database, told apart after a restore to an earlier point."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from headway.ledger.reading import QUERIES

if TYPE_CHECKING:
    from headway.ledger.programs import Connection


async def begin_epoch(connection: "Connection", signs: Mapping[str, object]) -> int:
    """Start a new epoch, once for everything the restore lost; returns the epoch in force.

    `signs` names the partitions that show the restore. Several processes see the same one: the
    first starts the epoch, the others find it begun since this database came up, and use it.
    """
    async with connection.transaction():
        epoch = await connection.fetchval(QUERIES.begin_epoch)
        if epoch is None:
            epoch = await connection.fetchval(QUERIES.read_epoch)
        await connection.execute(QUERIES.note_restore, sorted(signs))
    return int(epoch)
