"""Whom Postgres runs as: it refuses to run as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from headway.local.errors import LocalStackError

_NAME = "headway-postgres"

# For what a server user must reach when the project lies in a folder that only root may enter.
# Not a folder for temporary files: there, strangers could prepare what root then trusts.
_ROOT_STATE = Path("/var/lib/headway")


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of the operating system, by its ids."""

    name: str
    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may traverse `folder` and all that lead to it."""
        test = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)],
            cwd="/",
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            check=False,
        )
        return test.returncode == 0


def server_user(data: Path) -> SystemUser | None:
    """None for an ordinary user, who runs servers as themselves.

    For root: whoever owns `data`, if someone does already, else a user made for it.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return SystemUser(data.owner(), owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(_NAME)
    except KeyError:
        entry = _made()
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _made() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    try:
        subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", _NAME], check=True, capture_output=True
        )
    # Another process may have made it in the same moment.
    except (OSError, subprocess.CalledProcessError) as error:
        try:
            return pwd.getpwnam(_NAME)
        except KeyError:
            raise LocalStackError(
                f"PostgreSQL does not run as root, and a user {_NAME} could not be made.",
                "Run this as an ordinary user, or add that system user yourself.",
            ) from error
    return pwd.getpwnam(_NAME)


def reachable_copy(package: Path, version: str, user: SystemUser) -> Path:
    """The installed `package` folder, or a copy of it that `user` can reach.

    The libraries that a wheel carries beside its package are found by relative path, so both
    are copied as they lie.
    """
    if user.can_enter(package):
        return package
    copy = _state_folder() / f"{package.name}-{version}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=_state_folder()))
        for folder in package.parent.glob(f"{package.name}*"):
            if folder in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(folder, draft / folder.name)
        draft.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:
            # Another process was first.
            shutil.rmtree(draft)
    return copy / package.name


def reachable_folder(wanted: Path, user: SystemUser) -> Path:
    """A folder that `user` owns: `wanted`, or one elsewhere to which `wanted` is a link."""
    if wanted.is_symlink() and not wanted.exists():
        wanted.unlink()
    if not wanted.exists():
        if user.can_enter(wanted.parent):
            wanted.mkdir(mode=0o700)
        else:
            elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=_state_folder()))
            wanted.symlink_to(elsewhere)
    os.chown(wanted, user.uid, user.gid)
    return wanted.resolve()


def _state_folder() -> Path:
    _ROOT_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    return _ROOT_STATE
