"""Whether a container can be made as it is asked for: settings that contradict each other, or that no machine has.

What is said, and with which status, was read off real Engines.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from . import linking
from .machine.digits import whole
from .machine.process import PROCESSORS, SIGNALS
from .wire import Fault

if TYPE_CHECKING:
    from .core import Core

_LEAST_MEMORY = 6 * 1024 * 1024
_PORT = re.compile(r"[0-9]{1,5}(/(tcp|udp|sctp))?")
_SET = re.compile(r"[0-9]{1,18}(-[0-9]{1,18})?(,[0-9]{1,18}(-[0-9]{1,18})?)*")
_MILLISECOND = 1_000_000  # in nanoseconds, as the API counts
_POLICIES = ("no", "always", "unless-stopped", "on-failure")
_DRIVERS = ("json-file", "local", "none", "journald", "syslog", "gelf", "fluentd", "awslogs", "splunk", "etwlogs")
_CAPABILITIES = (
    "ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH "
    "FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN "
    "NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT "
    "SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
)
"""capabilities(7)."""


def container(core: Core, config: dict[str, Any], host: dict[str, Any]) -> None:
    """Look at the settings of a new container.  Raises `Fault`.

    Parameters
    ----------
    config, host: what was asked for, and its HostConfig with all defaults.
    """
    old = core.profile.old
    folder = config.get("WorkingDir") or "/"
    if not folder.startswith("/"):
        raise Fault(400, f"the working directory '{folder}' is invalid, it needs to be an absolute path")
    signal = str(config.get("StopSignal") or "TERM")
    if not 0 < (whole(signal) or SIGNALS.get(signal.upper().removeprefix("SIG"), 0)) < 65:
        raise Fault(400, f"{'I' if old else 'i'}nvalid signal: {config['StopSignal']}")
    _health(config.get("Healthcheck") or {})
    for port in config.get("ExposedPorts") or {}:
        number = port.partition("/")[0]
        if not old and (whole(number) is None or int(number) > 65535):
            why = "invalid syntax" if whole(number) is None else "value out of range"
            raise Fault(400, f"invalid JSON: invalid port '{number}': {why}")
    for line in host.get("ExtraHosts") or []:
        _extra_host(str(line))
    if host.get("Links") and host["NetworkMode"] == "host":
        said = "host type networking can't be used with links. This would result in undefined behavior"
        raise Fault(400, f"conflicting options: {said}")
    for link in host.get("Links") or []:
        name, _alias = linking.parse(str(link))
        try:
            core.state.container(name)
        except Fault as fault:
            raise Fault(400, f"could not get container for {name}: {fault.message}") from None
    for name in ("CapAdd", "CapDrop"):
        for capability in host.get(name) or []:
            bare = str(capability).upper().removeprefix("CAP_")
            if bare not in _CAPABILITIES.split():
                raise Fault(400, f'invalid {name}: unknown capability: "CAP_{bare}"')
    _ports(host.get("PortBindings") or {}, old=old)
    for target in host.get("Tmpfs") or {}:
        if not target.startswith("/"):
            raise Fault(400, f"invalid mount path: '{target}' mount path must be absolute")
    if host["LogConfig"].get("Type") not in _DRIVERS:
        raise Fault(400, f"logger: no log driver named '{host['LogConfig'].get('Type')}' is registered")
    if host.get("Isolation") not in ("", "default", None):
        said = f"nvalid isolation: \"{host['Isolation']}\" - linux only supports 'default'"
        raise Fault(500 if old else 400, ("I" if old else "i") + said)
    if host.get("Runtime") not in ("runc", "io.containerd.runc.v2", "", None):
        what = "Unknown runtime specified" if old else "unknown or invalid runtime name:"
        raise Fault(400, f"{what} {host['Runtime']}")
    if host["AutoRemove"] and (host["RestartPolicy"].get("Name") or "no") != "no":
        raise Fault(400, "can't create 'AutoRemove' container with restart policy")
    update(core, host)


def update(core: Core, host: dict[str, Any]) -> None:
    """Look at what can also be changed later: limits, and the restart policy.  Raises `Fault` (400)."""
    policy = host.get("RestartPolicy") or {}
    for said in (_policy(policy, old=core.profile.old), *_limits(host, old=core.profile.old)):
        if said:
            raise Fault(400, said)


def _policy(policy: dict[str, Any], *, old: bool) -> str:
    name, count = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    if name not in _POLICIES:
        known = "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        return (
            f"invalid restart policy '{name}'" if old else f"invalid restart policy: unknown policy '{name}'; {known}"
        )
    if count > 0 and name != "on-failure" and (policy.get("Name") or not old):
        if old:
            return f"maximum retry count cannot be used with restart policy '{name}'"
        return "invalid restart policy: maximum retry count can only be used with 'on-failure'"
    if count < 0:
        return ("" if old else "invalid restart policy: ") + "maximum retry count cannot be negative"
    return ""


def _limits(host: dict[str, Any], *, old: bool) -> Iterator[str]:
    """Yield what is wrong with the limits, if anything; what is in order yields nothing."""

    def number(name: str) -> int:
        value = host.get(name)
        return value if isinstance(value, int) else 0

    memory, swap = number("Memory"), number("MemorySwap")
    if 0 < memory < _LEAST_MEMORY:
        yield "Minimum memory limit allowed is 6MB"
    if memory > 0 and 0 < swap < memory:
        yield "Minimum memoryswap limit should be larger than memory limit, see usage"
    if memory == 0 and swap > 0:
        yield "You should always set the Memory limit when using Memoryswap limit, see usage"
    swappiness = host.get("MemorySwappiness")
    if isinstance(swappiness, int) and not -1 <= swappiness <= 100:
        yield f"Invalid value: {swappiness}, valid memory swappiness range is 0-100"
    if 0 < number("MemoryReservation") < _LEAST_MEMORY:
        yield "Minimum memory reservation allowed is 6MB"
    if memory and number("MemoryReservation") > memory:
        yield "Minimum memory limit can not be less than memory reservation limit, see usage"
    if old and 0 < number("KernelMemory") < _LEAST_MEMORY:
        yield "Minimum kernel memory limit allowed is 6MB"
    if number("NanoCpus") and (number("CpuPeriod") or number("CpuQuota")):
        other = "Period" if number("CpuPeriod") else "Quota"
        yield f"Conflicting options: Nano CPUs and CPU {other} cannot both be set"
    if not 0 <= number("NanoCpus") <= PROCESSORS * 10**9:
        there = f"as there are only {PROCESSORS} CPUs available"
        yield f"{'R' if old else 'r'}ange of CPUs is from 0.01 to {PROCESSORS:.2f}, {there}"
    if number("CpuPeriod") and not 1000 <= number("CpuPeriod") <= 1_000_000:
        yield "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
    if 0 < number("CpuQuota") < 1000:
        yield "CPU cfs quota can not be less than 1ms (i.e. 1000)"
    yield _chosen(str(host.get("CpusetCpus") or ""), "cpus", "CPUs", PROCESSORS)
    yield _chosen(str(host.get("CpusetMems") or ""), "mems", "memory nodes", 1)
    if number("ShmSize") < 0:
        yield "SHM size can not be less than 0"
    if not -1000 <= number("OomScoreAdj") <= 1000:
        yield f"Invalid value {number('OomScoreAdj')}, range for oom score adj is [-1000, 1000]"


def _chosen(text: str, what: str, names: str, count: int) -> str:
    """Return what is wrong with a list of processors, or of memory nodes, such as ``0-1,3``."""
    if not text:
        return ""
    if not _SET.fullmatch(text):
        return f"Invalid value {text} for cpuset {what}: invalid format: {text}"
    if any(int(number) >= count for number in re.findall(r"\d+", text)):
        there = f"0-{count - 1}" if count > 1 else "0"
        return f"Requested {names} are not available - requested {text}, available: {there}"
    return ""


def _health(check: dict[str, Any]) -> None:
    for name in ("Interval", "Timeout", "StartPeriod"):
        value = check.get(name)
        if isinstance(value, int) and value and value < _MILLISECOND:
            raise Fault(400, f"{name} in Healthcheck cannot be less than 1ms")
    retries = check.get("Retries")
    if isinstance(retries, int) and retries < 0:
        raise Fault(400, "Retries in Healthcheck cannot be negative")


def _extra_host(line: str) -> None:
    name, colon, address = line.partition(":")
    if not colon or not name:
        raise Fault(400, f'bad format for add-host: "{line}"')
    if address == "host-gateway":
        return
    try:
        ip_address(address.strip("[]"))
    except ValueError:
        raise Fault(400, f'invalid IP address in add-host: "{address}"') from None


def _ports(bindings: dict[str, Any], *, old: bool) -> None:
    for port, places in bindings.items():
        if not _PORT.fullmatch(str(port)):
            shown = str(port).partition("/")[0] if old else port
            raise Fault(400, f'invalid port specification: "{shown}"')
        for place in places or []:
            host_ports(str(place.get("HostPort") or ""))


def host_ports(text: str) -> range:
    """Return the ports of the host that a ``HostPort`` allows: one, those of ``8000-8010``, or 0 for any."""
    parts = (text or "0").split("-")[:2]
    ends = [number for part in parts if (number := whole(part)) is not None and number < 65536]
    if len(ends) < len(parts) or ends[0] > ends[-1]:
        raise Fault(400, f'invalid port specification: "{text}"')
    return range(ends[0], ends[-1] + 1)


def detach_keys(keys: str) -> bool:
    """Whether a text names the keys to leave a terminal with, such as ``ctrl-p,ctrl-q``."""
    return (
        all(len(key) == 1 or re.fullmatch(r"ctrl-[a-z@\[\\\]^_]", key.lower()) for key in keys.split(",")) or not keys
    )


def absolute(kind: str, target: str) -> str:
    """Return what is wrong with a mount point; nothing where it may be one."""
    if not target:
        return f'invalid mount config for type "{kind}": field Target must not be empty'
    if not target.startswith("/"):
        return f"invalid mount config for type \"{kind}\": invalid mount path: '{target}' mount path must be absolute"
    if posixpath.normpath(target) == "/":
        return "invalid specification: destination can't be '/'"
    return ""
