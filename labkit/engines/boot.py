"""The beginning of the supervisor: dockerd's namespaces first, everything else while dockerd starts.

Run as a script, so that nothing is imported before they are on their way.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_INSIDE = str(Path(__file__).with_name("inside.py"))


def spawn(order: dict[str, Any]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the namespaces with a dockerd in them; return their first process, and a socket to it.

    Parameters
    ----------
    order: what `inside` reads: the command line of dockerd (``argv``), the folder of
        sockets that both sides see (``run``), the file that dockerd writes to (``log``),
        its ``PATH`` (``path``), and the ports that it picks from by itself (``any_port``).
    """
    keep, give = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    options = ["--net", "--pid", "--mount", "--propagation", "slave", "--mount-proc", "--fork", "--kill-child=KILL"]
    script = [sys.executable, "-I", "-S", _INSIDE, json.dumps(order), str(give.fileno())]
    with give:
        process = subprocess.Popen(
            ["unshare", *options, "--", *script],
            pass_fds=[give.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, keep


def main() -> None:
    """Start what the second argument says for the root that the first one names, and supervise it."""
    order = json.loads(sys.argv[2])
    begun = spawn(order["namespace"])
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from labkit.engines import supervisor

    supervisor.take_over(Path(sys.argv[1]), order, begun)


if __name__ == "__main__":
    main()
