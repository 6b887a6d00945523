"""Steps of an exercise that no request can do: the daemon's configuration, and certificates.

They are written as calls, with a verb in the place of the method, so that setups,
solutions and wrong attempts hold them between requests.  Lab 1 alone needs them.
"""

from __future__ import annotations

import json
import os
import shlex
import ssl
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from .. import certs
from ..daemon import Daemon
from ..engines.base import EngineRecord, Paths
from ..errors import EngineError, LabError
from ..exchange import Exchange
from ..model import TLS, Endpoint
from ..session import Session
from .record import Call

RESTART, RELOAD, SERVER, CLIENT, MODE, FORGET = "RESTART", "RELOAD", "SERVER", "CLIENT", "MODE", "FORGET"
VERBS = (RESTART, RELOAD, SERVER, CLIENT, MODE, FORGET)
"""What stands in the place of a method in a step that is no request."""


def restart(changes: Mapping[str, Any], *, refused: bool = False) -> Call:
    """Change daemon.json and restart the daemon; `refused`: it is meant not to take it."""
    return Call(RESTART, "daemon.json", json=dict(changes), refused=refused)


def reload(changes: Mapping[str, Any]) -> Call:
    """Change daemon.json and have the daemon read it again."""
    return Call(RELOAD, "daemon.json", json=dict(changes))


def server(*names: str, days: int = certs.DAYS, authority: str = "") -> Call:
    """Issue the server's certificate; `authority` is the subfolder of another one than the learner's."""
    return Call(SERVER, authority, json={"names": list(names), "days": days})


def client(name: str, days: int = certs.DAYS) -> Call:
    """Issue the client's certificate."""
    return Call(CLIENT, "", json={"names": [name], "days": days})


def mode(file: str, bits: int) -> Call:
    """Set the mode of one of the learner's certificate files."""
    return Call(MODE, file, json={"mode": bits})


def forget() -> Call:
    """Remove the learner's certificates and keys."""
    return Call(FORGET, "")


def do(session: Session, call: Call) -> Exchange:
    """Do a step; return the answer of the daemon's ping after it.  Raises `LabError`."""
    try:
        _do(call)
    except EngineError:
        if not call.refused:
            raise
    return session.request("GET", "/_ping", version="")


def _do(call: Call) -> None:
    if call.method == RESTART:
        daemon().restart(call.json)
    elif call.method == RELOAD:
        daemon().reload(call.json)
    elif call.method == FORGET:
        certs.forget()
    elif call.method == MODE:
        (certs.folder() / call.path).chmod(call.json["mode"])
    else:
        authority = certs.Authority(certs.folder() / call.path)
        names, days = call.json["names"], call.json["days"]
        if call.method == SERVER:
            authority.server(*names, days=days)
        else:
            authority.client(names[0], days)


def daemon() -> Daemon:
    """The daemon of the course's engine.  Raises `EngineError` when none runs."""
    paths = Paths.find()
    return Daemon.of(paths, EngineRecord.load(paths.record))


def identity(url: str, tls: TLS | None = None) -> str:
    """Return the ``ID`` of the Engine at an address, or else what was answered, or the client's own words."""
    try:
        with closing(Session(Endpoint.parse(url, tls), version="")) as session:
            answer = session.request("GET", "/info", timeout=5.0)
            return str(answer.json()["ID"]) if answer.ok else f"{answer.status} {answer.error.strip()}"
    except LabError as error:  # also a certificate file that is not there
        return error.message


def shown(url: str) -> str:
    """Return the certificate that the daemon at an address shows, as PEM; empty when none does."""
    endpoint = Endpoint.parse(url)
    try:
        return ssl.get_server_certificate((endpoint.host, endpoint.port or 0), timeout=5.0)
    except (OSError, ValueError):
        return ""  # nothing listens, or what does knows no TLS


def shows_another(url: str, file: Path) -> bool:
    """Whether the daemon at an address shows another certificate than the one in a file."""
    there = shown(url)
    try:
        return bool(there) and ssl.PEM_cert_to_DER_cert(there) != ssl.PEM_cert_to_DER_cert(file.read_text())
    except (OSError, ValueError):
        return False  # the file is not there, or is no certificate: that is said already


def names_shown(url: str) -> list[str]:
    """Return the names in the certificate that the daemon at an address shows."""
    there = shown(url)
    return certs.read_pem(there.encode())["names"].split(", ") if there else []


def python_lines(call: Call) -> list[str]:
    """Return a step as the learner types it in a notebook."""
    if call.method in (RESTART, RELOAD):
        return [f"lab.daemon.{call.method.lower()}({call.json!r})"]
    if call.method == MODE:
        return ["from labkit import certs", f"(certs.folder() / {call.path!r}).chmod(0o{call.json['mode']:o})"]
    if call.method == FORGET:
        return ["from labkit import certs", "certs.forget()"]
    words = ", ".join(map(repr, call.json["names"]))
    return ["from labkit import certs", f"certs.Authority(certs.folder()).{call.method.lower()}({words})"]


def shell_lines(call: Call) -> list[str]:
    """Return a step as it is done on a machine of one's own, in a terminal."""
    if call.method in (RESTART, RELOAD):
        keys = json.dumps(call.json)
        return [
            f"# On a machine of your own this would be, in /etc/docker/daemon.json: {keys}",
            f"# and then, as root: systemctl {call.method.lower()} docker",
        ]
    if call.method == MODE:
        return [f"chmod {call.json['mode']:o} {shlex.quote(os.fspath(certs.folder() / call.path))}"]
    if call.method == FORGET:
        return [f"rm -r {shlex.quote(os.fspath(certs.folder()))}"]
    return [f"# issue a {call.method.lower()}'s certificate for {', '.join(call.json['names'])}: see part 4"]
