"""Programme versions by number, read from the database when one is not known yet."""

from collections.abc import Callable
from datetime import datetime

from headway.errors import InvariantViolated, Retryable
from headway.ledger.programs import read_programs
from headway.program.program import Program, Programs
from headway.stream.positions import Connection, Pool


class Programmes:
    """What messages are due, worded and dated by. Versions never change, so they are read once."""

    def __init__(self, pool: Callable[[], Pool]) -> None:
        self._pool = pool
        self._known: Programs | None = None
        self._numbers: frozenset[int] = frozenset()

    async def need(self, versions: set[int], connection: Connection | None = None) -> None:
        """Make these versions known, through `connection` where there is one: waiting for another
        while holding one can wait for ever. Raises Retryable while the database lacks them."""
        if self._known is not None and versions <= self._numbers:
            return
        try:
            if connection is not None:
                self._known = await read_programs(connection)
            else:
                async with self._pool().acquire() as one:
                    self._known = await read_programs(one)
        except InvariantViolated as error:
            raise Retryable(str(error)) from error
        self._numbers = frozenset(program.version for program in self._known.all)
        missing = versions - self._numbers
        if missing:
            raise Retryable(f"programme version {min(missing)} is not in the database yet")

    def version(self, number: int) -> Program:
        """A version that was made known by `need`."""
        return self._programs.version(number)

    def at(self, moment: datetime) -> Program:
        """The version in force then, of those that `need` has made known."""
        return self._programs.at(moment)

    @property
    def all(self) -> tuple[Program, ...]:
        """Every version that is known, by its start."""
        return self._programs.all

    @property
    def _programs(self) -> Programs:
        if self._known is None:
            raise InvariantViolated("programmes are asked for before they were read")
        return self._known
