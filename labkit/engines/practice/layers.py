"""Layers of images: trees as tar archives, and back.

Sources: https://github.com/opencontainers/image-spec/blob/main/layer.md (whiteouts)
and POSIX.1-2017, pax interchange format.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import io
import lzma
import math
import os
import posixpath
import stat
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .machine.files import File, Folder, Link, Node, Space, copy, walk
from .wire import Fault

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
MAX_UNPACKED = 256 * 1024 * 1024
"""No archive is unpacked to more than this, in bytes."""
MAX_MEMBERS = 100_000
TAR_FAULT = "Error processing tar file(exit status 1): "
_BLOCK = tarfile.BLOCKSIZE
_NAME_FIELD = 100
_MAX_ID, _MAX_TIME = 8**7 - 1, 8**11
"""What the fields of a ustar header hold."""
_MAX_SPECIAL = 1024 * 1024
"""A header that only tells of the next entry, such as its long name, has at most so many bytes, as Go's has it."""
_MAX_DEPTH = 500
_SPECIAL = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(eq=False, repr=False)
class Layer:
    """One layer of an image: what it adds, and by whiteouts what it takes away.

    Parameters
    ----------
    source: the plain archive that the tree was unpacked from, whose digest is the layer's name.
    """

    tree: Folder
    source: bytes | None = None

    @cached_property
    def tar(self) -> bytes:
        """The layer as an archive, the same bytes for the same tree."""
        return pack(self.tree, "") if self.source is None else self.source

    @cached_property
    def diff_id(self) -> str:
        """The digest of the archive."""
        return digest(self.tar)

    @cached_property
    def packed(self) -> bytes:
        """The archive as a registry keeps it."""
        return gzip.compress(self.tar, 1, mtime=0)

    @cached_property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(node.size for _path, node in walk(self.tree) if isinstance(node, File))


def digest(data: bytes) -> str:
    """Return ``sha256:…`` of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def chain_ids(layers: Sequence[Layer]) -> list[str]:
    """Return for each layer the name of it and those below together: the same files on another base have another.

    Source: https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
    """
    chain: list[str] = []
    for layer in layers:
        chain.append(digest(f"{chain[-1]} {layer.diff_id}".encode()) if chain else layer.diff_id)
    return chain


def read_layer(data: bytes) -> Layer:
    """Return the layer that an archive holds, plain or gzip-compressed.  Raises `Fault`."""
    try:
        archive = plain(data)
    except Fault as fault:
        raise Fault(500, f"failed to register layer: {fault.message}") from fault
    return Layer(unpack(archive), archive)


def merged(layers: list[Layer]) -> Folder:
    """Return the tree that layers make together."""
    root = Folder()
    for layer in layers:
        overlay(root, layer.tree)
    return root


def overlay(below: Folder, above: Folder) -> None:
    """Put a layer's tree onto another, which is changed."""
    below.mode, below.uid, below.gid, below.mtime = above.mode, above.uid, above.gid, above.mtime
    if OPAQUE in above.entries:
        below.entries.clear()
    for name, node in above.entries.items():
        if name.startswith(WHITEOUT):
            below.entries.pop(name[len(WHITEOUT) :], None)
            continue
        there = below.entries.get(name)
        if isinstance(node, Folder) and isinstance(there, Folder):
            overlay(there, node)
        elif isinstance(node, Folder):
            made = Folder()
            overlay(made, node)
            below.entries[name] = made
        else:
            below.entries[name] = copy(node)


def difference(before: Folder, after: Folder) -> Folder:
    """Return the layer that makes `after` of `before`; empty when they are alike."""
    made = Folder(after.mode, after.uid, after.gid, after.mtime)
    for name, node in after.entries.items():
        there = before.entries.get(name)
        if isinstance(node, Folder):
            below = difference(there if isinstance(there, Folder) else Folder(), node)
            changed = not isinstance(there, Folder) or (there.mode, there.uid, there.gid) != (
                node.mode,
                node.uid,
                node.gid,
            )
            if below.entries or changed:
                made.entries[name] = below
        elif there is None or not _same(there, node):
            made.entries[name] = copy(node)
    for name in before.entries.keys() - after.entries.keys():
        made.entries[WHITEOUT + name] = File(mode=0)
    return made


def _same(a: Node, b: Node) -> bool:
    return type(a) is type(b) and a == b


def pack(node: Node, name: str, *, root: bool = False) -> bytes:
    """Return a tree as a tar archive.

    Parameters
    ----------
    name: what the tree is called in it; empty for its entries alone.
    root: whether a folder without a name has an entry of its own too.
    """
    pieces = []
    for path, found in walk(node, name):
        if path or root:
            data = found.data if isinstance(found, File) else b""
            pieces += [_header(path or "./", found), data, bytes(-len(data) % _BLOCK)]
    pieces.append(bytes(2 * _BLOCK))
    pieces.append(bytes(-sum(map(len, pieces)) % tarfile.RECORDSIZE))
    return b"".join(pieces)


def _header(path: str, node: Node) -> bytes:
    """Return what tarfile writes before an entry's data.

    An ordinary entry has its ustar block filled in here: tarfile takes ten times as long for each, and a start of
    the engine, a snapshot or a build writes hundreds.  What needs more, such as a long name, is left to tarfile.
    """
    name, kind, target, size = path.lstrip("/"), tarfile.REGTYPE, "", 0
    if isinstance(node, Folder):
        name, kind = name if name.endswith("/") else name + "/", tarfile.DIRTYPE
    elif isinstance(node, Link):
        kind, target = tarfile.SYMTYPE, node.target
    elif isinstance(node, File):
        size = len(node.data)
    else:
        kind = tarfile.CHRTYPE
    fits = max(len(name), len(target)) <= _NAME_FIELD and (name + target).isascii()
    fits = fits and min(node.uid, node.gid) >= 0 and max(node.uid, node.gid) <= _MAX_ID and 0 <= node.mtime < _MAX_TIME
    if not fits or kind == tarfile.CHRTYPE:
        info = tarfile.TarInfo(path.lstrip("/"))
        info.mode, info.uid, info.gid, info.mtime = node.mode, node.uid, node.gid, int(node.mtime)
        info.type, info.linkname, info.size = kind, target, size
        return info.tobuf(tarfile.PAX_FORMAT)
    numbers = b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (node.mode & 0o7777, node.uid, node.gid, size, int(node.mtime))
    before, behind = name.encode().ljust(_NAME_FIELD, b"\0") + numbers, kind + target.encode().ljust(_NAME_FIELD, b"\0")
    behind += tarfile.POSIX_MAGIC
    total = sum(before) + sum(behind) + sum(b" " * 8)  # its own field counts as blanks
    return (before + b"%06o\0 " % total + behind).ljust(_BLOCK, b"\0")


def plain(data: bytes) -> bytes:
    """Return an archive without its compression, which its first bytes tell.

    Raises `Fault` for one that is damaged, and for one that is too large.
    """
    for mark, opened in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open)):
        if data.startswith(mark):
            try:
                with opened(io.BytesIO(data)) as file:
                    data = file.read(MAX_UNPACKED + 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                said = "unexpected EOF" if isinstance(error, EOFError) else error
                raise Fault(400, f"{TAR_FAULT}{said}") from error
            break
    if len(data) > MAX_UNPACKED:
        raise Fault(500, TAR_FAULT + os.strerror(errno.ENOSPC))
    return data


class _Entry(tarfile.TarInfo):
    """A header, unless it is one that would have much read before the next entry is known."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str | None, errors: str) -> _Entry:
        entry = super().frombuf(buf, encoding, errors)  # type: ignore[arg-type]
        if entry.type in _SPECIAL and entry.size > _MAX_SPECIAL:
            raise Fault(400, TAR_FAULT + "archive/tar: header field too long")
        return entry


def unpack(data: bytes, space: Space | None = None) -> Folder:
    """Return the tree of an archive, plain or compressed.

    Names that lead out of it, devices and hard links outside are left out, as Docker
    cuts them off at the container's root.  Raises `Fault` for what is no archive, and
    for one that is too large.
    """
    root, left = Folder(), Space(MAX_UNPACKED) if space is None else space
    if not data:  # an archive of nothing
        return root
    try:
        with tarfile.open(fileobj=io.BytesIO(plain(data)), mode="r:", tarinfo=_Entry) as archive:
            for count, member in enumerate(archive):
                if count > MAX_MEMBERS:
                    raise Fault(400, "archive holds too many entries")
                _unpack_one(archive, member, root, left)
    except tarfile.ReadError as error:
        cut = len(data) < _BLOCK or "unexpected end" in str(error)
        raise Fault(400, TAR_FAULT + ("unexpected EOF" if cut else "archive/tar: invalid tar header")) from error
    except (tarfile.TarError, EOFError, ValueError, OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise Fault(500, TAR_FAULT + error.strerror) from error
        raise Fault(400, f"{TAR_FAULT}{error}") from error
    return root


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Folder, left: Space) -> None:
    parts = [part for part in posixpath.normpath("/" + member.name).split("/") if part]
    if not math.isfinite(member.mtime) or member.size < 0:
        raise Fault(400, TAR_FAULT + "archive/tar: invalid tar header")
    if not (0 <= member.uid < 2**32 and 0 <= member.gid < 2**32):
        raise Fault(500, f"{TAR_FAULT}lchown {member.name}: {os.strerror(errno.EINVAL)}")
    if len(parts) > _MAX_DEPTH:
        raise Fault(500, f"{TAR_FAULT}{os.strerror(errno.ENAMETOOLONG)}")
    time = max(-_MAX_TIME, min(float(member.mtime), _MAX_TIME))
    facts = (stat.S_IMODE(member.mode), member.uid, member.gid, time)
    left.take(left.entry, member.name)
    if not parts:
        if member.isdir():
            root.mode = facts[0]
        return
    folder = root
    for part in parts[:-1]:
        below = folder.entries.get(part)
        if not isinstance(below, Folder):
            left.take(left.entry, member.name)
            below = Folder(mtime=time)
            folder.entries[part] = below
        folder = below
    name = parts[-1]
    if member.isdir():
        there = folder.entries.get(name)
        if isinstance(there, Folder):
            there.mode, there.uid, there.gid, there.mtime = facts
        else:
            folder.entries[name] = Folder(*facts)
    elif member.issym():
        folder.entries[name] = Link(*facts, target=member.linkname)
    elif member.isfile():
        left.take(member.size, member.name)
        source = archive.extractfile(member)
        folder.entries[name] = File(*facts, data=source.read() if source else b"")
    elif member.islnk():
        at: Node | None = root
        for part in posixpath.normpath("/" + member.linkname).strip("/").split("/"):
            at = at.entries.get(part) if isinstance(at, Folder) else None
        if isinstance(at, File):
            folder.entries[name] = File(*facts, data=at.data)
