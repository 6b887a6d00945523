"""The course's images, put into the mirror; the supervisor does it, so the standard library must do.

Source: https://distribution.github.io/distribution/spec/api/#pushing-an-image
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import EngineError
from ..messages import _
from .layout import Layout


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float = 60.0) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket.  Raises `OSError`."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send a request and return status, headers and body.  Raises `OSError` or `http.client.HTTPException`."""
        self.request(method, target, body, dict(headers or {}))
        answer = self.getresponse()
        return answer.status, answer.headers, answer.read()


def fill(layout: Layout, registry: Path, say: Callable[[str], None]) -> None:
    """Push to a registry what it lacks.

    Parameters
    ----------
    registry: its unix socket.
    say: told what is being pushed.

    Raises `EngineError` when it is refused.
    """
    connection = UnixConnection(str(registry))
    try:
        for name, digest in layout.images().items():
            _push_image(connection, layout, name, digest, say)
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(
            _("The lab registry broke off: {why}", why=error), _("Is the disk full (df -h)? Type ./lab again.")
        ) from error
    finally:
        connection.close()


def _push_image(connection: UnixConnection, layout: Layout, name: str, digest: str, say: Callable[[str], None]) -> None:
    repository, _colon, tag = name.partition(":")
    where, manifest = f"/v2/{repository}", layout.manifest(digest)
    kind = {"Accept": manifest["mediaType"], "Content-Type": manifest["mediaType"]}
    status, headers, _body = connection.ask("HEAD", f"{where}/manifests/{tag}", kind)
    if status == 200 and headers["Docker-Content-Digest"] == digest:
        return
    say(_("Putting {name} into the mirror", name=name.removeprefix("library/")))
    for blob in [manifest["config"], *manifest["layers"]]:
        _push_blob(connection, where, blob["digest"], layout.path(blob["digest"]))
    status, _headers, _body = connection.ask("PUT", f"{where}/manifests/{tag}", kind, layout.path(digest).read_bytes())
    _check(status)


def _push_blob(connection: UnixConnection, where: str, digest: str, file: Path) -> None:
    status, _headers, _body = connection.ask("HEAD", f"{where}/blobs/{digest}")
    if status == 200:
        return
    status, headers, _body = connection.ask("POST", f"{where}/blobs/uploads/")
    _check(status)
    octets = {"Content-Type": "application/octet-stream"}
    status, _headers, _body = connection.ask("PUT", f"{headers['Location']}&digest={digest}", octets, file.read_bytes())
    _check(status)


def _check(status: int) -> None:
    if status >= 400:
        raise EngineError(
            _("The lab registry refused an image (status {status}).", status=status),
            _("Is the disk full (df -h)? .lab/log/registry.log has more."),
        )
