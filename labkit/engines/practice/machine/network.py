"""Networks in memory: addresses, names, listening ports and connections.

No packet leaves the process.  What is published on the host is carried here by the
server around the engine, which calls `Host.accept`.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_address

from .files import failure
from .process import Wait
from .streams import Pipe

CONNECT_SECONDS = 127.0
"""A connection that nobody answers is given up after this time, as Linux does."""
ARP_SECONDS = 3.0
"""How long it takes to learn that an address of one's own subnet is nobody's."""
BACKLOG = 128


class Socket:
    """One end of a connection."""

    tty = False

    def __init__(self, incoming: Pipe, outgoing: Pipe, peer: str) -> None:
        self.incoming, self.outgoing, self.peer = incoming, outgoing, peer
        self._holders = 1

    def readable(self) -> bool:
        return self.incoming.readable()

    def read(self, size: int) -> bytes:
        return self.incoming.read(size)

    def writable(self) -> bool:
        return self.outgoing.writable()

    def write(self, data: bytes) -> None:
        if self.outgoing.ended:
            raise failure(errno.EPIPE, "")
        self.outgoing.write(data)

    def shutdown(self) -> None:
        """Say that nothing more will be written."""
        self.outgoing.end()

    def share(self) -> Socket:
        self._holders += 1
        return self

    def close(self) -> None:
        if self._holders == 0:
            return
        self._holders -= 1
        if self._holders == 0:
            self.outgoing.end()
            self.incoming.readers = -1


def connection(client: str, server: str) -> tuple[Socket, Socket]:
    """Return the two ends of a new connection, the client's first."""
    up, down = Pipe(), Pipe()
    return Socket(down, up, server), Socket(up, down, client)


class Listener:
    """A port that a process listens on."""

    def __init__(self, port: int, host: Host) -> None:
        self.port, self.host = port, host
        self.waiting: deque[Socket] = deque()

    def accept(self) -> Generator[Wait | None, None, Socket]:
        """Wait for a connection (``yield from``)."""
        if not self.waiting:
            yield Wait(lambda: bool(self.waiting))
        return self.waiting.popleft()

    def close(self) -> None:
        """Stop listening."""
        if self.host.listeners.get(self.port) is self:
            del self.host.listeners[self.port]
        while self.waiting:
            self.waiting.popleft().close()


@dataclass(eq=False, repr=False)
class Interface:
    """A host's place on a network.

    Parameters
    ----------
    address: such as ``172.18.0.2``.
    card: what it is called; empty for ``eth0``, ``eth1`` and so on.
    names: what resolves to it on this network: container name, short id, aliases.
    """

    wire: Wire
    address: str
    mac: str
    host: Host
    names: tuple[str, ...] = ()
    card: str = ""
    received: int = 0
    sent: int = 0


@dataclass(eq=False, repr=False)
class Wire:
    """A network: its subnet, and who is on it.

    Parameters
    ----------
    resolves: whether names are known here; the default bridge has none.
    internal: whether there is a way out.
    """

    subnet: IPv4Network
    gateway: str
    resolves: bool = True
    internal: bool = False
    interfaces: list[Interface] = field(default_factory=list)


class Host:
    """What one container has of the network.

    Parameters
    ----------
    name: its host name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.interfaces: list[Interface] = []
        self.listeners: dict[int, Listener] = {}
        self.extra: dict[str, str] = {}

    @property
    def cards(self) -> list[tuple[str, Interface]]:
        """The interfaces by what they are called."""
        return [(i.card or f"eth{n}", i) for n, i in enumerate(self.interfaces)]

    def join(self, wire: Wire, address: str, mac: str, names: tuple[str, ...], card: str = "") -> Interface:
        """Get an interface on a network."""
        made = Interface(wire, address, mac, self, names, card)
        self.interfaces.append(made)
        wire.interfaces.append(made)
        return made

    def leave(self, wire: Wire) -> None:
        """Give up the interface on a network."""
        for interface in [i for i in self.interfaces if i.wire is wire]:
            self.interfaces.remove(interface)
            wire.interfaces.remove(interface)

    def resolve(self, name: str) -> list[str]:
        """Return the addresses of a name, or of an address itself; empty when it is not known."""
        try:
            return [str(ip_address(name))]
        except ValueError:
            pass
        name = name.rstrip(".").lower()
        if name == "localhost":
            return ["127.0.0.1"]
        if name in self.extra:
            return [self.extra[name]]
        if name == self.name.lower() and self.interfaces:
            return [self.interfaces[0].address]
        found = [
            other.address
            for mine in self.interfaces
            if mine.wire.resolves
            for other in mine.wire.interfaces
            if name in other.names
        ]
        return list(dict.fromkeys(found))

    def listen(self, port: int) -> Listener:
        """Listen on a port.  Raises `OSError` (EADDRINUSE)."""
        if port in self.listeners:
            raise failure(errno.EADDRINUSE, "")
        self.listeners[port] = Listener(port, self)
        return self.listeners[port]

    def reach(self, address: str) -> Host | float:
        """Return who has an address; else how many seconds it takes to find that nobody answers.

        Raises `OSError` (ENETUNREACH) where there is no way there.
        """
        if address.startswith("127.") or any(i.address == address for i in self.interfaces):
            return self
        target = ip_address(address)
        for mine in self.interfaces:
            if target in mine.wire.subnet:
                return next((o.host for o in mine.wire.interfaces if o.address == address), ARP_SECONDS)
        if not any(not mine.wire.internal for mine in self.interfaces):
            raise failure(errno.ENETUNREACH, address)
        return CONNECT_SECONDS

    def connect(self, address: str, port: int, now: Callable[[], float]) -> Generator[Wait | None, None, Socket]:
        """Connect to a port (``yield from``).  Raises `OSError` as the system does."""
        there = self.reach(address)
        if isinstance(there, float):
            yield Wait(until=now() + there)
            raise failure(errno.EHOSTUNREACH if there == ARP_SECONDS else errno.ETIMEDOUT, address)
        return there.accept(port, self.interfaces[0].address if self.interfaces else "127.0.0.1", address)

    def accept(self, port: int, client: str, address: str = "") -> Socket:
        """Take a connection from outside; return the client's end.  Raises `OSError` (ECONNREFUSED)."""
        listener = self.listeners.get(port)
        if listener is None or len(listener.waiting) >= BACKLOG:
            raise failure(errno.ECONNREFUSED, address)
        ours, theirs = connection(client, f"{address}:{port}")
        listener.waiting.append(theirs)
        return ours
