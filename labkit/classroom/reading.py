"""A folder of hand-ins: every file is looked at, none is followed, unpacked or run."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabError
from ..files import opened_folder
from ..messages import _
from ..safe import harmless
from . import handin
from .handin import HandIn, examine, unread
from .owner import owner

_DEEPEST = 8
_MOST_FILES = 20_000
_JUNK = frozenset(("__macosx", "thumbs.db", "desktop.ini", "onlinetext.html"))
"""What systems put beside files; names that begin with a dot are left out as well."""


@dataclass(frozen=True)
class _Known:
    """What is known beforehand: the ids of the course's exercises, and what the folders of students may be called."""

    exercises: Collection[str]
    students: Collection[str]


def hand_ins(folder: Path, exercises: Collection[str], students: Collection[str] = ()) -> list[HandIn]:
    """Return all files below a folder, read.

    Parameters
    ----------
    folder: may itself be a link; nothing below it is followed.  Of the folder ``students`` of a class that
        ``labkit classroom serve`` keeps, only the reports count: all else is what students work with.
    exercises: the ids of those of the course.
    students: what a student's own folder may be called: ids and names of the roster, in small letters.

    Raises `LabError` for a folder that cannot be read, or that holds too many files.
    """
    known = _Known(exercises, students)
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _no_folder(folder, error) from error
    try:
        found: list[HandIn] = []
        served = (folder.resolve().parent / "hub" / "students.json").exists()
        for made in _served(top, known) if served else _below(top, (), known):
            found.append(made)
            if len(found) > _MOST_FILES:
                raise LabError(
                    _("{folder} holds more than {count} files.", folder=folder, count=_MOST_FILES),
                    _("Give the folder of one assignment."),
                )
        return found
    finally:
        os.close(top)


def _no_folder(folder: Path, error: OSError) -> LabError:
    if error.errno == errno.ENOTDIR:
        hint = _("Unpack the download, and give the folder.")
        return LabError(_("{folder} is a file, not a folder of hand-ins.", folder=folder), hint)
    return LabError(
        _("The folder {folder} cannot be read: {why}.", folder=folder, why=error.strerror),
        _("Give the folder in which the download was unpacked."),
    )


def _served(top: int, known: _Known) -> Iterator[HandIn]:
    """Yield the report of each student of a served class, ``NAME/work/lab-report.json``, where there is one."""
    for name in sorted(os.listdir(top)):
        path = (name, "work", "lab-report.json")
        try:
            with opened_folder(*path[:-1], dir_fd=top) as inner:
                made = _file(inner, path, os.lstat(path[-1], dir_fd=inner).st_mode, known)
        except (FileNotFoundError, NotADirectoryError):
            continue  # without a report: missing, where a roster says that there is such a student
        except OSError as error:
            made = _said(path, _("{name} cannot be read: {why}.", name=path[-1], why=error.strerror or error), known)
        yield made


def _below(folder: int, above: tuple[str, ...], known: _Known) -> Iterator[HandIn]:
    """Yield what lies in an open folder.  All is opened relative to it, so that no link gets in between."""
    for name in sorted(os.listdir(folder)):
        if name.startswith(".") or name.lower() in _JUNK:
            continue
        path = (*above, name)
        try:
            kind = os.lstat(name, dir_fd=folder).st_mode
            if stat.S_ISDIR(kind):
                yield from _folder(folder, path, known)
            else:
                yield _file(folder, path, kind, known)
        except OSError as error:
            yield _said(
                path, _("{name} cannot be read: {why}.", name=harmless(name), why=error.strerror or error), known
            )


def _folder(parent: int, path: tuple[str, ...], known: _Known) -> Iterator[HandIn]:
    name = harmless(path[-1])
    if name.lower().endswith(".json"):
        yield _said(path, _("{name} is a folder, not a report.", name=name), known)
    if len(path) > _DEEPEST:
        yield _said(path, _("{name} lies too deep; it was not looked into.", name=name), known)
        return
    with opened_folder(path[-1], dir_fd=parent) as inner:
        yield from _below(inner, path, known)


def _file(folder: int, path: tuple[str, ...], kind: int, known: _Known) -> HandIn:
    name = harmless(path[-1])
    if stat.S_ISLNK(kind):
        return _said(path, _("{name} is a link, which is not followed.", name=name), known)
    if not stat.S_ISREG(kind):
        return _said(path, _("{name} is not a file of data.", name=name), known)
    # Not blocking, should the file have become a pipe meanwhile.
    opened = os.open(path[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(opened, "rb") as file:
        facts = os.fstat(opened)
        if not stat.S_ISREG(facts.st_mode):
            return _said(path, _("{name} is not a file of data.", name=name), known)
        if facts.st_size > handin.LARGEST:
            size = _("{name} is too large for a report ({size} MB).", name=name, size=facts.st_size // 1_000_000)
            return _said(path, size, known)
        data = file.read(handin.LARGEST + 1)
    if len(data) > handin.LARGEST:
        return _said(path, _("{name} grew while it was read.", name=name), known)
    return examine(_shown(path), owner(_harmless(path), known.students), data, known.exercises)


def _said(path: tuple[str, ...], why: str, known: _Known) -> HandIn:
    return unread(_shown(path), owner(_harmless(path), known.students), why)


def _harmless(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(harmless(part) for part in path)


def _shown(path: tuple[str, ...]) -> str:
    return "/".join(_harmless(path))


def content(file: Path, largest: int) -> bytes:
    """Return the bytes of a file that the teacher named.  Raises `LabError`."""
    try:
        with file.open("rb") as opened:
            data = opened.read(largest + 1)
    except OSError as error:
        raise LabError(
            _("{name} cannot be read: {why}.", name=file.name, why=error.strerror), _("Is the name right?")
        ) from error
    if len(data) > largest:
        raise LabError(_("{name} is too large.", name=file.name), _("Is it the right file?"))
    return data
