"""What every kind of Engine offers, and what is written down about a running one."""

from __future__ import annotations

import base64
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EngineError
from ..files import write
from ..messages import TYPED, _
from .paths import LABEL as LABEL
from .paths import Paths as Paths

if TYPE_CHECKING:
    from ..model import Endpoint

Progress = Callable[[str, float | None], None]
"""Called with what is being done, and how much of it (0 to 1; None when unknown)."""

DaemonConfig = Mapping[str, Any]
"""The content of a daemon.json: https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file"""


def quiet(_doing: str, _part: float | None) -> None:
    """A progress that tells nobody."""


class Capability(str, Enum):
    """What an Engine of some kind can do beyond answering the API."""

    CONFIGURE = "configure"
    """Its daemon.json may be changed, the daemon reloaded and restarted (lab 1)."""
    BIND = "bind"
    """Folders below the learner's copy can be mounted into containers."""
    REGISTRY = "registry"
    """The lab registry runs beside it: mirror, private registry, search."""


@dataclass(frozen=True)
class RegistryRecord:
    """The lab registry, as a learner and the Engine both reach it.

    Parameters
    ----------
    mirror: ``127.0.0.1:PORT``, read-only, no password; holds ``library/*``.
    private: ``127.0.0.1:PORT``, asks for a password; also answers the Engine's search.
    user: the name to log in with; the password is in `password_file` (0600).
    """

    mirror: str
    private: str
    user: str
    password_file: str

    def auth(self, password: str | None = None) -> str:
        """Return the value of ``X-Registry-Auth`` for the private registry.

        Parameters
        ----------
        password: another one than the right one, to see it refused.

        It is base64url of a JSON object: https://docs.docker.com/reference/api/engine/#authentication.
        """
        given = Path(self.password_file).read_text().strip() if password is None else password
        login = {"username": self.user, "password": given, "serveraddress": self.private}
        return base64.urlsafe_b64encode(json.dumps(login).encode()).decode()


@dataclass(frozen=True)
class EngineRecord:
    """What is known about a running Engine; kept in ``.lab/engine.json``.

    Parameters
    ----------
    kind: one of `labkit.engines.setup.KINDS`.
    endpoint: where the lab talks to it.
    version, api_version: its own, such as ``20.10.24``, and the newest of the API that it knows, such as ``1.41``.
    ports: the host ports that labs may publish on 127.0.0.1: first and last.
    registry: the lab registry beside it; None where it has none.
    tcp_port, tls_port: what lab 1 may open for the API over TCP, plain and with TLS; None where it cannot.
    """

    kind: str
    endpoint: Endpoint
    version: str
    api_version: str
    ports: tuple[int, int]
    capabilities: frozenset[Capability] = field(default_factory=frozenset)
    registry: RegistryRecord | None = None
    tcp_port: int | None = None
    tls_port: int | None = None

    @property
    def shared(self) -> bool:
        """Whether it holds things that are not the course's: there, only what carries a label of the course counts."""
        return self.kind in ("host", "podman")

    def save(self, path: Path) -> None:
        """Write the record down.  Raises `OSError`."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = asdict(self) | {"capabilities": sorted(c.value for c in self.capabilities)}
        write(path, json.dumps(data, indent=1), mode=0o600)

    @classmethod
    def load(cls, path: Path) -> EngineRecord:
        """Read a record.  Raises `EngineError` when there is none or it is damaged."""
        from ..model import TLS, Endpoint  # an engine itself starts without them

        try:
            data = json.loads(path.read_text())
            tls = data["endpoint"].pop("tls")
            data["endpoint"] = Endpoint(**data["endpoint"], tls=TLS(**tls) if tls else None)
            data["capabilities"] = frozenset(Capability(c) for c in data["capabilities"])
            data["registry"] = RegistryRecord(**data["registry"]) if data["registry"] else None
            data["ports"] = tuple(data["ports"])
            return cls(**data)
        except FileNotFoundError as error:
            raise EngineError(
                _("No engine of the lab is running."), _("Type ./lab in a terminal, then run this cell again.")
            ) from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(
                _("The note about the lab's engine cannot be read: {path}.", path=path.name),
                _("Type ./lab stop, then ./lab, in a terminal."),
            ) from error


class Engine(ABC):
    """One Docker Engine for the course.  Each kind is a subclass in a module of its own."""

    kind: str
    capabilities: frozenset[Capability]

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    @abstractmethod
    def unavailable(self) -> str:
        """Return why this kind cannot be had on this machine, and what to type; empty when it can."""

    @abstractmethod
    def start(self, progress: Progress) -> EngineRecord:
        """Start the Engine, or find it running, and heal what a crash left behind.

        Does not load images or start the registry: see `labkit.engines.setup`.
        Raises `EngineError`.
        """

    @abstractmethod
    def stop(self, progress: Progress) -> None:
        """Stop the Engine and leave no process, mount, namespace, rule or socket of it.

        Images, volumes and stopped containers are kept for the next start.
        """

    @abstractmethod
    def running(self) -> bool:
        """Whether the Engine answers now."""

    def config(self) -> dict[str, Any]:
        """Return the daemon.json in force.  Needs ``Capability.CONFIGURE``."""
        raise self._fixed()

    def reload(self, changes: DaemonConfig) -> None:
        """Change keys of daemon.json (None removes one) and send the daemon SIGHUP.

        Only what the daemon can reload takes effect.  Needs ``Capability.CONFIGURE``.
        """
        raise self._fixed()

    def restart(self, changes: DaemonConfig) -> None:
        """Change keys of daemon.json (None removes one) and restart the daemon.

        ``hosts`` may name ``tcp://127.0.0.1:PORT`` with the record's `tcp_port` or
        `tls_port` beside the unix socket, and nothing but loopback.  When the daemon
        does not come up, the former configuration is put back and `EngineError` holds
        the daemon's own words.  Needs ``Capability.CONFIGURE``.
        """
        raise self._fixed()

    def _fixed(self) -> EngineError:
        return EngineError(
            _("This step changes the daemon itself, and the {kind} engine is not the lab's own.", kind=self.kind),
            another_kind(),
        )


def another_kind() -> str:
    """Return the hint for what only a real engine of the lab's own can do."""
    if os.environ.get(TYPED):  # a seat at somebody else's Jupyter has the one engine that it was given
        return _("A real engine can do it, on a machine of your own. Here there is none: go on with the next step.")
    return _("Type ./lab stop, then ./lab --engine private (Linux, root) or ./lab --engine container.")


class RegistryEngine(Engine):
    """An Engine with the lab registry beside it, a program of its own that `labkit.engines.setup` has it start."""

    @abstractmethod
    def start_registry(self, progress: Progress) -> RegistryRecord:
        """Start the lab registry, or find it running; fetch it first when it is not there.  Raises `EngineError`."""

    @abstractmethod
    def fill_mirror(self, progress: Progress) -> None:
        """Put the course's images into the registry's mirror, wherever they can be had.  Raises `EngineError`."""
