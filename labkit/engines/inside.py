"""The first process in the engine's namespaces: it starts dockerd again, and reaps.

Run as a script by `boot.spawn`, inside new network, process and mount namespaces, where a
dockerd starts already; its number is the second argument.  It imports nothing of labkit.  When
it ends, for whatever reason, the kernel ends every process, mount and interface of the engine
with it; so a killed engine leaves nothing to clean up but plain files.

Its standard input is a socket to the supervisor.  Messages are JSON, one a line.  It is told
``{"start": true}`` and ``{"signal": n}``; it says ``{"ready": true}`` (with descriptors of its
network namespace and of itself), ``{"exited": status}``.

Sources: pid_namespaces(7), mount_namespaces(7), network_namespaces(7).
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _spawn(order: dict[str, str]) -> int:
    output = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.posix_spawn(
        order["program"],
        [order["program"], "--config-file", order["config"]],
        {"PATH": order["path"], "LANG": "C.UTF-8", "HOME": "/root"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, order["log"], output, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigdef=[signal.SIGCHLD, signal.SIGPIPE],
    )


def _reap(dockerd: int) -> int | None:
    """Collect every process that ended; return dockerd's status when it is among them."""
    status = None
    try:
        while True:
            pid, code = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == dockerd:
                status = os.waitstatus_to_exitcode(code)
    except ChildProcessError:
        pass
    return status


def main() -> None:
    """Serve the supervisor until it goes."""
    order = json.loads(sys.argv[1])
    channel = socket.socket(fileno=0)
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    _loopback_up()
    descriptors = [os.open("/proc/self/ns/net", os.O_RDONLY), os.pidfd_open(os.getpid())]
    socket.send_fds(channel, [b'{"ready": true}\n'], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    dockerd = int(sys.argv[2])
    os.write(wake_write, b"\0")  # it may have ended before anybody listened
    waiting = b""
    while True:
        ready = select.select([channel.fileno(), wake_read], [], [])[0]
        if wake_read in ready:
            os.read(wake_read, 4096)
            status = _reap(dockerd)
            if status is not None:
                dockerd = 0
                channel.sendall(json.dumps({"exited": status}).encode() + b"\n")
        if channel.fileno() in ready:
            data = channel.recv(65536)
            if not data:
                return  # the supervisor has gone: end, and all that is in here with it
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                told = json.loads(line)
                if "start" in told:
                    dockerd = _spawn(order)
                elif dockerd:
                    os.kill(dockerd, told["signal"])


if __name__ == "__main__":
    main()
