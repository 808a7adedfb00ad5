"""How to reach a member. The one contract with personal data, read by notify alone."""

from typing import Annotated, ClassVar

from pydantic import Field

from headway.contracts.fields import Flag, Subject

# Not a full check of an address, which only a mail server can do: one @, and nothing that could
# break out of a mail header.
Email = Annotated[
    str, Field(min_length=3, max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$")
]
PersonName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Locale = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$")]


Zone = Annotated[
    str,
    Field(
        max_length=64, pattern=r"^[A-Za-z0-9_+/-]*$", description="An IANA time zone; may be empty."
    ),
]


class ContactUpdated(Subject):
    """Where a member's mail goes. A record without a value (tombstone) forgets the member."""

    ADDED: ClassVar = (("zone", ""), ("marketing", None))

    email: Email
    name: PersonName
    locale: Locale = "en-US"
    zone: Zone = ""
    """Where the member's clock hangs; empty, or unknown here: the programme's zone."""
    marketing: Flag | None = None
    """Whether the member agreed to marketing messages; null: the sender does not say."""
