"""Following a log of 100 MB in a real kernel: how fast, in how much memory, with how many screen updates."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_client.manager import run_kernel
from logs import SIZE, block
from measure import Row

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n"

# The peak is read in the kernel's own process, by the kernel of the operating system.
CODE = """
import resource, time
from labkit import widgets
from labkit.model import Endpoint
from labkit.session import Session
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
def log(): return widgets.follow(Session(Endpoint(socket={path!r}), "1.41").stream("GET", "/containers/x/logs"))
view = log()
while not view.ended: time.sleep(0.05)
view.close()
"""
MEASURED = """
before, begin = peak(), time.perf_counter()
view = log()
while not view.ended: time.sleep(0.05)
print(time.perf_counter() - begin, peak() - before, view.view.book.received)
"""


def rows() -> Iterator[Row]:
    """Follow a short log first, so that what is loaded once is not counted."""
    piece = block()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "docker.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=_serve, args=(listener, piece), daemon=True).start()
        with run_kernel() as kernel:
            _run(kernel, CODE.format(path=path))
            printed, updates = _run(kernel, MEASURED)
        listener.close()
    seconds, grown, received = map(float, printed.split())
    assert received > 0.9 * SIZE
    yield Row("following a log of 100 MB in a view", "–", received / 1e6 / seconds, None, "MB/s", seconds, 60, "s")
    yield Row("memory that this takes in the kernel", "before it", grown, None, "MB", grown, 32, "MB more")
    yield Row("screen updates meanwhile", "–", updates / seconds, None, "a second", updates / seconds, 10, "a second")


def _serve(listener: socket.socket, piece: bytes) -> None:
    for count in (1, SIZE // len(piece)):
        conn, _peer = listener.accept()
        with conn:
            conn.recv(65536)
            conn.sendall(HEAD)
            for _n in range(count):
                conn.sendall(piece)


def _run(kernel: object, code: str) -> tuple[str, int]:
    """Run a cell; return what it printed, and how often the log's box was drawn meanwhile."""
    asked = kernel.execute(code)  # type: ignore[attr-defined]
    printed, drawn = "", 0
    while True:
        message = kernel.get_iopub_msg(timeout=300)  # type: ignore[attr-defined]
        content = message["content"]
        if message["msg_type"] == "stream":
            printed += content["text"]
        if message["msg_type"] == "comm_msg":
            drawn += 'role="log"' in str(content["data"].get("state", {}).get("value", ""))
        assert message["msg_type"] != "error", content
        if message["parent_header"].get("msg_id") == asked and content.get("execution_state") == "idle":
            return printed, drawn
        time.sleep(0)
