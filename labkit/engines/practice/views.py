"""Containers as the API shows them: in a list, and inspected.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import linking, networking
from .machine.files import File, walk
from .state import Container, Endpoint, Mount, timestamp

if TYPE_CHECKING:
    from .core import Core


def duration(seconds: float) -> str:
    """Return a span of time as people say it: the words of ``Up 3 minutes``."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(whole / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    days = whole // 86400
    return f"{days} days" if days < 14 else f"{days // 7} weeks"


def status_text(core: Core, container: Container) -> str:
    """Return such as ``Up 3 minutes`` or ``Exited (0) 2 seconds ago``."""
    if container.status == "created":
        return "Created"
    if container.running:
        up = f"Up {duration(core.now - container.started)}"
        return up + (" (Paused)" if container.status == "paused" else "")
    ago = duration(core.now - container.finished)
    if container.status == "restarting":
        return f"Restarting ({container.code}) {ago} ago"
    return f"Exited ({container.code}) {ago} ago"


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def sizes(container: Container) -> tuple[int, int]:
    """Return what a container's own layer and its whole root hold, in bytes."""
    before = {path: node for path, node in walk(container.image.tree) if isinstance(node, File)}
    after = [(path, node) for path, node in walk(container.root) if isinstance(node, File)]
    own = sum(node.size for path, node in after if path not in before or before[path].data is not node.data)
    return own, sum(node.size for _path, node in after)


def mount_facts(core: Core, mount: Mount) -> dict[str, Any]:
    """Return a mount as inspect shows it."""
    facts: dict[str, Any] = {"Type": mount.kind}
    source = mount.source
    if mount.volume is not None:
        facts["Name"] = mount.volume.name
        source = mountpoint(core, mount.volume.name)
    facts |= {"Source": source, "Destination": mount.target}
    if mount.volume is not None:
        facts["Driver"] = mount.volume.driver
    propagation = "rprivate" if mount.kind == "bind" else ""
    return facts | {"Mode": mount.mode, "RW": mount.writable, "Propagation": propagation}


def _listed(core: Core, mount: Mount) -> dict[str, Any]:
    """Return a mount as the list shows it: an old Engine does not say where the volumes of ``Volumes`` lie."""
    facts = mount_facts(core, mount)
    of_config = mount.volume is not None and mount.volume.anonymous and not mount.mode
    return {**facts, "Source": ""} if core.profile.old and of_config else facts


def mountpoint(core: Core, name: str) -> str:
    """Return where a volume would lie on the Engine's disk."""
    return f"{core.root_dir}/volumes/{name}/_data"


def summaries(
    core: Core, containers: Iterable[Container], *, size: bool, version: tuple[int, ...]
) -> list[dict[str, Any]]:
    """Return containers as the list shows them."""
    names = linking.names(core)
    return [_summary(core, c, names[c.name], size=size, version=version) for c in containers]


def _summary(
    core: Core, container: Container, names: list[str], *, size: bool, version: tuple[int, ...]
) -> dict[str, Any]:
    old, image = core.profile.old, container.image.id
    facts: dict[str, Any] = {
        "Id": container.id,
        "Names": names,
        # A name that has moved on to another image would lie.
        "Image": container.image_name if core.state.find_image(container.image_name) is container.image else image,
        "ImageID": image,
        "Command": " ".join(_quoted(w) for w in [container.path, *container.args]),
        "Created": int(container.created),
        "Ports": port_list(container),
        **(_sizes(container, old=old) if size else {}),
        "Labels": container.config.get("Labels") or {},
        "State": container.status,
        "Status": status_text(core, container),
        "HostConfig": {"NetworkMode": container.host_config.get("NetworkMode") or "default"},
        "NetworkSettings": {
            "Networks": {n: _place(container, e, old=old) for n, e in sorted(container.endpoints.items())}
        },
        "Mounts": [_listed(core, mount) for mount in container.mounts if mount.shown],
    }
    if version >= (1, 48):
        facts["ImageManifestDescriptor"] = descriptor(container)
    if version >= (1, 52):
        facts["Health"] = {"Status": "none", "FailingStreak": 0}
    return facts


def _sizes(container: Container, *, old: bool) -> dict[str, int]:
    own, whole = sizes(container)
    return {**({"SizeRw": own or 4096} if own or not old else {}), "SizeRootFs": whole}


def _place(container: Container, endpoint: Endpoint, *, old: bool) -> dict[str, Any]:
    """Return a place on a network as the list shows it: without the names that it has there."""
    return {**networking.describe(endpoint, container.id[:12], old=old), "Aliases": None}


def port_list(container: Container) -> list[dict[str, Any]]:
    """Return the ports of a container as the list shows them."""
    if not networking.publishes(container):
        return []
    found: list[dict[str, Any]] = []
    exposed = {**(container.config.get("ExposedPorts") or {}), **dict.fromkeys(container.ports)}
    for name in exposed:
        inner, kind = networking.inner_port(name), name.partition("/")[2]
        bound = container.ports.get(name)
        for address, port in bound or []:
            found.append({"IP": address, "PrivatePort": inner, "PublicPort": port, "Type": kind or "tcp"})
        if not bound:
            found.append({"PrivatePort": inner, "Type": kind or "tcp"})
    return found


def state_facts(container: Container) -> dict[str, Any]:
    """Return the State that inspect shows."""
    return {
        "Status": container.status,
        "Running": container.running or container.status == "restarting",
        "Paused": container.status == "paused",
        "Restarting": container.status == "restarting",
        "OOMKilled": container.oom,
        "Dead": False,
        "Pid": container.run.process.pid if container.run else 0,
        "ExitCode": container.code,
        "Error": container.error,
        "StartedAt": timestamp(container.started),
        "FinishedAt": timestamp(container.finished),
    }


def inspected(core: Core, container: Container, *, size: bool, version: tuple[int, ...]) -> dict[str, Any]:
    """Return all that is known about a container."""
    old, base = core.profile.old, f"{core.root_dir}/containers/{container.id}"
    facts: dict[str, Any] = {
        "Id": container.id,
        "Created": timestamp(container.created),
        "Path": container.path,
        "Args": container.args,
        "State": state_facts(container),
        "Image": container.image.id,
        "ResolvConfPath": f"{base}/resolv.conf" if container.started else "",
        "HostnamePath": f"{base}/hostname" if container.started else "",
        "HostsPath": f"{base}/hosts" if container.started else "",
        "LogPath": f"{base}/{container.id}-json.log" if container.started or container.error else "",
        "Name": "/" + container.name,
        "RestartCount": container.restarts,
        "Driver": core.profile.driver,
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": [e.id for e in container.execs if e.run is not None] or None,
        "HostConfig": container.host_config,
        "GraphDriver": graph_driver(core, container.id, [layer.diff_id for layer in container.image.layers], "-init"),
    }
    if size:
        facts["SizeRw"], facts["SizeRootFs"] = sizes(container)
        if not old:
            facts["SizeRw"] = facts["SizeRw"] or 4096
    facts["Mounts"] = [mount_facts(core, mount) for mount in container.mounts if mount.shown]
    facts["Config"] = container.config
    facts["NetworkSettings"] = network_settings(core, container, version=version)
    if not old:
        facts["ImageManifestDescriptor"] = descriptor(container)
        del facts["GraphDriver"]
        facts["Storage"] = {"RootFS": {"Snapshot": {"Name": core.profile.driver}}}
    return facts


def graph_driver(core: Core, name: str, below: list[str], own: str = "") -> dict[str, Any]:
    """Return where the layers of a container, or an image, would lie on the Engine's disk.

    Parameters
    ----------
    below: the digests of the layers below, the lowest first.
    own: what the folder of a layer of its own is called behind its name, that lies on top of those.
    """
    at = f"{core.root_dir}/overlay2/{name}"
    folders = [f"{core.root_dir}/overlay2/{layer[7:]}/diff" for layer in reversed(below)]
    lower = [*([f"{at}{own}/diff"] if own else []), *folders]
    data = {"MergedDir": f"{at}/merged", "UpperDir": f"{at}/diff", "WorkDir": f"{at}/work"}
    return {"Data": {**({"LowerDir": ":".join(lower)} if lower else {}), **data}, "Name": core.profile.driver}


def descriptor(container: Container) -> dict[str, Any]:
    """Return where the image's manifest is found, as the containerd image store tells it."""
    return {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": container.image.id,
        "size": len(container.image.config_json),
        "platform": {"architecture": "amd64", "os": "linux"},
    }


def network_settings(core: Core, container: Container, *, version: tuple[int, ...]) -> dict[str, Any]:
    """Return the NetworkSettings that inspect shows; the top-level addresses ended with API 1.52."""
    old = core.profile.old
    ports: dict[str, Any] = {}
    if networking.publishes(container):
        ports = dict.fromkeys(container.config.get("ExposedPorts") or {})
        for name, bound in container.ports.items():
            ports[name] = [{"HostIp": address, "HostPort": str(port)} for address, port in bound]
        ports = dict(sorted(ports.items()))
    networks = {
        name: networking.describe(e, container.id[:12], old=old) for name, e in sorted(container.endpoints.items())
    }
    sandbox = container.id if container.running or (old and container.started) else ""  # an old Engine keeps it
    facts: dict[str, Any] = {
        "SandboxID": sandbox,
        "SandboxKey": f"/var/run/docker/netns/{sandbox[:12]}" if sandbox else "",
        "Ports": ports,
    }
    if version < (1, 52):
        default = networks.get("bridge", {})
        facts = {
            "Bridge": "",
            **facts,
            "HairpinMode": False,
            "LinkLocalIPv6Address": "",
            "LinkLocalIPv6PrefixLen": 0,
            "SecondaryIPAddresses": None,
            "SecondaryIPv6Addresses": None,
            "EndpointID": default.get("EndpointID", ""),
            "Gateway": default.get("Gateway", ""),
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "IPAddress": default.get("IPAddress", ""),
            "IPPrefixLen": default.get("IPPrefixLen", 0),
            "IPv6Gateway": "",
            "MacAddress": default.get("MacAddress", ""),
        }
    return {**facts, "Networks": networks}
