"""What Ray writes is for this user alone: the token for its calls, its sockets, the logs.

Except where RAY_TMPDIR names a folder that others may enter: Ray opens its folders there to all,
and files can be listed, deleted and replaced, though not read.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

TOKEN = Path(".ray/auth_token")  # in the home folder, where Ray makes one for all to read


def keep_files_private() -> None:
    """Nobody else may read the files that this process and its children write from now on, nor the
    token that an earlier start wrote.

    Ray opens its sessions' folders to all (0777), so a Ray of our own has them in a folder that
    only this user may enter, unless RAY_TMPDIR names another, which is left as it is. After
    configs/serve.env was read, before ray is imported.
    """
    os.umask(0o077)
    with suppress(OSError):
        (Path.home() / TOKEN).chmod(0o600)
    if os.environ.get("RAY_ADDRESS") == "local":
        os.environ.setdefault("RAY_TMPDIR", str(own_folder()))


def own_folder() -> Path:
    """The same at every start, unless somebody else was there first; short, for sockets' names."""
    folder = Path(tempfile.gettempdir()) / f"csanmt-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if is_ours and not found.st_mode & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="csanmt-"))
