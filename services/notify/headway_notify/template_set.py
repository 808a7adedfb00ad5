"""The templates of all kinds of message, compiled when first used, each with its version."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import FunctionLoader, Template, meta

from headway.program.messages import Kind
from headway_notify.compiling import Problem, TemplateError, assemble, html
from headway_notify.languages import SOURCE, Language, choose, language
from headway_notify.reader import Reader
from headway_notify.sandbox import Sandbox
from headway_notify.sources import Sources, built_in
from headway_notify.wording import Wording, zone_of

_DIGEST = 12


class Compiled(NamedTuple):
    """Both parts of one kind of message, and the files that they came from."""

    text: Template
    html: Template
    used: tuple[str, ...]


class Templates:
    """What messages are rendered with: MJML and text by kind, catalogues by language."""

    def __init__(self, sources: Sources) -> None:
        """Raises TemplateError for a catalogue that cannot be read; templates are read later."""
        self.sources = sources
        self.languages = {SOURCE: language(SOURCE, ""), **_languages(sources)}
        self._compiled: dict[str, Compiled] = {}
        self._versions: dict[tuple[str, str], str] = {}
        self._wording = lru_cache(maxsize=4096)(self._new_wording)
        self.html = Sandbox(autoescape=True)
        # Plain text: nothing in it is markup.
        self.text = Sandbox(autoescape=False, loader=FunctionLoader(self._load))

    def of(self, kind: Kind) -> Compiled:
        """The templates of a kind. Raises TemplateError or jinja2.TemplateError."""
        found = self._compiled.get(kind)
        if found is None:
            assembled = assemble(self.sources, kind)
            used = (*assembled.used, *sorted(set(self._texts(f"{kind}.txt"))))
            found = self._compiled[kind] = Compiled(
                self.text.get_template(f"{kind}.txt"),
                self.html.from_string(html(assembled, self.sources)),
                used,
            )
        return found

    def version(self, kind: Kind, spoken: str) -> str:
        """`progress/en@1a2b3c4d5e6f`: the same for the same files, wherever they lie."""
        found = self._versions.get((kind, spoken))
        if found is None:
            names = [*self.of(kind).used, f"locale/{spoken}.po"]
            texts = (self.sources[name].text for name in names if name in self.sources)
            digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_DIGEST]
            found = self._versions[kind, spoken] = f"{kind}/{spoken}@{digest}"
        return found

    def wording(self, reader: Reader, zone: ZoneInfo) -> Wording:
        """How a reader is written to; `zone` is that of who names none."""
        return self._wording(reader.locale, reader.zone, zone)

    def _new_wording(self, tag: str, zone: str, otherwise: ZoneInfo) -> Wording:
        locale = choose(tag, self.languages)
        return Wording(self.languages[locale.language], locale, zone_of(zone, otherwise))

    def _load(self, name: str) -> tuple[str, str, None] | None:
        source = self.sources.get(f"templates/{name}")
        return None if source is None else (source.text, source.path, None)

    def _texts(self, name: str) -> Iterator[str]:
        """A text and what it includes."""
        source = self.sources.get(f"templates/{name}")
        if source is None:
            raise TemplateError([Problem(f"templates/{name}", 1, "there is no such file")])
        yield f"templates/{name}"
        for found in meta.find_referenced_templates(
            self.text.parse(source.text, name, source.path)
        ):
            if found is not None:
                yield from self._texts(found)


@lru_cache(maxsize=1)
def built_in_templates() -> Templates:
    """Those that come with notify."""
    return Templates(built_in())


def _languages(sources: Sources) -> dict[str, Language]:
    found = {}
    for key, source in sources.items():
        if not key.startswith("locale/"):
            continue
        name = key.removeprefix("locale/").removesuffix(".po")
        try:
            found[name] = language(name, source.text)
        except ValueError as error:
            line, _, text = str(error).removeprefix("line ").partition(": ")
            number = int(line) if line.isdigit() else 1
            raise TemplateError([Problem(source.path, number, text or str(error))]) from error
    return found
