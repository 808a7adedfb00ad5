"""Reading a programme file: errors name file, line, field and fix."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from pydantic import ValidationError

from headway.errors import UserError
from headway.program.compiling import compile_program
from headway.program.document import Document
from headway.program.program import Program


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


class _Yaml12(yaml.SafeLoader):
    """YAML 1.2's booleans: `on` is a word here, not a truth value."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def load_program(text: str, *, file: str = "programme", version: int = 0) -> Program:
    """Check and compile the text of a programme file. Raises ProgramFileError."""
    try:
        tree = yaml.compose(text, Loader=_Yaml12)
        content = yaml.load(text, Loader=_Yaml12)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProgramFileError([Problem(file, line, "yaml", str(error.problem))]) from error
    if not isinstance(content, dict):
        raise ProgramFileError(
            [Problem(file, 1, "file", "write a mapping with name, zone, rules, ...")]
        )
    try:
        return compile_program(Document.model_validate(content), version)
    except ValidationError as error:
        raise ProgramFileError(list(_problems(file, tree, error))) from error
    except ValueError as error:
        raise ProgramFileError([Problem(file, 1, "amount", str(error))]) from error


def _problems(file: str, tree: yaml.Node | None, error: ValidationError) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        place = [
            part
            for part in found["loc"]
            if isinstance(part, int) or not part.startswith("function-")
        ]
        field = ".".join(str(part) for part in place) or "file"
        yield Problem(
            file, _line_of(tree, place), field, found["msg"].removeprefix("Value error, ")
        )


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
