"""Inputs of an account that another account's command has points arrive in, or leave."""

from datetime import datetime

from headway.contracts import codec
from headway.domain.account import Input
from headway.ledger import transfers as ledger

SOURCE = "headway/moves"


def caused(kind: str, name: str, member_id: str, at: datetime, what: ledger.Moving) -> Input:
    """The input of a member's account; `name` is the transfer's or redemption's id."""
    body = ledger.body_of(what)
    id_ = f"{name}:{kind}:{member_id}"
    return Input(SOURCE, id_, kind, at, what, codec.digest(kind, member_id, body), body)
