"""The routes of voucher codes: what one is good for, and using it at a checkout."""

from typing import Annotated, Protocol

from fastapi import FastAPI, Path
from starlette.responses import Response

from headway.contracts.api.catalogue import CodeView, UseCodeRequest
from headway_redeem import problems
from headway_redeem.catalogue_api import CatalogueReads
from headway_redeem.redemptions import Command, Reply
from headway_redeem.routing import COMMAND, Key, answered, responses_of, shown

_CODE = Annotated[str, Path(min_length=1, max_length=80, pattern=r"^[\x20-\x7e]+$")]
_MISSING = (problems.UNKNOWN_CODE, problems.CODE_MISTYPED)


class CodeCommands(Protocol):
    """What uses codes up."""

    async def use_code(self, command: Command, code: str, order_id: str | None) -> Reply: ...


def add_codes(api: FastAPI, commands: CodeCommands, reads: CatalogueReads) -> None:
    """The routes of codes."""

    @api.get(
        "/v1/codes/{code}",
        response_model=CodeView,
        responses=responses_of(*_MISSING, problems.NO_PROGRAMME),
        summary="Whether a code can be used, and what for",
    )
    async def code(code: _CODE) -> Response:
        return shown(await reads.code(code))

    @api.post(
        "/v1/codes/{code}/use",
        response_model=CodeView,
        responses=responses_of(
            *COMMAND, *_MISSING, problems.CODE_NOT_GIVEN, problems.CODE_USED, problems.CODE_VOID,
            problems.CODE_EXPIRED,
        ),
        summary="Mark a code used at a checkout",
    )  # fmt: skip
    async def use_code(code: _CODE, body: UseCodeRequest, key: Key) -> Response:
        # The path of the command has no code in it: paths are logged, and a code is worth money.
        asked = b"%b\0%b" % (code.encode(), body.model_dump_json().encode())
        command = Command("code.use", key, "/v1/codes/use", asked)
        return answered(await commands.use_code(command, code, body.order_id))
