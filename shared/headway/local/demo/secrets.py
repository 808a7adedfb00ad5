"""The demo's own secret, kept beside its data for as long as that is."""

import os
from pathlib import Path

from headway.sealing.master_keys import new_master_key

MASTER_KEY_FILE = "notify-master-key"


def master_key(file: Path) -> str:
    """The key that opens the demo's contacts: the one in `file`, which is made when there is none
    and is its owner's to read alone."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as made:
        key = new_master_key()
        made.write(key + "\n")
    return key
