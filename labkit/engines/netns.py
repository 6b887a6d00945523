"""Sockets in a chosen network namespace, and ports carried from one to the other.

The engine's namespace has no way out: what crosses its border is only what is
forwarded here, from one loopback address to another.

Source: setns(2).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_CHUNK = 64 * 1024
_FIRST_FREE = 32768
"""From this port on nothing of the course listens."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Here:
    """The namespace that this process is in."""

    async def socket(self, family: socket.AddressFamily) -> socket.socket:
        """Return a new TCP socket in this namespace."""
        return socket.socket(family, socket.SOCK_STREAM)

    def close(self) -> None:
        """Nothing to let go of."""


class There(Here):
    """Another network namespace, given by an open descriptor of it, which this closes.

    A socket belongs for good to the namespace of the thread that made it, so one
    thread enters the namespace and does nothing but make sockets.
    """

    def __init__(self, descriptor: int) -> None:
        self._pool = ThreadPoolExecutor(1, initializer=_enter, initargs=(descriptor,))

    async def socket(self, family: socket.AddressFamily) -> socket.socket:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, socket.socket, family, socket.SOCK_STREAM)

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=False)


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.setns(descriptor, _CLONE_NEWNET)
    os.close(descriptor)  # an open one would keep the namespace
    if failed:
        raise OSError(ctypes.get_errno(), "setns")


def family_of(host: str) -> socket.AddressFamily:
    """The address family of a numeric address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


async def dial(where: Here, host: str, port: int) -> Streams:
    """Connect from a namespace to an address in it.  Raises `OSError`."""
    sock = await where.socket(family_of(host))
    sock.setblocking(False)
    try:
        _from_any_port(sock)
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
        return await asyncio.open_connection(sock=sock)
    except BaseException:
        sock.close()
        raise


def _from_any_port(sock: socket.socket) -> None:
    """Choose the port that a connection comes from.

    Linux would take one of the few that the engine publishes on, and each stays taken for
    a minute after its connection has ended: soon there would be none left.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for _attempt in range(20):
        try:
            sock.bind(("", _FIRST_FREE + int.from_bytes(os.urandom(2), "big") % (65536 - _FIRST_FREE)))
            return
        except OSError:  # in use: another one
            continue


async def listen(where: Here, host: str, port: int, handler: Handler) -> asyncio.Server:
    """Serve an address in a namespace.  Raises `OSError` when the port is taken."""
    sock = await where.socket(family_of(host))
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family_of(host) == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        return await asyncio.start_server(handler, sock=sock)
    except BaseException:
        sock.close()
        raise


Target = tuple[Here, str, int] | Path
"""An address in a namespace, or a unix socket."""


async def forward(where: Here, host: str, port: int, target: Target) -> asyncio.Server:
    """Carry each connection to an address in a namespace to a target."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(target, Path):
                far = await asyncio.open_unix_connection(target)
            else:
                far = await dial(*target)
        except OSError:
            writer.transport.abort()  # nobody there: a reset, as the kernel would send
            return
        await splice((reader, writer), far)

    return await listen(where, host, port, carry)


async def splice(near: Streams, far: Streams) -> None:
    """Copy both ways until both sides have ended; a half-closed side stays half closed."""
    try:
        await asyncio.gather(_copy(near[0], far[1]), _copy(far[0], near[1]))
    except OSError:
        pass
    finally:
        near[1].close()
        far[1].close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def listens(path: Path | str) -> bool:
    """Whether something listens on a unix socket."""
    try:
        _reader, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True
