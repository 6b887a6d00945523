"""The daemon.json of the lab's own dockerd: what the lab needs in it, and what a learner may change.

Source: https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
"""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import files
from ..errors import EngineError
from ..messages import _

if TYPE_CHECKING:
    from .base import DaemonConfig

OURS = frozenset(
    {
        "bridge",
        "cgroup-parent",
        "containerd",
        "data-root",
        "default-address-pools",
        "deprecated-key-path",
        "exec-opts",
        "exec-root",
        "group",
        "ip-forward",
        "iptables",
        "pidfile",
        "userland-proxy",
        "userland-proxy-path",
    }
)
"""Keys that keep the engine apart from everything else on the machine."""


def changed(config: dict[str, Any], changes: DaemonConfig, socket: str, ports: tuple[int, int]) -> dict[str, Any]:
    """Return a configuration with a learner's changes made to it.

    Parameters
    ----------
    changes: keys and new values; None removes a key.
    socket: the unix socket, which stays whatever `hosts` says.
    ports: the TCP ports that `hosts` may name.

    Raises `EngineError` for a change that would take the engine out of its walls.
    """
    if fixed := sorted(OURS & set(changes)):
        raise EngineError(
            _("The key {key} of daemon.json is what keeps the lab's engine apart, and stays.", key=fixed[0]),
            _("Leave it out; every other key may be changed."),
        )
    new = {key: value for key, value in {**config, **changes}.items() if value is not None}
    hosts = new.get("hosts") or []
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise EngineError(_("hosts in daemon.json is a list of addresses."), _('Write ["tcp://127.0.0.1:PORT"].'))
    for host in hosts:
        _check_host(host, socket, ports)
    new["hosts"] = [f"unix://{socket}", *(host for host in hosts if not host.startswith("unix://"))]
    return new


def _check_host(host: str, socket: str, ports: tuple[int, int]) -> None:
    if host == f"unix://{socket}":
        return
    address = tcp(host)
    if address is None or not ipaddress.ip_address(address[0]).is_loopback:
        raise EngineError(
            _("The lab's engine listens on loopback only, not on {host}.", host=host),
            _("An open Docker port is a root shell for whoever finds it. Write tcp://127.0.0.1:PORT."),
        )
    if address[1] not in ports:
        raise EngineError(
            _("Port {port} is not one of the lab's.", port=address[1]),
            _("Take {first} (plain) or {second} (TLS).", first=ports[0], second=ports[1]),
        )


def tcp(host: str) -> tuple[str, int] | None:
    """The address and port of a ``tcp://`` host; None for any other, or for a name."""
    try:
        parts = urlsplit(host)
        if parts.scheme == "tcp" and parts.hostname and parts.port:
            return str(ipaddress.ip_address(parts.hostname)), parts.port
    except ValueError:
        pass
    return None


def read(path: Path) -> dict[str, Any]:
    """Read a daemon.json.  Raises `EngineError` when there is none or it is damaged."""
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise EngineError(
            _("The engine's daemon.json cannot be read."), _("Type ./lab stop, then ./lab, in a terminal.")
        ) from error
    return dict(config)


def write(path: Path, config: DaemonConfig) -> None:
    """Write a daemon.json.  Raises `OSError`."""
    files.write(path, json.dumps(config, indent=1) + "\n")


_FIELD = re.compile(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|(\S+))')


def last_words(log: str) -> str:
    """Return what a dockerd that failed said last: one sentence without time and level."""
    for line in reversed([line for line in log.splitlines() if line.strip()]):
        fields = {name: quoted or bare for name, quoted, bare in _FIELD.findall(line)}
        if fields.get("level") in ("error", "fatal"):
            said = fields.get("msg", "")
            return f"{said}: {fields['error']}" if "error" in fields else said
        if "level" not in fields and not line.startswith((" ", "\t")):
            return line.strip()
    return ""
