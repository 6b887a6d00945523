"""Folders of the host as nodes: what a bind mount of the practice engine reaches.

This is the one place where a container's files are real ones.  Only what lies below one
folder, the learner's copy, can be reached; a link on the host is followed inside the
container, as with a real bind mount, and so never leads out.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from .machine.files import File, FileSystem, Folder, Link, Node, Space
from .machine.process import MACHINE


class HostFile(File):
    """A regular file of the host."""

    def __init__(self, path: str, found: os.stat_result) -> None:
        self._path = path
        Node.__init__(self, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime)

    @property
    def data(self) -> bytes:
        """What it holds now."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    @data.setter
    def data(self, value: bytes) -> None:
        flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags), "wb") as file:
            file.write(value)

    def append(self, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags), "ab") as file:
            file.write(data)

    @property
    def size(self) -> int:
        return os.lstat(self._path).st_size


class HostFolder(Folder):
    """A folder of the host."""

    def __init__(self, path: str, found: os.stat_result) -> None:
        self._path = path
        Node.__init__(self, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime)

    @property
    def entries(self) -> dict[str, Node]:  # type: ignore[override]
        """The entries, as they are now."""
        return {name: node for name in self.names() if (node := self.get(name)) is not None}

    def names(self) -> list[str]:
        return os.listdir(self._path)

    def get(self, name: str) -> Node | None:
        return node_of(os.path.join(self._path, name))

    def put(self, name: str, node: Node) -> Node:
        path = os.path.join(self._path, name)
        if isinstance(node, Folder):
            os.mkdir(path, node.mode & 0o777)
            made = node_of(path)
            for below in node.names():
                entry = node.get(below)
                if entry is not None and isinstance(made, Folder):
                    made.put(below, entry)
        elif isinstance(node, Link):
            os.symlink(node.target, path)
        elif isinstance(node, File):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(path, flags, node.mode & 0o777), "wb") as file:
                file.write(node.data)
        else:
            raise PermissionError(1, os.strerror(1), name)
        return node_of(path) or node

    def drop(self, name: str) -> None:
        path = os.path.join(self._path, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def node_of(path: str) -> Node | None:
    """Return what stands at a path of the host; None for nothing, and for what is no file, folder or link."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return HostFolder(path, found)
    if stat.S_ISREG(found.st_mode):
        return HostFile(path, found)
    if stat.S_ISLNK(found.st_mode):
        return Link(0o777, found.st_uid, found.st_gid, found.st_mtime, os.readlink(path))
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

    def _inside(self, path: str) -> Path | None:
        real = Path(os.path.realpath(path))
        return real if real.is_relative_to(os.path.realpath(self._root)) else None

    def tree(self, path: str) -> Any:
        """Return what stands at a path; None for nothing."""
        real = self._inside(path)
        return self._imaginary.lookup(path) if real is None else node_of(str(real))

    def make(self, path: str) -> Any:
        """Make a folder, as Binds does with a missing source, and return it."""
        real = self._inside(path)
        if real is None:
            self._imaginary.make_folders(path)
            return self._imaginary.lookup(path)
        real.mkdir(parents=True, exist_ok=True)
        return node_of(str(real))
