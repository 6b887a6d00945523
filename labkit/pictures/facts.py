"""What an engine holds, as plain data: the API's answers, read with what may be missing in them.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ..human import short
from ..layers import made_by
from ..safe import harmless

Answer = Mapping[str, Any]
T = TypeVar("T")

_ENDED = ("exited", "dead", "restarting")
_EXITED = re.compile(r"[A-Z][a-z]+ \((-?\d{1,10})\)")

MOST = 60
"""No more objects are drawn one by one; what is beyond is counted."""

WORDS = 500
"""The words beneath a picture name more: they can be searched, and need no place beside each other."""


@dataclass(frozen=True)
class Place:
    """Where a container is on a network; `address` is empty while it does not run."""

    network: str
    address: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mount:
    """Something mounted into a container.

    Parameters
    ----------
    kind: ``volume``, ``bind``, ``tmpfs``, …
    source: a volume's name, or a path of the host; empty for a tmpfs.
    """

    kind: str
    source: str
    target: str
    writable: bool = True


@dataclass(frozen=True)
class Container:
    """A container.

    Parameters
    ----------
    image: the name that it was made from; `image_id` says which image that was, whatever has that name now.
    lodges_with: the container whose network cards it shares, where its `NetworkMode` is ``container:…``.
    code: the exit code of its last process; None where none has ended.
    """

    name: str
    state: str
    image: str = ""
    image_id: str = ""
    places: tuple[Place, ...] = ()
    ports: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    lodges_with: str = ""
    code: int | None = None


@dataclass(frozen=True)
class Network:
    """A network.

    Parameters
    ----------
    gateway: the host's own address on it.
    open: whether its containers may speak with each other: the option ``enable_icc`` of a bridge.
    """

    name: str
    driver: str
    internal: bool = False
    subnets: tuple[str, ...] = ()
    gateway: str = ""
    open: bool = True


@dataclass(frozen=True)
class Layer:
    """A layer of an image; `size` is None where the history does not tell it."""

    digest: str
    made_by: str
    size: int | None


@dataclass(frozen=True)
class Image:
    """An image; its layers from the bottom up, where they were asked for."""

    id: str
    tags: tuple[str, ...]
    size: int = 0
    layers: tuple[Layer, ...] = ()

    @property
    def name(self) -> str:
        """Its first tag, else the beginning of its id."""
        return self.tags[0] if self.tags else short(self.id)


@dataclass(frozen=True)
class Holdings:
    """What an engine holds, each kind in the order of its names."""

    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    volumes: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()


def group(things: Sequence[T], most: int = MOST) -> tuple[Sequence[T], int]:
    """Return the first `most` things, and how many are left over."""
    return things[:most], max(0, len(things) - most)


def share(counts: Mapping[str, int], most: int = MOST) -> dict[str, int]:
    """Return how many of each kind are shown when `most` are shown in all: small kinds whole, large ones cut."""
    given: dict[str, int] = {}
    left, kinds = most, sorted(counts, key=lambda kind: counts[kind])
    for n, kind in enumerate(kinds):
        given[kind] = min(counts[kind], left // (len(kinds) - n))
        left -= given[kind]
    return given


def holdings(
    containers: Iterable[Answer] = (), networks: Iterable[Answer] = (), volumes: Iterable[Answer] = (),
    images: Iterable[Answer] = (),
) -> Holdings:  # fmt: skip
    """Read the answers of the lists: ``/containers/json``, ``/networks``, ``/volumes``, ``/images/json``."""
    listed = [(_text(answer.get("Id") or ""), container(answer)) for answer in containers]
    # An Engine keeps the id of the container that another one lodges with, and people know its name.
    names = {identity: one.name for identity, one in listed if identity}
    found = (replace(c, lodges_with=names.get(c.lodges_with, short(c.lodges_with))) for _id, c in listed)
    return Holdings(
        tuple(sorted(found, key=lambda c: c.name)),
        tuple(sorted(map(network, networks), key=lambda n: n.name)),
        tuple(sorted(_text(volume.get("Name")) for volume in volumes)),
        tuple(sorted((image(i) for i in images), key=lambda i: (i.name, i.id))),
    )


def container(answer: Answer) -> Container:
    """Read one container, of a list or of an inspect."""
    state = answer.get("State")
    said = state.get("Status") if isinstance(state, Mapping) else state
    config = answer.get("Config") or {}
    names = [str(name).lstrip("/") for name in answer.get("Names") or [answer.get("Name") or ""]]
    settings = answer.get("NetworkSettings") or {}
    places = [_place(name, ends or {}, answer) for name, ends in (settings.get("Networks") or {}).items()]
    mode, _colon, other = str((answer.get("HostConfig") or {}).get("NetworkMode") or "").partition(":")
    image_id = answer.get("ImageID") or answer.get("Image") or ""
    return Container(
        # A container that others link to has further names, such as /other/alias.
        name=_text(next((n for n in names if n and "/" not in n), short(answer.get("Id")))),
        state=_text(said or "?"),
        image=short(_text(config.get("Image") or answer.get("Image"))),
        image_id=_text(image_id),
        places=tuple(sorted(places, key=lambda p: p.network)),
        ports=tuple(sorted(_ports(answer.get("Ports"), settings.get("Ports")))),
        mounts=tuple(sorted(map(_mount, answer.get("Mounts") or []), key=lambda m: (m.kind, m.source, m.target))),
        lodges_with=_text(other) if mode == "container" else "",
        code=_code(answer),
    )


def _code(answer: Answer) -> int | None:
    """Return the exit code: a number in an inspect, words alone in a list, such as ``Exited (3) 2 hours ago``."""
    state = answer.get("State")
    if isinstance(state, Mapping):
        return int(state.get("ExitCode") or 0) if state.get("Status") in _ENDED else None
    found = _EXITED.match(str(answer.get("Status") or ""))
    return int(found[1]) if state in _ENDED and found else None


def network(answer: Answer) -> Network:
    """Read one network."""
    configs = (answer.get("IPAM") or {}).get("Config") or []
    return Network(
        _text(answer.get("Name")),
        _text(answer.get("Driver")),
        bool(answer.get("Internal")),
        tuple(_text(c["Subnet"]) for c in configs if c.get("Subnet")),
        next((_text(c["Gateway"]).partition("/")[0] for c in configs if c.get("Gateway")), ""),
        str((answer.get("Options") or {}).get("com.docker.network.bridge.enable_icc")).lower() != "false",
    )


def image(answer: Answer, history: Sequence[Answer] = ()) -> Image:
    """Read one image, of a list or of an inspect; its layers from its inspect and its history.

    Parameters
    ----------
    history: of the image, the newest step first, as the API gives it.
    """
    tags = [_text(tag) for tag in answer.get("RepoTags") or [] if tag != "<none>:<none>"]
    digests = [_text(d) for d in (answer.get("RootFS") or {}).get("Layers") or []]
    return Image(
        _text(answer.get("Id")), tuple(sorted(tags)), int(answer.get("Size") or 0), tuple(_layers(digests, history))
    )


def _layers(digests: Sequence[str], history: Sequence[Answer]) -> list[Layer]:
    """Join the digests of layers with the steps that made them.

    A step that only changed the description made no layer, and the API does not say which steps
    these are.  Those with a size are certain; where that leaves layers over, steps that write
    files come next; and where it still does not come out even, nothing is said of sizes.
    """
    steps = list(reversed(history))
    for wanted in (_has_size, _writes):
        made = [step for step in steps if wanted(step)]
        if len(made) == len(digests):
            return [Layer(d, made_by(s), int(s.get("Size") or 0)) for d, s in zip(digests, made)]
    return [Layer(digest, short(digest), None) for digest in digests]


def _has_size(step: Answer) -> bool:
    return bool(step.get("Size"))


def _writes(step: Answer) -> bool:
    return _has_size(step) or made_by(step).startswith(("RUN ", "COPY ", "ADD ", "WORKDIR "))


def _place(name: str, ends: Answer, answer: Answer) -> Place:
    # An engine adds the beginning of the container's id to its aliases, which nobody types.
    own = str(answer.get("Id") or "?")
    aliases = sorted({_text(a) for a in ends.get("Aliases") or [] if not own.startswith(str(a))})
    return Place(_text(name), _text(ends.get("IPAddress") or ""), tuple(aliases))


def _ports(listed: Any, bound: Any) -> Iterable[str]:
    """Return the published ports: of a list of dicts (a container list), or of a dict (an inspect)."""
    if isinstance(bound, Mapping):
        pairs = [(h.get("HostIp"), h.get("HostPort"), inside) for inside, hosts in bound.items() for h in hosts or []]
    else:
        pairs = [
            (p.get("IP"), p["PublicPort"], f"{p.get('PrivatePort')}/{p.get('Type')}")
            for p in listed or []
            if p.get("PublicPort")
        ]
    return {f"{_host(ip)}{port} → {inside}" for ip, port, inside in pairs}


def _host(address: Any) -> str:
    text = _text(address or "")
    return f"[{text}]:" if ":" in text else f"{text}:"


def _mount(answer: Answer) -> Mount:
    kind = _text(answer.get("Type") or "bind")
    source = answer.get("Name") if kind == "volume" else answer.get("Source")
    return Mount(kind, _text(source or ""), _text(answer.get("Destination")), bool(answer.get("RW", True)))


def _text(value: object) -> str:
    return harmless("?" if value is None else str(value))
