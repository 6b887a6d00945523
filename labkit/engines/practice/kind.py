"""The practice kind: an engine that plays Docker, where no Docker runs.

It needs nothing installed, no root and no privileged call.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ...errors import EngineError
from ...messages import _
from ...model import Endpoint
from .. import control, daemonconfig
from ..base import Capability, DaemonConfig, Engine, EngineRecord, Progress, RegistryRecord
from ..paths import STUDENT
from ..ports import Block

_MAX_SOCKET = 107


class PracticeEngine(Engine):
    """The practice engine of one checkout."""

    kind = "practice"
    capabilities = frozenset({Capability.CONFIGURE, Capability.BIND, Capability.REGISTRY})

    def unavailable(self) -> str:
        return ""

    @property
    def _control(self) -> Path:
        return self.paths.run / "control.sock"

    def start(self, progress: Progress) -> EngineRecord:
        length = len(os.fsencode(self.paths.run / "control.sock"))
        if length > _MAX_SOCKET:
            raise EngineError(
                _(
                    "The path of the engine's socket has {n} bytes, and at most {max} are allowed.",
                    n=length,
                    max=_MAX_SOCKET,
                ),
                _("Put the course into a folder with a shorter path."),
            )
        try:
            done = control.ask(self._control, progress, "status")
        except (FileNotFoundError, ConnectionRefusedError):
            progress(_("Starting the practice engine: it plays Docker, and its containers are not real ones."), None)
            done = self._spawn(progress)
        return self._record(done)

    def _spawn(self, progress: Progress) -> Any:
        try:
            self.paths.run.mkdir(mode=0o700, parents=True, exist_ok=True)
            log_folder = self.paths.state / "log"
            log_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(
                _("The course's folder cannot be written: {why}.", why=error.strerror),
                _("Is the disk full, or the folder read-only? {path}", path=self.paths.state),
            ) from error
        read, write = os.pipe()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
        environment["PYTHONPATH"] = str(Path(__file__).parents[3])
        environment.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # compiling everything at each start takes longer than starting
        with (log_folder / "practice.log").open("ab") as log, open(read, "rb") as answers:
            subprocess.Popen(
                [sys.executable, "-m", "labkit.engines.practice.process", str(self.paths.root), str(write)],
                pass_fds=[write],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
            os.close(write)
            return control.follow(answers, progress)

    def _record(self, done: dict[str, Any]) -> EngineRecord:
        block = Block(done["base"])
        return EngineRecord(
            kind=self.kind,
            endpoint=Endpoint(socket=str(self.paths.run / "docker.sock")),
            version=done["version"],
            api_version=done["api"],
            ports=block.labs,
            capabilities=self.capabilities,
            registry=RegistryRecord(
                mirror=f"127.0.0.1:{block.mirror}",
                private=f"127.0.0.1:{block.private}",
                user=STUDENT,
                password_file=str(self.paths.state / "practice" / "password"),
            ),
            tcp_port=block.tcp,
            tls_port=block.tls,
        )

    def stop(self, progress: Progress) -> None:
        try:
            control.ask(self._control, progress, "stop", to_its_end=True)
        except OSError:  # it does not run, or was killed
            shutil.rmtree(self.paths.run, ignore_errors=True)

    def running(self) -> bool:
        try:
            return bool(control.ask(self._control, lambda _said, _share: None, "status")["engine"])
        except (OSError, EngineError):
            return False

    def reset(self) -> None:
        """Put the engine back to how it began."""
        self._ask("reset")

    def config(self) -> dict[str, Any]:
        return daemonconfig.read(self.paths.state / "practice" / "daemon.json")

    def reload(self, changes: DaemonConfig) -> None:
        self._ask("reload", changes=dict(changes))

    def restart(self, changes: DaemonConfig) -> None:
        self._ask("restart", changes=dict(changes))

    def _ask(self, do: str, **more: Any) -> Any:
        try:
            return control.ask(self._control, lambda _said, _share: None, do, **more)
        except OSError as error:
            raise EngineError(
                _("The lab's engine does not run."), _("Type ./lab in a terminal, then run this cell again.")
            ) from error
