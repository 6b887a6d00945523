"""Which program a file stands for.

An executable of a practice image begins with one line that names a program of ours; a
script begins with ``#!`` as everywhere.  Anything else can't be run.
"""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable

from .files import File, failure
from .process import Main, Process, Program

MAGIC = b"\x7fELF practice "
SIZES = {"busybox": 256 * 1024}
"""Of some programs, in bytes: where a layer is weighed, that of busybox is the heaviest."""
APPLETS: dict[str, Main] = {}
"""Commands that are one file in an image, which looks at the name it was called by."""
PROGRAMS: dict[str, Main] = {}
"""Programs that have a file of their own."""


def applet(*names: str) -> Callable[[Main], Main]:
    """Register a command of the many-in-one file."""

    def register(main: Main) -> Main:
        APPLETS.update(dict.fromkeys(names, main))
        return main

    return register


def program(name: str) -> Callable[[Main], Main]:
    """Register a program that has a file of its own."""

    def register(main: Main) -> Main:
        PROGRAMS[name] = main
        return main

    return register


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
        if name not in PROGRAMS:
            raise failure(errno.ENOEXEC, path)
        return PROGRAMS[name]
    called = posixpath.basename(path)
    return APPLETS.get(called, _busybox)


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
    found = APPLETS.get(process.argv[1])
    if found is None:
        yield from process.err(f"{process.argv[1]}: applet not found")
        return 127
    process.argv = process.argv[1:]
    return (yield from found(process))
