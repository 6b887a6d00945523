"""Write files so that an interrupted or refused write loses nothing, say why one was refused, and follow no link."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from .errors import LabError
from .messages import _


@contextlib.contextmanager
def opened_folder(path: str | Path, *below: str, dir_fd: int | None = None) -> Iterator[int]:
    """Open a folder that somebody else may change meanwhile; give its descriptor, which is closed at the end.

    Parameters
    ----------
    path: its last part is no link; what is above it is taken as it is.
    below: the names on the way down from there, each opened from the one above, and none through a link.
    dir_fd: an open folder that `path` begins at.

    Raises `OSError` where one of them is a link, or no folder.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open(path, flags, dir_fd=dir_fd)
    try:
        for name in below:
            inner = os.open(name, flags, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def write(file: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Write aside, then rename: a reader sees the old content or the new one.

    Parameters
    ----------
    content: text is written as UTF-8.
    mode: permission bits that the file is made with; it is never open to more, not for a moment.

    Raises `OSError`; `file` is then as it was.
    """
    with _written_aside(file, content, mode) as aside:
        aside.replace(file)


def write_once(file: Path, content: bytes | str, mode: int = 0o600) -> None:
    """Write a file unless it is there: of several who do so at once, the first one wins.

    Parameters
    ----------
    content, mode: as in `write`.

    Raises `OSError`.
    """
    if file.exists():
        return
    with _written_aside(file, content, mode) as aside, contextlib.suppress(FileExistsError):
        os.link(aside, file)


@contextlib.contextmanager
def _written_aside(file: Path, content: bytes | str, mode: int) -> Iterator[Path]:
    aside = file.with_name(f".{file.name}.{os.urandom(8).hex()}.tmp")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def cannot_write(error: OSError, folder: Path | None = None) -> LabError:
    """Say in one sentence why a file could not be written, and what to do."""
    where = error.filename or folder or _("a file")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LabError(
            _("The disk is full: {file} could not be written.", file=where), _("Free 1 GB, then type ./lab again.")
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return LabError(
            _("The course may not write to {file}.", file=where),
            _("Copy the course to a folder of yours, and type ./lab there."),
        )
    return LabError(
        _("{file} could not be written: {why}.", file=where, why=error.strerror or str(error)),
        _("The course needs a folder that it can write to. ./lab doctor looks at all that it needs."),
    )
