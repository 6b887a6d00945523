"""``docker create`` and ``docker update``: the fields of a container's body, and the option that says each.

Source: https://docs.docker.com/reference/cli/docker/container/create/
"""

from __future__ import annotations

import csv
import io
from typing import Any

from ..messages import _
from .asked import Asked, Command, Words, inside, pairs, texts

_CONFIG = {
    "Hostname": "--hostname",
    "Domainname": "--domainname",
    "User": "--user",
    "WorkingDir": "--workdir",
    "StopSignal": "--stop-signal",
    "StopTimeout": "--stop-timeout",
    "MacAddress": "--mac-address",
    "Env": "--env",
    "Labels": "--label",
    "ExposedPorts": "--expose",
    "Volumes": "--volume",
    "Tty": "--tty",
    "OpenStdin": "--interactive",
}
_HOST = {
    "Binds": "--volume",
    "Memory": "--memory",
    "MemoryReservation": "--memory-reservation",
    "MemorySwap": "--memory-swap",
    "MemorySwappiness": "--memory-swappiness",
    "KernelMemory": "--kernel-memory",
    "CpuShares": "--cpu-shares",
    "CpuPeriod": "--cpu-period",
    "CpuQuota": "--cpu-quota",
    "CpuRealtimePeriod": "--cpu-rt-period",
    "CpuRealtimeRuntime": "--cpu-rt-runtime",
    "CpusetCpus": "--cpuset-cpus",
    "CpusetMems": "--cpuset-mems",
    "PidsLimit": "--pids-limit",
    "BlkioWeight": "--blkio-weight",
    "AutoRemove": "--rm",
    "PublishAllPorts": "--publish-all",
    "Privileged": "--privileged",
    "ReadonlyRootfs": "--read-only",
    "Init": "--init",
    "OomKillDisable": "--oom-kill-disable",
    "OomScoreAdj": "--oom-score-adj",
    "CapAdd": "--cap-add",
    "CapDrop": "--cap-drop",
    "GroupAdd": "--group-add",
    "SecurityOpt": "--security-opt",
    "Dns": "--dns",
    "DnsSearch": "--dns-search",
    "DnsOptions": "--dns-option",
    "ExtraHosts": "--add-host",
    "Links": "--link",
    "VolumesFrom": "--volumes-from",
    "VolumeDriver": "--volume-driver",
    "IpcMode": "--ipc",
    "PidMode": "--pid",
    "UTSMode": "--uts",
    "UsernsMode": "--userns",
    "CgroupnsMode": "--cgroupns",
    "CgroupParent": "--cgroup-parent",
    "ShmSize": "--shm-size",
    "Sysctls": "--sysctl",
    "StorageOpt": "--storage-opt",
    "Annotations": "--annotation",
    "Isolation": "--isolation",
    "Runtime": "--runtime",
}
_KEYS_ALONE = frozenset(("ExposedPorts", "Volumes"))  # objects whose values say nothing
_UPDATED = frozenset(
    ("Memory", "MemoryReservation", "MemorySwap", "KernelMemory", "CpuShares", "CpuPeriod", "CpuQuota", "CpusetCpus")
) | {"CpuRealtimePeriod", "CpuRealtimeRuntime", "CpusetMems", "PidsLimit", "BlkioWeight"}

_HEALTH = {
    "Interval": "--health-interval",
    "Timeout": "--health-timeout",
    "StartPeriod": "--health-start-period",
    "StartInterval": "--health-start-interval",
}


def create(asked: Asked) -> Command | None:
    """Return ``docker create``; None for a body without an image."""
    body, options = asked.body, asked.options
    image = body.pop("Image", None)
    if not isinstance(image, str) or not image:
        return None
    # The API answers 404 for an image that is not there, where the command would go and pull it.
    options.append(("--pull", "never"))
    asked.value("name", "--name")
    asked.value("platform", "--platform")
    _simple(body, _CONFIG, options)
    for stream in ("Stdin", "Stdout", "Stderr"):
        if body.pop(f"Attach{stream}", False):
            options.append(("--attach", stream.lower()))
    body.pop("StdinOnce", None)  # the command sets it where standard input is attached
    _health(body, options)
    host = inside(body, "HostConfig")
    for taken in (_restart, _cpus, _ports, _mounts, _tmpfs, _logging, _ulimits, _devices):
        taken(host, options)
    _network(asked, host)
    _simple(host, _HOST, options)
    return asked.command("create", image, *_process(asked))


def update(asked: Asked) -> Command:
    """Return ``docker update``."""
    _restart(asked.body, asked.options)
    _cpus(asked.body, asked.options)
    _simple(asked.body, {key: option for key, option in _HOST.items() if key in _UPDATED}, asked.options)
    return asked.command("update", asked.name)


def _simple(body: dict[str, Any], known: dict[str, str], options: list[Words]) -> None:
    for key in [key for key in body if key in known]:
        value, option = body.pop(key), known[key]
        if value is True:
            options.append((option,))
        elif isinstance(value, dict):
            options += [(option, name if key in _KEYS_ALONE else f"{name}={said}") for name, said in pairs(value)]
        elif isinstance(value, list):
            options += [(option, item) for item in texts(value)]
        elif value not in (None, False, "", 0):
            options.append((option, str(value)))


def _process(asked: Asked) -> list[str]:
    """Take entrypoint and command; return the words behind the image."""
    entry, words = asked.body.pop("Entrypoint", None), texts(asked.body.pop("Cmd", None))
    if entry is None:
        return words
    first, *others = texts(entry) or [""]
    asked.options.append(("--entrypoint", first))
    if others:
        asked.remarks.append(_("--entrypoint takes one word; the others lead the command."))
    return [*others, *words]


def _health(body: dict[str, Any], options: list[Words]) -> None:
    health = inside(body, "Healthcheck")
    test = health.get("Test")
    if test == ["NONE"]:
        options.append(("--no-healthcheck",))
        health.pop("Test")
    elif isinstance(test, list) and len(test) == 2 and test[0] == "CMD-SHELL":
        options.append(("--health-cmd", str(test[1])))
        health.pop("Test")
    for key, option in _HEALTH.items():
        if nanoseconds := health.pop(key, 0):
            options.append((option, _duration(nanoseconds)))
    if retries := health.pop("Retries", 0):
        options.append(("--health-retries", str(retries)))


def _duration(nanoseconds: int) -> str:
    """Return a time as the command takes it, in the largest unit that says it whole."""
    units = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))
    return next(f"{nanoseconds // size}{unit}" for unit, size in units if nanoseconds % size == 0)


def _restart(host: dict[str, Any], options: list[Words]) -> None:
    policy = inside(host, "RestartPolicy")
    name, count = policy.pop("Name", ""), policy.pop("MaximumRetryCount", 0)
    if name:
        options.append(("--restart", f"{name}:{count}" if count else str(name)))


def _cpus(host: dict[str, Any], options: list[Words]) -> None:
    billionths = host.get("NanoCpus")
    if isinstance(billionths, int) and billionths > 0:
        whole, part = divmod(host.pop("NanoCpus"), 10**9)
        options.append(("--cpus", f"{whole}.{part:09d}".rstrip("0").rstrip(".")))


def _ports(host: dict[str, Any], options: list[Words]) -> None:
    for port, bindings in (host.pop("PortBindings", None) or {}).items():
        for binding in bindings or [{}]:
            address, number = binding.get("HostIp") or "", binding.get("HostPort") or ""
            address = f"[{address}]" if ":" in address else address
            left = f"{address}:{number}:" if address else f"{number}:" if number else ""
            options.append(("--publish", f"{left}{port}"))


def _mounts(host: dict[str, Any], options: list[Words]) -> None:
    kept = []
    for mount in host.pop("Mounts", None) or []:
        said = _mount(dict(mount)) if isinstance(mount, dict) else ""
        if said:
            options.append(("--mount", said))
        else:
            kept.append(mount)
    if kept:
        host["Mounts"] = kept


def _mount(mount: dict[str, Any]) -> str:
    """Return a mount as ``--mount`` takes it; empty where it holds what that does not know."""
    words = []
    for key, word in (("Type", "type"), ("Source", "source"), ("Target", "target"), ("Consistency", "consistency")):
        if value := mount.pop(key, ""):
            words.append(f"{word}={value}")
    if mount.pop("ReadOnly", False):
        words.append("readonly")
    bind, volume, memory = (inside(mount, key) for key in ("BindOptions", "VolumeOptions", "TmpfsOptions"))
    if value := bind.pop("Propagation", ""):
        words.append(f"bind-propagation={value}")
    if volume.pop("NoCopy", False):
        words.append("volume-nocopy")
    words += [f"volume-label={name}={said}" for name, said in pairs(volume.pop("Labels", None))]
    driver = inside(volume, "DriverConfig")
    if value := driver.pop("Name", ""):
        words.append(f"volume-driver={value}")
    words += [f"volume-opt={name}={said}" for name, said in pairs(driver.pop("Options", None))]
    if value := memory.pop("SizeBytes", 0):
        words.append(f"tmpfs-size={value}")
    if value := memory.pop("Mode", 0):
        words.append(f"tmpfs-mode={value:o}")
    volume.pop("DriverConfig", None)
    if bind or volume or memory or mount.keys() - {"BindOptions", "VolumeOptions", "TmpfsOptions"}:
        return ""
    line = io.StringIO()  # --mount reads one line of CSV
    csv.writer(line, lineterminator="").writerow(words)
    return line.getvalue()


def _tmpfs(host: dict[str, Any], options: list[Words]) -> None:
    for path, said in pairs(host.pop("Tmpfs", None)):
        options.append(("--tmpfs", f"{path}:{said}" if said else path))


def _logging(host: dict[str, Any], options: list[Words]) -> None:
    logs = inside(host, "LogConfig")
    if driver := logs.pop("Type", ""):
        options.append(("--log-driver", str(driver)))
    options += [("--log-opt", f"{name}={said}") for name, said in pairs(logs.pop("Config", None))]


def _ulimits(host: dict[str, Any], options: list[Words]) -> None:
    for limit in host.pop("Ulimits", None) or []:
        options.append(("--ulimit", f"{limit.get('Name')}={limit.get('Soft')}:{limit.get('Hard')}"))


def _devices(host: dict[str, Any], options: list[Words]) -> None:
    for device in host.pop("Devices", None) or []:
        words = [device.get("PathOnHost"), device.get("PathInContainer"), device.get("CgroupPermissions")]
        options.append(("--device", ":".join(str(word) for word in words if word)))


def _network(asked: Asked, host: dict[str, Any]) -> None:
    """Take the networks: one with options of their own, or several with their names alone."""
    mode = host.pop("NetworkMode", None)
    endpoints = inside(inside(asked.body, "NetworkingConfig"), "EndpointsConfig")
    names = list(dict.fromkeys([*([mode] if mode else []), *endpoints]))
    asked.options += [("--network", str(name)) for name in names]
    if len(endpoints) == 1 and len(names) == 1:
        endpoint(next(iter(endpoints.values())) or {}, asked.options, "--network-alias")
    if endpoints and mode is None:
        asked.remarks.append(_("--network also makes it the container's HostConfig.NetworkMode."))


_ADDRESSES = {"IPv4Address": "--ip", "IPv6Address": "--ip6"}


def endpoint(config: dict[str, Any], options: list[Words], alias: str) -> None:
    """Take what a container is in one network."""
    options += [(alias, name) for name in texts(config.pop("Aliases", None))]
    options += [("--link", link) for link in texts(config.pop("Links", None))]
    ipam = inside(config, "IPAMConfig")
    for key, option in _ADDRESSES.items():
        if address := ipam.pop(key, ""):
            options.append((option, str(address)))
    options += [("--link-local-ip", address) for address in texts(ipam.pop("LinkLocalIPs", None))]
