"""The first process of the engine's namespaces: it sets them up, runs dockerd and reaps.

Run as a script by the supervisor, inside new network, process and mount namespaces:
it imports nothing of labkit, and little else, so that dockerd starts at once.  When it ends, for
whatever reason, the kernel ends every process, mount and interface of the engine
with it; so a killed engine leaves nothing to clean up but plain files.

It holds one socket to the supervisor, whose number is its second argument.  Messages are JSON, one a
line.  It is told ``{"start": [argv]}`` and ``{"signal": n}``; it says ``{"ready": true}``
(with descriptors of its network namespace and of itself), ``{"exited": status}``.

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


def _run(*argv: str) -> None:
    status = os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)[1]
    if status:
        raise OSError(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}")


def _private_run(keep: str) -> None:
    """Give the engine a ``/run`` of its own, with the supervisor's folder in it.

    What dockerd and its helpers leave in /run (sockets of containerd's shims,
    plugins, the lock of iptables) then never meets another Docker's.
    """
    folder = os.open(keep, os.O_PATH)
    os.set_inheritable(folder, True)
    _run("mount", "-n", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.makedirs(keep, mode=0o700, exist_ok=True)
    _run("mount", "-n", "--no-canonicalize", "--bind", f"/proc/self/fd/{folder}", keep)
    os.close(folder)


def _setup(order: dict[str, str]) -> None:
    _private_run(order["run"])
    _loopback_up()
    # The ports that the engine picks by itself, when a container asks for any.
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as setting:
        setting.write(order["any_port"])


def _spawn(argv: list[str], log: str, path: str) -> int:
    output = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.posix_spawnp(
        argv[0],
        argv,
        {"PATH": path, "LANG": "C.UTF-8", "HOME": "/root"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, output, 0o600),
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
    """Set the namespaces up, then serve the supervisor until it goes."""
    order = json.loads(sys.argv[1])
    channel = socket.socket(fileno=int(sys.argv[2]))
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    try:
        _setup(order)
    except OSError as error:
        channel.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
        return
    descriptors = [os.open("/proc/self/ns/net", os.O_RDONLY), os.pidfd_open(os.getpid())]
    socket.send_fds(channel, [b'{"ready": true}\n'], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    dockerd = _spawn(order["argv"], order["log"], order["path"])
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
                    dockerd = _spawn(told["start"], order["log"], order["path"])
                elif dockerd:
                    os.kill(dockerd, told["signal"])


if __name__ == "__main__":
    main()
