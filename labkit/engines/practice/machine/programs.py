"""Which program a file stands for.

An executable of a practice image begins with one line that names a program of ours; a
script begins with ``#!`` as everywhere.  Anything else can't be run.
"""

from __future__ import annotations

import errno
import importlib
import posixpath
from collections.abc import Callable, Mapping

from .files import File, failure
from .process import Main, Process, Program

MAGIC = b"\x7fELF practice "
SIZES = {"busybox": 256 * 1024}
"""Of some programs, in bytes: where a layer is weighed, that of busybox is the heaviest."""
MODULES = {
    "applets_files": "basename cat chgrp chmod chown cp df dirname du find ln ls mkdir mount mv readlink realpath rm "
    "rmdir stat touch unlink",
    "applets_net": "curl getent ifconfig ip nc netstat nslookup ping telnet wget",
    "applets_system": "[ chroot clear date env false free halt hostname id insmod kill killall mknod nice nohup nproc "
    "nsenter pgrep pidof pkill poweroff printenv ps pwd reboot reset setsid sleep stty su sync test time timeout true "
    "ulimit umask uname unshare uptime usleep which whoami",
    "applets_text": "base64 cksum cut dd echo egrep fgrep grep head hexdump md5sum nl od printf rev sed seq sha1sum "
    "sha256sum sha512sum sort tac tail tee tr uniq wc xargs xxd yes",
    "awk": "awk",
    "shell": "ash sh",
    "web": "httpd",
}
"""Where each command is that is one file in an image: a module is imported when one of its commands is first run."""
APPLETS = {name: module for module, names in MODULES.items() for name in names.split()}
PROGRAMS = {"nginx": "web", "redis-cli": "redis", "redis-server": "redis"}
"""Programs that have a file of their own, and their modules."""
_registered: dict[str, Main] = {}


def applet(*names: str) -> Callable[[Main], Main]:
    """Register a command of the many-in-one file."""

    def register(main: Main) -> Main:
        _registered.update(dict.fromkeys(names, main))
        return main

    return register


def program(name: str) -> Callable[[Main], Main]:
    """Register a program that has a file of its own."""

    def register(main: Main) -> Main:
        _registered[name] = main
        return main

    return register


def main_of(name: str, modules: Mapping[str, str]) -> Main | None:
    """Return what runs a command, its module imported; None for one that there is not."""
    if name not in modules:
        return None
    if name not in _registered:
        importlib.import_module(f"{__package__}.{modules[name]}")
    return _registered[name]


def binary(name: str) -> bytes:
    """Return what a file holds that stands for a program."""
    return (MAGIC + name.encode() + b"\n").ljust(SIZES.get(name, 64 * 1024), b"\0")


def program_of(process: Process, path: str) -> Main:
    """Return the program of a file.  Raises `OSError`: ENOENT, EACCES or ENOEXEC."""
    node = process.files.node(path, process.cwd)
    if not isinstance(node, File):
        raise failure(errno.EACCES, path)
    if not process.may(node, 1):
        raise failure(errno.EACCES, path)
    if node.data.startswith(b"#!"):
        words = node.data.split(b"\n", 1)[0][2:].decode("utf-8", "replace").split(None, 1)
        if not words:
            raise failure(errno.ENOEXEC, path)
        return _script(program_of(process, words[0]), words, path)
    if not node.data.startswith(MAGIC):
        raise failure(errno.ENOEXEC, path)
    name = node.data[len(MAGIC) :].partition(b"\n")[0].decode()
    if name != "busybox":
        found = main_of(name, PROGRAMS)
        if found is None:
            raise failure(errno.ENOEXEC, path)
        return found
    called = posixpath.basename(path)
    return main_of(called, APPLETS) or _busybox


def _script(interpreter: Main, words: list[str], path: str) -> Main:
    def main(process: Process) -> Program:
        process.argv = [*words, path, *process.argv[1:]]
        return (yield from interpreter(process))

    return main


def _busybox(process: Process) -> Program:
    if len(process.argv) < 2:
        names = ", ".join(sorted(APPLETS))
        yield from process.out(f"BusyBox of the practice engine.\n\nCurrently defined functions:\n\t{names}\n")
        return 0
    found = main_of(process.argv[1], APPLETS)
    if found is None:
        yield from process.err(f"{process.argv[1]}: applet not found")
        return 127
    process.argv = process.argv[1:]
    return (yield from found(process))
