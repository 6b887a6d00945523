"""A place to run what is not trusted: a small root of its own, a user without rights, limits.

A `Root` is built once for each submission, in a mount namespace and a network namespace of
its own, on a file system in memory.  Programs in it run in process namespaces of their own,
each under a user of its own, so that none sees or signals another.

Sources: mount_namespaces(7), pid_namespaces(7), network_namespaces(7), setrlimit(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
"""labkit itself."""
NOT_STARTED = 3
"""The exit code of `labkit.classroom.inside` where the kernel did not start, so that nothing of a notebook was run."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/ssl")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_NO_NEW_PRIVILEGES = 38
_UP = 0x1
_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914
_ETC = {
    "passwd": "root:x:0:0::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def loopback_up() -> None:
    """Bring up the loopback interface of this network namespace: there is no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", ioctl(sock, _GET_FLAGS, request))[1]
        ioctl(sock, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def mount(*words: str | Path) -> None:
    """Run mount(8)."""
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def bind(source: Path, root: Path, *, writable: bool = False, at: Path | None = None) -> None:
    """Show a file or folder inside a root, under its own path or another one, without set-user-ID and devices."""
    target = root / (at or source).relative_to("/")
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount("--bind", source, target)
    mount("-o", f"remount,bind,nosuid,nodev{'' if writable else ',ro'}", target)


def build(root: Path, shared: Sequence[Path]) -> None:
    """Build a root: the system's programs and this Python, read-only, and the folders that are `shared`."""
    root.mkdir(mode=0o755)
    for name in _SYSTEM:
        place = Path(name)
        if place.is_symlink():
            (root / name[1:]).symlink_to(os.readlink(place))
        elif place.is_dir():
            bind(place, root)
    for name in (*_FILES, sys.base_prefix, sys.prefix):
        place = Path(name)
        if place.exists() and not any(place.is_relative_to(system) for system in _SYSTEM):
            bind(place, root)
    bind(PACKAGE, root)
    for folder in shared:
        bind(folder, root, writable=True)
    for name, text in _ETC.items():
        (root / "etc" / name).write_text(text)
    for inner, mode in (("tmp", 0o1777), ("dev/shm", 0o1777), ("proc", 0o755)):
        (root / inner).mkdir(parents=True, exist_ok=True)
        (root / inner).chmod(mode)
    for name in _DEVICES:
        (root / "dev" / name).touch()
        mount("--bind", f"/dev/{name}", root / "dev" / name)
    (root / "dev" / "fd").symlink_to("/proc/self/fd")


def command(root: Path, user: int, group: int, words: Sequence[str], *, home: Path, masks: Mapping[str, str],
            limits: Mapping[str, int], environment: Mapping[str, str]) -> list[str]:  # fmt: skip
    """Return the command that runs a program in a root; it is to be started as root.

    Parameters
    ----------
    masks: files of the root that another file, or ``/dev/null``, is to lie over; for this program alone.
    limits: by name, such as ``RLIMIT_NPROC``.
    """
    spec = {
        "root": str(root), "user": user, "group": group, "words": list(words), "home": str(home),
        "masks": dict(masks), "limits": dict(limits),
        "environment": {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": str(PACKAGE.parent), "HOME": str(home),
                        "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **environment},
    }  # fmt: skip
    own = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--"]
    return [*own, sys.executable, "-m", "labkit.classroom.jail", json.dumps(spec)]


def enter(spec: Mapping[str, Any]) -> None:
    """Enter a root, give up all rights, and become a program.

    Parameters
    ----------
    spec: as `command` makes it.
    """
    root = Path(spec["root"])
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root / "proc")
    for target, source in spec["masks"].items():
        mount("--bind", source, root / target.lstrip("/"))
        mount("-o", "remount,bind,ro,nosuid", root / target.lstrip("/"))
    os.chroot(root)
    os.chdir(spec["home"])
    os.umask(0o002)
    os.nice(5)
    for name, value in spec["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    os.setgroups([])
    os.setresgid(*[spec["group"]] * 3)
    os.setresuid(*[spec["user"]] * 3)
    if ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        sys.exit("no_new_privs cannot be set")
    os.execve(spec["words"][0], spec["words"], spec["environment"])


def main() -> None:
    """Enter the root as the first argument says."""
    enter(json.loads(sys.argv[1]))


if __name__ == "__main__":
    main()
