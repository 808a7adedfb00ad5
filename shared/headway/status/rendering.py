"""The pages as HTML. Pure, but for the templates that are read once."""

from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from headway.ledger.story import Balances, StoryLine
from headway.status import words
from headway.status.charts import charts
from headway.status.watching import Status

CARDS = (
    ("outbox", "Outbox"),
    ("letters", "Dead letters"),
    ("notifications", "Messages to members"),
    ("jobs", "Jobs"),
    ("verify", "Books verified"),
    ("programme", "Programme in force"),
    ("redemptions", "Rewards asked for"),
)
"""The smaller parts of the front page, with their names, in their order."""
PARTS = ("verdict", "groups", *(name for name, _ in CARDS))
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    # With `no-referrer` browsers say "null" for the origin of a form, also of our own.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer carries."""
STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files that pages ask for, with what they are."""

_OWN = Balances._fields


def signed(line: StoryLine) -> str:
    """Points that came to the member with +, that left with a minus sign, else as they are."""
    if line.source not in _OWN:
        return f"+{line.points:,}"
    return f"{line.points:,}" if line.target in _OWN else f"\N{MINUS SIGN}{line.points:,}"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("headway.status", "page"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=words.moment, duration=words.duration, away=words.away, rate=words.rate,
        counted=words.counted, charts=charts, signed=signed,
    )  # fmt: skip
    return made


_PAGES = _environment()


def page(name: str, **values: object) -> str:
    """The page of that name."""
    return _PAGES.get_template(f"{name}.html.j2").render(**values)


def parts(status: Status) -> Mapping[str, Markup]:
    """The parts of the front page, by the id of the element that holds each."""
    values = {"snapshot": status.snapshot, "judgement": status.judgement}
    return {name: Markup(page(name, **values).strip()) for name in PARTS}


def static(name: str) -> bytes:
    """One of the files named in STATIC."""
    return files("headway.status").joinpath("page", name).read_bytes()
