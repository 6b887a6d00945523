"""A server that answers the docker client whatever it needs to go on, and notes what it asked."""

from __future__ import annotations

import base64
import io
import json
import os
import socketserver
import subprocess
import tarfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from labkit import api
from labkit.model import Endpoint, Request

ID = "612967c81cbe0311951ee0bd84cf23d7732f23610c1c4094501458e4bc1de3b8"
_DIRECTORY = base64.b64encode(json.dumps({"name": "x", "size": 1, "mode": 1 << 31 | 0o755}).encode()).decode()


@dataclass(frozen=True)
class Asked:
    """What the client asked: the endpoint's path, and all that a request says."""

    method: str
    template: str | None
    request: Request


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def _answer(self) -> None:
        body = self._body()
        headers = tuple(self.headers.items())
        request = Request(self.command, self.path, self.server.endpoint, headers, body)
        template = api.template(self.command, request.path)
        with self.server.lock:
            self.server.asked.append(Asked(self.command, template, request))
        self.close_connection = True
        if "Upgrade" in self.headers:
            self.wfile.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
            return
        answer = _answer_to(f"{self.command} {template}", request)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(201 if template and template.endswith("/create") and self.command == "POST" else 200)
        self.send_header("Api-Version", "1.50")
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Docker-Container-Path-Stat", _DIRECTORY)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(data)
            except OSError:  # the client has seen enough
                pass

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """A unix socket has no address of the other side."""
        return ""


class Stub(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The server; `asked` are the requests, in their order."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path) -> None:
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.endpoint = Endpoint(socket=str(path))
        super().__init__(str(path), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def take(self) -> list[Asked]:
        """Return what was asked since the last call."""
        with self.lock:
            asked, self.asked = self.asked, []
        return asked


def paste(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run lines of shell as if pasted, with a home of their own."""
    return subprocess.run(
        ["sh", "-c", text],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_CLI_HINTS": "false", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def query_of(request: Request) -> dict[str, Any]:
    """Return a query as the Engine understands it: filters as sets, JSON as values, defaults left out."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True):
        found.setdefault(name, []).append(value)
    read = {name: _value_of(name, values) for name, values in found.items()}
    return {name: value for name, value in read.items() if value not in ({}, [], "", "0", None)}


def _value_of(name: str, values: list[str]) -> Any:
    first = values[0]
    if name == "filters":
        filters = json.loads(first)
        return {k: sorted(map(str, v)) if isinstance(v, (dict, list)) else v for k, v in filters.items() if v}
    if name in ("labels", "buildargs", "cachefrom", "ulimits"):
        return json.loads(first)
    if name in ("names", "t", "changes"):
        return [part for value in values for part in value.split(",")]
    return {"true": "1", "false": "0"}.get(first.lower(), first)


def _answer_to(asked: str, request: Request) -> Any:
    # The client goes on with the id that an inspect gives; here it stays the name that was asked for.
    inspected = {
        "Id": request.path.split("/")[2] if request.path.startswith("/containers/") else ID,
        "Name": "/x",
        "State": {"Running": True, "Status": "running"},
        "Config": {"Tty": False, "OpenStdin": True, "Image": "x"},
        "HostConfig": {"LogConfig": {"Type": "json-file"}},
    }
    known: dict[str, Any] = {
        "GET /_ping": b"OK",
        "GET /containers/{id}/json": inspected,
        "GET /containers/{id}/logs": b"",
        "GET /containers/{id}/top": {"Titles": ["PID"], "Processes": [["1"]]},
        "GET /containers/{id}/archive": _tar(),
        "GET /containers/{id}/export": _tar(),
        "POST /containers/{id}/wait": {"StatusCode": 0},
        "POST /containers/{id}/update": {"Warnings": []},
        "GET /exec/{id}/json": {"ID": ID, "ExitCode": 0, "Running": False},
        "GET /images/{name}/json": {"Id": f"sha256:{ID}", "RepoTags": ["x:1"]},
        "GET /images/{name}/get": _tar(),
        "GET /images/get": _tar(),
        "GET /volumes": {"Volumes": []},
        "GET /networks/{id}": {"Name": "x", "Id": ID},
        "GET /volumes/{name}": {"Name": "x"},
        "GET /info": {"OSType": "linux", "IndexServerAddress": "https://127.0.0.1:1/v1/"},
        "GET /version": {"ApiVersion": "1.50", "Os": "linux"},
        "GET /events": b"",
        "GET /system/df": {},
        "POST /auth": {"Status": "Login Succeeded"},
    }
    if asked in known:
        return known[asked]
    listed = asked.startswith("GET ") and "{" not in asked
    return [] if listed or asked in ("DELETE /images/{name}", "GET /images/{name}/history") else {"Id": ID, "Name": "x"}


def _tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w"):
        pass
    return target.getvalue()
