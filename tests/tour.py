"""A tour of an engine: one thing of each kind with all it can have, and what is answered about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from practicehelp import Clock

from labkit.encode import VERSION_PREFIX
from labkit.session import Session

Ask = Callable[..., tuple[int, bytes]]
NAME = "guide-tour"
PORT = "80/tcp"

NETWORK = {
    "Name": NAME,
    "Labels": {"a": "b"},
    "Options": {"com.docker.network.bridge.name": "guidetour"},
    "IPAM": {"Config": [{"Subnet": "172.29.9.0/24", "IPRange": "172.29.9.128/25", "Gateway": "172.29.9.1",
                         "AuxiliaryAddresses": {"router": "172.29.9.7"}}]},
}  # fmt: skip
VOLUME = {"Name": NAME, "Labels": {"a": "b"}, "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}}
CONTAINER = {
    "Image": "busybox",
    "Cmd": ["sh", "-c", "while true; do echo x; sleep 1; done"],
    "Env": ["A=b"],
    "Labels": {"a": "b"},
    "ExposedPorts": {PORT: {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000_000, "Timeout": 1_000_000_000, "Retries": 2,
                    "StartPeriod": 1_000_000},
    "StopSignal": "SIGTERM",
    "StopTimeout": 1,
    "Volumes": {"/anonymous": {}},
    "HostConfig": {
        "PortBindings": {PORT: [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        "Memory": 67_108_864,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
        "Mounts": [
            {"Type": "volume", "Source": NAME, "Target": "/v", "ReadOnly": True,
             "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"},
                               "DriverConfig": {"Name": "local", "Options": {"a": "b"}}}},
            {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1_000_000, "Mode": 1023}},
        ],
        "Tmpfs": {"/t2": ""},
        "Ulimits": [{"Name": "nofile", "Soft": 512, "Hard": 1024}],
    },
    "NetworkingConfig": {
        "EndpointsConfig": {NAME: {"Aliases": ["alias"], "IPAMConfig": {"IPv4Address": "172.29.9.140"}}}
    },
}  # fmt: skip


def of_session(session: Session) -> Ask:
    """Ask an engine over its socket."""

    def ask(method: str, target: str, body: Any = None) -> tuple[int, bytes]:
        answer = session.request(method, VERSION_PREFIX.sub("", target), json=body)
        return answer.status, answer.response.body

    return ask


def of_practice(version: str) -> Ask:
    """Ask a practice engine in this process."""
    clock = Clock(version)
    prefix = "/v1.41" if version == "20.10" else "/v1.55"
    return lambda method, target, body=None: clock(method, prefix + target, body)


def tour(ask: Ask, pause: Callable[[], object]) -> dict[str, list[Any]]:
    """Return what is answered about the things of the tour, by the endpoint's path; all is cleared away.

    Parameters
    ----------
    pause: lets a second and a half pass, so that there is a health check and a second sample.
    """

    def ok(method: str, target: str, body: Any = None) -> Any:
        status, data = ask(method, target, body)
        assert 200 <= status < 400, (method, target, data)
        return json.loads(data) if data.strip().startswith((b"{", b"[")) else data

    clear(ask)
    found: dict[str, list[Any]] = {}
    try:
        found["/networks/create"] = [ok("POST", "/networks/create", NETWORK)]
        found["/volumes/create"] = [ok("POST", "/volumes/create", VOLUME)]
        found["/containers/create"] = [ok("POST", f"/containers/create?name={NAME}", CONTAINER)]
        ok("POST", f"/containers/{NAME}/start")
        pause()
        run = ok("POST", f"/containers/{NAME}/exec", {"Cmd": ["true"], "AttachStdout": True, "User": "0"})
        ask("POST", f"/exec/{run['Id']}/start", {})
        found["/containers/{id}/exec"] = [run]
        for template, target in _looks(run["Id"]):
            found[template] = [ok("GET", target)]
        found["/containers/{id}/update"] = [
            ok("POST", f"/containers/{NAME}/update", {"Memory": 70_000_000, "MemorySwap": 140_000_000})
        ]
        found["/commit"] = [ok("POST", f"/commit?container={NAME}&repo={NAME}&tag=1", {})]
        found["/images/{name}"] = [ok("DELETE", f"/images/{NAME}:1")]
        ok("POST", f"/containers/{NAME}/stop?t=0")
        found["/containers/{id}/wait"] = [ok("POST", f"/containers/{NAME}/wait")]
        found["/images/create"] = list(_lines(ask("POST", "/images/create?fromImage=busybox&tag=latest", None)[1]))
        until = int(datetime.fromisoformat(found["/info"][0]["SystemTime"][:19] + "+00:00").timestamp()) + 1
        found["/events"] = list(_lines(ask("GET", f"/events?since=1&until={until}", None)[1]))
    finally:
        clear(ask)
    return found


def _looks(run: str) -> Iterator[tuple[str, str]]:
    yield "/containers/json", "/containers/json?all=1&size=1"
    yield "/containers/{id}/json", f"/containers/{NAME}/json?size=1"
    yield "/containers/{id}/top", f"/containers/{NAME}/top"
    yield "/containers/{id}/changes", f"/containers/{NAME}/changes"
    yield "/containers/{id}/stats", f"/containers/{NAME}/stats?stream=false"
    yield "/exec/{id}/json", f"/exec/{run}/json"
    yield "/images/json", "/images/json"
    yield "/images/{name}/json", "/images/busybox/json"
    yield "/images/{name}/history", "/images/busybox/history"
    yield "/volumes", "/volumes"
    yield "/volumes/{name}", f"/volumes/{NAME}"
    yield "/networks", "/networks"
    yield "/networks/{id}", f"/networks/{NAME}"
    yield "/info", "/info"
    yield "/version", "/version"
    yield "/system/df", "/system/df"


def clear(ask: Ask) -> None:
    """Remove what a tour makes."""
    for target in (f"/containers/{NAME}?force=1&v=1", f"/networks/{NAME}", f"/volumes/{NAME}"):
        ask("DELETE", target, None)


def _lines(body: bytes) -> Iterator[Any]:
    return (json.loads(line) for line in body.splitlines() if line.strip())


def fields(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of each key in an answer; items of lists are ``[]``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from fields(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, (*path, "[]"))
