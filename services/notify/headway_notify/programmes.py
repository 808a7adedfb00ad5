"""Programme versions by number, read from the database when one is not known yet."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from headway.errors import InvariantViolated, Retryable
from headway.ledger.programs import read_programs
from headway.program.program import Program
from headway.stream.positions import Pool


class Programmes:
    """What mails are worded and dated by. Versions never change, so they are read once."""

    def __init__(self, pool: Callable[[], Pool]) -> None:
        self._pool = pool
        self._known: dict[int, Program] = {}

    async def need(self, versions: set[int]) -> None:
        """Make these versions known. Raises Retryable while the database does not have them."""
        if versions <= self._known.keys():
            return
        async with self._pool().acquire() as connection:
            try:
                programs = await read_programs(connection)
            except InvariantViolated as error:
                raise Retryable(str(error)) from error
        for number in versions:
            try:
                self._known[number] = programs.version(number)
            except KeyError:
                raise Retryable(f"programme version {number} is not in the database yet") from None

    def version(self, number: int) -> Program:
        """A version that was made known by `need`."""
        return self._known[number]

    def zone(self, number: int) -> ZoneInfo:
        """The zone that version dates business days in."""
        return self._known[number].zone
