"""Folders of the host as nodes: what a bind mount of the practice engine reaches.

This is the one place where a container's files are real ones.  Only what lies below one
folder, the learner's copy, can be reached; a link on the host is followed inside the
container, as with a real bind mount.  A folder is opened part by part from there on, each time
anew, and never through a link: whoever may write into the copy can put one there at any time.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...files import opened_folder
from .machine.files import File, FileSystem, Folder, Link, Node, Space
from .machine.process import MACHINE

Parts = tuple[str, ...]
"""The names on the way from the learner's copy down."""


class HostFile(File):
    """A regular file of the host.

    Parameters
    ----------
    root, parts: the learner's copy, and the way from there to the file.
    """

    def __init__(self, root: str, parts: Parts, found: os.stat_result) -> None:
        self._root, self._parts = root, parts
        Node.__init__(self, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime)

    def _open(self, flags: int) -> int:
        with opened_folder(self._root, *self._parts[:-1]) as folder:
            return os.open(self._parts[-1], flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)

    @property
    def data(self) -> bytes:
        """What it holds now."""
        with os.fdopen(self._open(os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read()

    @data.setter
    def data(self, value: bytes) -> None:
        with os.fdopen(self._open(os.O_WRONLY | os.O_TRUNC), "wb") as file:
            file.write(value)

    def append(self, data: bytes) -> None:
        with os.fdopen(self._open(os.O_WRONLY | os.O_APPEND), "ab") as file:
            file.write(data)

    @property
    def size(self) -> int:
        with opened_folder(self._root, *self._parts[:-1]) as folder:
            return os.lstat(self._parts[-1], dir_fd=folder).st_size


class HostFolder(Folder):
    """A folder of the host.

    Parameters
    ----------
    root, parts: the learner's copy, and the way from there to the folder.
    """

    def __init__(self, root: str, parts: Parts, found: os.stat_result) -> None:
        self._root, self._parts = root, parts
        Node.__init__(self, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime)

    @property
    def entries(self) -> dict[str, Node]:  # type: ignore[override]
        """The entries, as they are now."""
        return {name: node for name in self.names() if (node := self.get(name)) is not None}

    def names(self) -> list[str]:
        with opened_folder(self._root, *self._parts) as folder:
            return os.listdir(folder)

    def get(self, name: str) -> Node | None:
        return node_of(self._root, (*self._parts, name))

    def put(self, name: str, node: Node) -> Node:
        with opened_folder(self._root, *self._parts) as folder:
            if isinstance(node, Folder):
                os.mkdir(name, node.mode & 0o777, dir_fd=folder)
            elif isinstance(node, Link):
                os.symlink(node.target, name, dir_fd=folder)
            elif isinstance(node, File):
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
                with os.fdopen(os.open(name, flags, node.mode & 0o777, dir_fd=folder), "wb") as file:
                    file.write(node.data)
            else:
                raise PermissionError(1, os.strerror(1), name)
        made = self.get(name)
        if isinstance(node, Folder) and isinstance(made, Folder):
            for below in node.names():
                if (entry := node.get(below)) is not None:
                    made.put(below, entry)
        return made or node

    def drop(self, name: str) -> None:
        node = self.get(name)
        if isinstance(node, HostFolder):
            for below in node.names():
                node.drop(below)
        with opened_folder(self._root, *self._parts) as folder:
            if isinstance(node, HostFolder):
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)


def node_of(root: str, parts: Parts) -> Node | None:
    """Return what lies below a folder of the host; None for nothing, and for what is no file, folder or link.

    Parameters
    ----------
    root, parts: the learner's copy, and the way from there down.
    """
    try:
        with opened_folder(root, *parts[:-1]) as folder:
            name = parts[-1] if parts else "."
            found = os.lstat(name, dir_fd=folder)
            target = os.readlink(name, dir_fd=folder) if stat.S_ISLNK(found.st_mode) else ""
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return HostFolder(root, parts, found)
    if stat.S_ISREG(found.st_mode):
        return HostFile(root, parts, found)
    if stat.S_ISLNK(found.st_mode):
        return Link(0o777, found.st_uid, found.st_gid, found.st_mtime, target)
    return None


def imaginary_host() -> Folder:
    """Return the root of a machine that there is not: what a bind mount of any other path shows."""
    root = Folder()
    files = FileSystem(root, Space(1024 * 1024))
    files.make_folders("/root")
    files.make_folders("/home")
    files.make_folders("/var/log")
    files.make_folders("/etc")
    files.write("/etc/hostname", MACHINE.encode() + b"\n")
    files.write("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    files.write("/etc/shadow", b"root:*:19000:0:99999:7:::\n", mode=0o640)
    return root


class WorkFolders:
    """What may be mounted: the real folders below one folder, and an imaginary host around it.

    A bind mount of ``/`` is a lesson of lab 1.  Here it shows a machine that there is
    not, so that nothing of the real one can be read or changed.

    Parameters
    ----------
    root: the learner's copy.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._imaginary = FileSystem(imaginary_host(), Space(16 * 1024 * 1024))

    def _inside(self, path: str) -> tuple[str, Parts] | None:
        """Return the copy, and the way from there to a path; None for a path that is not below it."""
        root, real = os.path.realpath(self._root), Path(os.path.realpath(path))
        return (root, real.relative_to(root).parts) if real.is_relative_to(root) else None

    def tree(self, path: str) -> Any:
        """Return what stands at a path; None for nothing."""
        real = self._inside(path)
        return self._imaginary.lookup(path) if real is None else node_of(*real)

    def make(self, path: str) -> Any:
        """Make a folder, as Binds does with a missing source, and return it."""
        real = self._inside(path)
        if real is None:
            self._imaginary.make_folders(path)
            return self._imaginary.lookup(path)
        root, parts = real
        os.makedirs(root, exist_ok=True)
        for depth, part in enumerate(parts):
            with opened_folder(root, *parts[:depth]) as folder, suppress(FileExistsError):
                os.mkdir(part, dir_fd=folder)
        return node_of(root, parts)
