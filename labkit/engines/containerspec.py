"""What the container of the container kind is made of: its create call, and the code put into it."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from . import containerimage
from .base import LABEL, Paths
from .ports import Block

_PACKAGE = Path(__file__).parents[1]
_CODE = ("__init__.py", "errors.py", "files.py", "messages.py", "model.py")
# All that --privileged gives, but for what a Docker in a container of its own may lack itself.
_CAPABILITIES = (
    "AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL "
    "LEASE LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID "
    "SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PACCT SYS_PTRACE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM"
)


@dataclass(frozen=True)
class Spec:
    """The container of one checkout.

    Parameters
    ----------
    paths: of the checkout.
    name: of the container, its volume and its network.
    root: the folder in there that stands for the checkout; it is on the volume.
    run: the folder of sockets in there.
    """

    paths: Paths
    name: str
    root: PurePosixPath
    run: PurePosixPath

    def body(self, image: str, block: Block, *, privileged: bool, shared_socket: bool) -> dict[str, Any]:
        """The body of ``POST /containers/create``.

        Parameters
        ----------
        block: the ports to publish on loopback; in there they have the same numbers.
        privileged: ask for everything at once, or for each capability by its name.
        shared_socket: whether a socket made in there can be opened from outside.
        """
        published = {f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}] for port in _ports(block)}
        binds = [
            f"{self.name}:/lab",
            f"{self.paths.work}:{self.paths.work}",
            f"{self.paths.state / 'log'}:{self.root}/.lab/log",
        ]
        if shared_socket:
            binds.append(f"{self.paths.run}:{self.run}")
        host: dict[str, Any] = {
            "Binds": binds,
            "NetworkMode": self.name,
            "PortBindings": published,
            "Tmpfs": {"/run": "mode=755", "/tmp": "exec"},  # noqa: S108 - a place in the container
            "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
            "MaskedPaths": [],
            "ReadonlyPaths": [],
        }
        if privileged:
            host["Privileged"] = True
        else:
            host["CapAdd"] = _CAPABILITIES.split()
            host["DeviceCgroupRules"] = ["a *:* rwm"]
            binds.append("/sys/fs/cgroup:/sys/fs/cgroup")
        language = [f"LABKIT_LANG={os.environ['LABKIT_LANG']}"] if "LABKIT_LANG" in os.environ else []
        return {
            "Image": image,
            "Hostname": self.name,
            "Labels": {LABEL: "engine"},
            "Entrypoint": ["python3", "-m", "labkit.engines.supervisor"],
            "Cmd": [str(self.root), str(block.base)],
            "Env": [f"PATH={containerimage.PATH}", "PYTHONPATH=/opt", f"LABKIT_GROUP={os.getegid()}", *language],
            "ExposedPorts": {port: {} for port in published},
            "HostConfig": host,
        }


def _ports(block: Block) -> list[int]:
    return [*block.fixed, *range(block.labs[0], block.engine[1] + 1)]


def code() -> bytes:
    """The part of labkit that the supervisor needs, as a tar to be unpacked at the root."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in (*_CODE, *(f"engines/{file.name}" for file in sorted((_PACKAGE / "engines").glob("*.py")))):
            info = tarfile.TarInfo(f"opt/labkit/{name}")
            content = (_PACKAGE / name).read_bytes()
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
    return archive.getvalue()
