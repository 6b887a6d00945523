"""A stand between a client and an engine's socket, where a test can make the engine slow, silent or gone."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path


class Faulty:
    """Forwards a unix socket to an engine's, until told otherwise.

    Parameters
    ----------
    path: where it listens.
    engine: the socket that it forwards to.

    `mode` is ``ok``, ``gone`` (hangs up at once), ``silent`` (takes a request and never answers)
    or ``cut`` (hangs up in the middle of an answer).  `delay` is added before each request, in
    seconds.  `before` is called with the number of each request, counted from 1, and its first line.
    """

    def __init__(self, path: Path, engine: str) -> None:
        self.path = str(path)
        self.mode = "ok"
        self.delay = 0.0
        self.before: Callable[[int, str], None] = lambda _n, _line: None
        self.seen: list[str] = []
        self._engine = engine
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(self.path)
        self._server.listen(32)
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._server.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        engine.connect(self._engine)
        self._open.append(engine)
        threading.Thread(target=self._back, args=(engine, client), daemon=True).start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if data.split(b" ", 1)[0] in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE"):
                    line = data.split(b"\r\n", 1)[0].decode()
                    self.seen.append(line)
                    self.before(len(self.seen), line)
                if self.mode == "gone":
                    break
                if self.mode == "silent":
                    continue
                time.sleep(self.delay)
                engine.sendall(data)
        self._hang_up(client, engine)

    def _back(self, engine: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := engine.recv(65536):
                if self.mode == "cut":
                    client.sendall(data[: len(data) // 2])
                    break
                client.sendall(data)
        self._hang_up(client, engine)

    @staticmethod
    def _hang_up(*ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
