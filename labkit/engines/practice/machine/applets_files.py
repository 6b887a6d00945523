"""Commands about files."""

from __future__ import annotations

import posixpath
import stat
import time
from collections.abc import Generator

from .files import File, Folder, Link, Node, copy, walk
from .options import cannot, complain, human, options
from .process import Exit, Process, Program, Wait
from .programs import applet

_NAMES = {0: "root", 1: "daemon", 101: "nginx", 999: "redis", 65534: "nobody"}


def _long(name: str, node: Node) -> str:
    kind = {stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFCHR: "c"}.get(node.kind, "-")
    bits = "".join(letter if node.mode >> n & 1 else "-" for n, letter in zip(range(8, -1, -1), "rwxrwxrwx"))
    if node.mode & stat.S_ISVTX:
        bits = bits[:-1] + ("t" if bits[-1] == "x" else "T")
    links = 2 if isinstance(node, Folder) else 1
    when = time.strftime("%b %e %H:%M", time.gmtime(node.mtime))
    arrow = f" -> {node.target}" if isinstance(node, Link) else ""
    owner, group = _NAMES.get(node.uid, str(node.uid)), _NAMES.get(node.gid, str(node.gid))
    return f"{kind}{bits}{links:>5} {owner:<8} {group:<8} {node.size:>9} {when} {name}{arrow}"


@applet("ls")
def ls(process: Process) -> Program:
    """List folders."""
    given, paths = yield from options(process, "lahA1dRtSrFin")
    many, status, begun = len(paths) > 1 or "-R" in given, 0, False
    waiting = (paths or ["."])[::-1]
    while waiting:
        path = waiting.pop()
        try:
            node = process.files.node(path, process.cwd, follow="-l" not in given)
        except OSError as error:
            yield from complain(process, error, path)
            status = 1
            continue
        if not isinstance(node, Folder) or "-d" in given:
            yield from process.out((_long(path, node) if "-l" in given else path) + "\n")
            begun = True
            continue
        if many:
            yield from process.out(("\n" if begun else "") + f"{path}:\n")
        yield from process.out("".join(line + "\n" for line in _listing(process, path, node, given)))
        begun = True
        if "-R" in given:
            waiting += _below(path, node, given)[::-1]
            yield None
    return status


def _below(path: str, folder: Folder, given: dict[str, str]) -> list[str]:
    """Return the paths of the folders in a folder, as ``ls -R`` lists them behind it: no links are followed."""
    hidden = "-a" in given or "-A" in given
    names = [name for name in sorted(folder.names(), reverse="-r" in given) if hidden or not name.startswith(".")]
    return [posixpath.join(path, name) for name in names if isinstance(folder.get(name), Folder)]


def _listing(process: Process, path: str, folder: Folder, given: dict[str, str]) -> list[str]:
    at = process.files.resolve(path, process.cwd)
    names = sorted(folder.names(), reverse="-r" in given)
    if "-a" not in given and "-A" not in given:
        names = [name for name in names if not name.startswith(".")]
    nodes = [(name, process.files.lookup(posixpath.join(at, name), follow=False) or Node()) for name in names]
    if "-t" in given or "-S" in given:
        nodes.sort(key=lambda pair: pair[1].mtime if "-t" in given else pair[1].size, reverse="-r" not in given)
    if "-a" in given:
        nodes = [(".", folder), ("..", process.files.node(posixpath.dirname(at))), *nodes]
    if "-l" not in given:
        return [name for name, _node in nodes]
    return [f"total {sum((n.size + 1023) // 1024 for _n, n in nodes)}", *(_long(name, node) for name, node in nodes)]


@applet("cat")
def cat(process: Process) -> Program:
    """Print files, or stdin."""
    _given, paths = yield from options(process, "nu")
    status = 0
    for path in paths or ["-"]:
        if path == "-":
            while data := (yield from process.read()):
                yield from process.out(data)
            continue
        try:
            source = process.open(path)
        except OSError as error:
            yield from cannot(process, "open", path, error)
            status = 1
            continue
        while data := source.read(65536):
            yield from process.out(data)
    return status


@applet("mkdir")
def mkdir(process: Process) -> Program:
    """Make folders."""
    given, paths = yield from options(process, "pm:")
    status = 0
    for path in paths:
        try:
            make = process.files.make_folders if "-p" in given else process.files.make_folder
            make(path, process.cwd, now=process.now, owner=process.uid)
            if "-m" in given:
                process.files.node(path, process.cwd).mode = int(given["-m"], 8)
        except OSError as error:
            yield from process.err(f"mkdir: can't create directory '{path}': {error.strerror}")
            status = 1
    return status


@applet("rmdir")
def rmdir(process: Process) -> Program:
    """Remove empty folders."""
    _given, paths = yield from options(process, "p")
    status = 0
    for path in paths:
        try:
            if process.files.folder(path, process.cwd).names():
                yield from process.err(f"rmdir: '{path}': Directory not empty")
                status = 1
            else:
                process.files.remove(path, process.cwd)
        except OSError as error:
            yield from process.err(f"rmdir: '{path}': {error.strerror}")
            status = 1
    return status


@applet("rm", "unlink")
def rm(process: Process) -> Program:
    """Remove files, and with -r folders."""
    given, paths = yield from options(process, "rRfi")
    status = 0
    for path in paths:
        try:
            node = process.files.node(path, process.cwd, follow=False)
            if isinstance(node, Folder) and not {"-r", "-R"} & given.keys():
                yield from process.err(f"rm: '{path}' is a directory")
                status = 1
            elif isinstance(node, Folder) and process.files.resolve(path, process.cwd) == "/":
                yield from process.err("rm: can't remove '/': Device or resource busy")
                status = 1
            else:
                process.files.remove(path, process.cwd)
        except FileNotFoundError as error:
            if "-f" not in given:
                yield from cannot(process, "remove", path, error)
                status = 1
        except OSError as error:
            yield from cannot(process, "remove", path, error)
            status = 1
    return status


@applet("touch")
def touch(process: Process) -> Program:
    """Make empty files, or set their time."""
    given, paths = yield from options(process, "cam")
    for path in paths:
        node = process.files.lookup(path, process.cwd)
        if node is not None:
            process.files.writable(process.files.resolve(path, process.cwd))
            node.mtime = process.now
        elif "-c" not in given:
            process.files.write(path, b"", process.cwd, now=process.now, owner=process.uid)
    return 0


def _targets(process: Process, paths: list[str]) -> list[tuple[str, str]]:
    """Pair each source with where it goes."""
    *sources, target = paths
    if isinstance(process.files.lookup(target, process.cwd), Folder):
        return [(s, posixpath.join(target, posixpath.basename(s.rstrip("/")))) for s in sources]
    return [(s, target) for s in sources]


def _two(process: Process, paths: list[str]) -> Generator[Wait | None, None, None]:
    if len(paths) < 2:
        yield from process.err(f"{process.name}: missing file operand")
        raise Exit(1)


@applet("cp")
def cp(process: Process) -> Program:
    """Copy files, and with -r folders."""
    given, paths = yield from options(process, "rRapfL")
    yield from _two(process, paths)
    status = 0
    for source, target in _targets(process, paths):
        try:
            node = process.files.node(source, process.cwd)
            if isinstance(node, Folder) and not {"-r", "-R", "-a"} & given.keys():
                yield from process.err(f"cp: omitting directory '{source}'")
                status = 1
            else:
                _copy(process, node, target)
        except OSError as error:
            yield from cannot(process, "stat", source, error)
            status = 1
    return status


def _copy(process: Process, node: Node, target: str) -> None:
    """Copy a node; a folder goes into one that is there already."""
    if isinstance(node, Folder):
        if not isinstance(process.files.lookup(target, process.cwd), Folder):
            process.files.make_folder(target, process.cwd, now=process.now, owner=process.uid)
        for name in node.names():
            entry = node.get(name)
            if entry is not None:
                _copy(process, entry, posixpath.join(target, name))
    elif isinstance(node, File):
        process.files.write(target, node.data, process.cwd, now=process.now, mode=node.mode, owner=process.uid)
    else:
        process.files.put(target, copy(node), process.cwd)


@applet("mv")
def mv(process: Process) -> Program:
    """Move files and folders."""
    _given, paths = yield from options(process, "fin")
    yield from _two(process, paths)
    status = 0
    for source, target in _targets(process, paths):
        try:
            node = process.files.node(source, process.cwd, follow=False)
            process.files.remove(source, process.cwd)
            process.files.put(target, node, process.cwd)
        except OSError as error:
            yield from process.err(f"mv: can't rename '{source}': {error.strerror}")
            status = 1
    return status


@applet("ln")
def ln(process: Process) -> Program:
    """Make links."""
    given, paths = yield from options(process, "sfn")
    yield from _two(process, paths)
    for source, target in _targets(process, paths):
        if "-f" in given and process.files.lookup(target, process.cwd, follow=False) is not None:
            process.files.remove(target, process.cwd)
        made = Link(target=source, mtime=process.now) if "-s" in given else process.files.node(source, process.cwd)
        process.files.put(target, made, process.cwd)
    return 0


@applet("chmod")
def chmod(process: Process) -> Program:
    """Change permission bits: octal, or ``+x`` and its like."""
    _given, (mode, *paths) = yield from options_of_mode(process)
    for path in paths:
        node = process.files.node(path, process.cwd)
        process.files.writable(process.files.resolve(path, process.cwd))
        node.mode = _mode(mode, node.mode)
    return 0


def options_of_mode(process: Process) -> Generator[Wait | None, None, tuple[dict[str, str], list[str]]]:
    """Return the arguments of a command whose first one may begin with a dash."""
    rest = [word for word in process.argv[1:] if word != "-R"]
    if len(rest) < 2:
        yield from process.err(f"{process.name}: missing operand")
        raise Exit(1)
    return {}, rest


def _mode(text: str, mode: int) -> int:
    if text.isdigit():
        return int(text, 8)
    for clause in text.split(","):
        who, sign, what = next(
            ((clause.partition(s)[0], s, clause.partition(s)[2]) for s in "+-=" if s in clause), ("", "", "")
        )
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in what)
        shifts = [{"u": 6, "g": 3, "o": 0}[w] for w in who if w in "ugo"] or [6, 3, 0]
        for shift in shifts:
            if sign == "=":
                mode &= ~(7 << shift)
            mode = mode & ~(bits << shift) if sign == "-" else mode | bits << shift
    return mode


@applet("chown", "chgrp")
def chown(process: Process) -> Program:
    """Change who owns a file."""
    _given, (owner, *paths) = yield from options_of_mode(process)
    names = {name: uid for uid, name in _NAMES.items()}
    user, _colon, group = owner.partition(":")
    for path in paths:
        node = process.files.node(path, process.cwd)
        node.uid = int(user) if user.isdigit() else names.get(user, node.uid)
        node.gid = int(group) if group.isdigit() else names.get(group, node.gid)
    return 0


@applet("find")
def find(process: Process) -> Program:
    """Print the paths below a folder: ``-name``, ``-type``, ``-maxdepth``."""
    from fnmatch import fnmatchcase

    words = process.argv[1:]
    roots = []
    while words and not words[0].startswith("-"):
        roots.append(words.pop(0))
    tests = dict(zip(words[::2], words[1::2]))
    for root in roots or ["."]:
        base = process.files.node(root, process.cwd)
        for path, node in walk(base, root):
            depth = 0 if path == root else path[len(root) :].strip("/").count("/") + 1
            kind = {"f": File, "d": Folder, "l": Link}.get(tests.get("-type", ""), Node)
            fits = fnmatchcase(posixpath.basename(path), tests.get("-name", "*")) and isinstance(node, kind)
            if fits and depth <= int(tests.get("-maxdepth", "99")):
                yield from process.out(path + "\n")
    return 0


@applet("stat")
def stat_(process: Process) -> Program:
    """Print what is known about a file: ``-c`` with %n, %s, %a, %u, %g, %F."""
    given, paths = yield from options(process, "c:L")
    for path in paths:
        node = process.files.node(path, process.cwd)
        kind = "directory" if isinstance(node, Folder) else "regular file"
        facts = {
            "%n": path,
            "%s": str(node.size),
            "%a": f"{node.mode:o}",
            "%u": str(node.uid),
            "%g": str(node.gid),
            "%F": kind,
        }
        text = given.get("-c", "  File: %n\n  Size: %s\n  Kind: %F\nAccess: (%a)  Uid: %u  Gid: %g")
        for mark, value in facts.items():
            text = text.replace(mark, value)
        yield from process.out(text + "\n")
    return 0


@applet("readlink", "realpath")
def readlink(process: Process) -> Program:
    """Print where a link leads."""
    given, paths = yield from options(process, "f")
    for path in paths:
        node = process.files.lookup(path, process.cwd, follow=False)
        if isinstance(node, Link) and "-f" not in given and process.name == "readlink":
            yield from process.out(node.target + "\n")
        elif node is None or (process.name == "readlink" and "-f" not in given):
            return 1
        else:
            yield from process.out(process.files.resolve(path, process.cwd) + "\n")
    return 0


@applet("du")
def du(process: Process) -> Program:
    """Print how much space files take, in KiB."""
    given, paths = yield from options(process, "shak")
    for path in paths or ["."]:
        size = sum(node.size for _path, node in walk(process.files.node(path, process.cwd)))
        shown = human(size) if "-h" in given else str((size + 1023) // 1024)
        yield from process.out(f"{shown}\t{path}\n")
    return 0


@applet("df")
def df(process: Process) -> Program:
    """Print how much space there is."""
    space = process.files.space
    yield from process.out("Filesystem           1K-blocks      Used Available Use% Mounted on\n")
    total, used = space.limit // 1024, space.used // 1024
    yield from process.out(
        f"{'overlay':<20} {total:>9} {used:>9} {total - used:>9} {used * 100 // max(total, 1):>3}% /\n"
    )
    return 0


@applet("mount")
def mount(process: Process) -> Program:
    """Print what is mounted."""
    yield from process.out("overlay on / type overlay (rw)\n")
    for path, (_node, writable) in sorted(process.files.mounts.items()):
        yield from process.out(f"practice on {path} type ext4 ({'rw' if writable else 'ro'})\n")
    return 0


@applet("basename")
def basename(process: Process) -> Program:
    """Print the last part of a path."""
    words = process.argv[1:] or [""]
    name = posixpath.basename(words[0].rstrip("/"))
    yield from process.out((name.removesuffix(words[1]) if len(words) > 1 else name) + "\n")
    return 0


@applet("dirname")
def dirname(process: Process) -> Program:
    """Print a path without its last part."""
    yield from process.out((posixpath.dirname((process.argv[1:] or [""])[0].rstrip("/")) or ".") + "\n")
    return 0
