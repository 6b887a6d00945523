"""The namespaces that the engine lives in, as the supervisor holds them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..messages import _
from .netns import There

_INSIDE = str(Path(__file__).with_name("inside.py"))


class Namespace:
    """New network, process and mount namespaces with a dockerd in them.

    The processes start at once; `enter` waits for them.

    Parameters
    ----------
    argv: the command line of dockerd.
    run: the folder of sockets that both sides see.
    log: the file that dockerd writes to.
    path: its ``PATH``.
    any_port: first and last of the ports that dockerd picks from by itself.
    """

    def __init__(self, argv: list[str], run: Path, log: Path, path: str, any_port: tuple[int, int]) -> None:
        keep, give = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        order = {
            "argv": argv,
            "run": str(run),
            "log": str(log),
            "path": path,
            "any_port": f"{any_port[0]} {any_port[1]}",
        }
        options = ["--net", "--pid", "--mount", "--propagation", "slave", "--mount-proc", "--fork", "--kill-child=KILL"]
        script = [sys.executable, "-I", "-S", _INSIDE, json.dumps(order)]
        with give:
            self._process = subprocess.Popen(
                ["unshare", *options, "--", *script, str(give.fileno())],
                pass_fds=[give.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._channel = keep
        self._writer: asyncio.StreamWriter | None = None
        self._watch: asyncio.Task[None] | None = None
        self.network: There | None = None
        self.exited = asyncio.Event()
        """Set while no dockerd runs in here."""

    async def enter(self) -> There:
        """Wait until the namespaces are set up, and return the network one.  Raises `EngineError`."""
        loop = asyncio.get_running_loop()
        said, descriptors, _flags, _address = await loop.run_in_executor(None, socket.recv_fds, self._channel, 65536, 1)
        if not descriptors:
            await loop.run_in_executor(None, self._process.wait)
            why = json.loads(said).get("failed", "") if said else ""
            raise EngineError(
                _("The engine's namespaces could not be made: {why}", why=why or _("unshare was refused.")),
                _("The private engine needs a root that may use namespaces; ./lab --engine container needs none."),
            )
        self.network = There(descriptors[0])
        reader, self._writer = await asyncio.open_connection(sock=self._channel)
        self._watch = asyncio.create_task(self._listen(reader))
        return self.network

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while await reader.readline():  # the one thing ever said is that dockerd ended
                self.exited.set()
        except OSError:
            pass
        self.exited.set()
        await asyncio.get_running_loop().run_in_executor(None, self._process.wait)

    @property
    def alive(self) -> bool:
        """Whether the namespaces still have their first process."""
        return self._process.poll() is None

    async def _tell(self, **what: Any) -> None:
        if self._writer is not None and self.alive:
            self._writer.write(json.dumps(what).encode() + b"\n")
            await self._writer.drain()

    async def start(self, argv: list[str]) -> None:
        """Start a dockerd where the former one has ended."""
        self.exited.clear()
        await self._tell(start=argv)

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
        if self._writer is not None:
            self._writer.close()
        else:
            self._channel.close()
        await asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        if self._watch is not None:
            self._watch.cancel()
        if self.network is not None:
            self.network.close()


def cgroup_folders(cgroup: str) -> list[Path]:
    """Where a control group of that name exists: one folder, or one for each v1 controller."""
    top = Path("/sys/fs/cgroup")
    return [place for place in (top / cgroup, *(top.glob(f"*/{cgroup}"))) if place.is_dir()]


def remove_cgroups(cgroup: str) -> bool:
    """Remove the empty control groups of an engine that has ended; return whether there were any."""
    places = cgroup_folders(cgroup)
    for place in places:
        for folder, _children, _files in os.walk(place, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                continue  # something still runs in it
    return bool(places)


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
