"""The daemon behind the API as a learner holds it: its configuration, its restart, its log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import encode
from .client import Unsent
from .engines import dockerd
from .engines.base import DaemonConfig, Engine, EngineRecord, Paths
from .engines.daemonconfig import OURS
from .errors import EngineError
from .messages import _
from .safe import decode

_TAIL = 64 * 1024

_BY_RELOAD = frozenset({"registry-mirrors"})
"""Of the keys that a lab changes, those that dockerd puts back at a reload, without a restart."""


class Daemon:
    """The lab's own dockerd.

    Parameters
    ----------
    engine: the kind of engine that runs it.
    record: what is known about it.
    log: the file that it writes to.
    """

    def __init__(self, engine: Engine, record: EngineRecord, log: Path) -> None:
        self._engine = engine
        self._record = record
        self._log = log

    @classmethod
    def of(cls, paths: Paths, record: EngineRecord) -> Daemon:
        """Return the daemon of the engine that a record is about."""
        from .engines.setup import engine_of  # all kinds of engine, which a lab needs for this alone

        return cls(engine_of(paths, record.kind), record, dockerd.log(paths))

    def config(self) -> dict[str, Any]:
        """Return the daemon.json in force.  Raises `EngineError` where the daemon is not the lab's own."""
        return self._engine.config()

    def reload(self, changes: DaemonConfig) -> Unsent | None:
        """Change keys of daemon.json (None removes one) and have the daemon read it again (SIGHUP).

        Only some keys take effect so:
        https://docs.docker.com/reference/cli/dockerd/#configuration-reload-behavior.
        A change with ``...`` in it is not made; what comes back says so.  Raises
        `EngineError`, with the daemon's own words, when it does not take the change.
        """
        if gap := _gap(changes):
            return gap
        self._engine.reload(changes)
        return None

    def restart(self, changes: DaemonConfig) -> Unsent | None:
        """Change keys of daemon.json (None removes one) and restart the daemon; as `reload` otherwise."""
        if gap := _gap(changes):
            return gap
        self._engine.restart(changes)
        return None

    def log(self, word: str = "") -> list[str]:
        """Return the newest lines of the daemon's log, oldest first.

        Parameters
        ----------
        word: only lines that hold it.

        Raises `EngineError` where the log is not kept by the lab.
        """
        try:
            with self._log.open("rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
                lines = decode(file.read()).splitlines()
        except OSError as error:
            raise EngineError(
                _("The log of the {kind} engine cannot be read here.", kind=self._record.kind),
                _("On most Linux machines it is shown by: journalctl -u docker"),
            ) from error
        return [line for line in lines if word in line]

    def put_back(self) -> list[str]:
        """Give the daemon the configuration back that the course starts it with.

        Returns the keys that differed; without any, the daemon is left alone.
        """
        changes = _back(self.config(), self._record)
        if changes and _BY_RELOAD.issuperset(changes):
            self._engine.reload(changes)
        elif changes:
            self._engine.restart(changes)
        return sorted(changes)


def _gap(changes: DaemonConfig) -> Unsent | None:
    try:
        encode.to_json(changes)
    except encode.Gap as gap:
        return Unsent(gap)
    return None


def _back(config: DaemonConfig, record: EngineRecord) -> dict[str, Any]:
    """Return the changes that make the lab's own configuration of one that a learner has changed."""
    sockets = [host for host in config.get("hosts", []) if host.startswith("unix://")]
    mirrors = [f"http://{record.registry.mirror}"] if record.registry else []
    own: dict[str, Any] = {"hosts": sockets, "registry-mirrors": mirrors}
    changes = {key: value for key, value in own.items() if config.get(key, []) != value}
    return changes | {key: None for key in config if key not in OURS and key not in own}
