"""Voucher codes at the checkout: what one is good for, and that it is used once."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from headway.contracts.api.catalogue import CodeView
from headway.domain import voucher_code
from headway.errors import InvariantViolated
from headway.ledger import catalogue, codes
from headway.ledger import redemptions as ledger
from headway.ledger.codes import Code
from headway.program.calendar import end_of_days
from headway.program.program import Program, Programs
from headway.program.rewards import Codes
from headway_redeem import problems
from headway_redeem.refusal import Kind, Refusal

if TYPE_CHECKING:
    from headway.ledger.programs import Connection

_UNUSABLE: dict[str, Kind] = {
    "free": problems.CODE_NOT_GIVEN,
    "taken": problems.CODE_NOT_GIVEN,
    "void": problems.CODE_VOID,
    "used": problems.CODE_USED,
}


async def let_go(
    connection: "Connection", programs: Programs, moved: Sequence[ledger.Redemption]
) -> None:
    """Have codes and stock follow redemptions that have moved."""
    for redemption in moved:
        if redemption.code is not None:
            until = valid_until(programs, redemption)
            await codes.follow(connection, redemption.redemption_id, redemption.state, until)
    await catalogue.give_back_stock(connection, [r.reward_id for r in moved if r.gave_back])


def pool_of(programs: Programs, redemption: ledger.Redemption) -> Codes:
    """Where the code of a voucher comes from."""
    reward = programs.version(redemption.program_version).reward(redemption.reward_id)
    if reward is None or reward.codes is None:
        raise InvariantViolated(f"redemption {redemption.redemption_id} is of no voucher")
    return reward.codes


def valid_until(programs: Programs, redemption: ledger.Redemption) -> datetime | None:
    """The end of the last local day on which its code is valid, if that ends; it is given when
    the redemption changed last."""
    program = programs.version(redemption.program_version)
    reward = program.reward(redemption.reward_id)
    if reward is None or reward.codes is None or reward.codes.valid_days is None:
        return None
    day = program.day(redemption.updated_at)
    return end_of_days(day, reward.codes.valid_days, "day", program.zone)


def code_view(code: Code, program: Program, at: datetime) -> CodeView:
    """A code as a checkout sees it at a moment."""
    why = _why_not(code, at)
    shared = next(
        (r for r in program.rewards if r.codes is not None and r.codes.pool == code.pool), None
    )
    if code.state == "shared" and shared is not None:
        return CodeView(
            code=code.code, valid=why is None, why_not=why and why.name, reward_id=shared.id,
            reward_name=shared.name, kind=shared.kind, value_minor=shared.saves_minor,
            currency=shared.currency, valid_until=None, redemption_id=None,
        )  # fmt: skip
    return CodeView(
        code=code.code, valid=why is None, why_not=why and why.name, reward_id=code.reward_id,
        reward_name=code.reward_name, kind=code.kind, value_minor=code.value_minor,
        currency=code.currency, valid_until=code.valid_until, redemption_id=code.redemption_id,
    )  # fmt: skip


async def find_code(connection: "Connection", text: str) -> Code:
    """The code that somebody typed. Raises Refusal if there is none, and says if it is a slip."""
    code = await codes.find(connection, text)
    if code is not None:
        return code
    spelt = voucher_code.read(text)
    if spelt is not None and voucher_code.mistyped(spelt):
        raise Refusal(problems.CODE_MISTYPED, "No code is spelt like that.")
    raise Refusal(problems.UNKNOWN_CODE, "It is in no pool.")


async def use_code(
    connection: "Connection", program: Program, found: Code, key: str, order_id: str | None,
    at: datetime,
) -> CodeView:  # fmt: skip
    """Use a code that was found. Raises Refusal when it cannot be used, or not any more."""
    code = await codes.hold(connection, found)
    why = _why_not(code, at)
    if why is not None:
        raise Refusal(why, "Nothing was changed.")
    await codes.use(connection, code, key, order_id, at)
    return code_view(code._replace(state="used") if code.state == "given" else code, program, at)


def _why_not(code: Code, at: datetime) -> Kind | None:
    if code.state in _UNUSABLE:
        return _UNUSABLE[code.state]
    if code.valid_until is not None and at >= code.valid_until:
        return problems.CODE_EXPIRED
    return None
