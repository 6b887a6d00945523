"""The whole engine in words: each container in a line, then what there is of each kind, and what nobody uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..messages import _
from . import links
from .facts import WORDS, Holdings, Mount, group
from .links import Thing
from .parts import few


def tell(holdings: Holdings, things: Mapping[str, Sequence[Thing]], drawn: Mapping[str, int]) -> tuple[str, ...]:
    """Return the lines beneath the picture.

    Parameters
    ----------
    things: of each kind, with all their users.
    drawn: how many of each kind, and of ``containers``, the picture shows.
    """
    images = links.names_of_images(holdings)
    gone = {t.key for t in things["networks"] if t.gone}
    orphans = {user for t in things["images"] if t.gone for user in t.users}
    shown, rest = group(holdings.containers, WORDS)
    lines = []
    for c in shown:
        origin = _marked(images[c.name], c.name in orphans)
        facts = [f"{c.name} ({c.state})", _("from {image}", image=origin)]
        if c.places:
            on = ", ".join(_marked(p.network, p.network in gone) for p in c.places)
            facts.append(_("on {networks}", networks=on))
        if c.lodges_with:
            facts.append(_("on the network of {name}", name=c.lodges_with))
        if c.mounts:
            facts.append(_("mounts {what}", what=", ".join(map(_mounted, c.mounts))))
        lines.append("; ".join([*facts, *c.ports]))
    if rest:
        lines.append(_("{count} more containers are not named here.", count=rest))
    for kind in links.KINDS:
        all_ = things[kind]
        if kind == "folders" and not all_:
            continue
        whole = [_whole(kind, t) for t in all_]
        lines.append(f"{named(kind)}: {few(whole, WORDS) or _('none')}")
        if idle := [_called(kind, t) for t in all_ if not t.users]:
            lines.append("  " + _("used by no container: {names}", names=few(idle, WORDS)))
    counts = {"containers": len(holdings.containers), **{kind: len(all_) for kind, all_ in things.items()}}
    missing = [
        _("{count} more {kind}", count=n - drawn[kind], kind=named(kind))
        for kind, n in counts.items() if n > drawn[kind]
    ]  # fmt: skip
    if missing:
        lines.append(_("Not drawn: {what}.", what=", ".join(missing)))
    return tuple(lines)


def named(kind: str) -> str:
    """Return what a kind of things is called."""
    return {
        "containers": _("containers"), "images": _("images"), "networks": _("networks"), "volumes": _("volumes"),
        "folders": _("folders of the host"),
    }[kind]  # fmt: skip


def _whole(kind: str, thing: Thing) -> str:
    said = _marked(_called(kind, thing), thing.gone)
    names = _("also {names}", names=", ".join(thing.also)) if thing.also else ""
    return f"{said} ({names or thing.note})" if names or thing.note else said


def _called(kind: str, thing: Thing) -> str:
    """Return a thing's name in words, where there is room for the whole of it."""
    return thing.name if kind == "images" else thing.key


def _marked(name: str, gone: bool) -> str:
    return _("{name} (gone)", name=name) if gone else name


def _mounted(mount: Mount) -> str:
    said = _("{source} at {path}", source=mount.source or mount.kind, path=mount.target)
    return said if mount.writable else _("{what} read-only", what=said)
