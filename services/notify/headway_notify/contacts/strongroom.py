"""The vault of a running notify, and contacts in plain text brought into it before all else."""

from collections.abc import Callable

import mode

from headway.runtime.logging import event
from headway.sealing.master_keys import MasterKeys
from headway.sealing.root import open_vault
from headway.sealing.vault import Vault
from headway.stream.positions import Pool
from headway_notify.contacts.writing import seal_some

SEAL_AT_ONCE = 1000


class Strongroom(mode.Service):
    """Holds `vault` from start to stop."""

    def __init__(self, pool: Callable[[], Pool], master_key: str) -> None:
        super().__init__()
        self._pool = pool
        self._master_key = master_key
        self._vault: Vault | None = None

    @property
    def vault(self) -> Vault:
        """The vault; there from this service's start on."""
        if self._vault is None:
            raise RuntimeError("the strongroom has not been started")
        return self._vault

    async def on_start(self) -> None:
        """Open the vault and seal what is in plain text. Raises UserError without the right key."""
        master = MasterKeys.parse(self._master_key)
        async with self._pool().acquire() as connection:
            self._vault = await open_vault(connection, master)
        sealed = 0
        while some := await self._seal():
            sealed += some
        if sealed:
            event("sealed", "contacts that were in plain text are sealed now", contacts=sealed)

    async def _seal(self) -> int:
        async with self._pool().acquire() as connection, connection.transaction():
            return await seal_some(connection, self.vault, SEAL_AT_ONCE)
