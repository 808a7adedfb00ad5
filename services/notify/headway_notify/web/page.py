"""The page on which members choose, as HTML. Pure."""

import base64
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from headway_notify.web.choices import Visitor
from headway_notify.web.words import PageWords

_STYLE = files("headway_notify.web").joinpath("page.css").read_text("utf-8")
_PAGE = Environment(
    loader=PackageLoader("headway_notify", "web"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
).get_template("page.html.j2")
_STYLE_DIGEST = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    # The address of the page is what lets in: it goes to nobody and is kept by nobody.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer to a member carries."""


def choices_page(words: PageWords, visitor: Visitor, sender: str, said: str = "") -> str:
    """What the member hears about, to be changed; `said`: what came of their last choice."""
    return _PAGE.render(
        words=words, title=words.title, visitor=visitor, sender=sender, said=said, style=_STYLE
    )


def gone_page(words: PageWords, sender: str) -> str:
    """The page of a link that is nobody's."""
    return _PAGE.render(
        words=words, title=words.gone_title, visitor=None, sender=sender, said="", style=_STYLE
    )
