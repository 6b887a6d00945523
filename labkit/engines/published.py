"""Published ports: what `dockerproxy` asks for, held by the supervisor outside."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
from itertools import pairwise
from pathlib import Path

from .netns import Here, There, forward


class Published:
    """Listens on this machine's loopback for the containers of an engine.

    Parameters
    ----------
    network: the namespace that the containers are reached from.
    outside: the address to listen on; none but loopback, unless this is a container.
    """

    def __init__(self, network: There, outside: str) -> None:
        self._network = network
        self._outside = outside
        self._here = Here()

    async def serve(self, path: Path) -> asyncio.Server:
        """Serve the socket that `dockerproxy` asks at."""
        path.unlink(missing_ok=True)
        return await asyncio.start_unix_server(self._handle, path)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = None
        try:
            line = await reader.readline()
            try:
                server = await self._open(line.decode().rstrip("\n").split("\0"))
                answer = b"ok"
            except (OSError, ValueError, KeyError) as error:
                answer = str(getattr(error, "strerror", None) or error).encode()
            writer.write(answer)
            await writer.drain()
            if answer == b"ok":
                await reader.read()  # until dockerd stops the one who asked
        except OSError:
            pass
        finally:
            if server is not None:
                server.close()
            writer.close()

    async def _open(self, argv: list[str]) -> asyncio.Server | None:
        asked = _options(argv)
        if asked["proto"] != "tcp":
            raise ValueError(f"the lab's engine publishes TCP ports alone, not {asked['proto']}")
        target = (self._network, asked["container-ip"], int(asked["container-port"]))
        address, port = loopback(asked.get("host-ip", "")), int(asked["host-port"])
        if ":" not in address:
            address = address if self._outside == "127.0.0.1" else self._outside
            return await forward(self._here, address, port, target)
        try:
            return await forward(self._here, address, port, target)
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return None  # a machine without IPv6: dockerd asks all the same
            raise


def _options(argv: list[str]) -> dict[str, str]:
    """Read docker-proxy's options, pairs of ``-name`` and value; a flag without a value is passed over."""
    return {name.lstrip("-"): value for name, value in pairwise(argv) if name.startswith("-")}


def loopback(asked: str) -> str:
    """The loopback address that stands in for the address that a port is published on."""
    try:
        address = ipaddress.ip_address(asked or "127.0.0.1")
    except ValueError:
        return "127.0.0.1"
    if address.is_loopback:
        return str(address)
    return "127.0.0.1" if address.version == 4 else "::1"
