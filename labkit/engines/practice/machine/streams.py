"""What a process reads from and writes to: pipes, open files, devices.

A stream never waits by itself.  A program asks whether it is `ready` and, where it
is not, yields a `Wait` (see ``process``).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Protocol

from .files import Device, File, Space, failure

PIPE_SIZE = 64 * 1024
"""A pipe takes so many bytes before its writer has to wait, as on Linux."""
MAX_READ = 1024 * 1024
"""A device that never ends gives so many bytes at once."""


class Stream(Protocol):
    """An open file descriptor."""

    tty: bool

    def readable(self) -> bool:
        """Whether a read would give something, or the end, at once."""

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; empty at the end."""

    def writable(self) -> bool:
        """Whether a write would be taken at once."""

    def write(self, data: bytes) -> None:
        """Take all of `data`.  Raises `OSError`."""

    def share(self) -> Stream:
        """Count one holder more; return the stream itself."""

    def close(self) -> None:
        """Count one holder fewer."""


class Pipe:
    """A pipe, or one direction of a connection.

    Parameters
    ----------
    tty: whether it plays a terminal.
    """

    def __init__(self, *, tty: bool = False) -> None:
        self.buffer = bytearray()
        self.tty = tty
        self.writers = 0
        self.readers = 0
        self.ended = False
        self.on_write: Callable[[], None] | None = None

    def readable(self) -> bool:
        return bool(self.buffer) or self.ended

    def read(self, size: int) -> bytes:
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def writable(self) -> bool:
        return len(self.buffer) < PIPE_SIZE or self.broken

    @property
    def broken(self) -> bool:
        """Whether nobody reads any more."""
        return self.readers < 0

    def write(self, data: bytes) -> None:
        if self.broken:
            raise failure(errno.EPIPE, "")
        self.buffer += data
        if self.on_write:
            self.on_write()

    def end(self) -> None:
        """Say that nothing more will be written."""
        self.ended = True

    def share(self) -> Pipe:
        return self

    def close(self) -> None:
        """Nothing to count: the two ends below do."""


class ReadEnd:
    """The end of a pipe that is read."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.tty = pipe.tty
        self.holders = 1
        pipe.readers += 1

    def readable(self) -> bool:
        return self.pipe.readable()

    def read(self, size: int) -> bytes:
        return self.pipe.read(size)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        raise failure(errno.EBADF, "")

    def share(self) -> ReadEnd:
        self.holders += 1
        return self

    def close(self) -> None:
        self.holders -= 1
        if self.holders == 0:
            self.pipe.readers -= 1
            if self.pipe.readers == 0:
                self.pipe.readers = -1  # from now on a write breaks


class WriteEnd:
    """The end of a pipe that is written."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.tty = pipe.tty
        self.holders = 1
        pipe.writers += 1

    def readable(self) -> bool:
        return True

    def read(self, size: int) -> bytes:
        raise failure(errno.EBADF, "")

    def writable(self) -> bool:
        return self.pipe.writable()

    def write(self, data: bytes) -> None:
        self.pipe.write(data)

    def share(self) -> WriteEnd:
        self.holders += 1
        return self

    def close(self) -> None:
        self.holders -= 1
        if self.holders == 0:
            self.pipe.writers -= 1
            if self.pipe.writers == 0:
                self.pipe.end()


def pipe() -> tuple[ReadEnd, WriteEnd]:
    """Return the two ends of a new pipe."""
    made = Pipe()
    return ReadEnd(made), WriteEnd(made)


class OpenFile:
    """A regular file that is open.

    Parameters
    ----------
    append: whether every write goes to the end.
    """

    tty = False

    def __init__(
        self, space: Space, file: File, path: str, clock: Callable[[], float], *, append: bool = False
    ) -> None:
        self.space, self.file, self.path, self.clock, self.append = space, file, path, clock, append
        self.at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int) -> bytes:
        data = self.file.data[self.at : self.at + size]
        self.at += len(data)
        return data

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        size = self.file.size
        at = size if self.append else self.at
        lacking = max(at + len(data) - size - (self.space.limit - self.space.used), 0)
        fitting = data[: max(len(data) - lacking, 0)]
        if at == size:
            self.space.take(len(fitting), self.path)
            self.file.append(fitting)
        else:
            old = self.file.data
            new = old[:at].ljust(at, b"\0") + fitting + old[at + len(fitting) :]
            self.space.take(len(new) - len(old), self.path)
            self.file.data = new
        self.file.mtime = self.clock()
        self.at = at + len(fitting)
        if lacking:
            raise failure(errno.ENOSPC, self.path)

    def share(self) -> OpenFile:
        return self

    def close(self) -> None:
        """Nothing to let go."""


class OpenDevice:
    """One of the devices."""

    tty = False

    def __init__(self, device: Device) -> None:
        self.name = device.name

    def readable(self) -> bool:
        return True

    def read(self, size: int) -> bytes:
        size = min(size, MAX_READ)
        if self.name in ("zero", "full"):
            return bytes(size)
        return os.urandom(size) if self.name == "urandom" else b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        if self.name == "full":
            raise failure(errno.ENOSPC, "")

    def share(self) -> OpenDevice:
        return self

    def close(self) -> None:
        """Nothing to let go."""


class Sink:
    """A stream that hands every write to a function: a container's output.

    Parameters
    ----------
    ready: whether the other side can take more.
    """

    def __init__(
        self, write: Callable[[bytes], None], *, tty: bool = False, ready: Callable[[], bool] | None = None
    ) -> None:
        self._write = write
        self._ready = ready
        self.tty = tty

    def readable(self) -> bool:
        return True

    def read(self, size: int) -> bytes:
        return b""

    def writable(self) -> bool:
        return self._ready is None or self._ready()

    def write(self, data: bytes) -> None:
        self._write(data)

    def share(self) -> Sink:
        return self

    def close(self) -> None:
        """Nothing to let go."""


NOTHING = OpenDevice(Device(name="null"))
"""Reads nothing, and forgets what is written."""
