"""Sealing and opening what is known of people. Pure but for chance: it reads and writes nothing."""

import contextlib
import secrets
from hmac import digest as hmac
from typing import NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from headway.sealing.master_keys import KEY_BYTES, NONCE_BYTES


class Contact(NamedTuple):
    """Where and how a member is written to. `zone` is an IANA name; '' is the programme's."""

    email: str
    name: str
    locale: str
    zone: str = ""


class CannotOpen(Exception):
    """It was sealed for somebody else, under another key, or changed since."""


class Vault:
    """Keys derived from the installation's root key, and what is done with them.

    A member's key is kept wrapped; with that gone nothing opens what was sealed under it. What is
    sealed for one member does not open as another's.
    """

    def __init__(self, root: bytes) -> None:
        self._member_keys = AESGCM(_derived(root, b"headway member keys"))
        self._bodies = AESGCM(_derived(root, b"headway feedback bodies"))
        self._addresses = _derived(root, b"headway address digests")

    def new_key(self, member_id: str) -> bytes:
        """A new key of a member's own, wrapped."""
        return _sealed(self._member_keys, secrets.token_bytes(KEY_BYTES), member_id.encode())

    def seal(self, member_id: str, wrapped: bytes, contact: Contact) -> bytes:
        """A contact under the member's key."""
        key = AESGCM(self._key(member_id, wrapped))
        return _sealed(key, orjson.dumps(list(contact)), member_id.encode())

    def open(self, member_id: str, sealed: bytes, wrapped: bytes) -> Contact:
        """The contact again. Raises CannotOpen."""
        key = AESGCM(self._key(member_id, wrapped))
        return Contact(*orjson.loads(_opened(key, sealed, member_id.encode())))

    def digest(self, email: str) -> bytes:
        """By which an address is found again, and not read: a keyed digest of its plain form."""
        return hmac(self._addresses, plain_form(email).encode(), "sha256")

    def sign(self, member_id: str, wrapped: bytes, what: bytes) -> bytes:
        """A signature that only this member's key makes; 32 bytes. Raises CannotOpen."""
        key = hmac(self._key(member_id, wrapped), b"headway links", "sha256")
        return hmac(key, what, "sha256")

    def seal_body(self, body: bytes, name: str) -> bytes:
        """Feedback as it came, under a key of the installation's; `name` is whose body it is."""
        return _sealed(self._bodies, body, name.encode())

    def open_body(self, sealed: bytes, name: str) -> bytes:
        """The feedback again. Raises CannotOpen."""
        return _opened(self._bodies, sealed, name.encode())

    def _key(self, member_id: str, wrapped: bytes) -> bytes:
        return _opened(self._member_keys, wrapped, member_id.encode())


def plain_form(email: str) -> str:
    """One spelling of an address: lower case, its domain as it goes over the wire."""
    local, _, domain = email.strip().lower().rpartition("@")
    # One that has no such form is not mailable; its own spelling tells it from others as well.
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"


def _derived(root: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(root)


def _sealed(key: AESGCM, plain: bytes, whose: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, whose)


def _opened(key: AESGCM, sealed: bytes, whose: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], whose)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("sealed for somebody else, under another key, or changed") from error
