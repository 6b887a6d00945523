"""Where the learner's own Docker is, as the docker command would find it.

Sources: https://docs.docker.com/reference/cli/docker/#environment-variables and
https://docs.docker.com/engine/manage-resources/contexts/ for the files of a context.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import ConnectionFailed, EngineError, UsageError
from ..files import write
from ..messages import _
from ..model import TLS, Endpoint
from ..session import Session
from .base import Paths


def find(paths: Paths) -> Endpoint:
    """Return the learner's Docker: ``DOCKER_HOST``, the context in use, or the usual socket.

    An address of the course's own engine is passed over.  Raises `EngineError` when
    there is none, or it is on another machine.
    """
    found = _from_environment() or _from_context() or _usual()
    if found is None or (found.socket and Path(found.socket).parent == paths.run):
        found = _usual()
    if found is None:
        raise EngineError(
            _("No Docker was found on this machine."),
            _("If there is one, start it (docker version says whether it runs), and type ./lab again."),
        )
    if not local(found):
        raise EngineError(
            _("Your Docker is on another machine: {endpoint}.", endpoint=found),
            _("Type its address to use it all the same: ./lab --engine host={endpoint}", endpoint=found),
        )
    return found


def note(paths: Paths, endpoint: Endpoint) -> None:
    """Write down which Docker the engine's container is in."""
    write(paths.state / "learner.json", json.dumps(asdict(endpoint)) + "\n", mode=0o600)


def noted(paths: Paths) -> Endpoint | None:
    """What `note` wrote down last; None when there is nothing."""
    try:
        data = _read(paths.state / "learner.json")
        return Endpoint(**{**data, "tls": TLS(**data["tls"]) if data["tls"] else None})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def local(endpoint: Endpoint) -> bool:
    """Whether an endpoint is on this machine."""
    if endpoint.socket:
        return True
    try:
        return ipaddress.ip_address(endpoint.host).is_loopback
    except ValueError:
        return endpoint.host == "localhost"


def answering(endpoint: Endpoint) -> str:
    """Why an endpoint cannot be used; empty when an Engine answers there."""
    session = Session(endpoint)
    try:
        session.request("GET", "/version", timeout=5).raise_for_status()
    except ConnectionFailed as error:
        return str(error)
    finally:
        session.close()
    return ""


def parse(address: str) -> Endpoint:
    """Read an address of a Docker, with the certificates that ``DOCKER_TLS_VERIFY`` asks for.

    Raises `EngineError` for an address that is none.
    """
    verify = os.environ.get("DOCKER_TLS_VERIFY")
    return _parse(address, _pem(Path(os.environ.get("DOCKER_CERT_PATH") or _configuration())) if verify else None)


def _from_environment() -> Endpoint | None:
    host = os.environ.get("DOCKER_HOST")
    return parse(host) if host else None


def _from_context() -> Endpoint | None:
    try:
        chosen = os.environ.get("DOCKER_CONTEXT") or _read(_configuration() / "config.json").get("currentContext")
    except (OSError, ValueError):
        chosen = None
    if not chosen or chosen == "default":
        return None
    folder = hashlib.sha256(chosen.encode()).hexdigest()
    try:
        meta = _read(_configuration() / "contexts" / "meta" / folder / "meta.json")
        host = meta["Endpoints"]["docker"]["Host"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            _("The Docker context {name} cannot be read.", name=chosen), _("docker context ls lists those there are.")
        ) from error
    tls = _pem(_configuration() / "contexts" / "tls" / folder / "docker")
    return _parse(host, tls if tls.ca else None)


def _configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _read(file: Path) -> Any:
    return json.loads(file.read_text())


def _pem(folder: Path) -> TLS:
    files = {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key") if (folder / f"{name}.pem").exists()}
    return TLS(**files)


def _parse(host: str, tls: TLS | None) -> Endpoint:
    try:
        return Endpoint.parse(host, tls)
    except UsageError as error:
        raise EngineError(
            _("The address of your Docker, {host}, is not one that the lab can use.", host=host),
            _("It can use unix:///path and tcp://host:port."),
        ) from error


def _usual() -> Endpoint | None:
    for socket in (Path("/var/run/docker.sock"), Path.home() / ".docker" / "run" / "docker.sock"):
        if socket.is_socket():
            return Endpoint(socket=str(socket))
    return None
