"""Servers that note what reaches them, byte for byte, and answer what they are told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labkit.model import TLS, Endpoint

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}"
HEAD_OK = OK[:-2]


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire; header names in lower case, without User-Agent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Server:
    """A server for one connection after the other, on a unix socket or a TCP port of loopback.

    Parameters
    ----------
    path: of the unix socket; None for TCP.
    tls: the server's TLS settings.
    answer: what is done with a connection after its request was read; None answers 200.

    `seen` are the requests, `problems` what went wrong with connections, `ended` how many are over.
    """

    def __init__(
        self,
        path: Path | None = None,
        tls: ssl.SSLContext | None = None,
        answer: Callable[[socket.socket, Seen], None] | None = None,
        client: TLS | None = None,
    ) -> None:
        self.seen: list[Seen] = []
        self.problems: list[BaseException] = []
        self.ended = 0
        self._tls, self._answer = tls, answer
        if path:
            self._sock = socket.socket(socket.AF_UNIX)
            self._sock.bind(str(path))
            self.endpoint = Endpoint(socket=str(path))
        else:
            self._sock = socket.create_server(("127.0.0.1", 0))
            self.endpoint = Endpoint(host="localhost", port=self._sock.getsockname()[1], tls=client)
        self._sock.listen(64)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(5)

    def take(self) -> list[Seen]:
        """Return what was seen since the last call."""
        seen, self.seen = self.seen, []
        return seen

    def _serve(self) -> None:
        while True:
            try:
                conn, _peer = self._sock.accept()
            except OSError:
                return
            conn.settimeout(10)
            try:
                if self._tls:
                    conn = self._tls.wrap_socket(conn, server_side=True)
                seen = _read(conn)
                if seen is not None:
                    self.seen.append(seen)
                    (self._answer or _ok)(conn, seen)
            except OSError as error:
                self.problems.append(error)
            finally:
                try:
                    conn.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                conn.close()
                self.ended += 1


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is true; a busy machine may take its time.  Fails when it does not come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def _ok(conn: socket.socket, seen: Seen) -> None:
    conn.sendall(HEAD_OK if seen.method == "HEAD" else OK)


def _read(conn: socket.socket) -> Seen | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = conn.recv(65536)
        if not piece:
            return None
        raw += piece
        if raw.startswith(b"\x16\x03"):  # a TLS handshake at a plain port: answered as Go's server does
            conn.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")
            return None
    head, _blank, body = raw.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = [(name.lower(), value.strip()) for name, _colon, value in (f.partition(":") for f in fields)]
    length = int(dict(pairs).get("content-length", "0"))
    while len(body) < length:
        piece = conn.recv(65536)
        if not piece:
            break
        body += piece
    return Seen(method, target, tuple(sorted(p for p in pairs if p[0] != "user-agent")), body)


def answers(*pieces: bytes) -> Callable[[socket.socket, Seen], None]:
    """Answer with these bytes, then close."""

    def answer(conn: socket.socket, _seen: Seen) -> None:
        for piece in pieces:
            conn.sendall(piece)

    return answer
