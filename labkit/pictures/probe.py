"""Try a TLS connection, and read both sides' certificates: what the picture of the handshake needs.

The certificate that a server shows is read without believing it: it is only drawn.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from .. import certs
from ..errors import ConnectionFailed, LabError
from ..model import TLS, Endpoint
from .tls import Certificate, Handshake, failed_step

SECONDS = 5.0
"""How long a server may take to show its certificate."""


def probe(endpoint: Endpoint, ping: Callable[[], tuple[int, str]]) -> Handshake:
    """Return how a connection to `endpoint` goes.

    Parameters
    ----------
    ping: asks the endpoint for something; returns the status and the text of the answer.
    """
    try:
        status, said = ping()
    except ConnectionFailed as error:
        return failed(error)
    except LabError as error:  # a file of certificates that cannot be used
        return _shake(endpoint, "hello", error.message)
    if not endpoint.tls and status == 400 and "HTTPS" in said:
        return _shake(endpoint, "hello", said.strip())
    return _shake(endpoint, "", "")


def failed(error: ConnectionFailed) -> Handshake:
    """Return the handshake that ended in an error."""
    return _shake(error.endpoint, failed_step(error), error.message)


def planned(folder: Path) -> Handshake:
    """Return the handshake as it should go, with the certificates that lie in a folder."""
    return Handshake(
        "localhost:2376",
        _read(folder / "ca.pem"), _read(folder / "server-cert.pem"), _read(folder / "cert.pem"), tried=False,
    )  # fmt: skip


def _shake(endpoint: Endpoint, step: str, reason: str) -> Handshake:
    tls = endpoint.tls or TLS()
    server = None if endpoint.socket or step == "connect" else _shown(endpoint)
    return Handshake(
        str(endpoint).removeprefix("tcp://"),
        _read(tls.ca), server, _read(tls.cert), step, reason, tls=endpoint.tls is not None,
    )  # fmt: skip


def _read(file: str | Path | None) -> Certificate | None:
    try:
        return _certificate(certs.read(str(file))) if file else None
    except LabError:
        return None


def _shown(endpoint: Endpoint) -> Certificate | None:
    """Return the certificate that a server shows, whatever it is worth."""
    try:
        pem = ssl.get_server_certificate((endpoint.host, endpoint.port or 0), timeout=SECONDS)
        return _certificate(certs.read_pem(pem.encode()))
    except (OSError, ValueError):  # no TLS there, or TLS 1.2 and a server that first wants a certificate
        return None


def _certificate(said: dict[str, str]) -> Certificate:
    return Certificate(said["subject"], said["issuer"], said["names"], said["valid"])
