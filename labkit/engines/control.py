"""How a command reaches the supervisor: JSON, one object a line, over a unix socket.

A command is ``{"do": name, ...}``.  The answer is any number of ``{"say": sentence,
"share": 0.5}``, then ``{"done": result}`` or ``{"error": sentence, "hint": sentence}``.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EngineError
from ..messages import _
from .paths import Paths

if TYPE_CHECKING:
    from .base import Progress

PROTOCOL = 3
"""Raised by one whenever an older supervisor could not serve a newer labkit."""

_END_SECONDS = 5.0
_START_SECONDS = 60.0


def ask(path: Path, progress: Progress, do: str, *, to_its_end: bool = False, **more: Any) -> Any:
    """Send the supervisor a command, pass on what it says, and return its result.

    Parameters
    ----------
    path: the control socket.
    do, more: the command and what belongs to it.
    to_its_end: wait until the supervisor has ended, too.

    Raises `ConnectionRefusedError` or `FileNotFoundError` when there is no supervisor,
    `EngineError` when it could not do it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(str(path))
        sock.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
        process = _watch(_peer_of(sock)) if to_its_end else None
        with sock.makefile("rb") as answers:
            done = follow(answers, progress)
        if process is not None:
            select.select([process], [], [], _END_SECONDS)
            os.close(process)
        return done


def peer(path: Path) -> int:
    """The process that listens on a unix socket.  Raises `OSError` when none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(str(path))
        return _peer_of(sock)


def _peer_of(sock: socket.socket) -> int:
    pid, _user, _group = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


def _watch(pid: int) -> int | None:
    """A descriptor that is readable once a process has ended: pidfd_open(2).  None when it has already."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def follow(answers: Iterable[bytes], progress: Progress) -> Any:
    """Read the answer to one command."""
    for answer in _lines(answers):
        if "say" in answer:
            progress(answer["say"], answer.get("share"))
        elif "error" in answer:
            raise EngineError(answer["error"], answer.get("hint", ""))
        else:
            return answer["done"]
    raise EngineError(
        _("The lab's supervisor ended before it answered."), _("Type ./lab again; .lab/log has what it said.")
    )


def _lines(answers: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    try:
        for line in answers:
            yield json.loads(line)
    except (OSError, ValueError):
        return


def main() -> None:
    """Pass an order on to the supervisor of a root, and print its answer; run inside a container."""
    path = Paths.of(Path(sys.argv[1])).run / "control.sock"
    end = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            try:
                sock.connect(str(path))
            except OSError:  # it is about to be there
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
                continue
            sock.sendall(sys.argv[2].encode() + b"\n")
            while data := sock.recv(65536):
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            return


if __name__ == "__main__":
    main()
