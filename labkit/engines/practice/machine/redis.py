"""A small Redis: the server, and its command-line client.

Source: https://redis.io/docs/latest/develop/reference/protocol-spec/ (RESP2).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from .network import Listener, Socket
from .options import number
from .process import Exit, Process, Program, Wait
from .programs import program
from .streams import NOTHING

VERSION = "7.0.15"
MAX_VALUES = 16 * 1024 * 1024
"""All values together hold no more than this, in bytes."""

Reply = bytes | int | None | list["Reply"] | Exception


class Fault(Exception):
    """An error that the server answers."""


class Status(bytes):
    """A simple string, such as ``OK``."""


@dataclass
class Store:
    """Keys and values, with the time at which each ends.

    Parameters
    ----------
    keep: called with each command that changed something (``--appendonly yes``).
    """

    values: dict[bytes, bytes | list[bytes] | dict[bytes, bytes]] = field(default_factory=dict)
    ends: dict[bytes, float] = field(default_factory=dict)
    started: float = 0.0
    clients: int = 0
    commands: int = 0
    password: bytes = b""
    keep: Callable[[list[bytes]], None] | None = None

    def size(self) -> int:
        """Bytes of all plain values."""
        return sum(len(v) for v in self.values.values() if isinstance(v, bytes))

    def expire(self, now: float) -> None:
        """Forget what has ended."""
        for key in [key for key, end in self.ends.items() if end <= now]:
            self.values.pop(key, None)
            del self.ends[key]


def encode(reply: Reply) -> bytes:
    """Return a reply as it goes over the wire."""
    if isinstance(reply, Status):
        return b"+" + bytes(reply) + b"\r\n"
    if isinstance(reply, Exception):
        return b"-" + str(reply).encode() + b"\r\n"
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, list):
        return b"*%d\r\n" % len(reply) + b"".join(map(encode, reply))
    return b"$%d\r\n%s\r\n" % (len(reply), reply)


def decode(data: bytearray) -> tuple[Reply, bool]:
    """Take one reply or request off the front of `data`; the second value says whether one was whole."""
    line_end = data.find(b"\r\n")
    if line_end < 0:
        return None, False
    kind, rest = chr(data[0]), bytes(data[1:line_end])
    if kind == "$":
        length = int(rest)
        if length < 0:
            del data[: line_end + 2]
            return None, True
        end = line_end + 2 + length
        if len(data) < end + 2:
            return None, False
        found: Reply = bytes(data[line_end + 2 : end])
        del data[: end + 2]
        return found, True
    if kind == "*":
        kept, items = bytes(data), []
        del data[: line_end + 2]
        for _n in range(max(int(rest), 0)):
            item, whole = decode(data)
            if not whole:
                data[:] = kept
                return None, False
            items.append(item)
        return items, True
    del data[: line_end + 2]
    if kind == ":":
        return int(rest), True
    if kind == "+":
        return Status(rest), True
    if kind == "-":
        return Fault(rest.decode()), True
    return list((kind.encode() + rest).split()), True  # an inline command


def run(store: Store, words: list[bytes], now: float) -> Reply:
    """Carry out one command."""
    store.expire(now)
    store.commands += 1
    name = words[0].upper().decode("latin-1")
    command = _COMMANDS.get(name)
    if command is None:
        rest = " ".join(f"'{w.decode('latin-1')}'" for w in words[1:])
        return Fault(f"ERR unknown command '{words[0].decode('latin-1')}', with args beginning with: {rest}")
    work, least, most = command
    if not least <= len(words) - 1 <= most:
        return Fault(f"ERR wrong number of arguments for '{name.lower()}' command")
    try:
        reply = work(store, words[1:], now)
    except Fault as error:
        return error
    if store.keep and name in _WRITES:
        store.keep(words)
    return reply


def _text(store: Store, key: bytes) -> bytes | None:
    value = store.values.get(key)
    if value is not None and not isinstance(value, bytes):
        raise Fault("WRONGTYPE Operation against a key holding the wrong kind of value")
    return value


def _set(store: Store, words: list[bytes], now: float) -> Reply:
    key, value, *rest = words
    flags = [word.upper() for word in rest]
    if store.size() + len(value) > MAX_VALUES:
        raise Fault("OOM command not allowed when used memory > 'maxmemory'.")
    if (b"NX" in flags and key in store.values) or (b"XX" in flags and key not in store.values):
        return None
    store.values[key] = value
    store.ends.pop(key, None)
    for unit, factor in ((b"EX", 1.0), (b"PX", 0.001)):
        if unit in flags:
            store.ends[key] = (
                now + _integer(rest[flags.index(unit) + 1] if flags.index(unit) + 1 < len(rest) else b"") * factor
            )
    return Status(b"OK")


def _integer(text: bytes) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Fault("ERR value is not an integer or out of range") from error


def _add(store: Store, key: bytes, amount: int) -> Reply:
    value = _integer(_text(store, key) or b"0") + amount
    store.values[key] = str(value).encode()
    return value


def _delete(store: Store, words: list[bytes], _now: float) -> Reply:
    for key in words:
        store.ends.pop(key, None)
    return sum(store.values.pop(key, None) is not None for key in words)


def _expire(store: Store, words: list[bytes], now: float) -> Reply:
    if words[0] not in store.values:
        return 0
    store.ends[words[0]] = now + _integer(words[1])
    return 1


def _ttl(store: Store, words: list[bytes], now: float) -> Reply:
    if words[0] not in store.values:
        return -2
    return round(store.ends[words[0]] - now) if words[0] in store.ends else -1


def _keys(store: Store, words: list[bytes], _now: float) -> Reply:
    pattern = words[0].decode("latin-1")
    return [key for key in store.values if fnmatch.fnmatchcase(key.decode("latin-1"), pattern)]


def _append(store: Store, words: list[bytes], _now: float) -> Reply:
    store.values[words[0]] = value = (_text(store, words[0]) or b"") + words[1]
    return len(value)


def _list(store: Store, key: bytes) -> list[bytes]:
    value = store.values.setdefault(key, [])
    if not isinstance(value, list):
        raise Fault("WRONGTYPE Operation against a key holding the wrong kind of value")
    return value


def _push(store: Store, words: list[bytes], _now: float, *, left: bool) -> Reply:
    items = _list(store, words[0])
    for word in words[1:]:
        items.insert(0 if left else len(items), word)
    return len(items)


def _range(store: Store, words: list[bytes], _now: float) -> Reply:
    items = _list(store, words[0]) if words[0] in store.values else []
    first, last = _integer(words[1]), _integer(words[2])
    return list(
        items[first if first >= 0 else max(len(items) + first, 0) : (last if last >= 0 else len(items) + last) + 1]
    )


def _info(store: Store, _words: list[bytes], now: float) -> Reply:
    return (
        f"# Server\r\nredis_version:{VERSION}\r\nredis_mode:standalone\r\nos:Linux\r\ntcp_port:6379\r\n"
        f"uptime_in_seconds:{int(now - store.started)}\r\n\r\n# Clients\r\nconnected_clients:{store.clients}\r\n\r\n"
        f"# Stats\r\ntotal_commands_processed:{store.commands}\r\n\r\n# Keyspace\r\n"
        + (f"db0:keys={len(store.values)},expires={len(store.ends)},avg_ttl=0\r\n" if store.values else "")
    ).encode()


def _flush(store: Store, _words: list[bytes], _now: float) -> Reply:
    store.values.clear()
    store.ends.clear()
    return Status(b"OK")


def _kind(store: Store, words: list[bytes], _now: float) -> Reply:
    value = store.values.get(words[0])
    return Status(b"none" if value is None else b"string" if isinstance(value, bytes) else b"list")


Work = Callable[[Store, list[bytes], float], Reply]

_WRITES = {
    "SET", "DEL", "INCR", "DECR", "INCRBY", "APPEND", "EXPIRE", "LPUSH", "RPUSH", "FLUSHALL", "FLUSHDB",
}  # fmt: skip

_COMMANDS: dict[str, tuple[Work, int, int]] = {
    "PING": (lambda s, w, n: w[0] if w else Status(b"PONG"), 0, 1),
    "ECHO": (lambda s, w, n: w[0], 1, 1),
    "SET": (_set, 2, 6),
    "GET": (lambda s, w, n: _text(s, w[0]), 1, 1),
    "MGET": (lambda s, w, n: [_text(s, key) for key in w], 1, 999),
    "DEL": (_delete, 1, 999),
    "EXISTS": (lambda s, w, n: sum(key in s.values for key in w), 1, 999),
    "INCR": (lambda s, w, n: _add(s, w[0], 1), 1, 1),
    "DECR": (lambda s, w, n: _add(s, w[0], -1), 1, 1),
    "INCRBY": (lambda s, w, n: _add(s, w[0], _integer(w[1])), 2, 2),
    "APPEND": (_append, 2, 2),
    "STRLEN": (lambda s, w, n: len(_text(s, w[0]) or b""), 1, 1),
    "EXPIRE": (_expire, 2, 2),
    "TTL": (_ttl, 1, 1),
    "KEYS": (_keys, 1, 1),
    "TYPE": (_kind, 1, 1),
    "DBSIZE": (lambda s, w, n: len(s.values), 0, 0),
    "LPUSH": (lambda s, w, n: _push(s, w, n, left=True), 2, 999),
    "RPUSH": (lambda s, w, n: _push(s, w, n, left=False), 2, 999),
    "LRANGE": (_range, 3, 3),
    "LLEN": (lambda s, w, n: len(_list(s, w[0])) if w[0] in s.values else 0, 1, 1),
    "INFO": (_info, 0, 1),
    "FLUSHALL": (_flush, 0, 1),
    "FLUSHDB": (_flush, 0, 1),
    "SAVE": (lambda s, w, n: Status(b"OK"), 0, 0),
    "BGSAVE": (lambda s, w, n: Status(b"Background saving started"), 0, 1),
    "SELECT": (lambda s, w, n: Status(b"OK"), 1, 1),
    "CLIENT": (lambda s, w, n: Status(b"OK"), 1, 9),
    "COMMAND": (lambda s, w, n: [], 0, 9),
}


def _serve(process: Process, socket: Socket, store: Store) -> Program:
    data, trusted = bytearray(), not store.password
    store.clients += 1
    try:
        while True:
            request, whole = _decoded(data)
            if not whole:
                if not socket.readable():
                    yield Wait(socket.readable)
                piece = socket.read(65536)
                if not piece or len(data) > MAX_VALUES:
                    break
                data += piece
                continue
            words = [bytes(w) for w in request if isinstance(w, bytes)] if isinstance(request, list) else []
            if not words:
                continue
            name = words[0].upper()
            if name == b"QUIT":
                socket.write(encode(Status(b"OK")))
                break
            if name == b"AUTH" and store.password:
                trusted = words[-1] == store.password
                reply: Reply = (
                    Status(b"OK") if trusted else Fault("WRONGPASS invalid username-password pair or user is disabled.")
                )
            else:
                reply = run(store, words, process.now) if trusted else Fault("NOAUTH Authentication required.")
            socket.write(encode(reply))
    except OSError:
        pass  # the client has gone
    store.clients -= 1
    return 0


def _decoded(data: bytearray) -> tuple[Reply, bool]:
    try:
        return decode(data)
    except ValueError:
        data.clear()
        return [b""], True


@program("redis-server")
def server(process: Process) -> Program:
    """The server."""
    words = process.argv[1:]
    if "--version" in words or "-v" in words:
        yield from process.out(f"Redis server v={VERSION} sha=00000000:0 malloc=libc bits=64 build=practice\n")
        return 0
    given = {words[n]: words[n + 1] for n in range(len(words) - 1) if words[n].startswith("--")}
    port = int(number(process, given.get("--port", "6379")))
    try:
        process.held.append(listener := process.host.listen(port))
    except OSError as error:
        yield from process.err(f"Could not create server TCP listening socket *:{port}: bind: Address already in use")
        raise Exit(1) from error
    store = Store(started=process.now, password=given.get("--requirepass", "").encode())
    if given.get("--appendonly") == "yes":
        _append_only(process, store, given.get("--dir", process.cwd))
    stopped: list[int] = []
    process.handlers.update({n: (lambda: stopped.append(1)) for n in (2, 15)})
    process.argv = [f"redis-server *:{port}"]
    mark = f"{process.inner}:M"
    yield from process.out(f"{mark} * Running mode=standalone, port={port}.\n{mark} * Ready to accept connections\n")
    yield from _accept(process, listener, store, stopped)
    yield from process.out(
        f"{process.inner}:signal-handler Received SIGTERM scheduling shutdown...\n"
        f"{mark} # Redis is now ready to exit, bye bye...\n"
    )
    return 0


def _append_only(process: Process, store: Store, folder: str) -> None:
    """Read what was written down, and from now on write down each change.  Raises `OSError`."""
    path = f"{folder.rstrip('/')}/appendonlydir/appendonly.aof.1.incr.aof"
    process.files.make_folders(path.rpartition("/")[0], now=process.now, owner=process.uid)
    data = bytearray(process.files.read(path)) if process.files.lookup(path) else bytearray()
    while data:
        request, whole = decode(data)
        if not whole:
            break
        run(
            store,
            [bytes(w) for w in request if isinstance(w, bytes)] if isinstance(request, list) else [b""],
            process.now,
        )
    log = process.open(path, "a")
    store.keep = lambda words: log.write(encode([*words]))


def _accept(process: Process, listener: Listener, store: Store, stopped: list[int]) -> Program:

    def ready() -> bool:
        return bool(listener.waiting or stopped)

    while not stopped:
        if not ready():
            yield Wait(ready)
        while listener.waiting and not stopped:
            socket = listener.waiting.popleft()
            process.space.thread(process, _serve(process, socket, store), socket)
    listener.close()
    return 0


@program("redis-cli")
def client(process: Process) -> Program:
    """The client: one command from its arguments, or one a line from stdin."""
    words, given = process.argv[1:], {}
    while words and words[0].startswith("-") and len(words[0]) == 2:
        option = words.pop(0)
        given[option] = words.pop(0) if words and option in ("-h", "-p", "-a", "-n", "-r", "-i", "-u") else ""
    host, port = given.get("-h", "127.0.0.1"), int(number(process, given.get("-p", "6379")))
    found = process.host.resolve(host)
    if not found:
        yield from process.err(f"Could not connect to Redis at {host}:{port}: Name or service not known")
        return 1
    try:
        socket = yield from process.host.connect(found[0], port, lambda: process.now)
    except OSError as error:
        yield from process.err(f"Could not connect to Redis at {host}:{port}: {error.strerror}")
        return 1
    process.held.append(socket)
    pretty = process.fds.get(1, NOTHING).tty
    if "-a" in given:
        yield from _ask(socket, [b"AUTH", given["-a"].encode()])
    if words:
        reply = yield from _ask(socket, [w.encode("utf-8", "surrogateescape") for w in words])
        yield from process.out(shown(reply, pretty) + "\n")
        return 1 if isinstance(reply, Exception) and "-e" in given else 0
    for line in (yield from process.read_all()).splitlines():
        if line.strip():
            yield from process.out(shown((yield from _ask(socket, line.split())), pretty) + "\n")
    return 0


def _ask(socket: Socket, words: list[bytes]) -> Generator[Wait | None, None, Reply]:
    socket.write(encode([*words]))
    data = bytearray()
    while True:
        reply, whole = decode(data) if data else (None, False)
        if whole:
            return reply
        if not socket.readable():
            yield Wait(socket.readable)
        piece = socket.read(65536)
        if not piece:
            return Fault("Error: Server closed the connection")
        data += piece


def shown(reply: Reply, pretty: bool) -> str:
    """Return a reply as the client prints it; `pretty` on a terminal."""
    if isinstance(reply, Exception):
        return f"(error) {reply}" if pretty else f"{reply}\n"
    if isinstance(reply, int):
        return f"(integer) {reply}" if pretty else str(reply)
    if reply is None:
        return "(nil)" if pretty else ""
    if isinstance(reply, list):
        if not reply:
            return "(empty array)" if pretty else ""
        return "\n".join(f"{n}) {shown(r, pretty)}" if pretty else shown(r, pretty) for n, r in enumerate(reply, 1))
    text = reply.decode("utf-8", "replace")
    return f'"{text}"' if pretty and not isinstance(reply, Status) else text
