"""Kafka's jars: exactly those of the committed lock, downloaded once for each user.

`resources/jgo.toml` names what is wanted and `resources/jgo.lock.toml`, written by `jgo lock`,
what that resolved to: every jar with its version and SHA-256. Nothing is resolved here again.
"""

import contextlib
import fcntl
import hashlib
import os
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from headway.local.errors import LocalStackError

if TYPE_CHECKING:
    from jgo.env import LockedDependency, LockFile
    from jgo.maven import MavenContext

_DOWNLOADS_AT_ONCE = 6


def cache_folder() -> Path:
    """Where downloads are kept: $HEADWAY_CACHE, else `headway` in the user's cache folder."""
    own = os.environ.get("HEADWAY_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "headway"


def kafka_jars() -> list[Path]:
    """The jars of Kafka's class path, in the lock's order; downloads what is missing.

    Safe when several processes call it at once: one downloads, the others wait for it.
    Raises LocalStackError when a jar cannot be had, stored, or is not the one locked.
    """
    text = resources.files("headway.local").joinpath("resources/jgo.lock.toml").read_text()
    lock = _parsed(text)
    folder = cache_folder() / "jars"
    complete = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.complete"
    paths = [folder / _relative_path(jar) for jar in lock.dependencies]
    try:
        if not complete.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with _held(folder / "lock"):
                _download(lock, folder)
                complete.touch()
    except OSError as error:
        raise LocalStackError(
            f"Kafka's jars cannot be stored in {folder}: {error.strerror or error}.",
            "Make room or make that folder writable, or name another one in HEADWAY_CACHE.",
        ) from error
    missing = [path for path in paths if not path.exists()]
    if missing:
        complete.unlink(missing_ok=True)
        raise LocalStackError(
            f"{len(missing)} of Kafka's jars have gone from {folder}.",
            "Run the same command again: it downloads them anew.",
        )
    return paths


def _parsed(text: str) -> "LockFile":
    from jgo.env import LockFile

    return LockFile._from_dict(tomllib.loads(text))


def _relative_path(jar: "LockedDependency") -> Path:
    """Where Maven's layout puts this jar."""
    suffix = f"-{jar.classifier}" if jar.classifier else ""
    name = f"{jar.artifactId}-{jar.version}{suffix}.{jar.packaging}"
    return Path(*jar.groupId.split("."), jar.artifactId, jar.version, name)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the file lock at `path`, waiting for whoever has it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(lock: "LockFile", folder: Path) -> None:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=folder, remote_repos=repositories(), timeout=30)
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        list(pool.map(lambda jar: _fetch(context, jar, folder), lock.dependencies))


def _fetch(context: "MavenContext", jar: "LockedDependency", folder: Path) -> None:
    """Have one jar, whole and as locked; what an earlier run left half done is replaced."""
    path = folder / _relative_path(jar)
    if path.exists() and _sha256(path) == jar.sha256:
        return
    path.unlink(missing_ok=True)
    component = context.project(jar.groupId, jar.artifactId).at_version(jar.version)
    artifact = component.artifact(jar.classifier or "", jar.packaging)
    try:
        artifact.resolve()
    # The resolver raises RuntimeError, and whatever its HTTP library raises is an OSError.
    except (RuntimeError, OSError) as error:
        path.unlink(missing_ok=True)
        raise LocalStackError(
            f"Kafka's jar {path.name} could not be downloaded: {error}",
            "Check the network (HTTPS_PROXY, a mirror in ~/.m2/settings.xml), then run again;"
            " what has arrived is kept.",
        ) from error
    if _sha256(path) != jar.sha256:
        path.unlink()
        raise LocalStackError(
            f"Kafka's jar {path.name} is not the one that was locked.",
            "A mirror or proxy may be changing files: try another, then run again.",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def repositories() -> dict[str, str]:
    """Maven repositories by name, in the order to ask: those this machine is set up for.

    A mirror of Maven Central in `~/.m2/settings.xml` stands in for it; repositories of jgo's own
    configuration file are asked before.
    """
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    configured = dict(GlobalSettings.load().repositories)
    return configured | {"central": _mirror_of_central() or MAVEN_CENTRAL_URL}


def _mirror_of_central(settings: Path | None = None) -> str | None:
    try:
        root = ElementTree.parse(settings or Path.home() / ".m2" / "settings.xml").getroot()
    except (OSError, ElementTree.ParseError):
        return None
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        scope = {part.strip() for part in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        if scope & {"central", "*", "external:*"} and "!central" not in scope:
            return (mirror.findtext("{*}url") or "").strip().rstrip("/") or None
    return None
