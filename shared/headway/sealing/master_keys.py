"""The master key: the one secret that is not in the database."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headway.errors import UserError

SETTING = "HEADWAY_NOTIFY_MASTER_KEY"
KEY_BYTES = 32
NONCE_BYTES = 12
_ROOT = b"headway root key"


def new_master_key() -> str:
    """A new one, as the setting takes it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


class MasterKeys:
    """Master keys in their order: the first seals, each opens."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = [AESGCM(key) for key in keys]

    @classmethod
    def parse(cls, text: str) -> "MasterKeys":
        """From the setting: base64, several separated by commas. Raises UserError, which never
        repeats what was given."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise UserError(
                f"{SETTING} is not set: contacts are kept sealed, and this is what opens them",
                "make one with `headway notify key`, keep it where the database's backups are not,"
                " and give it to every notify process",
            )
        return cls([_decoded(part, number) for number, part in enumerate(parts, start=1)])

    def wrap(self, root: bytes) -> bytes:
        """The root key, sealed under the first master key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._keys[0].encrypt(nonce, root, _ROOT)

    def unwrap(self, wrapped: bytes) -> tuple[bytes, bool]:
        """The root key, and whether it was sealed under a key other than the first. Raises
        UserError when none of the keys opens it."""
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        for number, key in enumerate(self._keys):
            try:
                return key.decrypt(nonce, sealed, _ROOT), number > 0
            except InvalidTag:
                continue
        raise UserError(
            f"{SETTING} does not open what this database holds: it was sealed under another key",
            "set the former key again; to change it, set NEW,FORMER until notify has started once",
        )


def _decoded(text: str, number: int) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(
            f"key {number} in {SETTING} is not {KEY_BYTES} bytes in base64",
            "make one with `headway notify key`",
        )
    return key
