"""The one process that stays: it holds the private engine's namespaces, ports and registry.

Started by `private`, once for a checkout, and told what to do over a control socket.
Everything else hangs on it: when it is killed, its end of the channel closes, the first
process in the namespaces ends, and the kernel ends the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..messages import _
from . import boot, control, dockerd, ports, registry
from .base import Paths
from .daemon import Begun, Daemon
from .front import front
from .layout import Layout
from .namespace import delegate_cgroups
from .netns import Here, forward, listen
from .published import Published

Say = Callable[[str], None]


_PUBLISHED = ("127.0.0.1", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Where a dockerd in a container listens when 127.0.0.1 outside leads to it: a container publishes that alone."""


class Supervisor:
    """The private engine of one checkout, from its start to its end.

    Parameters
    ----------
    paths: of the checkout.
    block: its ports.
    begun: the namespaces with a dockerd in them that `boot.spawn` began.
    """

    def __init__(self, paths: Paths, block: ports.Block, begun: Begun) -> None:
        self.paths = paths
        self.block = block
        # A narrow block is a container's: it publishes them on loopback, so in here
        # they are open to whatever comes in.
        self._outside = "0.0.0.0" if block.narrow else "127.0.0.1"  # noqa: S104 - see above
        self.here = Here()
        self.daemon = Daemon(paths, block, begun)
        self._registry: registry.Registry | None = None
        self._servers: list[asyncio.Server] = []
        self._doors: list[asyncio.Server] = []
        self._lock = asyncio.Lock()
        self.over = asyncio.Event()

    async def up(self, say: Say) -> dict[str, Any]:
        """Bring up whatever does not run, and say what had ended by itself."""
        if not self.daemon.runs:
            await self._killed(say)
        try:
            await self._ready()
        except EngineError:
            if not self.daemon.served:
                raise
            await self._killed(say)  # a moment ago: its end was not seen yet
            await self._ready()
        if await self.daemon.lost_containerd():
            say(_("The engine's containerd had been killed; both are started again."))
            await self._mend()
            await self._ready()
        await self._open_doors()
        if not self.daemon.carries_registry:
            await self._open_registry()
        return self.status()

    async def _killed(self, say: Say) -> None:
        say(_("The engine had been killed; it is started again."))
        await self._mend()

    async def _mend(self) -> None:
        await self._close_servers()
        await self.daemon.mend()

    async def _ready(self) -> None:
        if self.daemon.network is None:
            published = Published(await self.daemon.enter(), self._outside)
            self._servers.append(await published.serve(self.paths.run / "ports.sock"))
            if self.block.narrow:
                self._servers.append(await forward(self.here, self._outside, self.block.api, self.daemon.socket))
        await self.daemon.ready()

    async def registry_up(self, say: Say, program: str) -> dict[str, Any]:
        """Bring the lab registry up."""
        if self._registry is None:
            registry.password_file(self.paths)
            self._registry = registry.Registry(self.paths, program)
        if self._registry.start():
            say(_("The lab registry had been killed; it is started again."))
        await self._registry_ready(self._registry)
        if not self.daemon.carries_registry:
            await self._open_registry()
        return self.status()

    async def _registry_ready(self, started: registry.Registry) -> None:
        while not started.listening():
            await asyncio.sleep(0.005)

    async def images(self, say: Say) -> dict[str, Any]:
        """Fill the mirror, with images from the Hub where none are kept yet; say whether there are any now."""
        from . import mirror  # HTTP is slow to import, and dockerd is starting

        kept = Layout(self.paths.state / "images")
        loop = asyncio.get_running_loop()
        if not kept.images():
            await self._from_hub(kept, say)
        if kept.images():
            await loop.run_in_executor(None, mirror.fill, kept, self.paths.run / "mirror.sock", say)
        return {**self.status(), "images": bool(kept.images())}

    async def _from_hub(self, kept: Layout, say: Say) -> None:
        from . import hub  # as above

        loop = asyncio.get_running_loop()
        url = await loop.run_in_executor(None, hub.address, self.daemon.socket)
        if self._registry is None or not url or not await loop.run_in_executor(None, hub.reachable, url):
            return
        try:
            self._registry.start_hub(url)
            await self._registry_ready(self._registry)
            if not await loop.run_in_executor(None, hub.fetch, kept, self.paths.run / "hub.sock", say):
                say(_("The Docker Hub did not hand out everything."))
        finally:
            self._registry.stop_hub()

    async def _open_registry(self) -> None:
        """Open the registries' ports, here and in the engine's namespace, where they have the same names."""
        if self._registry is None or self.daemon.network is None:
            return
        storages = [self.paths.state / "registry" / kind for kind in registry.KINDS]
        for kind, port in (("mirror", self.block.mirror), ("private", self.block.private)):
            handler = front(self._registry.socket(kind), changes=kind == "private", storages=storages)
            self._servers.append(await listen(self.here, self._outside, port, handler))
            self._servers.append(await listen(self.daemon.network, "127.0.0.1", port, handler))
        self.daemon.carries_registry = True

    async def _open_doors(self) -> None:
        """Carry the TCP ports that dockerd listens on to this machine's loopback."""
        await self._close_doors()
        network = self.daemon.network
        if network is not None:
            for host, port in self.daemon.tcp_hosts():
                if self.block.narrow and host not in _PUBLISHED:
                    continue
                outside = self._outside if self.block.narrow else host
                self._doors.append(await forward(self.here, outside, port, (network, host, port)))

    async def _close_doors(self) -> None:
        for server in self._doors:
            server.close()
        self._doors.clear()

    async def _close_servers(self) -> None:
        await self._close_doors()
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def reload(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change daemon.json and have dockerd read it."""
        await self.daemon.reload(changes)
        return self.status()

    async def restart(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change daemon.json and restart dockerd."""
        await self._close_doors()
        try:
            await self.daemon.restart(changes)
        finally:
            await self._open_doors()
        return self.status()

    def status(self) -> dict[str, Any]:
        """What runs now."""
        return {
            "engine": self.daemon.runs,
            "registry": self._registry is not None and self._registry.running,
            "base": self.block.base,
            "protocol": control.PROTOCOL,
        }

    async def stop(self) -> dict[str, Any]:
        """End everything."""
        await self._close_servers()
        await self.daemon.stop()
        if self._registry is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._registry.stop)
        self.over.set()
        return {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out one command from the control socket."""
        try:
            order = json.loads(await reader.readline())
            loop = asyncio.get_running_loop()  # what says something may be in a thread of its own
            await self.carry_out(order, lambda answer: loop.call_soon_threadsafe(writer.write, _line(answer)))
            await asyncio.sleep(0)
            await writer.drain()
        except (OSError, ValueError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    async def carry_out(self, order: dict[str, Any], put: Callable[[dict[str, Any]], object]) -> bool:
        """Do what an order says, one at a time; put what there is to say, and return whether it was done."""

        def say(sentence: str) -> None:
            put({"say": sentence})

        async with self._lock:
            try:
                put({"done": await self._do(order, say)})
            except EngineError as error:
                put({"error": error.message, "hint": error.hint})
            except OSError as error:
                put({"error": _("The engine could not be served: {why}.", why=error), "hint": _("Type ./lab doctor.")})
            else:
                return True
        return False

    async def _do(self, order: dict[str, Any], say: Say) -> dict[str, Any]:
        match order.get("do"):
            case "up":
                return await self.up(say)
            case "registry":
                return await self.registry_up(say, str(order["program"]))
            case "images":
                return await self.images(say)
            case "config":
                return self.daemon.config()
            case "reload":
                return await self.reload(order["changes"])
            case "restart":
                return await self.restart(order["changes"])
            case "stop":
                return await self.stop()
            case _:
                return self.status()


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _write(pipe: int, answer: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the one who waits for it was killed
        os.write(pipe, _line(answer))


async def _main(supervisor: Supervisor, first: int, lock: int) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    first: a pipe, for the answer to the first command, *up*.
    lock: a descriptor of the lock that keeps a second start waiting.
    """
    loop = asyncio.get_running_loop()
    paths = supervisor.paths
    control = paths.run / "control.sock"
    control.unlink(missing_ok=True)
    loop.add_signal_handler(signal.SIGTERM, lambda: loop.create_task(supervisor.stop()))
    started = await supervisor.carry_out({"do": "up"}, lambda answer: _write(first, answer))
    if started:
        server = await asyncio.start_unix_server(supervisor.serve, control)
        os.close(first)  # the one who waits for it finds the control socket
        os.close(lock)  # and whoever starts next too
        await supervisor.over.wait()
        server.close()
    else:
        await supervisor.stop()
    shutil.rmtree(paths.run, ignore_errors=True)
    with contextlib.suppress(OSError):
        paths.run.parent.rmdir()  # the last checkout's


def take_over(root: Path, order: dict[str, Any]) -> None:
    """Be the supervisor of namespaces that were begun for a root.

    Parameters
    ----------
    order: ``block`` (the first of its ports), and descriptors: ``channel`` to the
        namespaces, ``first`` and ``lock`` as in `_main`, and ``claim``, which holds the block
        until this process ends.
    """
    block, channel = ports.Block(order["block"]), socket.socket(fileno=order["channel"])
    supervisor = Supervisor(Paths.of(root), block, (None, channel))
    asyncio.run(_main(supervisor, order["first"], order["lock"]))


def main() -> None:
    """Begin and be the supervisor in a container: of the root and the block of ports that the arguments name."""
    paths, block = Paths.of(Path(sys.argv[1])), ports.Block(int(sys.argv[2]), narrow=True)
    delegate_cgroups()
    for folder in (paths.state / "log", paths.run):
        folder.mkdir(parents=True, exist_ok=True)
    begun = boot.spawn(dockerd.prepare(paths, block))
    asyncio.run(_main(Supervisor(paths, block, begun), sys.stdout.fileno(), sys.stdin.fileno()))


if __name__ == "__main__":
    main()
