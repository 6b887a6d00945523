"""What dockerd runs in place of docker-proxy, once for each published port.

It is started by dockerd inside the engine's network namespace, with docker-proxy's own
options, and asks the supervisor outside to listen on this machine's loopback.  It
stays until dockerd stops it; the port is closed when its connection ends.  dockerd
reads from file descriptor 3 whether it worked.

Run as a script, many times: it imports nothing that it does not need.
Source: https://github.com/moby/moby/tree/master/cmd/docker-proxy
"""

import signal
import socket
import sys


def main() -> None:
    """Ask for the port, report to dockerd, and wait to be stopped."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    status = open(3, "w", closefd=True)  # noqa: SIM115 - dockerd reads to its end
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        try:
            asked.connect(sys.argv[1])
            asked.sendall("\0".join(sys.argv[2:]).encode() + b"\n")
            answer = asked.recv(4096).decode(errors="replace")
        except OSError as error:
            answer = f"the lab's supervisor does not answer: {error}"
        status.write("0\n" if answer == "ok" else f"1\n{answer}")
        status.close()
        if answer == "ok":
            asked.recv(1)  # nothing ever comes: this ends with the supervisor, or by a signal
    sys.exit(0 if answer == "ok" else 1)


if __name__ == "__main__":
    main()
