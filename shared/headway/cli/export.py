"""`headway export`: everything held of one member, for that member."""

import json
from typing import TYPE_CHECKING

import click
from pydantic import SecretStr

from headway.cli.output import connected, print_json, run, settings, snapshot
from headway.errors import UserError
from headway.runtime.settings import Settings

if TYPE_CHECKING:
    from headway.ledger.export import Found


class _Keys(Settings):
    """What opens a contact."""

    notify_master_key: SecretStr = SecretStr("")


@click.command("export")
@click.argument("member_id", metavar="ID")
def command(member_id: str) -> None:
    """Write everything held of member ID as one JSON document: the ledger's part and the contact,
    which HEADWAY_NOTIFY_MASTER_KEY opens.

    It holds personal data: hand it to the member alone. However much it is, it is all there, while
    the API refuses what would take too long. Exits 0; 2 when nothing is held of that member.
    """
    print_json(run(_read(settings().postgres_dsn, member_id)))


async def _read(dsn: str, member_id: str) -> dict[str, object]:
    from headway.ledger.export import find, read_contact, read_export

    async with snapshot(dsn) as connection:
        found, contact = (
            await find(connection, member_id),
            await read_contact(connection, member_id, _Keys().notify_master_key.get_secret_value()),
        )
        if found is None and contact is None:
            raise UserError(
                f"nothing is held of {member_id!r}",
                "check the id; it is the key of the member's events",
            )
        told: dict[str, object] = {"member_id": member_id}
        if found is not None:
            told = json.loads(await read_export(connection, member_id, found))
        told["contact"] = contact
    if found is not None:
        await _note(dsn, found)
    return told


async def _note(dsn: str, found: "Found") -> None:
    from headway.access.audit import EXPORT, operator, record

    async with connected(dsn) as connection:
        await record(connection, operator(), EXPORT, f"account:{found.account_id}")
