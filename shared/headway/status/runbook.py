"""The runbook as a page: `docs/operating.md`, which travels with the package."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from headway.errors import UserError

_IN_CHECKOUT = Path(__file__).parents[3] / "docs" / "operating.md"


@cache
def runbook() -> Markup:
    """The runbook as HTML, each section under its anchor; UserError if it is not there."""
    return rendered(_text())


def rendered(text: str) -> Markup:
    """Markdown as HTML; a heading's id is its words with dashes. HTML in the text is escaped."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for token, words in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(words.content))
        if token.children:
            token.children = list(_without_files(token.children))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _without_files(tokens: Sequence[Token]) -> Iterator[Token]:
    """The words without links to other documents: those are not here."""
    kept = False
    for token in tokens:
        if token.type == "link_open":
            kept = str(token.attrGet("href")).startswith(("#", "https://"))
        if kept or token.type not in ("link_open", "link_close"):
            yield token


def anchor(heading: str) -> str:
    """As sites that show Markdown name a heading: 'Lag growing' is 'lag-growing'."""
    kept = "".join(char for char in heading.lower() if char.isalnum() or char in " -_")
    return kept.strip().replace(" ", "-")


def _text() -> str:
    packaged = files("headway.status").joinpath("operating.md")
    if packaged.is_file():
        return packaged.read_text("utf-8")
    if _IN_CHECKOUT.is_file():
        return _IN_CHECKOUT.read_text("utf-8")
    raise UserError("the runbook is not on this machine", "read docs/operating.md of this release")
