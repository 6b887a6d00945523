"""A file system in memory: what a container of the practice engine sees.

Nothing here touches the disk.  A folder of the host that is mounted takes part
through the same four methods as `Folder`: see ``hostfolder``.

Errors are Python's own `OSError` kinds, whose words are those of the system.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

MAX_LINKS = 40
"""A path that leads through more symbolic links than this is refused, as Linux does."""

MAX_NAME = 255
"""No name is longer than this, in bytes."""


@dataclass(repr=False)
class Node:
    """What every entry has.

    Parameters
    ----------
    mode: permission bits.
    mtime: seconds since 1970.
    """

    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0

    kind = stat.S_IFREG

    @property
    def full_mode(self) -> int:
        """Permission bits and kind, as ``stat`` gives them."""
        return self.kind | self.mode

    @property
    def size(self) -> int:
        """In bytes."""
        return 0


class File(Node):
    """A regular file.  Its data is never changed in place, so that copies can share it.

    What is added at its end is put together when somebody looks: a long output comes in many small pieces.
    """

    def __init__(self, mode: int = 0o644, uid: int = 0, gid: int = 0, mtime: float = 0.0, data: bytes = b"") -> None:
        super().__init__(mode, uid, gid, mtime)
        self._data, self._size = data, len(data)
        self._added: list[bytes] = []

    @property
    def data(self) -> bytes:
        """What it holds."""
        if self._added:
            self._data = b"".join([self._data, *self._added])
            self._added = []
        return self._data

    @data.setter
    def data(self, value: bytes) -> None:
        self._data, self._size, self._added = value, len(value), []

    def append(self, data: bytes) -> None:
        """Add at the end."""
        self._added.append(data)
        self._size += len(data)

    @property
    def size(self) -> int:
        return self._size


@dataclass(repr=False)
class Link(Node):
    """A symbolic link."""

    target: str = ""
    mode: int = 0o777

    kind = stat.S_IFLNK

    @property
    def size(self) -> int:
        return len(self.target)


@dataclass(repr=False)
class Device(Node):
    """One of the devices that every container has: ``null``, ``zero``, ``full``, ``urandom``, ``tty``."""

    name: str = "null"
    mode: int = 0o666

    kind = stat.S_IFCHR


@dataclass(repr=False)
class Folder(Node):
    """A folder and its entries."""

    entries: dict[str, Node] = field(default_factory=dict)
    mode: int = 0o755

    kind = stat.S_IFDIR

    def names(self) -> list[str]:
        """Return the names of the entries."""
        return list(self.entries)

    def get(self, name: str) -> Node | None:
        """Return an entry, or None."""
        return self.entries.get(name)

    def put(self, name: str, node: Node) -> Node:
        """Set an entry; return what stands there now."""
        self.entries[name] = node
        return node

    def drop(self, name: str) -> None:
        """Take an entry away."""
        self.entries.pop(name, None)


def failure(number: int, path: str) -> OSError:
    """Return the system's error of that number about `path`."""
    return OSError(number, os.strerror(number), path)


def copy(node: Node) -> Node:
    """Return a copy that shares nothing that can change."""
    if isinstance(node, Folder):
        return replace(node, entries={name: copy(entry) for name, entry in node.entries.items()})
    if isinstance(node, File):
        return File(node.mode, node.uid, node.gid, node.mtime, node.data)
    return replace(node)


def walk(node: Node, path: str = "/") -> Iterator[tuple[str, Node]]:
    """Yield every path below a node with what stands there, parents first, in order of name."""
    yield path, node
    if isinstance(node, Folder):
        for name in sorted(node.names()):
            entry = node.get(name)
            if entry is not None:
                yield from walk(entry, posixpath.join(path, name))


ENTRY = 1024
"""What an entry takes by itself, in bytes: the memory of many empty files is bounded as well."""


class Space:
    """How much a container may write, and has written, in bytes.

    Parameters
    ----------
    entry: what each entry takes beside its data; nothing where a learner has said the size.
    """

    def __init__(self, limit: int, entry: int = ENTRY) -> None:
        self.limit, self.entry = limit, entry
        self.used = 0

    def weight(self, node: Node) -> int:
        """Return what a tree takes here, in bytes."""
        return sum(found.size + self.entry for _path, found in walk(node))

    def take(self, size: int, path: str) -> None:
        """Count `size` bytes more (or fewer).  Raises `OSError` (ENOSPC) where the limit is."""
        if size > 0 and self.used + size > self.limit:
            raise failure(errno.ENOSPC, path)
        self.used = max(0, self.used + size)


class FileSystem:
    """A tree with other trees mounted on it.

    Parameters
    ----------
    root: the tree.
    space: what may still be written.
    mounts: path and tree of each mount; a path with False after it is read-only.
    """

    def __init__(
        self, root: Folder, space: Space, mounts: Iterable[tuple[str, Node, bool]] = (), read_only: bool = False
    ) -> None:
        self.root = root
        self.space = space
        self.read_only = read_only
        self.mounts: dict[str, tuple[Node, bool]] = {}
        self.spaces: dict[str, Space] = {}
        for path, node, writable in mounts:
            self.mount(path, node, writable)

    def mount(self, path: str, node: Node, writable: bool = True, space: Space | None = None) -> None:
        """Put a tree in the place of what stands at `path`, which is made when it is missing.

        Parameters
        ----------
        space: what may be written there, where it has a limit of its own.
        """
        path = normal(path)
        if self.lookup(path) is None:
            self.make_folders(posixpath.dirname(path))
            parent, name = self._parent(path)
            parent.put(name, Folder() if isinstance(node, Folder) else File())
        self.mounts[path] = (node, writable)
        if space is not None:
            self.spaces[path] = space

    def space_of(self, path: str, cwd: str = "/") -> Space:
        """Return what limits what is written at `path`.  Raises `OSError` where the way there is cut."""
        return self.spaces.get(self.mount_of(self.resolve(path, cwd)), self.space)

    def resolve(self, path: str, cwd: str = "/", *, follow: bool = True) -> str:
        """Return the absolute path that `path` leads to, links followed.

        Parameters
        ----------
        follow: whether a link in the last place is followed too.

        Raises `OSError` (ENOENT, ENOTDIR, ELOOP) where the way there is cut.
        The last name itself may be missing.
        """
        todo = [part for part in reversed(posixpath.join(cwd, path).split("/")) if part not in ("", ".")]
        at, links = "/", 0
        while todo:
            name = todo.pop()
            if name == "..":
                at = posixpath.dirname(at)
                continue
            if len(name.encode()) > MAX_NAME:
                raise failure(errno.ENAMETOOLONG, path)
            folder = self._node(at)
            if folder is None:
                raise failure(errno.ENOENT, path)
            if not isinstance(folder, Folder):
                raise failure(errno.ENOTDIR, path)
            here = posixpath.join(at, name)
            node = self._node(here)
            if isinstance(node, Link) and (todo or follow):
                links += 1
                if links > MAX_LINKS:
                    raise failure(errno.ELOOP, path)
                at = "/" if node.target.startswith("/") else at
                todo += [part for part in reversed(node.target.split("/")) if part not in ("", ".")]
                continue
            if node is None and todo:
                raise failure(errno.ENOENT, path)
            at = here
        if path.endswith("/") and at != "/" and not isinstance(self._node(at), Folder | None):
            raise failure(errno.ENOTDIR, path)
        return at

    def _node(self, path: str) -> Node | None:
        """Return what stands at an absolute path without links in it."""
        if path in self.mounts:
            return self.mounts[path][0]
        if path == "/":
            return self.root
        above, _slash, name = path.rpartition("/")
        parent = self._node(above or "/")
        return parent.get(name) if isinstance(parent, Folder) else None

    def lookup(self, path: str, cwd: str = "/", *, follow: bool = True) -> Node | None:
        """Return what stands at `path`, or None."""
        try:
            return self._node(self.resolve(path, cwd, follow=follow))
        except OSError:
            return None

    def node(self, path: str, cwd: str = "/", *, follow: bool = True) -> Node:
        """Return what stands at `path`.  Raises `OSError` where there is nothing."""
        found = self._node(self.resolve(path, cwd, follow=follow))
        if found is None:
            raise failure(errno.ENOENT, path)
        return found

    def folder(self, path: str, cwd: str = "/") -> Folder:
        """Return the folder at `path`.  Raises `OSError` where there is none."""
        found = self.node(path, cwd)
        if not isinstance(found, Folder):
            raise failure(errno.ENOTDIR, path)
        return found

    def read(self, path: str, cwd: str = "/") -> bytes:
        """Return the data of a file.  Raises `OSError`."""
        found = self.node(path, cwd)
        if isinstance(found, Folder):
            raise failure(errno.EISDIR, path)
        return found.data if isinstance(found, File) else b""

    def write(
        self, path: str, data: bytes, cwd: str = "/", *, now: float = 0.0, mode: int = 0o644, owner: int = 0
    ) -> File:
        """Write a file, made when it is missing.  Raises `OSError`."""
        at = self.resolve(path, cwd)
        found = self._node(at)
        if isinstance(found, Folder):
            raise failure(errno.EISDIR, path)
        self.writable(at)
        space = self.space_of(at)
        space.take(len(data) - found.size if isinstance(found, File) else len(data) + space.entry, path)
        if isinstance(found, File):
            found.data, found.mtime = data, now
            return found
        parent, name = self._parent(at)
        file = parent.put(name, File(mode, owner, owner, now, data))
        parent.mtime = now
        if not isinstance(file, File):
            raise failure(errno.EIO, path)
        return file

    def make_folder(self, path: str, cwd: str = "/", *, now: float = 0.0, owner: int = 0) -> None:
        """Make one folder.  Raises `OSError` where something stands already, or the way is cut."""
        at = self.resolve(path, cwd)
        if self._node(at) is not None:
            raise failure(errno.EEXIST, path)
        self.put(at, Folder(0o755, owner, owner, now))

    def make_folders(self, path: str, cwd: str = "/", *, now: float = 0.0, owner: int = 0) -> None:
        """Make a folder and all those above it that are missing.  Raises `OSError`."""
        at = "/"
        for part in posixpath.join(cwd, path).split("/"):
            at = posixpath.join(at, part)
            found = self.lookup(at)
            if found is None:
                self.make_folder(at, now=now, owner=owner)
            elif not isinstance(found, Folder):
                raise failure(errno.ENOTDIR, path)

    def put(self, path: str, node: Node, cwd: str = "/") -> None:
        """Set what stands at `path`.  Raises `OSError`."""
        at = self.resolve(path, cwd, follow=False)
        self.writable(at)
        parent, name = self._parent(at)
        space = self.spaces.get(self.mount_of(at), self.space)
        space.take(node.size + space.entry, path)
        parent.put(name, node)
        parent.mtime = max(parent.mtime, node.mtime)

    def remove(self, path: str, cwd: str = "/") -> None:
        """Take away what stands at `path`, with all below it.  Raises `OSError`."""
        at = self.resolve(path, cwd, follow=False)
        found = self._node(at)
        if found is None:
            raise failure(errno.ENOENT, path)
        if any(m == at or m.startswith(at.rstrip("/") + "/") for m in self.mounts) or at == "/":
            raise failure(errno.EBUSY, path)
        self.writable(at)
        space = self.spaces.get(self.mount_of(at), self.space)
        space.take(-space.weight(found), path)
        parent, name = self._parent(at)
        parent.drop(name)

    def _parent(self, at: str) -> tuple[Folder, str]:
        above, name = posixpath.split(at)
        parent = self._node(above)
        if parent is None:
            raise failure(errno.ENOENT, at)
        if not isinstance(parent, Folder):
            raise failure(errno.ENOTDIR, at)
        return parent, name

    def writable(self, at: str) -> None:
        """Raise `OSError` (EROFS) when what stands at an absolute path may not be changed."""
        mount = self.mount_of(at)
        if (not self.mounts[mount][1]) if mount else self.read_only:
            raise failure(errno.EROFS, at)

    def mount_of(self, at: str) -> str:
        """Return the path of the mount that `at` is on; empty for the tree itself."""
        inside = [m for m in self.mounts if at == m or at.startswith(m.rstrip("/") + "/")]
        return max(inside, key=len, default="")


def normal(path: str) -> str:
    """Return an absolute path without ``.``, ``..`` and doubled slashes."""
    return "/" + posixpath.normpath("/" + path).lstrip("/")


def changes(before: Folder, after: Folder) -> list[tuple[str, int]]:
    """Return what differs between two trees: path and 0 (changed), 1 (added) or 2 (deleted).

    A folder with a change below it counts as changed, as the API has it:
    https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerChanges
    """
    return sorted(_changes(before, after, ""))


def _changes(before: Folder, after: Folder, at: str) -> Iterator[tuple[str, int]]:
    for name in {*before.names(), *after.names()}:
        path, old, new = f"{at}/{name}", before.get(name), after.get(name)
        if new is None:
            yield path, 2
        elif old is None:
            yield path, 1
            if isinstance(new, Folder):
                yield from _changes(Folder(), new, path)
        elif isinstance(old, Folder) and isinstance(new, Folder):
            below = list(_changes(old, new, path))
            if below or (old.mode, old.uid, old.gid) != (new.mode, new.uid, new.gid):
                yield path, 0
            yield from below
        elif _differs(old, new):
            yield path, 0


def _differs(old: Node, new: Node) -> bool:
    if type(old) is not type(new) or (old.mode, old.uid, old.gid) != (new.mode, new.uid, new.gid):
        return True
    if isinstance(old, File) and isinstance(new, File):
        return old.data is not new.data and (old.data != new.data or old.mtime != new.mtime)
    return isinstance(old, Link) and isinstance(new, Link) and old.target != new.target
