"""What dockerd needs before it starts: its place, its daemon.json, and no traces of a former life."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import daemonconfig
from .paths import LABEL, Paths
from .ports import Block

if TYPE_CHECKING:
    from .base import DaemonConfig

_PROXY = Path(__file__).with_name("dockerproxy.py")


def search_path() -> str:
    """The PATH that dockerd and its helpers are looked for in.

    ``LABKIT_DOCKERD_PATH``, a folder, comes first: another Docker unpacked aside.
    """
    given = os.environ.get("LABKIT_DOCKERD_PATH", "")
    usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return f"{given}:{usual}" if given else usual


def program() -> str | None:
    """The dockerd to run; None when there is none."""
    return shutil.which("dockerd", path=search_path())


def socket(paths: Paths) -> Path:
    """The unix socket of the API."""
    return paths.run / "docker.sock"


def config_file(paths: Paths) -> Path:
    """The daemon.json."""
    return paths.state / "daemon.json"


def log(paths: Paths) -> Path:
    """The file that dockerd writes to."""
    return paths.state / "log" / "dockerd.log"


def prepare(paths: Paths, block: Block, config: DaemonConfig | None = None) -> dict[str, Any]:
    """Make everything ready for a dockerd in new namespaces, and return the order for them.

    Parameters
    ----------
    block: its ports.
    config: the daemon.json to start with; None for the lab's own.

    Raises `OSError` when the files cannot be written.
    """
    sweep(paths)
    daemonconfig.write(config_file(paths), config or _base(paths, block))
    clear(paths)
    return {
        "program": program() or "dockerd",
        "config": str(config_file(paths)),
        "run": str(paths.run),
        "log": str(log(paths)),
        "path": search_path(),
        "any_port": f"{block.engine[0]} {block.engine[1]}",
    }


_POOLS = [{"base": "172.17.0.0/16", "size": 16}, {"base": "172.18.0.0/15", "size": 24}]
"""Where networks get subnets that nobody chose: docker0 the first, 512 others the rest.

Docker's own pools hold 15 subnets of 172.16.0.0/12 and walk through them, also past those
that have become free: after some networks one would lie on a subnet drawn for a learner.
Source: https://docs.docker.com/reference/cli/dockerd/#default-address-pools
"""


def _base(paths: Paths, block: Block) -> dict[str, Any]:
    proxy = paths.state / "docker-proxy"
    command = [sys.executable, "-I", "-S", str(_PROXY), str(paths.run / "ports.sock")]
    proxy.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    proxy.chmod(0o700)
    group = os.environ.get("LABKIT_GROUP")  # a learner's, who opens the socket from outside a container
    return {
        **({"group": group} if group else {}),
        "hosts": [f"unix://{socket(paths)}"],
        "data-root": str(paths.state / "engine"),
        "exec-root": str(paths.run / "exec"),
        "pidfile": str(paths.run / "docker.pid"),
        "cgroup-parent": f"/{cgroup(paths)}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "userland-proxy-path": str(proxy),
        "registry-mirrors": [f"http://127.0.0.1:{block.mirror}"],
        "default-address-pools": _POOLS,
    }


def clear(paths: Paths) -> None:
    """Remove the pid file and the socket of a former dockerd: a number in the one means nothing now."""
    (paths.run / "docker.pid").unlink(missing_ok=True)
    socket(paths).unlink(missing_ok=True)


def cgroup(paths: Paths) -> str:
    """The control group of the containers of a checkout."""
    return f"{LABEL}-{paths.instance}"


def sweep(paths: Paths) -> None:
    """Remove the files and control groups that an engine leaves when it is killed."""
    shutil.rmtree(paths.run / "exec", ignore_errors=True)  # pid files and sockets of a former life
    top = Path("/sys/fs/cgroup")
    # One folder, or one for each controller: cgroups(7), versions 2 and 1.
    for place in (top / cgroup(paths), *top.glob(f"*/{cgroup(paths)}")):
        for folder, _children, _files in os.walk(place, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                continue  # something still runs in it
