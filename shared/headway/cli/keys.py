"""`headway keys`: who may use the API, and for what."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from headway.access.scopes import Scope
from headway.cli.output import console, print_json, with_database

if TYPE_CHECKING:
    from headway.access.keys import ApiKey
    from headway.access.store import Issued

Result = TypeVar("Result")
_MOMENT = "%Y-%m-%d %H:%M"
_SCOPES = "\n".join(f"  {scope.value:<20} {scope.meaning}" for scope in Scope)


@click.group("keys")
def command() -> None:
    """API keys: created, listed, rotated, revoked; each act is in `headway audit`.

    A key is named by what `list` shows of it (hk_...). Exits 0; 2 when it could not be done.
    """


@command.command("create", epilog="\b\nScopes:\n" + _SCOPES)
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True,
    type=click.Choice([scope.value for scope in Scope]), help="What it may do; may be repeated.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3650), help="It expires after so many days.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def create(name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a key for the system NAME and show it, this once."""
    from headway.access import audit, store

    lasts = None if days is None else timedelta(days=days)
    given = [scope for scope in Scope if scope.value in scopes]
    issued = with_database(
        lambda connection: store.create(connection, name, given, audit.operator(), lasts=lasts)
    )
    _show(issued, as_json)


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Also revoked and expired ones.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(everything: bool, as_json: bool) -> None:
    """List keys, oldest first: what they may do, and until when."""
    from rich.table import Table

    from headway.access import store

    now = datetime.now(UTC)
    found = [key for key in with_database(store.all_keys) if everything or key.lives(now)]
    if as_json:
        print_json([_facts(key) for key in found])
        return
    table = Table("key", "name", "scopes", "created", "rotated", "ends", pad_edge=False, box=None)
    for key in found:
        table.add_row(
            key.shown, key.name, " ".join(sorted(key.scopes)), f"{key.created_at:{_MOMENT}}",
            f"{key.rotated_at:{_MOMENT}}" if key.rotated_at else "", _ends(key),
        )  # fmt: skip
    console().print(table if found else "No keys.", markup=False)


@command.command("rotate")
@click.argument("key_id", metavar="KEY")
@click.option(
    "--grace-hours", type=click.IntRange(0, 24 * 90), default=24, show_default=True,
    help="How long the old key goes on.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def rotate(key_id: str, grace_hours: int, as_json: bool) -> None:
    """Replace KEY's secret and show the new key, this once; id, name and scopes stay.

    Rotated again within the grace, only the latest two go on.
    """
    from headway.access import audit, store

    grace = timedelta(hours=grace_hours)
    issued = with_database(
        lambda connection: store.rotate(connection, _id(key_id), audit.operator(), grace=grace)
    )
    _show(issued, as_json)


@command.command("revoke")
@click.argument("key_id", metavar="KEY")
def revoke(key_id: str) -> None:
    """End KEY for good, and with it the member tokens that it issued.

    Running processes stop taking it within HEADWAY_REDEEM_KEY_SECONDS.
    """
    from headway.access import audit, store

    key = with_database(lambda connection: store.revoke(connection, _id(key_id), audit.operator()))
    click.echo(f"{key.shown} ({key.name}) revoked")


def _id(shown: str) -> str:
    """The id in what people copy: hk_ID, or the bare id."""
    return shown.removeprefix("hk_")


def _show(issued: "Issued", as_json: bool) -> None:
    if as_json:
        print_json({**_facts(issued.key), "secret": issued.text})
        return
    key = issued.key
    click.echo(issued.text)
    click.echo(f"{key.shown} ({key.name}): {' '.join(sorted(key.scopes))}", err=True)
    if key.previous_ends_at:
        click.echo(f"the old key goes on until {key.previous_ends_at:{_MOMENT}} UTC", err=True)
    click.echo("keep it now: it is shown this once, and kept here only as a hash", err=True)


def _ends(key: "ApiKey") -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:{_MOMENT}}"
    return f"{key.expires_at:{_MOMENT}}" if key.expires_at else "never"


def _facts(key: "ApiKey") -> dict[str, object]:
    return {
        "key": key.shown,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "rotated_at": key.rotated_at,
        "previous_ends_at": key.previous_ends_at,
        "revoked_at": key.revoked_at,
    }
