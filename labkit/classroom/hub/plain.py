"""Copying what somebody handed in, who may change it meanwhile, with the rights of root."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

_LARGEST = 16_000_000
"""Bytes of one file of a submission."""
_MOST = 100
"""Files of a submission."""


def copy_plain(source: Path, target: Path) -> None:
    """Copy the plain files of a folder that somebody else may change meanwhile.

    Raises `OSError` when the folder itself is a link.
    """
    target.mkdir(parents=True)
    folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for name in sorted(os.listdir(folder))[:_MOST]:
            try:
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            except OSError:
                continue
            try:
                what = os.fstat(file)
                # A second name of another's file belongs to that other, and has two names.
                plain = stat.S_ISREG(what.st_mode) and what.st_nlink == 1 and what.st_uid == os.fstat(folder).st_uid
                if plain and what.st_size <= _LARGEST:
                    with open(file, "rb", closefd=False) as content, (target / name).open("wb") as out:
                        shutil.copyfileobj(content, out)
            finally:
                os.close(file)
    finally:
        os.close(folder)
