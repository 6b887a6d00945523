"""The endpoints of the Engine itself: ping, version, info, events.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import filters
from .machine.process import MACHINE, RELEASE, Wait
from .state import timestamp
from .wire import Answer, Channel, Fault, Reply, Request, Streaming, Working, dumps, json_reply

if TYPE_CHECKING:
    from .core import Core

NOTICE = "This is the practice engine of Docker API Lab, for learning and for tests. Its containers are not real ones."
_EVENT_FILTERS = (
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "service",
    "type",
    "volume",
)


def options(_core: Core, _request: Request, _path: str) -> Reply:
    """``OPTIONS`` of anything."""
    return Reply()


def ping(core: Core, request: Request) -> Reply:
    """``GET /_ping``."""
    headers = {
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Pragma": "no-cache",
        "Content-Type": "text/plain; charset=utf-8",
    }
    more = {} if core.profile.old else {"Builder-Version": "2", "Swarm": "inactive"}
    return Reply(200, b"" if request.method == "HEAD" else b"OK", headers | more)


def version(core: Core, _request: Request) -> Reply:
    """``GET /version``."""
    profile = core.profile
    details = {
        "ApiVersion": profile.api_text,
        "Arch": "amd64",
        "BuildTime": timestamp(0),
        "Experimental": "false",
        "GitCommit": "practice",
        "GoVersion": "none",
        "KernelVersion": RELEASE,
        "MinAPIVersion": profile.minimum_text,
        "Os": "linux",
    }
    return json_reply(
        {
            "Platform": {"Name": "Docker API Lab practice engine"},
            "Components": [{"Name": "Engine", "Version": profile.version, "Details": details}],
            "Version": profile.version,
            "ApiVersion": profile.api_text,
            "MinAPIVersion": profile.minimum_text,
            "GitCommit": "practice",
            "GoVersion": "none",
            "Os": "linux",
            "Arch": "amd64",
            "KernelVersion": RELEASE,
            "BuildTime": timestamp(0),
        }
    )


def info(core: Core, request: Request) -> Reply:
    """``GET /info``: it says what it is."""
    states = [c.status for c in core.state.containers.values()]
    mirrors = [m.rstrip("/") + "/" for m in core.config.get("registry-mirrors") or []]
    insecure = ["127.0.0.0/8", *(core.config.get("insecure-registries") or [])]
    indexes: dict[str, Any] = {"docker.io": {"Name": "docker.io", "Mirrors": mirrors, "Secure": True, "Official": True}}
    facts = {
        "ID": "PRAC:TICE:ENGI:NEOF:THED:OCKE:RAPI:LAB0:0000:0000:0000:0001",
        "Containers": len(states),
        "ContainersRunning": states.count("running"),
        "ContainersPaused": states.count("paused"),
        "ContainersStopped": len(states) - states.count("running") - states.count("paused"),
        "Images": len(core.state.images),
        "Driver": core.profile.driver,
        "DriverStatus": [["Backing Filesystem", "memory"]],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"],
            "Authorization": None,
            "Log": ["json-file", "none"],
        },
        "MemoryLimit": True,
        "SwapLimit": True,
        "CpuCfsPeriod": True,
        "CpuCfsQuota": True,
        "CPUShares": True,
        "CPUSet": True,
        "PidsLimit": True,
        "IPv4Forwarding": True,
        "Debug": False,
        "NFd": 20,
        "OomKillDisable": True,
        "NGoroutines": 30,
        "SystemTime": timestamp(core.now),
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": "2",
        "NEventsListener": len(core.state.listeners),
        "KernelVersion": RELEASE,
        "OperatingSystem": "Docker API Lab practice engine",
        "OSVersion": "1",
        "OSType": "linux",
        "Architecture": os.uname().machine,
        "IndexServerAddress": "",
        "RegistryConfig": {
            "AllowNondistributableArtifactsCIDRs": None,
            "AllowNondistributableArtifactsHostnames": None,
            "InsecureRegistryCIDRs": insecure,
            "IndexConfigs": indexes,
            "Mirrors": mirrors or None,
        },
        "NCPU": 2,
        "MemTotal": 2 * 1024**3,
        "GenericResources": None,
        "DockerRootDir": core.root_dir,
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": MACHINE,
        "Labels": core.config.get("labels") or [],
        "ExperimentalBuild": False,
        "ServerVersion": core.profile.version,
        "Runtimes": {"runc": {"path": "runc"}},
        "DefaultRuntime": "runc",
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "LiveRestoreEnabled": bool(core.config.get("live-restore")),
        "Isolation": "",
        "InitBinary": "docker-init",
        "SecurityOptions": ["name=practice"],
        "Warnings": [NOTICE],
        **{f"{part}Commit": {"ID": "practice"} for part in ("Containerd", "Runc", "Init")},
    }
    if request.version < (1, 50):
        facts |= {"BridgeNfIptables": True, "BridgeNfIp6tables": True}
    if core.profile.old:
        facts |= {"KernelMemory": True, "KernelMemoryTCP": True}
    else:
        facts |= {"CDISpecDirs": [], "FirewallBackend": {"Driver": "practice"}}
        facts["Containerd"] = {"Address": "", "Namespaces": {"Containers": "moby", "Plugins": "plugins.moby"}}
    return json_reply(facts)


def reloaded(core: Core) -> dict[str, str]:
    """Return what the event of a reload says: the settings that a daemon reads anew, as Docker writes them."""
    config, old = core.config, core.profile.old
    lists = {
        name: json.dumps(config.get(name) or [], separators=(",", ":"))
        for name in ("insecure-registries", "labels", "registry-mirrors")
    }
    before_25 = {"cluster-advertise": "", "cluster-store": "", "cluster-store-opts": "null"}
    return {
        **lists,
        **({**before_25, "allow-nondistributable-artifacts": "[]"} if old else {}),
        "debug": str(bool(config.get("debug"))).lower(),
        "default-cgroupns-mode": "host" if old else "private",
        "default-ipc-mode": "private",
        "default-runtime": "runc",
        "default-shm-size": "67108864",
        "features": "map[]" if old else "{}",
        "live-restore": str(bool(config.get("live-restore"))).lower(),
        "max-concurrent-downloads": str(config.get("max-concurrent-downloads", 3)),
        "max-concurrent-uploads": str(config.get("max-concurrent-uploads", 5)),
        "max-download-attempts": str(config.get("max-download-attempts", 5)),
        "name": MACHINE,
        "runtimes": "runc:runc",
        "shutdown-timeout": str(config.get("shutdown-timeout", 15)),
    }


def events(core: Core, request: Request) -> Answer:
    """``GET /events``: what has happened since a time, then what happens, until a time."""
    wanted = filters.parse(request, () if core.profile.old else _EVENT_FILTERS, old=core.profile.old)
    since, until = request.moment("since"), request.moment("until")
    if since is not None and until is not None and until < since:
        raise Fault(
            400, f"`since` time ({request.query['since']}) cannot be after `until` time ({request.query['until']})"
        )
    channel = Channel()
    old_shape = core.profile.old or request.version < (1, 52)

    def show(event: dict[str, Any]) -> None:
        if _fits(event, wanted):
            shown = event if old_shape else {k: v for k, v in event.items() if k not in ("status", "id", "from")}
            channel.write(dumps(shown) + b"\n")

    if since is not None:
        for event in core.state.events:
            if event["timeNano"] >= since * 1e9 and (until is None or event["timeNano"] <= until * 1e9):
                show(event)
    headers = {"Content-Type": "application/json" if core.profile.old else "application/jsonl"}
    if until is not None and until <= core.now:
        channel.end()
        return Streaming(channel, 200, headers)
    core.state.listeners.append(show)

    def stop() -> None:
        if show in core.state.listeners:
            core.state.listeners.remove(show)

    channel.on_close = stop
    if until is not None:

        def work() -> Working:
            yield Wait(lambda: channel.closed, until)
            stop()
            channel.end()
            return Reply()

        core.begin(work())
    return Streaming(channel, 200, headers)


def _fits(event: dict[str, Any], wanted: filters.Filters) -> bool:
    attributes = event["Actor"]["Attributes"]
    kind, identity = event["Type"], event["Actor"]["ID"]
    if wanted.get("type") and kind not in wanted["type"]:
        return False
    if (
        wanted.get("event")
        and event["Action"] not in wanted["event"]
        and event["Action"].partition(":")[0] not in wanted["event"]
    ):
        return False
    if not filters.labels(wanted.get("label", []), attributes):
        return False
    if wanted.get("scope") and event["scope"] not in wanted["scope"]:
        return False
    for name in ("container", "image", "network", "volume"):
        names = wanted.get(name)
        if not names:
            continue
        own = kind == name and any(identity.startswith(n) or attributes.get("name") == n for n in names)
        from_image = name == "image" and any(
            attributes.get("image", "").partition(":")[0] == n.partition(":")[0] for n in names
        )
        if not own and not from_image:
            return False
    return True
