"""The practice kind: an engine that plays Docker, where no Docker runs.

It needs nothing installed, no root and no privileged call.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import EngineError
from ...messages import _
from ...model import Endpoint
from .. import control
from ..base import EngineRecord, Progress, RegistryRecord
from ..controlled import Controlled
from ..paths import STUDENT
from ..ports import Block

_MAIN = "import sys; sys.path += sys.argv[3:]; from labkit.engines.practice.process import main; main()"
"""Run without site-packages, and with what is needed of it behind the standard library: Python looks for each module
in each folder before it, which is a twentieth of the start."""


def _folder(package: str) -> str:
    """Return the folder that a package is imported from."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EngineError(_("The package {name} is not installed.", name=package), _("Type ./lab doctor."))
    return str(Path(spec.origin).parents[1])


class PracticeEngine(Controlled):
    """The practice engine of one checkout."""

    kind = "practice"

    def unavailable(self) -> str:
        return ""

    @property
    def daemon_json(self) -> Path:
        return self.paths.state / "practice" / "daemon.json"

    def start(self, progress: Progress) -> EngineRecord:
        self.check_length()
        try:
            done = control.ask(self.control, progress, "status")
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
            raise self.unwritable(error) from error
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
        folders = dict.fromkeys(_folder(name) for name in ("labkit", "h11", "re2"))
        read, write = os.pipe()
        with (log_folder / "practice.log").open("ab") as log, open(read, "rb") as answers:
            subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _MAIN, str(self.paths.root), str(write), *folders],
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
            control.ask(self.control, progress, "stop", to_its_end=True)
        except OSError:  # it does not run, or was killed
            shutil.rmtree(self.paths.run, ignore_errors=True)

    def reset(self) -> None:
        """Put the engine back to how it began."""
        self.tell("reset")
