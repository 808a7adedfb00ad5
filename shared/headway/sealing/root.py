"""Opening the vault: the root key out of the database, by the master key."""

import secrets
from typing import TYPE_CHECKING

from headway.ledger.queries import load
from headway.sealing.master_keys import KEY_BYTES, MasterKeys
from headway.sealing.vault import Vault

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

_QUERIES = load("headway.sealing", "root.sql")


async def read_vault(connection: "Connection", master: MasterKeys) -> Vault:
    """The vault of this database, which has been opened before; nothing is written. Raises
    UserError when none of the master keys opens it."""
    return Vault(master.unwrap(await connection.fetchval(_QUERIES.read))[0])


async def open_vault(connection: "Connection", master: MasterKeys) -> Vault:
    """The vault of this database, made when there is none yet.

    A root key that a former master key wraps is wrapped under the first from now on. Raises
    UserError when none of the master keys opens it.
    """
    wrapped = await connection.fetchval(_QUERIES.read)
    if wrapped is None:
        await connection.execute(_QUERIES.make, master.wrap(secrets.token_bytes(KEY_BYTES)))
        wrapped = await connection.fetchval(_QUERIES.read)
    root, by_former = master.unwrap(wrapped)
    if by_former:
        await connection.execute(_QUERIES.rewrap, wrapped, master.wrap(root))
    return Vault(root)
