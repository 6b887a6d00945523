"""The private kind: a dockerd of the course's own, walled off in namespaces.  Linux and root.

The work is done by a process that stays, `supervisor`; this module starts it and
tells it what to do.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..errors import ConnectionFailed, EngineError
from ..messages import _
from ..model import Endpoint
from ..session import Session
from . import boot, control, debian, dockerd, packages, ports, registry
from .base import EngineRecord, Progress, RegistryEngine, RegistryRecord
from .controlled import Controlled
from .layout import Layout
from .ports import Block
from .records import record

ROOM = 200
"""What the engine, its images and the registry need on the disk, in megabytes."""

_BOOT = str(Path(boot.__file__))


class Private(Controlled, RegistryEngine):
    """A dockerd of the course's own."""

    kind = "private"
    longest = "exec/containerd/containerd.sock.ttrpc"

    def unavailable(self) -> str:
        if sys.platform != "linux":
            return _("The private engine needs Linux. Type ./lab --engine container.")
        if os.geteuid() != 0:
            return _("The private engine needs root. Type sudo ./lab, or ./lab --engine container.")
        if not dockerd.program() and not packages.can_install():
            return _("Docker is not installed. Install it (docs.docker.com/engine/install), then type ./lab again.")
        return ""

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(socket=str(dockerd.socket(self.paths)))

    def start(self, progress: Progress) -> EngineRecord:
        if why := self.unavailable():
            raise EngineError(why)
        self.check_length()
        self._check_room()
        with self._one_at_a_time() as lock:
            if not dockerd.program():
                packages.install(["docker.io"], progress)
            try:
                if control.ask(self.control, progress, "status").get("protocol") != control.PROTOCOL:
                    progress(_("The course has a new edition; the engine is started anew."), None)
                    self.stop(progress)
                done = control.ask(self.control, progress, "up")
            except FileNotFoundError:
                done = self._spawn(lock, progress)
            except ConnectionRefusedError:
                progress(_("The lab's supervisor had been killed; the engine is started anew."), None)
                done = self._spawn(lock, progress)
        block = Block(done["base"])
        return record(self.kind, self._endpoint, self.capabilities, block.labs, tcp_port=block.tcp, tls_port=block.tls)

    def _check_room(self) -> None:
        place = next(folder for folder in (self.paths.state, *self.paths.state.parents) if folder.exists())
        room = shutil.disk_usage(place).free // 10**6
        if room < ROOM:
            raise EngineError(
                _("The disk is full: {n} MB are left, and the engine needs {need}.", n=room, need=ROOM),
                _("Make room below {path} (df -h shows what is full), then type ./lab again.", path=place),
            )

    @contextmanager
    def _one_at_a_time(self) -> Iterator[int]:
        """Let no two starters of one checkout meet; give the descriptor of the lock."""
        try:
            self.paths.state.mkdir(mode=0o700, exist_ok=True)
            (self.paths.state / "log").mkdir(exist_ok=True)
            lock = os.open(self.paths.state / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self.unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def _spawn(self, lock: int, progress: Progress) -> Any:
        """Start the supervisor and wait for its first answer.

        It takes the lock with it until it can be asked: when this process is killed
        meanwhile, the next one waits for it, and starts no second supervisor.
        """
        try:
            self.paths.run.mkdir(mode=0o700, parents=True, exist_ok=True)
            block, claim = ports.claim(self.paths)
            namespace = dockerd.prepare(self.paths, block)
        except OSError as error:
            raise self.unwritable(error) from error
        starter, channel = boot.spawn(namespace, detached=True)
        starter.wait()
        read, write = os.pipe()
        kept = {"first": write, "lock": lock, "claim": claim.fileno(), "channel": channel.fileno()}
        order = json.dumps({"block": block.base, **kept})
        unwanted = ("DOCKER_", "PYTHON")
        with claim, channel, (self.paths.state / "log" / "supervisor.log").open("ab") as log:
            # setsid --fork: its parent is gone at once, so nobody is left a zombie.
            subprocess.run(
                ["setsid", "--fork", sys.executable, "-I", "-S", _BOOT, str(self.paths.root), order],
                check=True,
                pass_fds=list(kept.values()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={name: value for name, value in os.environ.items() if not name.startswith(unwanted)},
            )
        os.close(write)
        with open(read, "rb") as answers:
            done = control.follow(answers, progress)
            answers.read()  # ends when the control socket is there
        return done

    def start_registry(self, progress: Progress) -> RegistryRecord:
        program = registry.program(self.paths) or packages.unpack_registry(self.paths, progress)
        with self._one_at_a_time():
            done = self.tell("registry", progress, program=program)
        return registry.record(self.paths, Block(done["base"]))

    def fill_mirror(self, progress: Progress) -> None:
        """Fill the mirror: with images kept here, or the Hub's, or built from Debian's packages."""
        if not self.tell("images", progress)["images"]:
            kept = Layout(self.paths.state / "images")
            kept.save(debian.build(kept, self.paths.state / "unpacked", progress))
            self.tell("images", progress)

    def stop(self, progress: Progress) -> None:
        try:
            stop_containers(self._endpoint)
        except ConnectionFailed:
            pass  # it does not run, or does not answer: either way it is ended below
        try:
            control.ask(self.control, progress, "stop", to_its_end=True)
        except OSError:  # no supervisor, or a killed one
            dockerd.sweep(self.paths)
            shutil.rmtree(self.paths.run, ignore_errors=True)


def stop_containers(endpoint: Endpoint) -> None:
    """Kill what runs, so that dockerd does not wait ten seconds for each that ignores SIGTERM.

    Raises `ConnectionFailed` when no Engine answers.
    """
    with closing(Session(endpoint)) as session:
        for container in session.request("GET", "/containers/json").json():
            session.request("POST", f"/containers/{container['Id']}/kill")
