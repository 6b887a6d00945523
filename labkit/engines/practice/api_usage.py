"""The endpoint of what takes how much room on the Engine's disk.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System/operation/SystemDataUsage
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import api_images, api_volumes, lifecycle, views
from .layers import chain_ids
from .wire import Fault, Reply, Request, json_reply

if TYPE_CHECKING:
    from .core import Core

_OBJECTS = {"container": "Container", "image": "Image", "volume": "Volume", "build-cache": "BuildCache"}


def df(core: Core, request: Request) -> Reply:
    """``GET /system/df``: the things themselves, and since API 1.52 what they come to."""
    kinds = request.many.get("type", []) if request.version >= (1, 42) else []
    for kind in kinds:
        if kind not in _OBJECTS:
            raise Fault(400, f"unknown object type: {kind}")
    listed = _things(core, request)
    parts = {name: listed[name] for kind, name in _OBJECTS.items() if not kinds or kind in kinds}
    whole = not request.query.get("verbose") or request.version < (1, 52)
    facts: dict[str, Any] = {}
    if whole:
        facts = {f"{name}s" if name != "BuildCache" else name: items for name, items in parts.items()}
        if "Image" in parts:
            facts["LayersSize"] = _layers_size(core)
        if request.version < (1, 42):
            facts["BuilderSize"] = 0
    if not core.profile.old:
        for name, items in parts.items():
            facts[f"{name}Usage"] = _usage(core, name, items) | (
                {"Items": items} if not whole and request.flag("verbose") else {}
            )
    return json_reply(facts)


def _things(core: Core, request: Request) -> dict[str, list[dict[str, Any]] | None]:
    state, old = core.state, core.profile.old
    hidden = state.intermediate()
    shown = [image for image in state.images.values() if image.id not in hidden]
    shares = Counter(name for image in shown for name in chain_ids(image.layers))
    images = []
    for image in shown:
        shared = sum(layer.size for name, layer in zip(chain_ids(image.layers), image.layers) if shares[name] > 1)
        used = sum(c.image is image for c in state.containers.values())
        facts = api_images.summary(core, image, image.tags, image.digests)
        images.append({**facts, "Containers": used, "SharedSize": shared})
    volumes = []
    for volume in state.volumes.values():
        use = {"RefCount": len(lifecycle.users(core, volume)), "Size": api_volumes.size(volume)}
        volumes.append({**api_volumes.facts(core, volume), "UsageData": use})
    containers = views.summaries(core, state.containers.values(), size=True, version=request.version)
    return {"Image": images, "Container": containers, "Volume": volumes, "BuildCache": None if old else []}


def _layers_size(core: Core) -> int:
    images = core.state.images.values()
    return sum({name: layer.size for i in images for name, layer in zip(chain_ids(i.layers), i.layers)}.values())


def _usage(core: Core, name: str, items: list[dict[str, Any]] | None) -> dict[str, int]:
    """Return how many of some things there are and are in use, what they take, and what a prune would free."""
    active: dict[str, Callable[[dict[str, Any]], bool]] = {
        "Container": lambda item: bool(item["State"] in ("running", "paused", "restarting")),
        "Image": lambda item: bool(item["Containers"] > 0),
        "Volume": lambda item: bool(item["UsageData"]["RefCount"] > 0),
    }
    taken: dict[str, Callable[[dict[str, Any]], int]] = {
        "Container": lambda item: int(item.get("SizeRw", 0)),
        "Image": lambda item: int(item["Size"]) - int(item["SharedSize"]),
        "Volume": lambda item: int(item["UsageData"]["Size"]),
    }
    found = items or []
    used = [item for item in found if active[name](item)]
    size = _layers_size(core) if name == "Image" else sum(map(taken[name], found)) if found else 0
    return {
        "ActiveCount": len(used),
        "TotalCount": len(found),
        "TotalSize": size,
        "Reclaimable": sum(taken[name](item) for item in found if item not in used),
    }
