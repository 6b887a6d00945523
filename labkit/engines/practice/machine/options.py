"""Options of commands, and the errors that they print."""

from __future__ import annotations

import getopt
from collections.abc import Callable, Generator

from .process import Exit, Process, Wait

Faulty = Generator[Wait | None, None, None]


def options(process: Process, short: str, *long: str) -> Generator[Wait | None, None, tuple[dict[str, str], list[str]]]:
    """Return the options and the other arguments of a command (``yield from``).

    Parameters
    ----------
    short: letters as getopt has them; a colon behind one that takes a value.
    long: names of long options; ``=`` behind one that takes a value.
    """
    try:
        found, rest = getopt.gnu_getopt(process.argv[1:], short, list(long))
    except getopt.GetoptError as error:
        yield from process.err(f"{process.name}: unrecognized option: {error.opt}")
        raise Exit(1) from error
    return dict(found), rest


def complain(process: Process, error: OSError, path: str = "") -> Faulty:
    """Print what went wrong with a path."""
    yield from process.err(f"{process.name}: {path or error.filename}: {error.strerror}")


def cannot(process: Process, verb: str, path: str, error: OSError) -> Faulty:
    """Print what could not be done with a path."""
    yield from process.err(f"{process.name}: can't {verb} '{path}': {error.strerror}")


def number(process: Process, text: str, kind: Callable[[str], float] = int) -> float:
    """Return the number that an argument holds, or end the process."""
    try:
        return kind(text)
    except ValueError as error:
        process.fds[2].write(f"{process.name}: invalid number '{text}'\n".encode())
        raise Exit(1) from error


def human(size: float) -> str:
    """Return a size as ``ls -h`` has it."""
    for unit in ("", "K", "M", "G"):
        if size < 1024 or unit == "G":
            return f"{size:.1f}{unit}" if unit else str(int(size))
        size /= 1024
    return str(size)
