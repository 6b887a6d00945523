"""Ports of this machine that one checkout of the course has to itself while its engine runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import EngineError
from ..messages import _
from .paths import LABEL, Paths

FIRST, SIZE, COUNT = 20000, 200, 60
"""Blocks of ports below 32768, where Linux picks its own from."""


class Block(NamedTuple):
    """A block of consecutive ports, by their use.

    Parameters
    ----------
    base: the first.
    narrow: fewer of them, where each costs: a container publishes them one by one.
    """

    base: int
    narrow: bool = False

    @property
    def mirror(self) -> int:
        """The registry mirror."""
        return self.base

    @property
    def private(self) -> int:
        """The registry with a password, and the search."""
        return self.base + 1

    @property
    def tcp(self) -> int:
        """The API over plain TCP, when lab 1 opens it."""
        return self.base + 2

    @property
    def tls(self) -> int:
        """The API over TLS, when lab 1 opens it."""
        return self.base + 3

    @property
    def api(self) -> int:
        """The API of an engine in a container, where its socket cannot be reached."""
        return self.base + 4

    @property
    def labs(self) -> tuple[int, int]:
        """What labs may publish: first and last."""
        return self.base + 10, self.base + (39 if self.narrow else 149)

    @property
    def engine(self) -> tuple[int, int]:
        """What the engine picks from when a container asks for any port: first and last."""
        return (self.base + 40, self.base + 49) if self.narrow else (self.base + 150, self.base + SIZE - 1)

    @property
    def fixed(self) -> tuple[int, ...]:
        """The ports that must be free for the engine to be of use."""
        return self.mirror, self.private, self.tcp, self.tls, self.api


def claim(paths: Paths) -> tuple[Block, socket.socket]:
    """Take a block for this checkout: the one it had before, if it can be had.

    The claim lasts as long as somebody holds the socket that comes with it.
    Raises `EngineError` when no block is free.
    """
    for block in candidates(paths):
        if held := _take(block):
            (paths.state / "ports").write_text(f"{block.base}\n")
            return block, held
    raise none_free()


def candidates(paths: Paths) -> Iterator[Block]:
    """All blocks, that which this checkout had before first."""
    try:
        first = (int((paths.state / "ports").read_text()) - FIRST) // SIZE
    except (OSError, ValueError):
        first = int(paths.instance, 16)
    for number in range(COUNT):
        yield Block(FIRST + (first + number) % COUNT * SIZE)


def none_free() -> EngineError:
    """The error for a machine without a free block."""
    return EngineError(
        _("No block of ports between {first} and {last} is free.", first=FIRST, last=FIRST + COUNT * SIZE - 1),
        _("See what listens there with: ss -ltnp"),
    )


def _take(block: Block) -> socket.socket | None:
    # An abstract name (unix(7)) belongs to one process, and leaves no file behind.
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0{LABEL}/ports/{block.base}")
    except OSError:
        name.close()
        return None
    if not usable(block):
        name.close()
        return None
    return name


def usable(block: Block) -> bool:
    """Whether nothing else listens on the ports that the engine needs."""
    return all(free("127.0.0.1", port) for port in block.fixed)


def free(host: str, port: int) -> bool:
    """Whether a port of this machine can be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except (OSError, OverflowError):  # no port has a number beyond 65535
            return False
    return True
