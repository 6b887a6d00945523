"""From the body of ``POST /containers/create`` to a container: defaults, mounts, networks.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate
"""

from __future__ import annotations

import copy as copying
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import checks, lifecycle, linking, networking
from .machine.files import Folder, copy
from .machine.network import Host
from .machine.process import MACHINE
from .state import NAME, Container, Image, Mount, Volume
from .wire import Fault

if TYPE_CHECKING:
    from .core import Core

EMPTY_CONFIG: dict[str, Any] = {
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": None,
    "Cmd": None,
    "Image": "",
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": {},
}
"""The Config of a container, or an image, that says nothing of its own."""
_CONFIG_MORE = (
    "ExposedPorts",
    "Healthcheck",
    "StopSignal",
    "StopTimeout",
    "Shell",
    "MacAddress",
    "NetworkDisabled",
    "ArgsEscaped",
)

_HOST_CONFIG: dict[str, Any] = {
    "Binds": None,
    "ContainerIDFile": "",
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "PortBindings": None,
    "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    "AutoRemove": False,
    "VolumeDriver": "",
    "VolumesFrom": None,
    "CapAdd": None,
    "CapDrop": None,
    "CgroupnsMode": "host",
    "Dns": None,
    "DnsOptions": None,
    "DnsSearch": None,
    "ExtraHosts": None,
    "GroupAdd": None,
    "IpcMode": "private",
    "Cgroup": "",
    "Links": None,
    "OomScoreAdj": 0,
    "PidMode": "",
    "Privileged": False,
    "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": None,
    "UTSMode": "",
    "UsernsMode": "",
    "ShmSize": 67108864,
    "Runtime": "runc",
    "ConsoleSize": [0, 0],
    "Isolation": "",
    "CpuShares": 0,
    "Memory": 0,
    "NanoCpus": 0,
    "CgroupParent": "",
    "BlkioWeight": 0,
    "BlkioWeightDevice": None,
    "BlkioDeviceReadBps": None,
    "BlkioDeviceWriteBps": None,
    "BlkioDeviceReadIOps": None,
    "BlkioDeviceWriteIOps": None,
    "CpuPeriod": 0,
    "CpuQuota": 0,
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "CpusetCpus": "",
    "CpusetMems": "",
    "Devices": None,
    "DeviceCgroupRules": None,
    "DeviceRequests": None,
    "KernelMemory": 0,
    "KernelMemoryTCP": 0,
    "MemoryReservation": 0,
    "MemorySwap": 0,
    "MemorySwappiness": None,
    "OomKillDisable": False,
    "PidsLimit": None,
    "Ulimits": None,
    "CpuCount": 0,
    "CpuPercent": 0,
    "IOMaximumIOps": 0,
    "IOMaximumBandwidth": 0,
}
_HOST_MORE = ("Mounts", "Tmpfs", "Init", "Sysctls", "StorageOpt", "Annotations")
_HIDDEN = {
    "MaskedPaths": [
        "/proc/asound",
        "/proc/acpi",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
    ],
    "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
}
_HIDDEN_SINCE = ("/proc/interrupts", "/sys/devices/virtual/powercap")
_HIDING = [*_HIDDEN["MaskedPaths"][:2], _HIDDEN_SINCE[0], *_HIDDEN["MaskedPaths"][2:], _HIDDEN_SINCE[1]]


def ordered(names: dict[str, Any]) -> dict[str, Any]:
    """Return a map in the order in which Go writes it: by its keys."""
    return dict(sorted(names.items()))


def container_config(image: Image, body: dict[str, Any], identity: str) -> dict[str, Any]:
    """Return a container's Config: what was asked for over what the image says."""
    config = copying.deepcopy(EMPTY_CONFIG)
    config |= {k: v for k, v in body.items() if k in EMPTY_CONFIG or (k in _CONFIG_MORE and v is not None)}
    base = image.run_config
    for name in ("Cmd", "Entrypoint"):
        if isinstance(config[name], str):
            config[name] = [config[name]]
    if not config["Cmd"] and not config["Entrypoint"]:
        config["Cmd"] = base.get("Cmd")
    if not config["Entrypoint"]:
        config["Entrypoint"] = base.get("Entrypoint")
    elif config["Entrypoint"] == [""]:
        config["Entrypoint"] = None
    for name in ("User", "WorkingDir"):
        config[name] = config[name] or base.get(name) or ""
    if base.get("StopSignal"):
        config.setdefault("StopSignal", base["StopSignal"])
    given = {str(item).partition("=")[0] for item in config["Env"] or []}
    config["Env"] = [*(config["Env"] or []), *(e for e in base.get("Env") or [] if e.partition("=")[0] not in given)]
    config["Labels"] = ordered({**(base.get("Labels") or {}), **(config["Labels"] or {})})
    for name in ("ExposedPorts", "Volumes"):
        merged = {**(base.get(name) or {}), **(config.get(name) or {})}
        if merged or name == "Volumes":
            config[name] = ordered(merged) or None
    shared = ((body.get("HostConfig") or {}).get("NetworkMode")) == "host"
    config["Hostname"] = config["Hostname"] or (MACHINE if shared else identity[:12])
    return config


def host_config(core: Core, body: dict[str, Any]) -> dict[str, Any]:
    """Return a container's HostConfig with all its defaults.  Raises `Fault`."""
    given = body.get("HostConfig") or {}
    made = copying.deepcopy(_HOST_CONFIG)
    made |= {k: v for k, v in given.items() if (k in _HOST_CONFIG and v is not None) or (k in _HOST_MORE and v)}
    for name in ("CgroupnsMode", "IpcMode", "Runtime", "ShmSize", "ConsoleSize", "PidsLimit"):
        made[name] = made[name] or copying.copy(_HOST_CONFIG[name])
    for name in ("LogConfig", "RestartPolicy"):
        made[name] = {**_HOST_CONFIG[name], **{k: v for k, v in made[name].items() if v}}
    if core.profile.old:
        made.pop("Annotations", None)
    else:
        for name in ("KernelMemory", "KernelMemoryTCP", "Cgroup"):
            made.pop(name, None)
        made["OomKillDisable"] = None
        made["RestartPolicy"]["Name"] = made["RestartPolicy"].get("Name") or "no"
    for name in ("PortBindings", "Tmpfs", "Sysctls", "StorageOpt", "Annotations"):
        if made.get(name):
            made[name] = ordered(made[name])
    made["NetworkMode"] = made["NetworkMode"] or "default"
    if made["NetworkMode"] == "default" and not core.profile.old:
        made["NetworkMode"] = "bridge"
    if not made["Privileged"]:
        hidden = [*_HIDDEN["MaskedPaths"], *([] if core.profile.old else _HIDDEN_SINCE)]
        made |= {"MaskedPaths": sorted(hidden, key=_HIDING.index), "ReadonlyPaths": _HIDDEN["ReadonlyPaths"]}
    checks.container(core, body, made)
    made["PortBindings"] = made["PortBindings"] and {
        port: [{"HostIp": "", "HostPort": "", **place} for place in places or []]
        for port, places in made["PortBindings"].items()
    }
    memory = made["Memory"]
    if isinstance(memory, int) and memory > 0 and not made["MemorySwap"]:
        made["MemorySwap"] = 2 * memory
    if core.profile.old and body.get("HostConfig") is None:
        del made["Runtime"]  # it is known from the first start on
    return made


def mounts(core: Core, container: Container) -> list[Mount]:
    """Return what is mounted in a container: Binds, Mounts, Tmpfs and anonymous volumes.  Raises `Fault`."""
    found: dict[str, Mount] = {}
    for bind in container.host_config.get("Binds") or []:
        mount = _bind(core, str(bind))
        found[mount.target] = mount
    for wanted in container.host_config.get("Mounts") or []:
        mount = _mount(core, wanted)
        if mount.target in found:
            raise Fault(400, f"Duplicate mount point: {mount.target}")
        found[mount.target] = mount
    for target, options in (container.host_config.get("Tmpfs") or {}).items():
        path = posixpath.normpath(target)
        found[path] = Mount("tmpfs", "", path, limit=lifecycle.tmpfs_size(str(options)), shown=False)
    for text in container.host_config.get("VolumesFrom") or []:
        for mount in _from_other(core, text or ""):
            found.setdefault(mount.target, mount)
    for target in container.config.get("Volumes") or {}:
        path = posixpath.normpath(target)
        if path not in found:
            volume = add_volume(core, core.ids.new(), anonymous=True)
            found[path] = Mount(
                "volume", "", path, mode="" if core.profile.old else "z", volume=volume, tree=volume.tree
            )
    for mount in found.values():
        if mount.volume is not None and mount.copies:
            lifecycle.populate(core, container, mount.volume, mount.target)
    return list(found.values())


def _from_other(core: Core, text: str) -> list[Mount]:
    """Return the mounts of another container, as an entry of ``VolumesFrom`` names it.  Raises `Fault` (400)."""
    if not text:
        raise Fault(400, "volumes-from specification cannot be an empty string")
    name, _colon, mode = text.partition(":")
    if mode not in ("", "ro", "rw", "z", "Z"):
        raise Fault(400, f"invalid mode: {mode}")
    try:
        other = core.state.container(name)
    except Fault as fault:
        raise Fault(400, fault.message) from None
    return [replace(m, mode="", writable=m.writable and mode != "ro", copies=False) for m in other.mounts]


def _bind(core: Core, text: str) -> Mount:
    source, colon, rest = text.partition(":")
    target, _colon, mode = rest.partition(":")
    if not colon and source.startswith("/") and posixpath.normpath(source) != "/":  # a place for a volume of its own
        volume = add_volume(core, core.ids.new(), anonymous=True)
        return Mount("volume", "", posixpath.normpath(source), mode="z", volume=volume, tree=volume.tree)
    status = 500 if core.profile.old else 400
    if not colon:
        source, target = "", source
    if said := checks.absolute("bind" if source.startswith("/") else "volume", target):
        raise Fault(400 if target == "/" else status, f"invalid volume specification: '{text}': {said}")
    for word in mode.split(",") if mode else []:
        if word not in (
            "ro",
            "rw",
            "z",
            "Z",
            "nocopy",
            "rprivate",
            "private",
            "rshared",
            "shared",
            "rslave",
            "slave",
            "cached",
            "delegated",
        ):
            raise Fault(status, f"invalid mode: {mode}")
    writable = "ro" not in mode.split(",")
    target = posixpath.normpath(target)
    if source.startswith("/"):
        tree = core.folders.tree(source)
        return Mount("bind", source, target, writable, mode, tree=core.folders.make(source) if tree is None else tree)
    if not NAME.fullmatch(source):
        raise Fault(400, invalid_volume(source))
    volume = core.state.volumes.get(source) or add_volume(core, source)
    copies = "nocopy" not in mode.split(",")
    return Mount("volume", source, target, writable, mode or "z", volume=volume, tree=volume.tree, copies=copies)


def _mount(core: Core, wanted: dict[str, Any]) -> Mount:
    kind, target, source = wanted.get("Type") or "", wanted.get("Target") or "", wanted.get("Source") or ""
    prefix = f'invalid mount config for type "{kind}": '
    if said := checks.absolute(kind, target):
        raise Fault(400, said if said.startswith(prefix) else prefix + said)
    target, writable = posixpath.normpath(target), not wanted.get("ReadOnly")
    if kind == "bind":
        if not source:
            raise Fault(400, prefix + "field Source must not be empty")
        tree = core.folders.tree(source)
        if tree is None:
            raise Fault(400, prefix + f"bind source path does not exist: {source}")
        return Mount("bind", source, target, writable, "", tree=tree)
    if kind == "tmpfs" and source:
        raise Fault(400, prefix + "field Source must not be specified")
    if kind == "tmpfs":
        size = (wanted.get("TmpfsOptions") or {}).get("SizeBytes") or 0
        return Mount("tmpfs", "", target, limit=size if isinstance(size, int) else 0)
    if kind != "volume":
        raise Fault(400, f'invalid mount config for type "{kind}": mount type unknown')
    if source and not NAME.fullmatch(source):
        raise Fault(400, prefix + f"invalid volume name: {source}")
    given = wanted.get("VolumeOptions") or {}
    labels, copies = given.get("Labels"), not given.get("NoCopy")
    volume = core.state.volumes.get(source) or add_volume(
        core, source or core.ids.new(), labels=labels, anonymous=not source
    )
    return Mount("volume", source, target, writable, "z", volume=volume, tree=volume.tree, copies=copies)


def invalid_volume(name: str) -> str:
    """Return what is said about a volume's name that is not allowed."""
    return (
        f'create {name}: "{name}" includes invalid characters for a local volume '
        'name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" '
        "are allowed. If you intended to pass a host directory, use absolute path"
    )


def add_volume(
    core: Core,
    name: str,
    *,
    labels: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    anonymous: bool = False,
) -> Volume:
    """Make a volume."""
    if anonymous and not core.profile.old:
        labels = {"com.docker.volume.anonymous": "", **(labels or {})}
    volume = Volume(name, core.now, labels and ordered(labels), options, anonymous)
    if lifecycle.memory_limit(volume):
        volume.tree.mode = 0o1777
    core.state.volumes[name] = volume
    core.event("volume", "create", name, {"driver": "local"})
    return volume


def build(core: Core, name: str, body: dict[str, Any], image: Image, host: dict[str, Any] | None = None) -> Container:
    """Make a container.  Raises `Fault`.

    Parameters
    ----------
    host: its HostConfig, where that has been looked through already.
    """
    identity = core.ids.new()
    config = container_config(image, body, identity)
    command = [*(config["Entrypoint"] or []), *(config["Cmd"] or [])]
    if not command:
        raise Fault(400, "No command specified" if core.profile.old else "no command specified")
    root = copy(image.tree)
    container = Container(
        identity,
        name,
        core.now,
        image,
        str(body.get("Image")),
        config,
        host_config(core, body) if host is None else host,
        root if isinstance(root, Folder) else Folder(),
        Host(config["Hostname"]),
        str(command[0]),
        [str(w) for w in command[1:]],
    )
    container.mounts = mounts(core, container)
    linking.keep(core, container)
    mode = container.host_config["NetworkMode"]
    wanted = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    first = {"default": "bridge"}.get(mode, mode)
    if not first.startswith("container:"):
        network = networking.chosen(core, first)
        container.endpoints[network.name] = networking.endpoint(
            core, container, network, wanted.get(first) or wanted.get(network.name)
        )
    others = [n for n in wanted if n not in (first, mode) and n not in container.endpoints]
    if others and core.profile.old and len(wanted) > 1:
        raise Fault(400, f"Container cannot be connected to network endpoints: {', '.join(wanted)}")
    for other in others:
        network = core.state.network(other)
        container.endpoints[network.name] = networking.endpoint(core, container, network, wanted[other])
    return container
