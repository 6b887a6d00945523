"""TLS for the practice engine's API: client certificates asked for, refusals heard.

The handshake is done by a blocking socket in a thread.  asyncio drops the alert that
says why a certificate is refused; a learner of lab 1 is to read it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .wire import Fault

PLAIN = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
HANDSHAKE_SECONDS = 10.0
_CHUNK = 64 * 1024


def context(config: dict[str, Any]) -> ssl.SSLContext | None:
    """Return the TLS settings of a daemon.json; None where it has none.  Raises `Fault` with the daemon's words."""
    if not (config.get("tls") or config.get("tlsverify")):
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        _load(made, config.get("tlscert") or "server-cert.pem", config.get("tlskey") or "server-key.pem")
        if config.get("tlsverify"):
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(config.get("tlscacert") or "ca.pem")
    except (OSError, ssl.SSLError) as error:
        named = next(
            (
                p
                for p in (config.get("tlscert"), config.get("tlskey"), config.get("tlscacert"))
                if p and not Path(p).exists()
            ),
            "",
        )
        why = f"open {named}: no such file or directory" if named else str(error)
        raise Fault(500, f"Could not load X509 key pair: {why}. Make sure the key is not encrypted") from error
    return made


def _load(tls: ssl.SSLContext, certificate: str, key: str) -> None:
    """Take a certificate, and send nothing but what its file holds, as a Go daemon does.

    Left to itself, OpenSSL adds the authority's certificate, and a client that lacks it would hear of
    another fault.  It adds nothing where the file has a chain: so the certificate stands in it twice.
    """
    import tempfile  # TLS is asked for in one lab of six

    text = Path(certificate).read_text()
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as chain:
        chain.write(text if text.count("BEGIN CERTIFICATE") > 1 else text + text)
        chain.flush()
        tls.load_cert_chain(chain.name, key)


Say = Callable[[str], None]


def carry(sock: socket.socket, tls: ssl.SSLContext, inner: socket.socket, say: Say) -> None:
    """Carry one connection: TLS outside, plain bytes to `inner`, in a thread of its own.

    Parameters
    ----------
    say: called with a line for the daemon's log when a client is refused.
    """
    threading.Thread(target=_carry, args=(sock, tls, inner, say), daemon=True).start()


_REFUSALS = {
    9: "certificate has expired or is not yet valid",
    10: "certificate has expired or is not yet valid",
    26: "certificate specifies an incompatible key usage",
}
"""What Go says, by OpenSSL's number: CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, INVALID_PURPOSE."""


def why(error: ssl.SSLError) -> str:
    """Return what a Go daemon says of a client that it refuses."""
    if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "tls: client didn't provide a certificate"
    if isinstance(error, ssl.SSLCertVerificationError):
        said = _REFUSALS.get(error.verify_code, "certificate signed by unknown authority")
        return f"tls: failed to verify client certificate: x509: {said}"
    alert = str(error.reason or error).lower().replace("_", " ").removeprefix("tlsv1 alert ")
    return f"remote error: tls: {alert}"


def _carry(sock: socket.socket, tls: ssl.SSLContext, inner: socket.socket, say: Say) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(inner)
        stack.enter_context(sock)
        try:
            sock.settimeout(HANDSHAKE_SECONDS)
            host, port = sock.getpeername()[:2]  # wrapping takes the socket away
            if sock.recv(1, socket.MSG_PEEK) not in (b"\x16", b""):
                sock.sendall(PLAIN)
                sock.shutdown(socket.SHUT_WR)
                sock.recv(_CHUNK)  # what was asked is read, so that closing does not reset the answer
                return
            secure = stack.enter_context(tls.wrap_socket(sock, server_side=True))
            secure.setblocking(False)
            inner.setblocking(False)
            _pump(secure, inner)
        except ssl.SSLError as error:
            say(f"http: TLS handshake error from {host}:{port}: {why(error)}")
        except (OSError, ValueError):
            return  # the other side has gone


def _pump(secure: ssl.SSLSocket, inner: socket.socket) -> None:
    """Pass bytes both ways until either side ends."""
    to_client, to_inner = bytearray(), bytearray()
    ended = False
    while True:
        reading: list[socket.socket] = [secure] if len(to_inner) < _CHUNK else []
        reading += [inner] if len(to_client) < _CHUNK and not ended else []
        writing: list[socket.socket] = [secure] if to_client else []
        writing += [inner] if to_inner else []
        if not secure.pending():
            select.select(reading, writing, [], 300.0)
        for source, buffer in ((secure, to_inner), (inner, to_client)):
            try:
                data = source.recv(_CHUNK)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                continue
            if not data and source is secure:
                return
            ended = ended or not data
            buffer += data
        for target, buffer in ((secure, to_client), (inner, to_inner)):
            if buffer:
                with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                    del buffer[: target.send(buffer)]
        if ended and not to_client:
            return
