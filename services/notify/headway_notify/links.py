"""Addresses in a message by which its reader chooses what comes next: no log-in, nothing stored.

The token is the notification's number and a signature that only the member's own key makes. It
holds nothing personal, cannot be guessed, and ends with the key when the member is erased.
"""

import base64
import re
from hmac import compare_digest

from headway.sealing.vault import Vault
from headway_notify.reader import Links

_ID_BYTES, _SIGNATURE_BYTES = 8, 24
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


def links_of(
    vault: Vault, public_url: str, notification_id: int, member_id: str, wrapped: bytes
) -> Links:
    """The links of one message to one member; none without HEADWAY_NOTIFY_PUBLIC_URL."""
    if not public_url:
        return Links()
    address = f"{public_url}/u/{token_of(vault, notification_id, member_id, wrapped)}"
    return Links(preferences=address, one_click=address)


def token_of(vault: Vault, notification_id: int, member_id: str, wrapped: bytes) -> str:
    """The token of a notification, under its member's key."""
    number = notification_id.to_bytes(_ID_BYTES, "big")
    signature = vault.sign(member_id, wrapped, number)[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(number + signature).rstrip(b"=").decode()


def number_in(token: str) -> int | None:
    """Which notification a token says it is of, not yet believed; None if it has not the form."""
    if not _FORM.fullmatch(token):
        return None
    number = int.from_bytes(base64.urlsafe_b64decode(token + "=")[:_ID_BYTES], "big")
    return number if number < 2**63 else None


def is_token_of(
    vault: Vault, token: str, notification_id: int, member_id: str, wrapped: bytes
) -> bool:
    """Whether it is the one; in constant time."""
    expected = token_of(vault, notification_id, member_id, wrapped)
    return compare_digest(token.encode(), expected.encode())
