"""An address suppressed by hand, or written to again."""

from headway.access.audit import operator, record
from headway.ledger.queries import load
from headway.sealing.vault import Vault
from headway.stream.positions import Connection

_QUERIES = load("headway_notify.contacts", "suppressing.sql")

SUPPRESS, LIFT = "address.suppress", "address.lift"
"""The acts in the audit log, which names an address by a part of its digest."""


async def suppress(connection: Connection, vault: Vault, address: str) -> None:
    """Nothing is sent to this address any more."""
    digest = vault.digest(address)
    async with connection.transaction():
        await connection.execute(_QUERIES.suppress, digest)
        await record(connection, operator(), SUPPRESS, _target(digest))


async def lift(connection: Connection, vault: Vault, address: str) -> list[str]:
    """Whatever stood against this address does no more; why it did, in the order it came."""
    digest = vault.digest(address)
    async with connection.transaction():
        reasons = [row["reason"] for row in await connection.fetch(_QUERIES.lift, digest)]
        if reasons:
            await record(connection, operator(), LIFT, _target(digest), reasons=reasons)
    return reasons


def _target(digest: bytes) -> str:
    return f"address:{digest.hex()[:16]}"
