"""Templates tried before a message depends on them: every mistake with its file and line."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from headway.program.messages import KINDS, Kind
from headway.program.program import Program
from headway_notify.compiling import Problem, TemplateError, assemble, html
from headway_notify.reader import Links, Reader
from headway_notify.render import render
from headway_notify.samples import TRIED_WITH, newcomer, sample
from headway_notify.sources import Sources, with_folder
from headway_notify.template_set import Templates, built_in_templates
from headway_notify.values import values

MOST_BYTES = 100_000
"""Gmail cuts off what is longer."""
_HEADED = frozenset(("subject", "preheader"))
_LINKS = Links("https://example.com/preferences", "https://example.com/unsubscribe")
_NO_ATTRIBUTE = re.compile(r"has no attribute '([^']+)'")
_DAY = date(2026, 3, 3)

Found = Callable[[nodes.Node], bool]


def checked(sources: Sources, program: Program) -> Templates:
    """Templates that can word every kind of message. Raises TemplateError with all mistakes."""
    templates = Templates(sources)
    problems: list[Problem] = []
    for kind in KINDS:
        problems += _kind(templates, kind, program)
    problems = list(dict.fromkeys(problems)) or _unused(templates)
    if problems:
        raise TemplateError(sorted(problems))
    return templates


def _kind(templates: Templates, kind: Kind, program: Program) -> list[Problem]:
    """Mistakes that can be seen without a message, else those that a sample meets."""
    try:
        # Before they are put together, while a line is still that of its file.
        for name in assemble(templates.sources, kind).used:
            templates.text.parse(templates.sources[name].text, name, templates.sources[name].path)
        return _undefined(templates, kind, program) or _tried(templates, kind, program)
    except TemplateError as error:
        return error.problems
    except TemplateSyntaxError as error:
        path = error.filename or templates.sources[f"templates/{kind}.mjml"].path
        return [Problem(path, error.lineno, error.message or "cannot be read")]


def _undefined(templates: Templates, kind: Kind, program: Program) -> list[Problem]:
    """Names that no message of this kind has."""
    message, reader = sample(program, kind, _DAY), Reader("Maria")
    wording = templates.wording(reader, program.zone)
    known = values(message, program, reader, _LINKS, wording).keys()
    compiled = html(assemble(templates.sources, kind), templates.sources)
    unknown = _undeclared(templates.html, compiled) - known - _HEADED
    used = templates.of(kind).used
    for name in used:
        if name.endswith(".txt"):
            unknown |= _undeclared(templates.text, templates.sources[name].text) - known
    return [
        problem
        for name in sorted(unknown)
        for problem in _where(templates, used, _is_name(name), f"{name} is not known here")
    ]


def _undeclared(environment: SandboxedEnvironment, text: str) -> set[str]:
    return meta.find_undeclared_variables(environment.parse(text))


def _tried(templates: Templates, kind: Kind, program: Program) -> list[Problem]:
    """Samples in every language: for what shows only when values are put in."""
    used = templates.of(kind).used
    owing = newcomer(program, _DAY).model_copy(update={"owed": -40})
    trials = [(language, facts) for language in templates.languages for facts in (None, owing)]
    for language, facts in trials:
        message = sample(program, kind, _DAY, facts=facts)
        try:
            made = render(message, program, Reader("Maria", language), _LINKS, templates)
        except KeyError as error:
            key = str(error.args[0])
            what = f"a string uses %({key})s, which it is not given (in {language})"
            return list(_where(templates, used, _lacks(key), what))
        except UndefinedError as error:
            found = _NO_ATTRIBUTE.search(str(error))
            return list(_where(templates, used, _is_attribute(found[1] if found else ""),
                               str(error)))  # fmt: skip
        except TemplateError as error:
            return error.problems
        except (JinjaError, TypeError, ValueError) as error:
            return [Problem(templates.sources[f"templates/{kind}.txt"].path, 1, str(error))]
        if len(made.html.encode()) > MOST_BYTES:
            path = templates.sources[f"templates/{kind}.mjml"].path
            return [Problem(path, 1, f"makes more than {MOST_BYTES:,} bytes: readers cut it off")]
    return []


def _where(
    templates: Templates, used: tuple[str, ...], found: Found, what: str
) -> Iterator[Problem]:
    """A problem for each file in which a part of it looks like that; the kind's own if in none."""
    told = False
    for name in used:
        source = templates.sources[name]
        tree = templates.text.parse(source.text)
        for node in tree.find_all(nodes.Node):
            if found(node):
                told = True
                yield Problem(source.path, node.lineno, what)
                break
    if not told:
        yield Problem(templates.sources[used[-1]].path, 1, what)


def _is_name(name: str) -> Found:
    return lambda node: isinstance(node, nodes.Name) and node.name == name and node.ctx == "load"


def _is_attribute(name: str) -> Found:
    return lambda node: isinstance(node, nodes.Getattr) and node.attr == name


def _lacks(key: str) -> Found:
    def lacks(node: nodes.Node) -> bool:
        if not isinstance(node, nodes.Call):
            return False
        strings = [arg.value for arg in node.args if isinstance(arg, nodes.Const)]
        given = {keyword.key for keyword in node.kwargs}
        return key not in given and any(f"%({key})" in str(string) for string in strings)

    return lacks


def _unused(templates: Templates) -> list[Problem]:
    """Files of a folder that nothing includes: most likely a name was misspelt."""
    used = {name for kind in KINDS for name in templates.of(kind).used}
    return [
        Problem(source.path, 1, "no message uses this file: is its name right?")
        for name, source in templates.sources.items()
        if name.startswith("templates/") and name not in used
    ]


def chosen(folder: Path | None) -> Templates:
    """The built-in templates, or those with a folder's in their place, tried.

    Raises UserError for a folder that is none, TemplateError for mistakes in it.
    """
    return built_in_templates() if folder is None else checked(with_folder(folder), TRIED_WITH)
