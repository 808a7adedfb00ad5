"""Voucher codes in the ledger: uploaded or made, taken, given, used, voided.

A code is a secret until it is given: no log, error or finding repeats one.
"""

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import asyncpg

from headway.domain import voucher_code
from headway.domain.redemption import State
from headway.errors import UserError
from headway.ledger.catalogue import QUERIES
from headway.program.rewards import Codes

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

CodeState = Literal["free", "taken", "given", "used", "void", "shared"]


class Code(NamedTuple):
    """A code and what it is good for: the reward of its redemption, if it is no shared one."""

    code: str
    pool: str
    state: CodeState
    valid_until: datetime | None
    redemption_id: str | None
    reward_id: str | None
    reward_name: str | None
    kind: str | None
    value_minor: int | None
    currency: str | None
    automatic: bool | None
    """Whether it is of a certificate that issued itself, which its account keeps until it is
    used."""


class Added(NamedTuple):
    """What became of an upload: how many codes it had, and how many of them are new."""

    codes: int
    new: int


async def take(connection: "Connection", codes: Codes, redemption_id: str) -> str | None:
    """Set a code aside for a redemption; None when the pool has none."""
    if codes.many:
        shared: str | None = await connection.fetchval(QUERIES.shared_code, codes.pool)
        return shared
    taken: str | None = await connection.fetchval(QUERIES.take_code, codes.pool, redemption_id)
    return taken


async def lock_used(connection: "Connection", redemption_id: str) -> bool:
    """Whether the code of a redemption was used; from now on nobody uses it meanwhile."""
    state = await connection.fetchval(QUERIES.lock_code_of, redemption_id)
    return bool(state == "used")


async def follow(
    connection: "Connection", redemption_id: str, state: State, valid_until: datetime | None
) -> None:
    """Move the code of a redemption along with it: given when confirmed, void when reversed."""
    if state == "confirmed":
        await connection.execute(QUERIES.give_code, redemption_id, valid_until)
    elif state in ("cancelled", "timed_out"):
        await connection.execute(QUERIES.free_code, redemption_id)
    elif state == "reversed":
        await connection.execute(QUERIES.void_code, redemption_id)


async def find(connection: "Connection", text: str) -> Code | None:
    """The code that a person typed; None if there is none."""
    spelt = voucher_code.read(text)
    row = await connection.fetchrow(QUERIES.read_code, [text] if spelt is None else [text, spelt])
    return None if row is None else Code(*row)


async def hold(connection: "Connection", code: Code) -> Code:
    """Lock a code that was found, so that nobody else moves it; as it stands then."""
    await connection.execute(QUERIES.lock_code, code.code)
    row = await connection.fetchrow(QUERIES.read_code, [code.code])
    return code if row is None else Code(*row)


async def use(
    connection: "Connection", code: Code, key: str, order_id: str | None, at: datetime
) -> None:
    """Note the use of a locked code; one for a single member is used up by it."""
    if code.state == "given":
        await connection.execute(QUERIES.use_code, code.code)
    await connection.execute(QUERIES.note_use, code.code, key, order_id, at)


async def add(
    connection: "Connection", pool: str, codes: Iterable[tuple[int, str]], *, shared: bool
) -> Added:
    """Put (line, code) pairs into a pool, all or none; those that it has already stay as they are.

    Raises UserError for codes that repeat, or that are elsewhere; it names their lines.
    """
    state = "shared" if shared else "free"
    try:
        async with connection.transaction():
            await connection.execute(QUERIES.uploading)
            copied = await connection.copy_records_to_table("uploaded_codes", records=codes)
            await _refuse_doubtful(connection, pool, state)
            added = await connection.execute(QUERIES.add_codes, pool, state)
    except asyncpg.CheckViolationError as error:
        raise UserError(
            f"a code has a form that codes do not have ({error.constraint_name})",
            "give 4 to 64 letters, digits, dots, dashes, underscores and tildes each",
        ) from error
    return Added(int(copied.split()[-1]), int(added.split()[-1]))


async def _refuse_doubtful(connection: "Connection", pool: str, state: str) -> None:
    repeated = await connection.fetch(QUERIES.repeated_codes)
    if repeated:
        lines = ", ".join(f"{row['line']} (as {row['first']})" for row in repeated)
        raise UserError(f"codes stand there twice, in lines {lines}", "remove what repeats")
    elsewhere = await connection.fetch(QUERIES.codes_elsewhere, pool, state)
    if elsewhere:
        lines = ", ".join(f"{row['line']} (pool {row['pool']})" for row in elsewhere)
        raise UserError(
            f"codes of lines {lines} are there already, in another pool or of another kind",
            "remove them: a code is good for one thing",
        )


async def generate(connection: "Connection", pool: str, count: int) -> Added:
    """Make so many new codes for a pool."""
    return await add(connection, pool, enumerate(_made(count), 1), shared=False)


def _made(count: int) -> Iterator[str]:
    for _ in range(count):
        yield voucher_code.spell(secrets.randbits(voucher_code.BITS))


async def read_pools(connection: "Connection") -> list[tuple[str, CodeState, int]]:
    """(pool, state, how many codes) of all pools."""
    return [
        (row["pool"], row["state"], row["codes"])
        for row in await connection.fetch(QUERIES.read_pools)
    ]
