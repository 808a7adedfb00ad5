"""Named SQL: every statement of the product lives in a .sql file, in blocks with a name."""

import re
from importlib.resources import files

_HEAD = re.compile(r"^-- name: *([a-z_0-9]+) *$", re.MULTILINE)


class Queries:
    """The statements of one .sql file, by name: `queries["x"]` or `queries.x`."""

    def __init__(self, statements: dict[str, str]) -> None:
        self._statements = statements

    def __getitem__(self, name: str) -> str:
        return self._statements[name]

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"no query named {name!r}") from None

    def names(self) -> list[str]:
        """All names, in the file's order."""
        return list(self._statements)


def parse(text: str) -> Queries:
    """Split the text of a .sql file at its `-- name:` lines; a name given twice is an error."""
    pieces = _HEAD.split(text)
    statements: dict[str, str] = {}
    for name, statement in zip(pieces[1::2], pieces[2::2], strict=True):
        if name in statements:
            raise ValueError(f"query {name!r} is there twice")
        statements[name] = statement.strip().rstrip(";")
    return Queries(statements)


def load(package: str, file: str) -> Queries:
    """The queries of `file` inside `package`."""
    return parse(files(package).joinpath(file).read_text(encoding="utf-8"))
