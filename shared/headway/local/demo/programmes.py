"""Which programme a demo plays: one of the examples, which come with Headway, or a file."""

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from headway.errors import UserError

DEFAULT = "shoes"
_SUFFIX = ".yaml"


class Chosen(NamedTuple):
    """The text of a programme, and what to call it in messages."""

    text: str
    file: str


def examples() -> list[str]:
    """The names of the examples (in the sources: examples/programs)."""
    folder = files("headway.local.demo").joinpath("programs")
    names = (entry.name for entry in folder.iterdir() if entry.name.endswith(_SUFFIX))
    return sorted(name.removesuffix(_SUFFIX) for name in names)


def choose(name: str) -> Chosen:
    """The example of that name, else the file there; UserError when there is neither."""
    if name in examples():
        file = name + _SUFFIX
        folder = files("headway.local.demo").joinpath("programs")
        return Chosen(folder.joinpath(file).read_text("utf-8"), file)
    try:
        return Chosen(Path(name).read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UserError(
            f"{name} is no example, and cannot be read as a file: {error}",
            f"name a programme file in UTF-8, or one of {', '.join(examples())}",
        ) from error
