"""The master key of the tests, and the vault that it opens."""

from headway.sealing.master_keys import MasterKeys, new_master_key
from headway.sealing.root import open_vault
from headway.sealing.vault import Vault
from headway.stream.positions import Pool

MASTER_KEY = new_master_key()


async def vault_in(pool: Pool) -> Vault:
    """The vault of a test's database."""
    async with pool.acquire() as connection:
        return await open_vault(connection, MasterKeys.parse(MASTER_KEY))
