"""Of which kind the fields of a request's body are, so that a wrong one is refused before it is used."""

from __future__ import annotations

from typing import Any

_STRINGS = (
    "Image User WorkingDir Hostname Domainname StopSignal NetworkMode Name Driver Container Subnet Gateway IPRange "
    "IPv4Address Type Source Target Destination HostPort HostIp DetachKeys username password serveraddress Scope Mode"
)
_LISTS = "Env Binds Dns DnsSearch DnsOptions CapAdd CapDrop Aliases Links VolumesFrom ExtraHosts SecurityOpt GroupAdd"
_FLAGS = (
    "Tty OpenStdin StdinOnce AttachStdin AttachStdout AttachStderr Detach Internal Attachable EnableIPv6 "
    "CheckDuplicate Force NoCopy AutoRemove Privileged ReadonlyRootfs ReadOnly PublishAllPorts Init"
)
_NUMBERS = (
    "Memory MemorySwap NanoCpus CpuShares CpuQuota CpuPeriod PidsLimit StopTimeout MaximumRetryCount ShmSize SizeBytes"
)
_OBJECTS = (
    "HostConfig NetworkingConfig EndpointConfig IPAMConfig IPAM RestartPolicy LogConfig Healthcheck "
    "BindOptions VolumeOptions TmpfsOptions DriverConfig"
)
_TEXTS = "Labels Options DriverOpts Sysctls Tmpfs LogConfig.Config StorageOpt Annotations AuxiliaryAddresses"

_KINDS: dict[str, str] = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys(_LISTS.split(), "[]string"),
    **dict.fromkeys(_FLAGS.split(), "bool"),
    **dict.fromkeys(_NUMBERS.split(), "int64"),
    **dict.fromkeys(_OBJECTS.split(), "object"),
    **dict.fromkeys(_TEXTS.split(), "map[string]string"),
    "Cmd": "strslice.StrSlice",
    "ExecConfig.Cmd": "[]string",
    "Entrypoint": "strslice.StrSlice",
    "Mounts": "[]object",
    "IPAM.Config": "[]object",
    "TmpfsOptions.Mode": "int64",
    "ExposedPorts": "map[string]object",
    "Volumes": "map[string]object",
    "EndpointsConfig": "map[string]object",
    "PortBindings": "map[string][]object",
}
_OTHERS = (
    "ArgsEscaped Shell OnBuild MacAddress NetworkDisabled ContainerIDFile PortBindings VolumeDriver CgroupnsMode "
    "IpcMode Cgroup OomScoreAdj PidMode UTSMode UsernsMode Runtime ConsoleSize Isolation CgroupParent BlkioWeight "
    "BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps "
    "CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems Devices DeviceCgroupRules DeviceRequests KernelMemory "
    "KernelMemoryTCP MemoryReservation MemorySwappiness OomKillDisable Ulimits CpuCount CpuPercent IOMaximumIOps "
    "IOMaximumBandwidth Propagation Consistency IPv6Address GlobalIPv6Address Ingress ConfigOnly ConfigFrom Config "
    "Test Interval Timeout Retries StartPeriod Soft Hard PathOnHost PathInContainer CgroupPermissions email User "
    "MaskedPaths ReadonlyPaths IPPrefixLen IPAddress EndpointID NetworkID GwPriority Kind ConsoleSize"
)
_NAMES = {name.lower(): name for name in [*_OTHERS.split(), *(key.rpartition(".")[2] for key in _KINDS)]}
JSON = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}
"""What Go calls the kinds of values in JSON."""


_GO = {
    "HostConfig": "container.HostConfig",
    "NetworkingConfig": "network.NetworkingConfig",
    "RestartPolicy": "container.RestartPolicy",
    "LogConfig": "container.LogConfig",
    "Healthcheck": "container.HealthConfig",
    "IPAM": "network.IPAM",
    "BindOptions": "mount.BindOptions",
    "VolumeOptions": "mount.VolumeOptions",
    "TmpfsOptions": "mount.TmpfsOptions",
    "DriverConfig": "mount.Driver",
    "EndpointConfig": "network.EndpointSettings",
    "IPAMConfig": "network.EndpointIPAMConfig",
    "ContainerConfigWrapper": "runconfig.ContainerConfigWrapper",
    "UpdateConfig": "container.UpdateConfig",
    "ExecConfig": "types.ExecConfig",
    "ExecStartCheck": "types.ExecStartCheck",
    "AuthConfig": "types.AuthConfig",
    "NetworkCreateRequest": "types.NetworkCreateRequest",
    "NetworkConnect": "types.NetworkConnect",
    "NetworkDisconnect": "types.NetworkDisconnect",
    "VolumeCreateBody": "volume.VolumeCreateBody",
    "ServiceSpec": "swarm.ServiceSpec",
    "Cmd": "string",
    "Entrypoint": "string",
}
"""What Go calls the types of some fields, for its messages."""


_FIELDS = {
    "ExecConfig": "AttachStderr AttachStdin AttachStdout Cmd ConsoleSize Detach DetachKeys Env Privileged Tty User "
    "WorkingDir",
    "ExecStartCheck": "Detach Tty ConsoleSize",
    "NetworkConnect": "Container EndpointConfig",
    "NetworkDisconnect": "Container Force",
    "AuthConfig": "username password email serveraddress",
    "VolumeCreateBody": "Name Driver DriverOpts Labels",
}
"""What is read of some bodies; of the others all that is known."""


def _fits(value: Any, kind: str) -> bool:
    if value is None:
        return True
    if kind.startswith("[]"):
        return isinstance(value, list) and all(_fits(item, kind[2:]) for item in value)
    if kind.startswith("map[string]"):
        return isinstance(value, dict) and all(_fits(item, kind[11:]) for item in value.values())
    if kind == "strslice.StrSlice":
        return isinstance(value, str) or _fits(value, "[]string")
    if kind == "int64":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "bool": bool, "object": dict}[kind])


def named(value: Any, kind: str = "object") -> Any:
    """Return a value whose fields have the names that the API gives them: Go reads them in upper and lower case.

    Source: https://pkg.go.dev/encoding/json#Unmarshal
    """
    if isinstance(value, list):
        return [named(item, kind) for item in value]
    if not isinstance(value, dict):
        return value
    if kind == "map[string]string":
        return value
    if kind.startswith("map[string]"):
        return {key: named(item) for key, item in value.items()}
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = str(key) if key in _KINDS else _NAMES.get(str(key).lower()) or str(key)
        if name == key or name not in value:
            texts = name == "Config" and isinstance(item, dict)
            found[name] = named(item, "map[string]string" if texts else _KINDS.get(name, "object"))
    return found


def wrong(body: Any, struct: str, *, old: bool = False) -> str:
    """Return what the Engine's decoder says about a value of the wrong kind, nothing where all are right.

    Parameters
    ----------
    body: the object; fields of objects inside are looked at, too.
    struct: what the Engine calls it, for the message.
    old: whether to pass over what engines before 25 do not know.
    """
    if not isinstance(body, dict):
        return f"json: cannot unmarshal {JSON.get(type(body), 'value')} into Go value of type {_GO.get(struct, struct)}"
    for name, value in body.items():
        if struct in _FIELDS and name not in _FIELDS[struct].split():
            continue
        if old and name == "Annotations":
            continue
        own = _KINDS.get(f"{struct}.{name}")
        kind = own or _KINDS.get(name)
        if kind and not _fits(value, kind):
            given = JSON.get(type(value), "value")
            shown = own or _GO.get(name, kind)
            return f"json: cannot unmarshal {given} into Go struct field {struct}.{name} of type {shown}"
        if kind in (None, "map[string]string"):
            continue
        inside = value.values() if isinstance(value, dict) and kind != "object" else [value]
        for item in inside:
            for below in item if isinstance(item, list) else [item]:
                if isinstance(below, dict) and (said := wrong(below, name, old=old)):
                    return said
    return ""
