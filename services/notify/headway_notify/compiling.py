"""MJML into HTML, by mrml. Jinja's marks go through it untouched and are compiled afterwards.

mrml's own `mj-include` wants one root element a file and forgets the width around it, and its
mistakes are told by position; so files are put together here, where lines can be remembered.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from xml.etree import ElementTree

import mrml

from headway.errors import UserError
from headway_notify.sources import Source, Sources

_INCLUDE = re.compile(r'<mj-include\s+path="([^"]+)"\s*/>')
_TAG = re.compile(r"<(mj[a-z-]*)\b")
_POSITION = re.compile(r" at position (\d+):\d+")
_ENTITY = re.compile(r"&[a-z]+;")
_DEEPEST = 10
# mrml leaves out what it does not know, without a word.
_KNOWN = frozenset(
    (
        "mjml", "mj-head", "mj-title", "mj-preview", "mj-breakpoint", "mj-attributes",
        "mj-all", "mj-class", "mj-style", "mj-raw", "mj-font", "mj-body", "mj-section",
        "mj-wrapper", "mj-column", "mj-group", "mj-text", "mj-table", "mj-button",
        "mj-image", "mj-divider", "mj-spacer", "mj-hero", "mj-navbar", "mj-navbar-link",
        "mj-social", "mj-social-element", "mj-accordion", "mj-accordion-element",
        "mj-accordion-title", "mj-accordion-text", "mj-carousel", "mj-carousel-image",
        "mj-include",
    )
)  # fmt: skip


class Problem(NamedTuple):
    """A mistake in a template: in which file and line, and what to do."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class TemplateError(UserError):
    """Templates that no message can be made from."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)), "mend the lines named")
        self.problems = problems


class Assembled(NamedTuple):
    """A layout with everything that it includes, and where each of its lines came from."""

    text: str
    lines: tuple[tuple[str, int], ...]
    used: tuple[str, ...]


def assemble(sources: Sources, kind: str) -> Assembled:
    """The layout around one kind of message. Raises TemplateError for a file that is missing."""
    lines: list[tuple[str, str, int]] = []
    used: list[str] = []
    _take(sources, kind, "layout.mjml", lines, used, depth=0, where=("", 0))
    return Assembled(
        "\n".join(text for text, _, _ in lines),
        tuple((path, number) for _, path, number in lines),
        tuple(dict.fromkeys(used)),
    )


def _take(
    sources: Sources, kind: str, name: str, lines: list[tuple[str, str, int]], used: list[str],
    *, depth: int, where: tuple[str, int],
) -> None:  # fmt: skip
    key = f"templates/{kind if name == 'kind.mjml' else name.removesuffix('.mjml')}.mjml"
    source = sources.get(key)
    if source is None:
        raise TemplateError([Problem(*where, f"{name} is included, but there is no such file")])
    if depth > _DEEPEST:
        raise TemplateError([Problem(*where, f"{name} includes itself")])
    used.append(key)
    for number, line in enumerate(source.text.rstrip("\n").split("\n"), 1):
        _check_tags(line, source, number)
        rest = 0
        for found in _INCLUDE.finditer(line):
            lines.append((line[rest : found.start()], source.path, number))
            _take(sources, kind, found[1], lines, used, depth=depth + 1,
                  where=(source.path, number))  # fmt: skip
            rest = found.end()
        lines.append((line[rest:], source.path, number))


def _check_tags(line: str, source: Source, number: int) -> None:
    for tag in _TAG.findall(line):
        if tag not in _KNOWN:
            raise TemplateError([Problem(source.path, number, f"MJML has no element <{tag}>")])


def html(assembled: Assembled, sources: Sources) -> str:
    """The HTML, a Jinja template. Raises TemplateError naming file and line."""
    try:
        return _html(assembled.text)
    except OSError as error:
        path, line, what = _mistake(assembled, sources) or _position(assembled, str(error))
        text = f"not well-formed ({what}): close every tag, write &lt; and &amp; for < and &"
        raise TemplateError([Problem(path, line, text)]) from error


def _mistake(assembled: Assembled, sources: Sources) -> Problem | None:
    """Which file is no XML by itself. mrml often finds out only at the end of the whole."""
    for name in assembled.used:
        text = _ENTITY.sub(" ", sources[name].text)
        try:
            ElementTree.fromstring(f"<mjml>{text}</mjml>")
        except ElementTree.ParseError as error:
            return Problem(sources[name].path, error.position[0], str(error).split(":")[0])
    return None


def _position(assembled: Assembled, told: str) -> Problem:
    found = _POSITION.search(told)
    ahead = assembled.text.encode()[: int(found[1])] if found else assembled.text.encode()
    path, line = assembled.lines[min(ahead.count(b"\n"), len(assembled.lines) - 1)]
    return Problem(path, line, _POSITION.sub("", told).replace(" in root template", ""))


@lru_cache(maxsize=256)
def _html(mjml: str) -> str:
    # No fonts: mrml would have readers fetch them from elsewhere.
    options = mrml.RenderOptions(disable_comments=True, fonts={})
    return mrml.to_html(mjml, None, options).content
