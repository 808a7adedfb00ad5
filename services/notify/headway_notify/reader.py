"""Who reads a message, and the links that are theirs alone."""

from typing import NamedTuple


class Reader(NamedTuple):
    """A member as notify knows them when a message is composed. `zone` is an IANA name; '' stands
    for the programme's. `locale` is a BCP 47 tag."""

    name: str
    locale: str = "en-US"
    zone: str = ""


class Links(NamedTuple):
    """Addresses in a message. `one_click` takes RFC 8058's POST; '' where there is no web page to
    send people to (HEADWAY_NOTIFY_PUBLIC_URL is not set): then nothing is linked."""

    preferences: str = ""
    one_click: str = ""
