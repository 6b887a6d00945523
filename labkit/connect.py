"""A socket to an Endpoint: over a unix socket, TCP or TLS."""

from __future__ import annotations

import socket
import ssl

from .errors import LabError
from .failures import failure
from .messages import _
from .model import TLS, Endpoint

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made."""


def connect(endpoint: Endpoint) -> socket.socket:
    """Return a connected socket; over TLS, after the handshake.

    Raises `ConnectionFailed`, and `LabError` when a certificate file cannot be read.
    """
    context = tls_context(endpoint.tls) if endpoint.tls else None
    try:
        if endpoint.socket:
            return connect_unix(endpoint.socket)
        sock = socket.create_connection((endpoint.host, endpoint.port or 0), CONNECT_SECONDS)
        return context.wrap_socket(sock, server_hostname=endpoint.host) if context else sock
    except OSError as error:
        raise failure(endpoint, error) from error


def connect_unix(path: str) -> socket.socket:
    """Return a socket connected to a unix socket.  Raises `OSError`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(CONNECT_SECONDS)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def tls_context(tls: TLS) -> ssl.SSLContext:
    """Return the settings of a TLS client: the server must be vouched for, whatever its name.

    Raises `LabError` when a certificate file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(str(p) for p in (tls.ca, tls.cert, tls.key) if p)
        raise LabError(
            _("A certificate file cannot be used: {why}.", why=error),
            _("Look whether these exist and belong together: {names}.", names=names),
        ) from error
    return context
