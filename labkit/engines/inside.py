"""The first process of the engine's namespaces: it sets them up, runs dockerd and reaps.

Run as a script by the supervisor, inside new network, process and mount namespaces:
it imports nothing of labkit, so that dockerd starts at once.  When it ends, for
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
import selectors
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _private_run(keep: str) -> None:
    """Give the engine a ``/run`` of its own, with the supervisor's folder in it.

    What dockerd and its helpers leave in /run (sockets of containerd's shims,
    plugins, the lock of iptables) then never meets another Docker's.
    """
    folder = os.open(keep, os.O_PATH)
    subprocess.run(["mount", "-n", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    os.makedirs(keep, mode=0o700, exist_ok=True)
    subprocess.run(
        ["mount", "-n", "--no-canonicalize", "--bind", f"/proc/self/fd/{folder}", keep], pass_fds=[folder], check=True
    )
    os.close(folder)


def _setup(order: dict[str, object]) -> None:
    _private_run(str(order["run"]))
    _loopback_up()
    # The ports that the engine picks by itself, when a container asks for any.
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(str(order["any_port"]))


def _spawn(argv: list[str], log: str, path: str) -> int:
    with open(log, "ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={"PATH": path, "LANG": "C.UTF-8", "HOME": "/root"},
        ).pid


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
    except (OSError, subprocess.CalledProcessError) as error:
        channel.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
        return
    descriptors = [os.open("/proc/self/ns/net", os.O_RDONLY), os.pidfd_open(os.getpid())]
    socket.send_fds(channel, [b'{"ready": true}\n'], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    dockerd = _spawn(order["argv"], order["log"], order["path"])
    with selectors.DefaultSelector() as events:
        events.register(channel, selectors.EVENT_READ)
        events.register(wake_read, selectors.EVENT_READ)
        waiting = b""
        while True:
            ready = {key.fileobj for key, _mask in events.select()}
            if wake_read in ready:
                os.read(wake_read, 4096)
                status = _reap(dockerd)
                if status is not None:
                    dockerd = 0
                    channel.sendall(json.dumps({"exited": status}).encode() + b"\n")
            if channel in ready:
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
