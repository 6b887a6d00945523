"""The practice engine's own process: core, server, registries, saved state.

Started by ``kind``, told what to do over a control socket, as the private engine's
supervisor is.
"""

# ruff: noqa: E402 - the collector has to be stopped before the imports
from __future__ import annotations

import gc

gc.disable()  # until it serves there is nothing to collect, and looking takes a tenth of the start

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import EngineError
from ...messages import _
from .. import daemonconfig, dockerd, ports
from ..control import PROTOCOL
from ..paths import STUDENT, Paths
from . import api_system, bundled, lifecycle, snapshot, tlsdoor
from .core import Core
from .hostfolder import WorkFolders
from .profile import DEFAULT, profile
from .registry import Registry
from .server import HostPorts, Server
from .state import timestamp
from .wire import Fault, Reply

if TYPE_CHECKING:
    import ssl

SAVE_SECONDS = 2.0
"""After a change the state is saved at the latest so much later."""
NOT_RELOADED = ("hosts", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey", "data-root")
"""Keys of daemon.json that take effect at a restart only."""

_OPEN_DOOR = (
    "Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has "
    "access to your network."
)
_BROWSERS = (
    "Binding to an IP address, even on localhost, can also give access to scripts run in a browser. Be safe out there!"
)
"""This and the one before are what dockerd warns of where it listens on TCP without TLS."""


class Practice:
    """The practice engine of one checkout.

    Parameters
    ----------
    paths: the places of the course on this machine.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.block, self._claim = ports.claim(paths)
        self.home = paths.state / "practice"
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.config_file = self.home / "daemon.json"
        host_ports = HostPorts()
        paths.work.mkdir(parents=True, exist_ok=True)
        self.core = Core(
            profile(os.environ.get("LABKIT_PRACTICE_VERSION", DEFAULT)),
            seed=os.urandom(8).hex(),
            now=time.time(),
            ports=host_ports,
            folders=WorkFolders(paths.work),
            root_dir=str(self.home / "docker"),
        )
        self.mirror = Registry(read_only=True)
        self.private = Registry((STUDENT, self._password()), beside=self.mirror)
        self.core.registries = {
            f"127.0.0.1:{self.block.mirror}": self.mirror,
            f"127.0.0.1:{self.block.private}": self.private,
        }
        self.server = Server(self.core, paths.run / "docker.sock", host_ports, self.say)
        self.over = asyncio.Event()

    def say(self, line: str, level: str = "info", **fields: str) -> None:
        """Write a line into the daemon's log, as dockerd writes it."""
        more = "".join(f" {name}={json.dumps(value)}" for name, value in fields.items())
        self._log(f'time="{timestamp(time.time())}" level={level} msg={json.dumps(line)}{more}')

    def _log(self, line: str) -> None:
        with dockerd.log(self.paths).open("a") as file:
            file.write(line + "\n")

    def _say_begun(self, hosts: list[tuple[str, int]], *, tls: bool) -> None:
        """Say what a dockerd says at its start: lab 1 reads there who listens where, and how safe that is."""
        self.say("Starting up")
        addresses = [f"{host}:{port}" for host, port in hosts]
        for address in [] if tls else addresses:
            for warning in (_OPEN_DOOR, _BROWSERS):
                self.say(warning, "warning", host=f"tcp://{address}")
        self.say("Loading containers: start.")
        self.say("Loading containers: done.")
        self.say("Daemon has completed initialization")
        for address in [self.socket, *addresses]:
            self.say(f"API listen on {address}")

    def _password(self) -> str:
        file = self.home / "password"
        if not file.exists():
            import secrets  # once in the life of a checkout

            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(12))
        return file.read_text().strip()

    @property
    def socket(self) -> str:
        """The path of the unix socket."""
        return str(self.paths.run / "docker.sock")

    def default_config(self) -> dict[str, Any]:
        """Return the daemon.json that the engine begins with."""
        return {"hosts": [f"unix://{self.socket}"], "registry-mirrors": [f"http://127.0.0.1:{self.block.mirror}"]}

    async def up(self) -> None:
        """Fill the engine, and listen."""
        fresh = bundled.images()
        for label, image in fresh.items():
            repository, _colon, tag = label.partition(":")
            name, _size = self.mirror.add(f"library/{repository}", tag, image)
            image.digests.append(f"{repository}@{name}")  # as if it had been pulled there
        saved = self.home / "state.tar"
        if saved.exists():
            again = snapshot.restore(self.core, saved.read_bytes())
        else:
            again = []
            for label, image in fresh.items():
                if label not in bundled.MIRROR_ONLY:
                    self.core.state.images[image.id] = image
                    image.tags.append(label)
        if not self.config_file.exists():
            daemonconfig.write(self.config_file, self.default_config())
        self.core.config = daemonconfig.read(self.config_file)
        self._restart_policies(again)
        await self.server.listen()
        await self.server.registry(self.block.mirror, lambda m, t, h, b: self._registry(self.mirror, m, t, h, b))
        await self.server.registry(self.block.private, lambda m, t, h, b: self._registry(self.private, m, t, h, b))
        await self._doors(tlsdoor.context(self.core.config))
        self.server.driver.kick()

    def _registry(self, asked: Registry, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        return asked.handle(method, target, {k.lower(): v for k, v in headers.items()}, body)

    def _restart_policies(self, ran: list[str]) -> None:
        """Start what a policy, or live-restore, keeps running over a restart."""
        for container in list(self.core.state.containers.values()):
            policy = (container.host_config.get("RestartPolicy") or {}).get("Name")
            live = self.core.config.get("live-restore") and container.id in ran
            if live or (policy in ("always", "unless-stopped") and container.id in ran and not container.manual_stop):
                with contextlib.suppress(Fault):
                    lifecycle.start(self.core, container)

    async def _doors(self, tls: ssl.SSLContext | None) -> None:
        hosts = [found for host in self.core.config.get("hosts") or [] if (found := daemonconfig.tcp(host))]
        await self.server.open_doors(hosts, tls)
        self._say_begun(hosts, tls=tls is not None)

    def save(self) -> None:
        """Write the state aside, then rename it."""
        target = self.home / "state.tar"
        aside = target.with_suffix(".tmp")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(snapshot.save(self.core))
        aside.replace(target)

    def try_to_save(self) -> None:
        """Save the state; where that fails, by a full disk or what nobody foresaw, say so and keep what is there."""
        try:
            self.save()
        except Exception as error:
            self.say(f"the state was not saved: {error!r}")

    async def keep_saved(self) -> None:
        """Save the state soon after something has happened."""
        seen = None
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            last = self.core.state.events[-1]["timeNano"] if self.core.state.events else 0
            if last != seen:
                seen = last
                self.try_to_save()

    async def change(self, changes: dict[str, Any], *, restart: bool) -> None:
        """Change daemon.json: reloaded, or with all containers stopped as a restart does.  Raises `EngineError`."""
        written = daemonconfig.read(self.config_file)
        made = daemonconfig.changed(written, changes, self.socket, (self.block.tcp, self.block.tls))
        if restart:
            await self._restart(made)
        else:
            self._reload(made)

    def _check(self, config: dict[str, Any]) -> None:
        """Raise `Fault`, with the words of dockerd, for a daemon.json with a key that it does not know."""
        from . import daemonkeys  # only who changes the configuration needs them

        if unknown := ", ".join(daemonkeys.unknown(config, old=self.core.profile.old)):
            said = f"the following directives don't match any configuration option: {unknown}"
            raise Fault(500, f"unable to configure the Docker daemon with file {self.config_file}: {said}")

    def _reload(self, made: dict[str, Any]) -> None:
        """Take what can be taken while the daemon runs: the file has it all, some of it waits for a restart."""
        self.say(f"Got signal to reload configuration, reloading from: {self.config_file}")
        try:
            self._check(made)
        except Fault as fault:
            self.say(fault.message, "error")
            raise EngineError(
                _("The engine did not take that: {said}", said=fault.message), _("The former daemon.json is back.")
            ) from fault
        before = self.core.config
        daemonconfig.write(self.config_file, made)
        stays = {key: before[key] for key in NOT_RELOADED if key in before}
        self.core.tick(time.time())
        self.core.config = {**{k: v for k, v in made.items() if k not in NOT_RELOADED}, **stays}
        self.say(f"Reloaded configuration: {json.dumps(self.core.config)}")
        self.core.event("daemon", "reload", self.core.ids.new(), api_system.reloaded(self.core))

    async def _restart(self, made: dict[str, Any]) -> None:
        """Restart with another configuration; where it is refused, with the one before."""
        self.say("Processing signal 'terminated'")
        self.say("Daemon shutdown complete")
        try:
            self._check(made)
            tls = tlsdoor.context(made)
        except Fault as fault:
            self._log(fault.message)
            await self._again()
            hint = _("All that it said is in .lab/log/dockerd.log.")
            raise EngineError(
                _("The engine did not start: {said}", said=fault.message),
                _("The former daemon.json is back. {hint}", hint=hint),
            ) from fault
        self.core.config = made
        daemonconfig.write(self.config_file, made)
        await self._again()
        await self._doors(tls)

    async def _again(self) -> None:
        """Let containers and events go through a restart: events are in the daemon's memory alone."""
        await self._restart_containers()
        self.core.state.events.clear()

    async def _restart_containers(self) -> None:
        if self.core.config.get("live-restore"):
            return
        running = [c for c in self.core.state.containers.values() if c.running]
        for container in running:
            container.manual_stop = True
            if container.run is not None:
                container.run.process.signal(9)
        self.server.driver.kick()
        while any(c.running for c in running):
            await self.server.driver.changed()
        for container in running:
            container.manual_stop = False
        self._restart_policies([c.id for c in running])
        self.server.driver.kick()

    async def command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out one command of the control socket."""
        with contextlib.suppress(OSError, ConnectionError, ValueError):
            order = json.loads(await reader.readline())
            try:
                answer: dict[str, Any] = {"done": await self._do(order)}
            except EngineError as error:
                answer = {"error": error.message, "hint": error.hint}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _do(self, order: dict[str, Any]) -> dict[str, Any]:
        do = order.get("do")
        if do in ("reload", "restart"):
            await self.change(order["changes"], restart=do == "restart")
        elif do == "reset":
            (self.home / "state.tar").unlink(missing_ok=True)
            self._forget()
        elif do == "stop":
            self.over.set()  # the end saves
        return {
            "engine": True,
            "base": self.block.base,
            "protocol": PROTOCOL,
            "version": self.core.profile.version,
            "api": self.core.profile.api_text,
        }

    def _forget(self) -> None:
        """Put the engine back to how it began."""
        core, state = self.core, self.core.state
        for container in list(state.containers.values()):
            container.manual_stop = True
            if container.run is not None:
                core.scheduler.end(container.run.process, 137)
            if container.id in state.containers:
                lifecycle.remove(core, container, volumes=True)
        state.volumes.clear()
        for network in [n for n in state.networks.values() if n.name not in ("bridge", "host", "none")]:
            del state.networks[network.id]
        state.images.clear()
        for label, image in bundled.images().items():
            if label not in bundled.MIRROR_ONLY:
                state.images[image.id] = image
                image.tags.append(label)


async def serve(paths: Paths, first: int) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    first: a pipe; the answer to who started this is written there.
    """
    practice = Practice(paths)
    await practice.up()
    gc.freeze()  # what is there now stays: no collection has to look at it
    gc.enable()
    control = paths.run / "control.sock"
    control.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(practice.command, control)
    control.chmod(0o600)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, practice.over.set)
    keeper = loop.create_task(practice.keep_saved())
    with contextlib.suppress(BrokenPipeError):
        os.write(first, json.dumps({"done": await practice._do({})}).encode() + b"\n")
    os.close(first)
    await practice.over.wait()
    keeper.cancel()
    practice.try_to_save()
    practice.server.close()
    server.close()
    control.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        paths.run.rmdir()
        paths.run.parent.rmdir()


def main() -> None:
    """Be the practice engine of the checkout named by the first argument."""
    paths, first = Paths.of(Path(sys.argv[1])), int(sys.argv[2])
    try:
        asyncio.run(serve(paths, first))
    except EngineError as error:
        _refuse(first, error.message, error.hint)
    except OSError as error:
        _refuse(first, _("The practice engine could not be started: {why}.", why=error), _("Type ./lab doctor."))


def _refuse(first: int, message: str, hint: str) -> None:
    with contextlib.suppress(OSError):
        os.write(first, json.dumps({"error": message, "hint": hint}).encode() + b"\n")


if __name__ == "__main__":
    main()
