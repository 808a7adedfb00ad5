"""Reading a programme file: errors name file, line, field and fix."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

import yaml
from pydantic import ValidationError

from headway.errors import UserError
from headway.program.advising import advice
from headway.program.checking import mistakes
from headway.program.compiling import compile_program
from headway.program.document import Document, field_names
from headway.program.program import Program
from headway.program.written import WORD
from headway.program.yaml12 import Yaml12

_SUBJECT = re.compile(r"^(Input|\w+ input|String|List|Tuple|Value) should")
_LENGTH = re.compile(r"^\w+ should have")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the file."""

    file: str
    line: int
    field: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.fix}"


class ProgramFileError(UserError):
    """The file cannot be used; `problems` says why, one by one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(
            lines, "mend the lines named above, then run `headway program check` again"
        )
        self.problems = tuple(problems)


class Checked(NamedTuple):
    """A programme without mistakes, and what in its file is legal but hardly meant."""

    program: Program
    warnings: tuple[Problem, ...]


def load_program(text: str, *, file: str = "programme", version: int = 0) -> Program:
    """Check and compile the text of a programme file. Raises ProgramFileError."""
    return _loaded(text, file, version)[0]


def load_document(text: str, *, file: str = "programme") -> Document:
    """What the file says, as it says it. Raises ProgramFileError."""
    return _loaded(text, file, 0)[1]


def check_program(text: str, *, file: str = "programme", version: int = 0) -> Checked:
    """Load it, and look for what is legal but hardly meant. Raises ProgramFileError."""
    program, document, tree = _loaded(text, file, version)
    warnings = (_problem(file, tree, where, fix) for where, fix in advice(document, program))
    return Checked(program, tuple(sorted(warnings, key=lambda warning: warning.line)))


def _loaded(text: str, file: str, version: int) -> tuple[Program, Document, yaml.Node | None]:
    tree, content = _parsed(text, file)
    if not isinstance(content, dict):
        raise ProgramFileError(
            [Problem(file, 1, "file", "write a mapping with name, zone, rules, ...")]
        )
    try:
        document = Document.model_validate(content)
    except ValidationError as error:
        raise ProgramFileError(list(_problems(file, tree, error))) from error
    found = [_problem(file, tree, where, fix) for where, fix in mistakes(document)]
    if found:
        raise ProgramFileError(sorted(found, key=lambda problem: problem.line))
    return compile_program(document, version), document, tree


def _problem(file: str, tree: yaml.Node | None, where: Sequence[int | str], fix: str) -> Problem:
    return Problem(file, _line_of(tree, where), ".".join(map(str, where)) or "file", fix)


def _parsed(text: str, file: str) -> tuple[yaml.Node | None, object]:
    """The text's nodes, which know their lines, and what they say."""
    try:
        loader = Yaml12(text)
        tree = loader.get_single_node()
        content = None if tree is None else loader.construct_document(tree)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        fix = f"U+{int(error.character):04X} cannot be in a text file; remove it"
        raise ProgramFileError([Problem(file, line, "yaml", fix)]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProgramFileError([Problem(file, line, "yaml", str(error.problem))]) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "a value does not fit its tag (!!...); remove the tag"
        raise ProgramFileError([Problem(file, 1, "yaml", fix)]) from error
    except RecursionError as error:
        raise ProgramFileError([Problem(file, 1, "yaml", "nest less deeply")]) from error
    return tree, content


def _problems(file: str, tree: yaml.Node | None, error: ValidationError) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        place = [part for part in found["loc"] if isinstance(part, int) or part[0] != "~"]
        fix = _fix(found["type"], found["msg"], str(place[-1]) if place else "")
        if found["type"] == "literal_error" and found["loc"][-1] == WORD.tag:
            fix += ", or a mapping of fields"
        yield _problem(file, tree, place, fix)


def _fix(kind: str, message: str, field: str) -> str:
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        near = get_close_matches(field, field_names(), 1, 0.75)
        return (
            f"no such field here; {f'write {near[0]}' if near else 'check its name'}, or remove it"
        )
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "should be a mapping with fields of its own; `docs/programme.md` shows one"
    if kind == "string_type":
        return "should be a text; put it in quotes"
    if message == "Input should be True":
        return "should be true; leave it out where it does not matter"
    if kind in ("too_short", "too_long"):
        return _LENGTH.sub("should have", message.split(" after")[0])
    return _SUBJECT.sub("should", message.removeprefix("Value error, "))


def _line_of(tree: yaml.Node | None, place: Sequence[int | str]) -> int:
    """The line of the deepest node on the way to `place`."""
    node, line = tree, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if part not in pairs:
                break
            key, node = pairs[part]
            line = key.start_mark.line + 1
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
