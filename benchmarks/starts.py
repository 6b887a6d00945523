"""The second ``./lab`` beside a bare JupyterLab, each to a kernel that answers; runs in this checkout."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import websocket
from measure import Row, turns

ROOT = Path(__file__).resolve().parent.parent
TURNS = 5
BARE_PORT = 18888


def rows() -> Iterator[Row]:
    """Measure with a course that was started before, so that nothing is installed or built."""
    _lab()
    ours, theirs = turns(TURNS, _lab, _bare)
    yield Row("second `./lab` to usable kernel", "bare `jupyter lab`", ours, theirs, "s", ours / theirs, 1.2)


def _kernel_answers(port: int, token: str) -> None:
    """Start a kernel and wait until it has computed something."""
    headers = {"Authorization": f"token {token}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/kernels", body=json.dumps({"name": "python3"}), headers=headers)
    kernel = json.loads(connection.getresponse().read())["id"]
    url = f"ws://127.0.0.1:{port}/api/kernels/{kernel}/channels"
    channel = websocket.create_connection(url, header=headers, timeout=60)
    content = {"code": "1 + 1", "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": "",
        "version": "5.3",
    }
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channel.send(json.dumps(request))
    while json.loads(channel.recv())["header"]["msg_type"] != "execute_result":
        pass
    channel.close()


def _lab() -> float:
    """Seconds from ``./lab`` to a kernel that answers."""
    begin = time.perf_counter()
    done = subprocess.run(["./lab", "--no-browser"], cwd=ROOT, check=True, capture_output=True, text=True)
    url = urlsplit(done.stdout.strip())
    assert url.port
    _kernel_answers(url.port, parse_qs(url.query)["token"][0])
    seconds = time.perf_counter() - begin
    subprocess.run(["./lab", "stop"], cwd=ROOT, check=True, capture_output=True)
    return seconds


@contextmanager
def _bare_server() -> Iterator[None]:
    """``jupyter lab`` as it comes, with settings of its own that are as fresh as the course's were once."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "JUPYTER_RUNTIME_DIR": f"{folder}/run", "JUPYTER_CONFIG_DIR": f"{folder}/config"}
        words = ["-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={BARE_PORT}"]
        words += ["--ServerApp.port_retries=0", "--IdentityProvider.token=bare", f"--ServerApp.root_dir={folder}"]
        process = subprocess.Popen([sys.executable, *words], env=environment, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _bare() -> float:
    """Seconds from ``jupyter lab`` to a kernel that answers."""
    begin = time.perf_counter()
    with _bare_server():
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", BARE_PORT, timeout=5)
                connection.request("GET", "/api/status", headers={"Authorization": "token bare"})
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.05)
        _kernel_answers(BARE_PORT, "bare")
        return time.perf_counter() - begin
