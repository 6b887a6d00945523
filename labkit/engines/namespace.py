"""The namespaces that the engine lives in, as the supervisor holds them."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..messages import _
from .netns import There


class Namespace:
    """New network, process and mount namespaces with a dockerd in them, as `boot.spawn` began them.

    Parameters
    ----------
    process: the one that ends with them; None when it is no child of this one.
    channel: the socket to their first process.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._first = -1  # a descriptor of the first process: pidfd_open(2)
        self._gone = False
        self._writer: asyncio.StreamWriter | None = None
        self._watch: asyncio.Task[None] | None = None
        self.network: There | None = None
        self.exited = asyncio.Event()
        """Set while no dockerd runs in here."""

    async def enter(self) -> There:
        """Wait until the namespaces are set up, and return the network one.  Raises `EngineError`."""
        loop = asyncio.get_running_loop()
        _said, descriptors, _flags, _address = await loop.run_in_executor(
            None, socket.recv_fds, self._channel, 65536, 2
        )
        if not descriptors:
            self._gone = True
            raise EngineError(
                _("The engine's namespaces could not be made; .lab/log/dockerd.log says why."),
                _("The private engine needs a root that may use namespaces; ./lab --engine container needs none."),
            )
        self.network, self._first = There(descriptors[0]), descriptors[1]
        reader, self._writer = await asyncio.open_connection(sock=self._channel)
        self._watch = asyncio.create_task(self._listen(reader))
        return self.network

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while await reader.readline():  # the one thing ever said is that dockerd ended
                self.exited.set()
        except OSError:
            pass
        await self._ended()

    async def _ended(self) -> None:
        """Wait for the first process: when it is gone, so is everything in the namespaces."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, select.select, [self._first], [], [])
        if self._process is not None:
            await loop.run_in_executor(None, self._process.wait)
        os.close(self._first)
        self._gone = True
        self.exited.set()

    @property
    def alive(self) -> bool:
        """Whether the namespaces still have their first process."""
        return not self._gone and not (self._first >= 0 and select.select([self._first], [], [], 0)[0])

    async def _tell(self, **what: Any) -> None:
        if self._writer is not None and self.alive:
            self._writer.write(json.dumps(what).encode() + b"\n")
            await self._writer.drain()

    async def start(self) -> None:
        """Start a dockerd where the former one has ended."""
        self.exited.clear()
        await self._tell(start=True)

    async def signal(self, number: signal.Signals) -> None:
        """Send dockerd a signal."""
        await self._tell(signal=int(number))

    async def end(self, seconds: float) -> None:
        """Stop dockerd, giving it some time, then end the namespaces with all that is in them."""
        if self.alive:
            try:
                await self.signal(signal.SIGTERM)
                await asyncio.wait_for(self.exited.wait(), seconds)
            except (OSError, asyncio.TimeoutError):
                pass
        if self._writer is not None and self._watch is not None:
            if not self._writer.is_closing():
                self._writer.write_eof()  # the first process ends when it reads this
            await self._watch
            self._writer.close()
        else:
            self._channel.close()
        if self.network is not None:
            self.network.close()


def delegate_cgroups() -> None:
    """In a container with control groups v2, make room for those of the engine.

    A group that hands its controllers down may hold no process itself, so what runs
    here moves into a group of its own: cgroups(7), "no internal processes".
    """
    top = Path("/sys/fs/cgroup")
    if not (top / "cgroup.controllers").exists():
        return
    own = top / "supervisor"
    own.mkdir(exist_ok=True)
    for pid in (top / "cgroup.procs").read_text().split():
        (own / "cgroup.procs").write_text(pid)
    controllers = (top / "cgroup.controllers").read_text().split()
    (top / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
