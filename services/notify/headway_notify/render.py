"""A decided message into words: the subject, the text and the HTML. Pure.

The tone informs and never presses: what is there, what it can become, what is next.
"""

from dataclasses import dataclass

from headway.program.program import Program
from headway_notify.compiling import Problem, TemplateError
from headway_notify.messaging import Message
from headway_notify.reader import Links, Reader
from headway_notify.template_set import Templates, built_in_templates
from headway_notify.values import values

_HEAD = ("Subject: ", "Preheader: ")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words, before they become a message. `locale` is a BCP 47 tag of what they are in;
    `template` names kind, language and version of the templates: `progress/en@1a2b3c4d5e6f`."""

    subject: str
    text: str
    html: str
    preheader: str = ""
    locale: str = "en"
    template: str = ""


def render(
    message: Message,
    program: Program,
    reader: Reader,
    links: Links,
    templates: Templates | None = None,
) -> Rendered:
    """Both parts, from frozen facts alone. Raises jinja2.TemplateError or TemplateError
    when a template cannot word it."""
    templates = templates or built_in_templates()
    wording = templates.wording(reader, program.zone)
    compiled = templates.of(message.kind)
    found = values(message, program, reader, links, wording)
    head, _, text = compiled.text.render(found).partition("\n\n")
    found["subject"], found["preheader"] = _headed(head, compiled.text.filename or "")
    return Rendered(
        found["subject"],
        f"{text}\n",
        compiled.html.render(found),
        found["preheader"],
        str(wording.locale).replace("_", "-"),
        templates.version(message.kind, wording.language.name),
    )


def _headed(head: str, path: str) -> tuple[str, str]:
    """Subject and preheader, which a text begins with."""
    lines = head.split("\n")
    if len(lines) != 2 or not all(map(str.startswith, lines, _HEAD)):
        what = "a text begins with `Subject: ...`, then `Preheader: ...`, then an empty line"
        raise TemplateError([Problem(path, 1, what)])
    subject, preheader = (line.removeprefix(name) for line, name in zip(lines, _HEAD, strict=True))
    return subject.strip(), preheader.strip()
