"""The endpoints that look into containers: processes, changes, and archives both ways.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerArchive
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import posixpath
import time
from typing import TYPE_CHECKING, Any

from . import lifecycle
from .layers import overlay, pack, unpack
from .machine.files import Device, FileSystem, Folder, Link, Space, copy
from .machine.files import changes as tree_changes
from .state import Container, timestamp
from .wire import Fault, Reply, Request, Streaming, empty, json_reply, streamed

if TYPE_CHECKING:
    from .core import Core


def top(core: Core, request: Request, name: str) -> Reply:
    """``GET /containers/{id}/top``."""
    container = core.state.container(name)
    if container.space is None:
        raise Fault(409, lifecycle.not_running(core, container))
    arguments = request.query.get("ps_args") or "-ef"
    if not arguments.startswith("-") and not set(arguments.partition(" ")[0]) <= _BSD:
        raise Fault(500, "ps: error: unsupported option (BSD syntax)")
    columns = _columns(arguments)
    if "PID" not in columns:
        raise Fault(500, "Couldn't find PID field in ps output")
    rows = []
    for process in container.space.alive.values():
        spent = process.spent
        facts = {
            "UID": "root" if process.uid == 0 else str(process.uid),
            "USER": "root" if process.uid == 0 else str(process.uid),
            "PID": str(process.pid),
            "PPID": str(process.parent.pid if process.parent else 1000),
            "C": "0",
            "STIME": time.strftime("%H:%M", time.gmtime(process.started)),
            "START": time.strftime("%H:%M", time.gmtime(process.started)),
            "TTY": "?",
            "TIME": f"{spent // 3600:02d}:{spent // 60 % 60:02d}:{spent % 60:02d}"
            if "UID" in columns
            else f"{spent // 60}:{spent % 60:02d}",
            "CMD": " ".join(process.argv),
            "COMMAND": process.name if columns == ["PID", "COMMAND"] else " ".join(process.argv),
            "%CPU": "0.0",
            "%MEM": "0.0",
            "VSZ": "2268",
            "RSS": "1708",
            "STAT": "Ss" if process.inner == 1 else "S",
            "ARGS": " ".join(process.argv),
            "COMM": process.name,
        }
        rows.append([facts.get(column, "-") for column in columns])
    return json_reply({"Titles": columns, "Processes": rows})


_BSD = frozenset("aAcefghjklLmnopqrsStTuUvwxX0123456789,")
"""What ps(1) takes without a dash."""


def _columns(arguments: str) -> list[str]:
    if "-o" in arguments or "o " in arguments:
        names = arguments.partition("o")[2].replace(",", " ").split()
        return [
            {"COMM": "COMMAND", "CMD": "CMD", "ARGS": "COMMAND"}.get(n.upper(), n.upper())
            for n in names
            if not n.startswith("-")
        ]
    if "u" in arguments:
        return ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]
    if "f" in arguments:
        return ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    return ["PID", "TTY", "TIME", "CMD"]


def changes(core: Core, _request: Request, name: str) -> Reply:
    """``GET /containers/{id}/changes``."""
    container = core.state.container(name)
    found = [{"Path": path, "Kind": kind} for path, kind in tree_changes(container.image.tree, visible(container))]
    return json_reply(found or None)


def visible(container: Container) -> Folder:
    """Return a container's own tree without the mount points that only starting has made."""
    tree = copy(container.root)
    made = tree if isinstance(tree, Folder) else Folder()
    for path in ("dev", "proc", "sys"):
        if path not in container.image.tree.entries:
            made.entries.pop(path, None)
    etc, was = made.entries.get("etc"), container.image.tree.entries.get("etc")
    for name in ("hostname", "hosts", "resolv.conf"):
        if isinstance(etc, Folder) and not (isinstance(was, Folder) and name in was.entries):
            etc.entries.pop(name, None)
    if isinstance(etc, Folder) and not etc.entries and was is None:
        made.entries.pop("etc")
    return made


def export(core: Core, _request: Request, name: str) -> Streaming:
    """``GET /containers/{id}/export``."""
    container = core.state.container(name)
    core.event("container", "export", container.id, lifecycle.event_attributes(container))
    return streamed(pack(container.root, ""), {"Content-Type": "application/octet-stream"})


def _files(core: Core, container: Container) -> FileSystem:
    """Return a container's files with what is mounted on them, whether it runs or not."""
    if container.files is not None and container.running:
        return container.files
    read_only = bool(container.host_config.get("ReadonlyRootfs"))
    files = FileSystem(container.root, lifecycle.room(container), read_only=read_only)
    for mount in container.mounts:
        if (tree := lifecycle.mounted(core, mount)) is not None:
            files.mount(mount.target, tree, lifecycle.may_write(mount))
    return files


def _archived(core: Core, container: Container, path: str) -> tuple[str, Any, dict[str, Any]]:
    """Return the name, the node and the stat header of a path.  Raises `Fault` (404)."""
    files = _files(core, container)
    if not path:
        raise Fault(400, _no_path(core))
    node = None
    try:
        at = files.resolve(path, follow=path.endswith(("/", "/.")))
        node = files.lookup(at, follow=False)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP) and core.profile.old:
            base = f"{core.root_dir}/overlay2/{container.id}/merged"
            raise Fault(500, f"lstat {base}{path}: {(error.strerror or '').lower()}") from error
    if node is None or isinstance(node, Device):
        raise Fault(404, f"Could not find the file {path} in container {container.name}")
    kind = {"Folder": 1 << 31, "Link": 1 << 27}.get(type(node).__name__, 0)
    target = ""
    if isinstance(node, Link):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(at), node.target))
        with contextlib.suppress(OSError):
            target = files.resolve(node.target, posixpath.dirname(at))
    facts: dict[str, Any] = {
        "name": posixpath.basename(at) or "/",
        "size": node.size or (4096 if isinstance(node, Folder) else 0),
        "mode": kind | node.mode,
        "mtime": timestamp(node.mtime or 1),
        "linkTarget": target,
    }
    mounted = files.mounts.get(at)
    return str(facts["name"]), (mounted[0] if mounted else node), facts


def _no_path(core: Core) -> str:
    return f"bad parameter: path{'' if core.profile.old else ' '}cannot be empty"


def _stat(facts: dict[str, Any]) -> dict[str, str]:
    return {
        "X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode()
    }


def get_archive(core: Core, request: Request, name: str) -> Streaming:
    """``GET /containers/{id}/archive``."""
    container = core.state.container(name)
    path = request.query.get("path", "")
    called, node, facts = _archived(core, container, path)
    core.event("container", "archive-path", container.id, lifecycle.event_attributes(container))
    # A path that ends in "/." means what the folder holds, not the folder.
    name = "." if path.endswith("/.") else "" if called == "/" else called
    data = pack(node, name, root=called == "/")
    return streamed(data, {"Content-Type": "application/x-tar", **_stat(facts)})


def copy_old(core: Core, _request: Request, _name: str) -> Reply:
    """``POST /containers/{id}/copy``: it ended with API 1.24, and newer engines do not know it."""
    if core.profile.old:
        return empty(404)
    raise Fault(404, "page not found")


def head_archive(core: Core, request: Request, name: str) -> Reply:
    """``HEAD /containers/{id}/archive``."""
    _called, _node, facts = _archived(core, core.state.container(name), request.query.get("path", ""))
    return Reply(200, b"", _stat(facts))


def put_archive(core: Core, request: Request, name: str) -> Reply:
    """``PUT /containers/{id}/archive``."""
    container = core.state.container(name)
    path = request.query.get("path", "")
    files = _files(core, container)
    if not path:
        raise Fault(400, _no_path(core))
    target = files.lookup(path)
    if target is None:
        raise Fault(404, f"Could not find the file {path} in container {container.name}")
    if not isinstance(target, Folder):
        raise Fault(500 if core.profile.old else 400, "extraction point is not a directory")
    try:
        files.writable(files.resolve(path))
    except OSError:
        raise Fault(
            403,
            "container rootfs is marked read-only"
            if container.host_config.get("ReadonlyRootfs")
            else "mounted volume is marked read-only",
        ) from None
    space = files.space_of(files.resolve(path))
    try:
        tree = unpack(request.body, Space(space.limit - space.used, space.entry))
    except Fault as fault:
        raise Fault(500 if core.profile.old else fault.status, fault.message) from None
    if request.flag("noOverwriteDirNonDir"):
        _refuse_other_kinds(target, tree, path)
    tree.mode, tree.uid, tree.gid, tree.mtime = target.mode, target.uid, target.gid, core.now
    before = space.weight(target)
    _extract(target, tree)
    space.take(space.weight(target) - before, path)
    core.event("container", "extract-to-dir", container.id, lifecycle.event_attributes(container))
    return empty(200)


def _refuse_other_kinds(target: Folder, tree: Folder, path: str) -> None:
    """Refuse an archive that puts a file in the place of a folder, or a folder in that of a file."""
    for name in tree.names():
        there, node, at = target.get(name), tree.get(name), posixpath.join(path, name)
        if isinstance(there, Folder) and isinstance(node, Folder):
            _refuse_other_kinds(there, node, at)
        elif there is not None and isinstance(there, Folder) != isinstance(node, Folder):
            what = ("directory", "non-directory") if isinstance(there, Folder) else ("non-directory", "directory")
            said = f'cannot overwrite {what[0]} "{at}" with {what[1]} "{path}"'
            raise Fault(500, f"Error processing tar file(exit status 1): {said}")


def _extract(target: Folder, tree: Folder) -> None:
    if isinstance(target.entries, dict) and type(target) is Folder:
        overlay(target, tree)
        return
    for name in tree.names():
        node = tree.get(name)
        there = target.get(name)
        if isinstance(node, Folder):
            below = there if isinstance(there, Folder) else target.put(name, Folder(node.mode))
            if isinstance(below, Folder):
                _extract(below, node)
        elif node is not None:
            target.put(name, node)
