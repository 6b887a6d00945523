"""Reading and copying what belongs to somebody else, who may change it meanwhile, with rights that they have not."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from ...files import opened_folder

_LARGEST = 16_000_000
"""Bytes of one file of a submission."""
_MOST = 100
"""Files of a submission."""


def copy_plain(source: Path, target: Path) -> None:
    """Copy the plain files of a folder that somebody else may change meanwhile.

    Raises `OSError` when the folder itself is a link.
    """
    target.mkdir(parents=True)
    with opened_folder(source) as folder:
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


@dataclass(frozen=True)
class Stamp:
    """What tells one content of a file from the next.

    Parameters
    ----------
    changed: the time of its last change, which nobody can set, in nanoseconds.
    """

    inode: int
    changed: int
    size: int


def read_plain(folder: Path, name: str, user: int, largest: int, before: Stamp | None) -> tuple[Stamp, bytes] | None:
    """Return a plain file of a user's, and its stamp; None where it is as it was `before`.

    Parameters
    ----------
    folder: may belong to the user, but nothing above it.
    name: in that folder.
    largest: bytes; of a larger file, one byte more than that is returned.

    Raises `FileNotFoundError` where there is none, and another `OSError` for what is no plain file of the user's:
    a link, a second name of a file, a pipe, a folder.
    """
    with opened_folder(folder) as inner:
        # Not blocking, should it be a pipe.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=inner)
    with open(file, "rb", buffering=0) as opened:
        what = os.fstat(file)
        if not stat.S_ISREG(what.st_mode) or what.st_nlink != 1 or what.st_uid != user:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
        stamp = Stamp(what.st_ino, what.st_ctime_ns, what.st_size)
        if stamp == before:
            return None
        chunks, left = [], largest + 1
        while left and (chunk := opened.read(left)):
            chunks.append(chunk)
            left -= len(chunk)
        return stamp, b"".join(chunks)
