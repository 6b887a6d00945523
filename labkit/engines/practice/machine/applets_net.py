"""Commands about the network."""

from __future__ import annotations

import re
from collections.abc import Generator

from .network import CONNECT_SECONDS, Socket
from .options import number, options
from .process import Exit, Process, Program, Wait
from .programs import applet
from .streams import NOTHING

MAX_ANSWER = 64 * 1024 * 1024


def _lookup(process: Process, name: str, said: str) -> Generator[Wait | None, None, str]:
    """Return the address of a name, or end the process with what it says."""
    found = process.host.resolve(name)
    if not found:
        yield from process.err(said)
        raise Exit(1)
    return found[0]


@applet("nslookup")
def nslookup(process: Process) -> Program:
    """Print the addresses of a name."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    if not words:
        yield from process.err("nslookup: missing host")
        return 1
    found = process.host.resolve(words[0])
    resolving = any(i.wire.resolves for i in process.host.interfaces)
    server = words[1] if len(words) > 1 else "127.0.0.11" if resolving else "192.0.2.53"
    yield from process.out(f"Server:\t\t{server}\nAddress:\t{server}:53\n\n")
    if not found:
        yield from process.out(f"** server can't find {words[0]}: NXDOMAIN\n\n")
        return 1
    yield from process.out(
        "Non-authoritative answer:\n" + "".join(f"Name:\t{words[0]}\nAddress: {a}\n" for a in found) + "\n"
    )
    return 0


@applet("getent")
def getent(process: Process) -> Program:
    """Print the address of a host: ``getent hosts NAME``."""
    words = process.argv[1:]
    found = process.host.resolve(words[1]) if len(words) > 1 else []
    if not found:
        return 2
    yield from process.out(f"{found[0]:<16}  {words[1]}\n")
    return 0


@applet("ping")
def ping(process: Process) -> Program:
    """Ask whether an address answers."""
    given, words = yield from options(process, "c:w:W:i:q4s:")
    if not words:
        yield from process.err("ping: missing host")
        return 1
    address = yield from _lookup(process, words[0], f"ping: bad address '{words[0]}'")
    try:
        there = process.host.reach(address)
    except OSError as error:
        yield from process.err(f"PING {words[0]} ({address}): 56 data bytes\nping: sendto: {error.strerror}")
        return 1
    yield from process.out(f"PING {words[0]} ({address}): 56 data bytes\n")
    count, received, sent = int(number(process, given.get("-c", "0"))), 0, 0
    deadline = process.now + number(process, given["-w"], float) if "-w" in given else None
    while not count or sent < count:
        if sent:
            yield Wait(until=process.now + number(process, given.get("-i", "1"), float))
        if deadline is not None and process.now >= deadline:
            break
        sent += 1
        if not isinstance(there, float):
            received += 1
            yield from process.out(f"64 bytes from {address}: seq={sent - 1} ttl=64 time=0.080 ms\n")
    if isinstance(there, float):
        yield Wait(until=process.now + number(process, given.get("-W", "10"), float))
    lost = 100 - received * 100 // max(sent, 1)
    text = (
        f"\n--- {words[0]} ping statistics ---\n{sent} packets transmitted, {received} "
        f"packets received, {lost}% packet loss\n"
    )
    times = "round-trip min/avg/max = 0.080/0.080/0.080 ms\n" if received else ""
    yield from process.out(text + times)
    return 0 if received else 1


def _connect(
    process: Process, address: str, port: int, seconds: float, said: str
) -> Generator[Wait | None, None, Socket]:
    """Connect, for at most some seconds, or end the process with what it says."""
    try:
        there = process.host.reach(address)
        if isinstance(there, float):
            yield Wait(until=process.now + min(there, seconds))
            if seconds < there:
                yield from process.err(
                    f"{process.name}: download timed out" if process.name == "wget" else f"{process.name}: timed out"
                )
                raise Exit(1)
        socket = yield from process.host.connect(
            address, port, lambda: process.now - (there if isinstance(there, float) else 0)
        )
        process.held.append(socket)
        return socket
    except OSError as error:
        yield from process.err(f"{process.name}: {said}: {error.strerror}")
        raise Exit(1) from error


@applet("wget", "curl")
def wget(process: Process) -> Program:
    """Fetch a page over HTTP."""
    given, words = yield from options(
        process, "qO:T:SsfLiIo:P:Y:X:H:d:", "spider", "header=", "post-data=", "timeout=", "no-check-certificate"
    )
    found = re.fullmatch(r"(?:(https?)://)?([^/:?]+)(?::(\d+))?([/?].*)?", words[0]) if words else None
    if not found:
        yield from process.err(f"{process.name}: missing URL")
        return 1
    scheme, host, port_text, path = found.groups()
    if scheme == "https":
        yield from process.err(f"{process.name}: this practice command does not speak TLS")
        return 1
    port = int(port_text or 80)
    address = yield from _lookup(process, host, f"{process.name}: bad address '{host}'")
    curl = process.name == "curl"
    quiet = curl or "-q" in given
    if not quiet:
        yield from process.err(f"Connecting to {host}{':' + port_text if port_text else ''} ({address}:{port})")
    seconds = number(process, given.get("-T", given.get("--timeout", "900")), float)
    socket = yield from _connect(process, address, port, seconds, f"can't connect to remote host ({address})")
    body = given.get("--post-data", given.get("-d", ""))
    method = given.get("-X") or ("HEAD" if "-I" in given or "--spider" in given else "POST" if body else "GET")
    target = path or "/"
    head = [
        f"{method} {target if target.startswith('/') else '/' + target} HTTP/1.1",
        f"Host: {host}{':' + port_text if port_text else ''}",
    ]
    head += ["User-Agent: Wget" if not curl else "User-Agent: curl", "Connection: close"]
    head += [given[o] for o in ("--header", "-H") if o in given]
    head += [f"Content-Length: {len(body)}"] if body else []
    socket.write(("\r\n".join(head) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape"))
    answer = yield from _all(socket, process, seconds)
    return (yield from _answer(process, answer, given, path or "/"))


def _all(socket: Socket, process: Process, seconds: float) -> Generator[Wait | None, None, bytes]:
    """Read a connection to its end, waiting at most some seconds at a time."""
    data = bytearray()
    while len(data) < MAX_ANSWER:
        if not socket.readable():
            yield Wait(socket.readable, process.now + seconds)
            if not socket.readable():
                yield from process.err(f"{process.name}: download timed out")
                raise Exit(1)
        piece = socket.read(65536)
        if not piece:
            break
        data += piece
    return bytes(data)


def _answer(process: Process, answer: bytes, given: dict[str, str], path: str) -> Program:
    head, _end, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/1\.[01] (\d+)", lines[0])
    if not found:
        yield from process.err(
            f"{process.name}: bad header line: {lines[0][:60]}" if head else f"{process.name}: error getting response"
        )
        return 1
    if any(line.lower() == "transfer-encoding: chunked" for line in lines):
        body = _unchunked(body)
    status = int(found.group(1))
    curl = process.name == "curl"
    if "-S" in given and not curl:
        yield from process.err("".join(f"  {line}\n" for line in lines).rstrip("\n"))
    if curl and {"-i", "-I"} & given.keys():
        yield from process.out(head + b"\r\n\r\n")
    if status >= 400 and (not curl or "-f" in given):
        yield from process.err(
            f"{process.name}: server returned error: {lines[0]}"
            if not curl
            else f"curl: (22) The requested URL returned error: {status}"
        )
        return 22 if curl else 1
    if "--spider" in given or "-I" in given:
        return 0
    target = given.get("-o") if curl else given.get("-O")
    if target == "-" or (curl and not target):
        yield from process.out(body)
        return 0
    name = target or path.rstrip("/").rpartition("/")[2].partition("?")[0] or "index.html"
    process.files.write(name, body, process.cwd, now=process.now, owner=process.uid)
    if "-q" not in given and not curl:
        yield from process.err(f"saving to '{name}'\n'{name}' saved")
    return 0


def _unchunked(body: bytes) -> bytes:
    pieces = []
    while body:
        size, _end, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if length == 0:
            break
        pieces.append(body[:length])
        body = body[length + 2 :]
    return b"".join(pieces)


@applet("nc", "telnet")
def nc(process: Process) -> Program:
    """Connect to a port, or listen on one, and pass bytes both ways."""
    given, words = yield from options(process, "lp:w:zvne:k")
    if "-l" in given:
        port = int(number(process, given.get("-p") or (words or ["0"])[-1]))
        process.held.append(listener := process.host.listen(port))
        socket = yield from listener.accept()
        process.held.append(socket)
        listener.close()
    else:
        if len(words) < 2:
            yield from process.err("nc: usage: nc HOST PORT")
            return 1
        port = int(number(process, words[1]))
        address = yield from _lookup(process, words[0], f"nc: bad address '{words[0]}'")
        seconds = number(process, given.get("-w", str(CONNECT_SECONDS)), float)
        socket = yield from _connect(process, address, port, seconds, f"can't connect to remote host ({address})")
        if "-z" in given:
            if "-v" in given:
                yield from process.err(f"{words[0]} ({address}:{port}) open")
            return 0
    return (yield from _pass(process, socket, given))


def _pass(process: Process, socket: Socket, given: dict[str, str]) -> Program:
    source = process.fds.get(0, NOTHING)
    idle = float(given["-w"]) if "-w" in given else None
    open_input = True

    def ready() -> bool:
        return socket.readable() or (open_input and source.readable())

    while True:
        if not ready():
            yield Wait(ready, None if idle is None else process.now + idle)
            if not ready():
                break
        if socket.readable():
            data = socket.read(65536)
            if not data:
                break
            yield from process.out(data)
        elif data := source.read(65536):
            socket.write(data)
        else:
            open_input = False
            socket.shutdown()
    return 0


@applet("ip", "ifconfig")
def ip(process: Process) -> Program:
    """Print the interfaces, or with ``ip route`` the ways out."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    forever = "       valid_lft forever preferred_lft forever\n"
    places = []
    for n, (card, i) in enumerate(process.host.cards):
        net = f"{i.address}/{i.wire.subnet.prefixlen} brd {i.wire.subnet.broadcast_address} scope global {card}"
        places.append((2 * n + 4 - 2 * bool(i.card), card, i, net))  # the other end of each has the odd number
    if "-o" in process.argv:
        yield from process.out(f"1: lo    inet 127.0.0.1/8 scope host lo\\{forever}")
        for index, card, _i, net in places:
            yield from process.out(f"{index}: {card}    inet {net}\\{forever}")
        return 0
    if words[:1] in (["route"], ["r"]):
        for n, (_index, card, i, _net) in enumerate(places):
            if n == 0 and not i.wire.internal and not i.card:
                yield from process.out(f"default via {i.wire.gateway} dev {card} \n")
            yield from process.out(f"{i.wire.subnet} dev {card} scope link  src {i.address} \n")
        return 0
    loop = "link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n"
    yield from process.out(f"1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n    {loop}{forever}")
    for index, card, i, net in places:
        shown = f"{card}: <BROADCAST,MULTICAST,UP,LOWER_UP>"
        if not i.card:
            shown = f"{card}@if{index + 1}: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN>"
        yield from process.out(
            f"{index}: {shown} mtu 1500 qdisc noqueue \n"
            f"    link/ether {i.mac} brd ff:ff:ff:ff:ff:ff\n    inet {net}\n{forever}"
        )
    return 0


@applet("netstat")
def netstat(process: Process) -> Program:
    """Print which ports are listened on."""
    yield from process.out(
        "Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address   "
        "        Foreign Address         State\n"
    )
    for port in sorted(process.host.listeners):
        yield from process.out(f"tcp        0      0 {'0.0.0.0:' + str(port):<23} 0.0.0.0:*               LISTEN\n")
    return 0
