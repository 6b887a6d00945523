"""Published ports: what `dockerproxy` asks for, held by the supervisor outside."""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
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
                writer.write(b"ok")
            except (OSError, ValueError) as error:
                writer.write(str(getattr(error, "strerror", None) or error).encode())
            await writer.drain()
            if server is not None:
                await reader.read()  # until dockerd stops the one who asked
        except OSError:
            pass
        finally:
            if server is not None:
                server.close()
            writer.close()

    async def _open(self, argv: list[str]) -> asyncio.Server | None:
        asked = _options(argv)
        if asked.proto != "tcp":
            raise ValueError(f"the lab's engine publishes TCP ports alone, not {asked.proto}")
        target = (self._network, asked.container_ip, asked.container_port)
        address = loopback(asked.host_ip)
        if ":" not in address:
            address = address if self._outside == "127.0.0.1" else self._outside
            return await forward(self._here, address, asked.host_port, target)
        try:
            return await forward(self._here, address, asked.host_port, target)
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return None  # a machine without IPv6: dockerd asks all the same
            raise


def _options(argv: list[str]) -> argparse.Namespace:
    """Read docker-proxy's options; those of newer releases that change nothing here are let pass."""
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("-proto", default="tcp")
    parser.add_argument("-host-ip", default="")
    parser.add_argument("-host-port", type=int, default=0)
    parser.add_argument("-container-ip", default="")
    parser.add_argument("-container-port", type=int, default=0)
    return parser.parse_known_args(argv)[0]


def loopback(asked: str) -> str:
    """The loopback address that stands in for the address that a port is published on."""
    try:
        address = ipaddress.ip_address(asked or "127.0.0.1")
    except ValueError:
        return "127.0.0.1"
    if address.is_loopback:
        return str(address)
    return "127.0.0.1" if address.version == 4 else "::1"
