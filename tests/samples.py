"""Exchanges made by hand, for tests of what is a pure function of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from labkit.exchange import Exchange
from labkit.model import Endpoint, Request, Response

SOCKET = Endpoint(socket="/run/docker.sock")
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</pre></details><iframe src=javascript:alert(1)>",
    "&lt;script&gt;",
    "<!--",
    "]]>",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202egnp.exe",
    "javascript:alert(1)",
    "{{7*7}}",
)
"""What somebody may call a container to harm whoever lists it."""


def exchange(
    method: str,
    target: str,
    body: Any = b"",
    status: int = 200,
    *,
    content_type: str = "application/json",
    at: datetime | None = NOW,
    seconds: float = 0.0012,
    **more: Any,
) -> Exchange:
    """Return an exchange; a body that is not bytes is written as JSON."""
    request = {k: more.pop(k) for k in ("headers", "stream", "endpoint") if k in more}
    sent = more.pop("sent", None)
    headers = [("Content-Type", content_type)] if content_type else []
    headers += [("Date", format_datetime(at, usegmt=True))] if at else []
    headers += more.pop("received", [])
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    cut = more.pop("cut", "")
    asked = Request(method, target, request.pop("endpoint", SOCKET), body=sent, **request)
    return Exchange(asked, Response(status, "", tuple(headers), raw, cut), seconds, **more)


def lines(*objects: Any) -> bytes:
    """Return objects as JSON lines, ended as the Engine ends them."""
    return b"".join(json.dumps(o).encode() + b"\r\n" for o in objects)


def frame(stream: int, data: bytes) -> bytes:
    """Return one frame of a log."""
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@dataclass(frozen=True)
class Values:
    """What differs from run to run."""

    hex: str = "612967c81cbe0311951ee0bd84cf23d7732f23610c1c4094501458e4bc1de3b8"
    ago: int = 3
    size: int = 3400
    pid: int = 180
    port: int = 27215
    mac: str = "02:42:ac:11:00:02"
    seconds: float = 0.0012
    now: datetime = NOW
    up: str = "Up 3 seconds"
    cpu: int = 5_000_000
    run: str = "/run/docker-api-lab/1d60d7b0/docker.sock"

    @property
    def created(self) -> datetime:
        """The moment that all is as old as."""
        return self.now - timedelta(seconds=self.ago)


OTHERS = Values(
    hex="f7c0b0d40a5aa8fbbba7536ceab552a9d1a4acad62103eeed4d90f7980b4e8f1",
    ago=7300,
    size=123_456_789,
    pid=31234,
    port=31007,
    mac="02:42:ac:11:00:1f",
    seconds=2.5,
    now=datetime(2027, 11, 9, 3, 4, 5, tzinfo=timezone.utc),
    up="Up About an hour",
    cpu=123_000_000,
    run="/tmp/docker-api-lab-1000/ffffffff/docker.sock",
)


def container(v: Values = Values(), **more: Any) -> dict[str, Any]:
    """Return a container as a list has it."""
    return {
        "Id": v.hex,
        "Names": ["/web-3f9c", "/other/alias"],
        "Image": "nginx",
        "ImageID": f"sha256:{v.hex}",
        "Command": "nginx -g 'daemon off;'",
        "Created": int(v.created.timestamp()),
        "Ports": [
            {"IP": "127.0.0.1", "PrivatePort": 80, "PublicPort": v.port, "Type": "tcp"},
            {"PrivatePort": 443, "Type": "tcp"},
        ],
        "Labels": {"docker-api-lab": "02"},
        "State": "running",
        "Status": v.up,
        **more,
    }


def inspected(v: Values = Values()) -> dict[str, Any]:
    """Return a container as an inspect has it."""
    stamp = v.created.isoformat().replace("+00:00", ".123456789Z")
    return {
        "Id": v.hex,
        "Created": stamp,
        "Path": "nginx",
        "Args": ["-g", "daemon off;"],
        "State": {
            "Status": "running",
            "Running": True,
            "Pid": v.pid,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": stamp,
            "FinishedAt": "0001-01-01T00:00:00Z",
        },
        "Image": f"sha256:{v.hex}",
        "Name": "/web-3f9c",
        "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
        "Mounts": [
            {"Type": "bind", "Source": "/srv/www", "Destination": "/data", "RW": False},
            {"Type": "volume", "Name": "site", "Source": "/x", "Destination": "/cache", "RW": True},
        ],
        "Config": {"Image": "nginx", "Env": ["A=1"], "Labels": {"docker-api-lab": "02"}},
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(v.port)}], "443/tcp": None},
            "Networks": {"front": {"IPAddress": "172.28.64.2", "Aliases": ["web", v.hex[:12]]}},
        },
    }


def image(v: Values = Values()) -> dict[str, Any]:
    """Return an image as a list has it."""
    return {
        "Id": f"sha256:{v.hex}",
        "RepoTags": ["busybox:latest", "lab/bb:v1"],
        "Created": int(v.created.timestamp()),
        "Size": v.size,
        "Containers": -1,
    }


def event(v: Values = Values()) -> dict[str, Any]:
    """Return an event."""
    return {
        "Type": "container",
        "Action": "die",
        "Actor": {"ID": v.hex, "Attributes": {"name": "web-3f9c", "image": "nginx", "exitCode": "137", "label": "x"}},
        "time": int(v.created.timestamp()),
        "timeNano": int(v.created.timestamp()) * 10**9 + v.pid,
    }


def network(v: Values = Values()) -> dict[str, Any]:
    """Return a network as an inspect has it."""
    return {
        "Name": "front-3f9c",
        "Id": v.hex,
        "Created": v.created.isoformat(),
        "Scope": "local",
        "Driver": "bridge",
        "Internal": True,
        "IPAM": {"Config": [{"Subnet": "172.28.64.0/24", "Gateway": "172.28.64.1"}]},
        "Containers": {v.hex: {"Name": "web-3f9c", "IPv4Address": "172.28.64.2/24", "MacAddress": v.mac}},
        "Options": {},
        "Labels": {"docker-api-lab": "05"},
    }


def sample(v: Values = Values()) -> dict[str, Any]:
    """Return one sample of stats."""
    return {
        "read": v.created.isoformat(),
        "name": "/web-3f9c",
        "cpu_stats": {"cpu_usage": {"total_usage": 10**9 + v.cpu}, "system_cpu_usage": 2 * 10**9, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 10**9}, "system_cpu_usage": 10**9},
        "memory_stats": {"usage": v.size + 1000, "limit": 10**9 + v.size, "stats": {"total_inactive_file": 1000}},
        "networks": {"eth0": {"rx_bytes": v.size, "tx_bytes": v.size}},
        "pids_stats": {"current": 1},
    }


def pull(v: Values = Values()) -> bytes:
    """Return the stream of a pull: the fewer bytes, the fewer lines."""
    layers = [v.hex[:12], v.hex[12:24]]
    told: list[dict[str, Any]] = [{"status": "Pulling from library/busybox", "id": "latest"}]
    told += [{"status": "Pulling fs layer", "progressDetail": {}, "id": layer} for layer in layers]
    for count in range(0, v.size, 40_000_000):
        detail = {"current": count, "total": v.size}
        told.append({"status": "Downloading", "progressDetail": detail, "progress": "[=> ]", "id": layers[0]})
    told += [{"status": "Pull complete", "progressDetail": {}, "id": layer} for layer in reversed(layers)]
    told += [{"status": f"Digest: sha256:{v.hex}"}, {"status": "Status: Downloaded newer image for busybox:latest"}]
    return lines(*told)
