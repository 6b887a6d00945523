"""Who uses what: images, networks, volumes and folders of the host, each with all containers that use it.

A picture may be cut; what is said of use must not be, so it is found here, over everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..human import short
from ..messages import _
from .facts import Container, Holdings, Image

KINDS = ("images", "networks", "volumes", "folders")

_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Thing:
    """Something that containers use.

    Parameters
    ----------
    key: tells it from others of its kind.
    name: what people call it; `also` are further names of it, and `note` is a remark on its name.
    users: the names of all containers that use it.
    gone: containers name it, and the engine's list does not have it.
    """

    key: str
    name: str
    users: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    note: str = ""
    gone: bool = False


def anonymous(volume: str) -> bool:
    """Tell whether a volume was given its name by the engine: 64 hexadecimal digits."""
    return bool(_ID.fullmatch(volume))


def find(holdings: Holdings) -> dict[str, tuple[Thing, ...]]:
    """Return all things of each of `KINDS`, with their users."""
    on: dict[str, list[str]] = {network.name: [] for network in holdings.networks}
    keep: dict[str, dict[str, list[str]]] = {"volume": {name: [] for name in holdings.volumes}, "bind": {}}
    for c in holdings.containers:
        for network in dict.fromkeys(place.network for place in c.places):
            on.setdefault(network, []).append(c.name)
        for kind, source in dict.fromkeys((m.kind, m.source) for m in c.mounts if m.kind in keep):
            keep[kind].setdefault(source, []).append(c.name)
    listed = {network.name for network in holdings.networks}
    return {
        "images": _images(holdings),
        "networks": _things(on, listed),
        "volumes": _things(keep["volume"], holdings.volumes),
        "folders": _things(keep["bind"], keep["bind"]),
    }


def made_from(holdings: Holdings) -> dict[str, str]:
    """Return the key of each container's image, by the container's name: its id, whatever its name means now."""
    by_id = {_bare(image.id): image.id for image in holdings.images}
    by_tag = {tag: image.id for image in holdings.images for tag in image.tags}
    found = {}
    for c in holdings.containers:
        identity = _bare(c.image_id)
        if identity in by_id:
            found[c.name] = by_id[identity]
        elif _ID.fullmatch(identity):
            found[c.name] = c.image_id
        elif _tag(c.image) in by_tag:  # an answer without ids
            found[c.name] = by_tag[_tag(c.image)]
    return found


def names_of_images(holdings: Holdings) -> dict[str, str]:
    """Return the name of each container's image: the one it was made from where the image still has it."""
    images = {image.id: image for image in holdings.images}
    keys = made_from(holdings)
    return {
        c.name: _name(images[keys[c.name]], c) if keys.get(c.name) in images else short(keys.get(c.name) or c.image)
        for c in holdings.containers
    }


def _images(holdings: Holdings) -> tuple[Thing, ...]:
    keys = made_from(holdings)
    users: dict[str, list[Container]] = {image.id: [] for image in holdings.images}
    for c in holdings.containers:
        if c.name in keys:
            users.setdefault(keys[c.name], []).append(c)
    listed = {image.id: image for image in holdings.images}
    found = []
    for key, made in users.items():
        names = tuple(c.name for c in made)
        if key not in listed:
            found.append(Thing(key, short(key), names, gone=True))
            continue
        image = listed[key]
        # Of several names, the one that most containers were made from.
        name = max(Counter(_name(image, c) for c in made).items(), key=lambda n: n[1])[0] if made else image.name
        others = tuple(tag for tag in image.tags if tag != name)
        found.append(Thing(key, name, names, others, "" if image.tags else _("has no name")))
    return tuple(sorted(found, key=lambda thing: (thing.name, thing.key)))


def _things(users: Mapping[str, Sequence[str]], listed: Iterable[str]) -> tuple[Thing, ...]:
    there = set(listed)
    return tuple(
        Thing(key, short(key), tuple(names), (), _("anonymous") if anonymous(key) else "", key not in there)
        for key, names in sorted(users.items(), key=lambda item: (anonymous(item[0]), item[0]))
    )


def _name(image: Image, container: Container) -> str:
    return tag if (tag := _tag(container.image)) in image.tags else image.name


def _tag(name: str) -> str:
    """Return an image's name as the lists have it: with its tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _bare(identity: str) -> str:
    # Podman leaves out how the digest was made.
    return identity.removeprefix("sha256:")
