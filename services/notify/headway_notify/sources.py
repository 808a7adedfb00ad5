"""The files that messages are made from: those that come with notify, and a folder's instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from headway.errors import UserError

_HERE = Path(__file__).parent
FOLDERS = {"templates": ("*.mjml", "*.txt"), "locale": ("*.po",)}
"""Where a file lies, and which belong to it."""


class Source(NamedTuple):
    """A file's text, and where it was read, to be named when it has a mistake."""

    text: str
    path: str


Sources = Mapping[str, Source]
"""By name: `templates/progress.mjml`, `locale/de.po`."""


def built_in() -> Sources:
    """The files that come with notify."""
    return _read(_HERE, prefix="headway_notify/")


def with_folder(folder: Path) -> Sources:
    """The built-in files, those of the same name in `folder` in their place.

    Raises UserError when there is no such folder, or nothing in it that could be meant.
    """
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {folder}",
            "name one with HEADWAY_NOTIFY_TEMPLATES, or start with"
            " `headway notify templates export DIR`",
        )
    own = _read(folder, prefix=f"{folder}/")
    if not own:
        raise UserError(
            f"{folder} holds no template",
            "it should look like what `headway notify templates export DIR` writes:"
            " templates/progress.mjml, templates/progress.txt, locale/de.po ...",
        )
    return {**built_in(), **own}


def export(folder: Path) -> list[Path]:
    """Write the built-in files into `folder`; the files, sorted. Never overwrites one."""
    found = built_in()
    there = [name for name in sorted(found) if (folder / name).exists()]
    if there:
        raise UserError(f"{folder / there[0]} is there already", "name a folder that is empty")
    for name, source in found.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.text, "utf-8")
    return [folder / name for name in sorted(found)]


def _read(root: Path, *, prefix: str) -> dict[str, Source]:
    return {
        f"{folder}/{path.name}": Source(_text(path), f"{prefix}{folder}/{path.name}")
        for folder, patterns in FOLDERS.items()
        for pattern in patterns
        for path in sorted((root / folder).glob(pattern))
    }


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "write it in UTF-8") from error
