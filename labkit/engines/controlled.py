"""What the kinds have in common whose engine runs under a process of the course's own, told what to do by `control`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..messages import _
from . import control, daemonconfig
from .base import Capability, DaemonConfig, Engine, Progress, quiet

_MAX_SOCKET = 107
"""Bytes of a unix socket's path, by unix(7)."""


class Controlled(Engine):
    """An Engine behind a process of the course's own."""

    capabilities = frozenset({Capability.CONFIGURE, Capability.BIND, Capability.REGISTRY})
    longest = "control.sock"
    """The longest path that a socket of the kind has below `Paths.run`."""

    @property
    def daemon_json(self) -> Path:
        """The daemon.json in force."""
        return self.paths.state / "daemon.json"

    @property
    def control(self) -> Path:
        """The socket that the process is told what to do over."""
        return self.paths.run / "control.sock"

    def tell(self, do: str, progress: Progress = quiet, **more: Any) -> Any:
        """Have the process do something, and return its answer.  Raises `EngineError`, also where it does not run."""
        try:
            return control.ask(self.control, progress, do, **more)
        except OSError as error:
            raise EngineError(
                _("The lab's engine does not run."), _("Type ./lab in a terminal, then run this cell again.")
            ) from error

    def running(self) -> bool:
        try:
            return bool(self.tell("status")["engine"])
        except EngineError:
            return False

    def config(self) -> dict[str, Any]:
        return daemonconfig.read(self.daemon_json)

    def reload(self, changes: DaemonConfig) -> None:
        self.tell("reload", changes=dict(changes))

    def restart(self, changes: DaemonConfig) -> None:
        self.tell("restart", changes=dict(changes))

    def check_length(self) -> None:
        """Raise `EngineError` when the course lies so deep that its sockets cannot be named."""
        length = len(os.fsencode(self.paths.run / self.longest))
        if length > _MAX_SOCKET:
            raise EngineError(
                _("The path of the engine's socket has {n} bytes, and Linux allows {max}.", n=length, max=_MAX_SOCKET),
                _("Put the course into a folder with a shorter path."),
            )

    def unwritable(self, error: OSError) -> EngineError:
        """Return what is said when the course's folder cannot be written."""
        return EngineError(
            _("The course's folder cannot be written: {why}.", why=error.strerror),
            _("Is the disk full (df -h), or the folder read-only? {path}", path=self.paths.state),
        )
