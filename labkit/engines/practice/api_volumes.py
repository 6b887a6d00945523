"""The endpoints of volumes.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Volume
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import filters, lifecycle, settings, views
from .machine.files import File, walk
from .state import NAME, Volume, timestamp
from .wire import Fault, Reply, Request, empty, json_reply, parse_json

if TYPE_CHECKING:
    from .core import Core


def facts(core: Core, volume: Volume) -> dict[str, Any]:
    """Return a volume as the API shows it."""
    return {
        "CreatedAt": timestamp(volume.created).partition(".")[0] + "Z",
        "Driver": volume.driver,
        "Labels": volume.labels,
        "Mountpoint": views.mountpoint(core, volume.name),
        "Name": volume.name,
        "Options": volume.options,
        "Scope": "local",
    }


def size(volume: Volume) -> int:
    """Return how much a volume holds, in bytes."""
    return sum(node.size for _path, node in walk(volume.tree) if isinstance(node, File))


def listing(core: Core, request: Request) -> Reply:
    """``GET /volumes``."""
    wanted = filters.parse(request, ("dangling", "driver", "label", "name"), old=core.profile.old, of="volume")
    dangling = filters.boolean(wanted, "dangling", old=core.profile.old)
    found = [
        v
        for v in core.state.volumes.values()
        if filters.matches(wanted.get("name"), v.name)
        and filters.labels(wanted.get("label", []), v.labels)
        and (not wanted.get("driver") or v.driver in wanted["driver"])
        and (dangling is None or dangling == (not lifecycle.users(core, v)))
    ]
    return json_reply({"Volumes": [facts(core, v) for v in found], "Warnings": None})


def create(core: Core, request: Request) -> Reply:
    """``POST /volumes/create``: again with the same name gives the volume that is there."""
    body = parse_json(request, needed=core.profile.old, old=core.profile.old, struct="VolumeCreateBody")
    name, driver = str(body.get("Name") or ""), body.get("Driver") or "local"
    if driver != "local":
        raise Fault(404, f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')
    if name and not NAME.fullmatch(name):
        said = (
            settings.invalid_volume(name)
            if len(name) > 1
            else f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
        )
        raise Fault(400, said)
    if name in core.state.volumes:
        return json_reply(facts(core, core.state.volumes[name]), 201)
    options = dict(sorted((body.get("DriverOpts") or {}).items())) or None
    unknown = sorted(set(options or {}) - {"type", "o", "device", "size"})
    if unknown:
        raise Fault(
            400,
            f'create {name}: invalid option: "{unknown[0]}"',
        )
    if options and "size" in options:
        raise Fault(400, f"create {name}: quota size requested but no quota support")
    if options and not {"type", "device"} <= options.keys():
        lacking = min({"type", "device"} - options.keys())
        raise Fault(400, f'create {name}: missing required option: "{lacking}"')
    volume = settings.add_volume(
        core, name or core.ids.new(), labels=body.get("Labels"), options=options, anonymous=not name
    )
    return json_reply(facts(core, volume), 201)


def inspect(core: Core, _request: Request, name: str) -> Reply:
    """``GET /volumes/{name}``."""
    return json_reply(facts(core, core.state.volume(name)))


def delete(core: Core, request: Request, name: str) -> Reply:
    """``DELETE /volumes/{name}``: force changes nothing for one in use."""
    if name not in core.state.volumes and request.flag("force"):
        return empty()
    volume = core.state.volume(name)
    used = lifecycle.users(core, volume)
    if used:
        raise Fault(409, f"remove {name}: volume is in use - [{', '.join(c.id for c in used)}]")
    _remove(core, volume)
    return empty()


def _remove(core: Core, volume: Volume) -> None:
    del core.state.volumes[volume.name]
    core.event("volume", "destroy", volume.name, {"driver": volume.driver})


def prune(core: Core, request: Request) -> Reply:
    """``POST /volumes/prune``: since API 1.42 anonymous ones alone, unless ``all`` says otherwise."""
    newer = request.version >= (1, 42)
    known = ("label", "label!", "all") if newer else ("label", "label!")
    wanted = filters.parse(request, known, old=core.profile.old)
    every = not newer or bool(filters.boolean(wanted, "all", old=core.profile.old))
    gone, space = [], 0
    for volume in list(core.state.volumes.values()):
        excluded = wanted.get("label!") and filters.labels(wanted["label!"], volume.labels)
        fits = (every or volume.anonymous) and filters.labels(wanted.get("label", []), volume.labels) and not excluded
        if fits and not lifecycle.users(core, volume):
            space += size(volume)
            _remove(core, volume)
            gone.append(volume.name)
    core.event("volume", "prune", "", {"reclaimed": str(space)})
    return json_reply({"VolumesDeleted": gone or None, "SpaceReclaimed": space})
