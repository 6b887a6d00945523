"""The beginning of an engine: its namespaces, and the supervisor that goes with them.

As a script it is the supervisor, found without any installed package.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_INSIDE = str(Path(__file__).with_name("inside.py"))

# A shell does it, for an interpreter would keep dockerd waiting while it starts. The engine
# gets a /run of its own, with the supervisor's folder in it (the working directory, which
# stays reachable): what dockerd and its helpers leave in /run never meets another Docker's.
# Connections to published pages and to the registry go out from the few ports that dockerd may pick
# from by itself: one that is closed must free its port at once, not after a minute, or the fiftieth fails.
# A command in the background has SIGINT ignored, and would hand that on to containers; some
# shells have an env of their own, which cannot undo that.
_SETUP = """set -e
cd "$1"
mount -n -t tmpfs -o mode=755 tmpfs /run
mkdir -p "$1"
mount -n --no-canonicalize --bind . "$1"
cd /
echo "$2" > /proc/sys/net/ipv4/ip_local_port_range
echo 0 > /proc/sys/net/ipv4/tcp_max_tw_buckets
/usr/bin/env -i --default-signal PATH="$3" LANG=C.UTF-8 HOME=/root "$4" --config-file "$5" < /dev/null &
shift 5
exec "$@" $!
"""


def spawn(order: dict[str, Any], *, detached: bool = False) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the namespaces with a dockerd in them; return the process that they end with, and a socket to the first.

    Parameters
    ----------
    order: the dockerd to run (``program``) and its daemon.json (``config``), the folder of
        sockets that both sides see (``run``), the file that dockerd writes to (``log``),
        its ``PATH`` (``path``), and the ports that it picks from by itself (``any_port``).
    detached: leave no child to this process; the process returned ends at once.
    """
    keep, give = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    options = ["--net", "--pid", "--mount", "--propagation", "slave", "--mount-proc", "--fork", "--kill-child=KILL"]
    shell = ["sh", "-c", _SETUP, "sh", *(order[name] for name in ("run", "any_port", "path", "program", "config"))]
    script = [*shell, sys.executable, "-I", "-S", _INSIDE, json.dumps(order)]
    detach = ["setsid", "--fork"] if detached else []
    with give, open(order["log"], "ab") as log:
        process = subprocess.Popen(
            [*detach, "unshare", *options, "--", *script],
            stdin=give.fileno(),
            stdout=log,
            stderr=log,
            start_new_session=not detached,
        )
    return process, keep


def main() -> None:
    """Supervise what was started for the root that the first argument names, as the second says."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from labkit.engines import supervisor

    supervisor.take_over(Path(sys.argv[1]), json.loads(sys.argv[2]))


if __name__ == "__main__":
    main()
