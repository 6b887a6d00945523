"""What the practice engine knows: images, containers, volumes, networks, events."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network
from typing import Any

from .layers import Layer, digest, merged
from .machine.files import File, FileSystem, Folder
from .machine.network import Host, Wire
from .machine.process import Process, ProcessSpace
from .machine.streams import Pipe
from .wire import Channel, Fault

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
ZERO_TIME = "0001-01-01T00:00:00Z"
MAX_LOG = 16 * 1024 * 1024
"""A container's log keeps its last so many bytes."""
LOG_ENTRY = 80
"""What an entry of a log takes beside its text, in bytes: short lines fill a log too, as they do the Engine's file."""
MAX_PIECE = 16 * 1024
"""A line that comes in pieces is kept in entries of about this size, in bytes, as the Engine does."""


def timestamp(seconds: float) -> str:
    """Return a time as the Engine writes it, with nanoseconds."""
    if not seconds:
        return ZERO_TIME
    whole, part = divmod(seconds, 1)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{text}.{int(part * 1e9):09d}Z"


@dataclass(eq=False, repr=False)
class Image:
    """An image.

    Parameters
    ----------
    config: its configuration file, as the OCI lays it down.
    tags: such as ``busybox:latest``; digests such as ``busybox@sha256:…``.
    """

    config: dict[str, Any]
    layers: list[Layer]
    tags: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    parent: str = ""
    last_tagged: float = 0.0
    container: str = ""

    @cached_property
    def config_json(self) -> bytes:
        """The configuration file."""
        return json.dumps(self.config, separators=(",", ":"), sort_keys=True).encode()

    @cached_property
    def id(self) -> str:
        """The digest of the configuration file."""
        return digest(self.config_json)

    @cached_property
    def tree(self) -> Folder:
        """The root file system; not to be changed."""
        return merged(self.layers)

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(layer.size for layer in self.layers)

    @property
    def run_config(self) -> dict[str, Any]:
        """What a container takes from the image: Cmd, Env and so on."""
        return self.config.get("config") or {}

    @property
    def created(self) -> str:
        """When it was made."""
        return str(self.config.get("created", ZERO_TIME))


@dataclass(eq=False, repr=False)
class Volume:
    """A volume."""

    name: str
    created: float
    labels: dict[str, str] | None
    options: dict[str, str] | None
    anonymous: bool = False
    driver: str = "local"
    tree: Folder = field(default_factory=Folder)


@dataclass(eq=False, repr=False)
class Network:
    """A network, and the addresses that are taken on it.

    Parameters
    ----------
    configured: whether whoever made it chose the subnet.
    """

    id: str
    name: str
    created: float
    driver: str = "bridge"
    wire: Wire = field(default_factory=lambda: Wire(IPv4Network("172.17.0.0/16"), "172.17.0.1"))
    ipam: dict[str, Any] = field(default_factory=dict)
    internal: bool = False
    attachable: bool = False
    ipv6: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    scope: str = "local"
    taken: set[str] = field(default_factory=set)
    configured: bool = True


@dataclass(eq=False, repr=False)
class Endpoint:
    """A container's place on a network.

    Parameters
    ----------
    known: whether it was ever connected; until then the Engine does not say the network's id.
    """

    network: Network
    id: str = ""
    aliases: list[str] = field(default_factory=list)
    address: str = ""
    mac: str = ""
    wanted: dict[str, Any] | None = None
    links: list[str] | None = None
    driver_options: dict[str, str] | None = None
    known: bool = False


@dataclass(eq=False, repr=False)
class Mount:
    """What is mounted in a container.

    Parameters
    ----------
    limit: how much a tmpfs may hold, in bytes; 0 for no limit of its own.
    copies: whether a new volume gets what the image has at the mount point.
    shown: whether the API lists it: it does not list the tmpfs of ``HostConfig.Tmpfs``.
    """

    kind: str
    source: str
    target: str
    writable: bool = True
    mode: str = ""
    volume: Volume | None = None
    tree: Folder | File | None = None
    limit: int = 0
    copies: bool = True
    shown: bool = True


class LogEntry:
    """One piece of a container's output: 1 is stdout, 2 stderr."""

    def __init__(self, time: float, stream: int, data: bytes) -> None:
        self.time, self.stream, self.data = time, stream, data


class Run:
    """What a running container, or an exec, has besides its settings.

    Parameters
    ----------
    outputs: who else gets its output; the list itself is kept, and grows with each who attaches.
    """

    def __init__(
        self, process: Process, stdin: Pipe | None = None, outputs: list[Callable[[int, bytes], None]] | None = None
    ) -> None:
        self.process, self.stdin = process, stdin
        self.outputs = [] if outputs is None else outputs
        self.ready: list[Callable[[], bool]] = []


class Exec:
    """A command that runs, or is to run, in a container."""

    def __init__(self, id: str, container: Container, config: dict[str, Any]) -> None:
        self.id, self.container, self.config = id, container, config
        self.run: Run | None = None
        self.started = False
        self.code: int | None = None
        self.pid = 0


@dataclass(eq=False, repr=False)
class Container:
    """A container.

    Parameters
    ----------
    followers: called with each piece of output, and with None at the end.
    starters: called once, when it starts and before its process does anything.
    """

    id: str
    name: str
    created: float
    image: Image
    image_name: str
    config: dict[str, Any]
    host_config: dict[str, Any]
    root: Folder
    host: Host
    path: str = ""
    args: list[str] = field(default_factory=list)
    status: str = "created"
    code: int = 0
    error: str = ""
    oom: bool = False
    started: float = 0.0
    finished: float = 0.0
    restarts: int = 0
    manual_stop: bool = False
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    mounts: list[Mount] = field(default_factory=list)
    logs: deque[LogEntry] = field(default_factory=deque)
    log_size: int = 0
    execs: list[Exec] = field(default_factory=list)
    files: FileSystem | None = None
    space: ProcessSpace | None = None
    run: Run | None = None
    ports: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    followers: list[Callable[[LogEntry | None], None]] = field(default_factory=list)
    waiters: int = 0
    attached: list[Channel] = field(default_factory=list)
    starters: list[Callable[[], None]] = field(default_factory=list)
    stop_count: int = 0

    @property
    def tty(self) -> bool:
        """Whether it has a terminal."""
        return bool(self.config.get("Tty"))

    @property
    def running(self) -> bool:
        """Whether its process lives, paused or not."""
        return self.run is not None

    def log(self, entry: LogEntry) -> None:
        """Keep a piece of output, and hand it to who follows."""
        last, data = self.logs[-1] if self.logs else None, entry.data
        if last and last.stream == entry.stream and last.data[-1:] != b"\n" and len(last.data) < MAX_PIECE:
            line, end, data = data.partition(b"\n")
            last.data += line + end  # the line goes on, and keeps the time at which it began
        if data:
            self.logs.append(LogEntry(entry.time, entry.stream, data))
            self.log_size += LOG_ENTRY
        self.log_size += len(entry.data)
        while self.log_size > MAX_LOG and len(self.logs) > 1:
            self.log_size -= len(self.logs.popleft().data) + LOG_ENTRY
        for follow in list(self.followers):
            follow(entry)


class Ids:
    """New identifiers: 64 hexadecimal digits, different each time, from a seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.count = 0

    def new(self) -> str:
        """Return one."""
        self.count += 1
        return hashlib.sha256(f"{self._seed}/{self.count}".encode()).hexdigest()


class State:
    """All that there is."""

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}
        self.containers: dict[str, Container] = {}
        self.volumes: dict[str, Volume] = {}
        self.networks: dict[str, Network] = {}
        self.execs: dict[str, Exec] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=256)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []

    def container(self, name: str) -> Container:
        """Return a container by name, id or the beginning of its id.  Raises `Fault` (404)."""
        bare = name.lstrip("/")
        if bare in self.containers:
            return self.containers[bare]
        found = next((c for c in self.containers.values() if c.name == bare), None)
        if found:
            return found
        matches = [c for c in self.containers.values() if bare and c.id.startswith(bare)]
        if len(matches) == 1:
            return matches[0]
        if len(matches) > 1:
            raise Fault(400, f"multiple IDs found with provided prefix: {bare}")
        raise Fault(404, f"No such container: {name}")

    def network(self, name: str) -> Network:
        """Return a network by id, name or the beginning of its id.  Raises `Fault` (404)."""
        if name in self.networks:
            return self.networks[name]
        named = [n for n in self.networks.values() if n.name == name]
        if len(named) > 1:
            raise Fault(400, f"{len(named)} matches found based on name: network {name} is ambiguous")
        matches = named or [n for n in self.networks.values() if name and n.id.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise Fault(400, f"{len(matches)} matches found based on ID prefix: network {name} is ambiguous")
        raise Fault(404, f"network {name} not found")

    def volume(self, name: str) -> Volume:
        """Return a volume.  Raises `Fault` (404)."""
        if name not in self.volumes:
            raise Fault(404, f"get {name}: no such volume")
        return self.volumes[name]

    def intermediate(self) -> set[str]:
        """Return the ids of the images that have no name, and that others were made from: lists leave them out."""
        parents = {image.parent for image in self.images.values()}
        return {image.id for image in self.images.values() if not image.tags and image.id in parents}

    def find_image(self, name: str) -> Image | None:
        """Return an image by tag, digest, id or the beginning of its id; None where there is none."""
        for image in self.images.values():
            if image.id in (name, "sha256:" + name) or name in image.digests:
                return image
        tagged = with_tag(name)
        for image in self.images.values():
            if tagged in image.tags:
                return image
        bare = name.removeprefix("sha256:")
        if re.fullmatch(r"[0-9a-f]{4,64}", bare):
            matches = [i for i in self.images.values() if i.id[7:].startswith(bare)]
            return matches[0] if len(matches) == 1 else None
        return None


def with_tag(name: str) -> str:
    """Return a reference with its tag: ``latest`` where it has none, familiar names shortened."""
    name = familiar(name)
    last = name.rpartition("/")[2]
    return name if ":" in last or "@" in name else f"{name}:latest"


def familiar(name: str) -> str:
    """Return a reference as the Engine shows it: without the Hub's own prefixes."""
    for prefix in ("docker.io/library/", "docker.io/", "library/"):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def split_tag(reference: str) -> tuple[str, str]:
    """Return repository and tag; an empty tag where there is none."""
    head, slash, last = reference.rpartition("/")
    repository, _colon, tag = last.partition(":")
    return head + slash + repository, tag
