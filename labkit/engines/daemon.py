"""The lab's own dockerd: started, configured and restarted inside its namespaces."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..messages import _
from . import boot, daemonconfig, dockerd
from .base import DaemonConfig, Paths
from .namespace import Namespace
from .netns import There, listens
from .ports import Block

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
Begun = tuple[subprocess.Popen[bytes] | None, socket.socket]
_POLL = 0.005


class Daemon:
    """dockerd of one checkout.

    Parameters
    ----------
    paths: of the checkout; its data is in ``.lab/engine``.
    block: its ports.
    begun: the namespaces that it was started in, as `boot.spawn` returns them.
    """

    def __init__(self, paths: Paths, block: Block, begun: Begun) -> None:
        self.paths = paths
        self.block = block
        self.socket = dockerd.socket(paths)
        self.network: There | None = None
        self.carries_registry = False
        self.namespace = Namespace(*begun)
        self._config_file = dockerd.config_file(paths)
        self._log = dockerd.log(paths)
        self._log_start = 0
        self.served = False  # whether this dockerd has ever answered

    @property
    def runs(self) -> bool:
        """Whether dockerd and its namespaces are there; it may not be ready yet."""
        return self.namespace.alive and not self.namespace.exited.is_set()

    def launch(self, config: DaemonConfig) -> None:
        """Start new namespaces, and dockerd in them with a daemon.json."""
        self.network = None
        self.carries_registry = False
        self.served = False
        self._forget()
        self.namespace = Namespace(*boot.spawn(dockerd.prepare(self.paths, self.block, config)))

    def _forget(self) -> None:
        """What dockerd said until now is no longer of interest."""
        self._log_start = self._log.stat().st_size if self._log.exists() else 0

    async def enter(self) -> There:
        """Wait for the namespaces and return the network one."""
        self.network = await self.namespace.enter()
        return self.network

    def config(self) -> dict[str, Any]:
        """The daemon.json in force."""
        return daemonconfig.read(self._config_file)

    def tcp_hosts(self) -> list[tuple[str, int]]:
        """The TCP addresses that dockerd listens on, inside."""
        found = map(daemonconfig.tcp, daemonconfig.read(self._config_file).get("hosts", []))
        return [host for host in found if host is not None]

    async def ready(self) -> None:
        """Wait until dockerd answers.  Raises `EngineError` with its own words when it ends instead."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if await ping(self.socket):
                self.served = True
                return
            if self.namespace.exited.is_set():
                raise self._failed()
            await asyncio.sleep(_POLL)
        raise EngineError(
            _("The engine does not answer after {n:.0f} s.", n=READY_SECONDS),
            _("Type ./lab stop, then ./lab; .lab/log/dockerd.log has what it said."),
        )

    async def lost_containerd(self) -> bool:
        """Whether a dockerd that is ready has no containerd; left alone, it takes ten seconds to have another."""
        return not await listens(self.paths.run / "exec" / "containerd" / "containerd.sock")

    def _failed(self) -> EngineError:
        said = daemonconfig.last_words(self._said())
        if "no space left on device" in said:
            return EngineError(
                _("The disk is full, and the engine needs room below {path}.", path=self.paths.state),
                _("Free some space (df -h shows where), then type ./lab again."),
            )
        return EngineError(
            _("The engine did not start: {said}", said=said or _("it said nothing.")),
            _("All that it said is in .lab/log/dockerd.log."),
        )

    def _said(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            return log.read(1 << 20).decode(errors="replace")

    async def again(self) -> None:
        """Start dockerd where the former one has ended."""
        self.served = False
        self._forget()
        dockerd.clear(self.paths)
        await self.namespace.start()

    async def mend(self) -> None:
        """Start anew, with the daemon.json in force, where dockerd or its namespaces were killed.

        Containers that dockerd left behind would hold up the next one for ten seconds,
        and end all the same; so they end with their namespaces, unless they are meant to stay.
        """
        config = daemonconfig.read(self._config_file)
        if self.namespace.alive and self.namespace.exited.is_set() and config.get("live-restore"):
            await self.again()
            return
        await self.namespace.end(0)
        self.launch(config)

    async def reload(self, changes: dict[str, Any]) -> None:
        """Change daemon.json and send SIGHUP; put it back when dockerd refuses it."""
        former = daemonconfig.read(self._config_file)
        new = daemonconfig.changed(former, changes, str(self.socket), (self.block.tcp, self.block.tls))
        try:
            await self._hup(new)
        except EngineError:
            await self._hup(former)
            raise

    async def _hup(self, config: dict[str, Any]) -> None:
        daemonconfig.write(self._config_file, config)
        self._log_start = self._log.stat().st_size
        await self.namespace.signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            said = self._said()
            if "Reloaded configuration" in said:
                return
            if "level=error" in said or self.namespace.exited.is_set():
                raise EngineError(
                    _("The engine did not take that: {said}", said=daemonconfig.last_words(said)),
                    _("The former daemon.json is back."),
                )
            await asyncio.sleep(_POLL)
        raise EngineError(_("The engine does not react to a reload."), _("Type ./lab stop, then ./lab."))

    async def restart(self, changes: dict[str, Any]) -> None:
        """Change daemon.json and restart dockerd; put it back when dockerd does not come up."""
        former = daemonconfig.read(self._config_file)
        new = daemonconfig.changed(former, changes, str(self.socket), (self.block.tcp, self.block.tls))
        await self._halt()
        daemonconfig.write(self._config_file, new)
        try:
            await self.again()
            await self.ready()
        except EngineError as error:
            await self._halt()
            daemonconfig.write(self._config_file, former)
            await self.again()
            await self.ready()
            raise EngineError(error.message, _("The former daemon.json is back. {hint}", hint=error.hint)) from error

    async def _halt(self) -> None:
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
            if self.namespace.exited.is_set():
                return
            await self.namespace.signal(number)
            try:
                await asyncio.wait_for(self.namespace.exited.wait(), seconds)
            except asyncio.TimeoutError:
                continue

    async def stop(self) -> None:
        """End dockerd and its namespaces, and remove its control groups."""
        await self.namespace.end(STOP_SECONDS)
        dockerd.sweep(self.paths)


async def ping(socket: Path) -> bool:
    """Whether an Engine answers ``GET /_ping`` on a unix socket."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    try:
        writer.write(b"GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return (await reader.readline()).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False
    finally:
        writer.close()
