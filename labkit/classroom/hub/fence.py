"""The fence around one student: the first process of namespaces of their own.

Inside, there is the system's software to read, the course, and the student's own folder.
There is no network but a loopback of their own, so that no port of an engine, of a container
or of a kernel is anybody else's.  Two sockets lead out: the student's server, for the hub's
proxy, and the hub, for the server.

Started by `spawner` with ``unshare``, as root; what runs inside is not root and cannot become it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from .. import command, jail

COURSE = Path("/course")
"""Where a student sees the course."""
HOME = Path("/home/student")
EXCHANGE = Path("/exchange")
_TMP = "size=512m,nr_inodes=100k,mode=0755,nosuid,nodev"
"""Of ``/tmp`` and of all else that is not the student's own folder: a file system in memory."""
_PEACE = 10
"""Seconds that the engine has, to end when the server has ended."""


def build(base: Path, order: dict[str, Any]) -> Path:
    """Build what a student sees; return its root.

    Parameters
    ----------
    base: an empty folder, which a file system in memory is laid over.
    order: see `labkit.classroom.hub.spawner`.
    """
    jail.mount("-t", "tmpfs", "-o", _TMP, "tmpfs", base)
    root, own, user = base / "root", Path(order["own"]), order["user"]
    jail.build(root, [])
    course = Path(order["course"])
    for name in ("notebooks", "docs"):
        jail.bind(course / name, root, at=COURSE / name)
    (root / "course" / "labkit").mkdir()
    lab = root / "course" / "lab"
    lab.write_text(command.SCRIPT)
    lab.chmod(0o755)
    for inside, outside in ((COURSE / "work", "work"), (COURSE / ".lab", "lab"), (HOME, "home")):
        jail.bind(own / outside, root, at=inside, writable=True)
    jail.bind(Path(order["socket"]).parent, root, writable=True)
    jail.bind(Path(order["hub"]), root)
    if exchange := order["exchange"]:
        inside = EXCHANGE / Path(exchange).name
        jail.bind(Path(exchange), root, at=inside)
        jail.bind(Path(exchange) / "inbound", root, at=inside / "inbound", writable=True)
        (root / "exchange").chmod(0o777)  # as nbgrader wants it; it is this student's alone
    for name, text in order["files"].items():
        file = root / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    name = order["name"]  # nbgrader takes the name of a submission from here
    for file, line in (("passwd", f"{name}:x:{user}:{user}::{HOME}:/bin/bash"), ("group", f"{name}:x:{user}:")):
        with (root / "etc" / file).open("a") as out:
            out.write(f"{line}\n")
    _terminals(root)
    return root


def _terminals(root: Path) -> None:
    """Give the student pseudo-terminals of their own."""
    (root / "dev" / "pts").mkdir()
    jail.mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=0620", "devpts", root / "dev" / "pts")
    (root / "dev" / "ptmx").symlink_to("pts/ptmx")
    (root / "dev" / "tty").touch()
    jail.mount("--bind", "/dev/tty", root / "dev" / "tty")


def _stay(child: int) -> int:
    """Pass signals on to the server, bury what is left behind, and return the server's exit code."""

    def forward(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    while True:
        pid, status = os.wait()
        if pid == child:
            _end_others()
            return os.waitstatus_to_exitcode(status)


def _end_others() -> None:
    """Let the engine save what it has, and all else end in peace, for a moment."""
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
    signal.alarm(_PEACE)
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        os.kill(-1, signal.SIGTERM)
        while True:
            os.wait()


def main() -> None:
    """Build the fence as the first argument says, and run the server in it until it ends."""
    order = json.loads(sys.argv[1])
    jail.loopback_up()
    root = build(Path(order["base"]), order)
    child = os.fork()
    if child == 0:
        jail.enter(
            {
                "root": str(root), "user": order["user"], "group": order["user"], "words": order["words"],
                "home": str(COURSE / "work"), "masks": {}, "limits": order["limits"],
                "environment": dict(os.environ),  # it holds the server's token, which has no place in a command line
            }
        )  # fmt: skip
    sys.exit(max(0, _stay(child)))


if __name__ == "__main__":
    main()
