"""The state of a practice engine as bytes, and back: what outlives a restart or a kill.

A tar archive: ``state.json``, the layers of all images, the tree of each container and
of each volume.  Nothing in it is code.
"""

from __future__ import annotations

import io
import json
import tarfile
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from ...errors import EngineError
from ...messages import _
from .layers import Layer, difference, merged, pack, unpack
from .machine.network import Host, Wire
from .state import Container, Endpoint, Image, LogEntry, Mount, Network, Volume

if TYPE_CHECKING:
    from .core import Core

FORMAT = 1


def save(core: Core) -> bytes:
    """Return the state of an engine.  Of a container that runs, what it is after it was killed."""
    files: dict[str, bytes] = {}
    state = core.state
    images = []
    used = {c.image.id: c.image for c in state.containers.values()}  # its entry may have been forced away
    for image in {**used, **state.images}.values():
        for layer in image.layers:
            files.setdefault(f"layers/{layer.diff_id[7:]}", layer.tar)
        images.append(
            {
                "config": image.config,
                "layers": [layer.diff_id[7:] for layer in image.layers],
                "tags": image.tags,
                "digests": image.digests,
                "parent": image.parent,
                "last_tagged": image.last_tagged,
                "container": image.container,
                "listed": image.id in state.images,
            }
        )
    for volume in state.volumes.values():
        files[f"volumes/{volume.name}"] = pack(volume.tree, "", root=True)
    for container in state.containers.values():
        files[f"containers/{container.id}"] = pack(difference(container.image.tree, container.root), "", root=True)
    facts = {
        "format": FORMAT,
        "count": core.ids.count,
        "images": images,
        "volumes": [{k: v for k, v in vars(v).items() if k != "tree"} for v in state.volumes.values()],
        "networks": [_network(n) for n in state.networks.values()],
        "containers": [_container(core, c) for c in state.containers.values()],
        "registry": _registry(core, files),
    }
    files["state.json"] = json.dumps(facts).encode()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def _registry(core: Core, files: dict[str, bytes]) -> dict[str, Any]:
    """Return what has been pushed to the registries that take something, and put its blobs beside."""
    found: dict[str, Any] = {}
    for host, registry in core.registries.items():
        if not registry.read_only:
            files.update({f"blobs/{name[7:]}": data for name, data in registry.blobs.items()})
            names = sorted(registry.blobs)
            found[host] = {"manifests": registry.manifests, "kinds": registry.kinds, "blobs": names}
    return found


def _network(network: Network) -> dict[str, Any]:
    facts = {k: v for k, v in vars(network).items() if k not in ("wire", "taken")}
    wire = network.wire
    return facts | {"subnet": str(wire.subnet), "gateway": wire.gateway, "resolves": wire.resolves}


def _container(core: Core, container: Container) -> dict[str, Any]:
    kept = (
        "id",
        "name",
        "created",
        "image_name",
        "config",
        "host_config",
        "path",
        "args",
        "error",
        "oom",
        "started",
        "finished",
        "restarts",
        "manual_stop",
        "stop_count",
        "code",
        "status",
    )
    facts = {k: getattr(container, k) for k in kept}
    if container.running or container.status == "restarting":
        facts |= {"status": "exited", "code": 137, "finished": core.now}
    facts["was_running"] = container.running
    facts["image"] = container.image.id
    facts["hostname"] = container.host.name
    facts["endpoints"] = [
        {
            **{k: v for k, v in vars(e).items() if k not in ("network", "id", "address", "mac")},
            "network": e.network.id,
            "name": e.network.name,
        }
        for e in container.endpoints.values()
    ]
    facts["mounts"] = [
        {
            **{k: v for k, v in vars(m).items() if k not in ("volume", "tree")},
            "volume": m.volume.name if m.volume else None,
        }
        for m in container.mounts
    ]
    facts["logs"] = [
        {"time": entry.time, "stream": entry.stream, "data": entry.data.decode("latin-1")} for entry in container.logs
    ]
    return facts


def restore(core: Core, data: bytes) -> list[str]:
    """Set an engine to a state; return the ids of the containers that ran.  Raises `EngineError` for a damaged one."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = {m.name: source.read() for m in archive if (source := archive.extractfile(m)) is not None}
        facts = json.loads(files["state.json"])
        if facts["format"] != FORMAT:
            raise ValueError(facts["format"])
        return _restore(core, facts, files)
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError, OSError) as error:
        raise EngineError(
            _("The saved state of the practice engine cannot be read."),
            _("Type ./lab stop, remove .lab/practice, then type ./lab: it begins anew."),
        ) from error


def _restore(core: Core, facts: dict[str, Any], files: dict[str, bytes]) -> list[str]:
    state = core.state
    trees = {
        name.partition("/")[2]: Layer(unpack(data), data) for name, data in files.items() if name.startswith("layers/")
    }
    core.ids.count = facts["count"]
    state.images.clear()
    state.volumes.clear()
    state.networks.clear()
    state.containers.clear()
    images: dict[str, Image] = {}
    for given in facts["images"]:
        listed = given.pop("listed", True)
        image = Image(**{**given, "layers": [trees[name] for name in given["layers"]]})
        images[image.id] = image
        if listed:
            state.images[image.id] = image
    for given in facts["volumes"]:
        state.volumes[given["name"]] = Volume(**given, tree=unpack(files[f"volumes/{given['name']}"]))
    for given in facts["networks"]:
        wire = Wire(IPv4Network(given.pop("subnet")), given.pop("gateway"), given.pop("resolves"), given["internal"])
        state.networks[given["id"]] = Network(**given, wire=wire)
    ran = []
    for given in facts["containers"]:
        if given.pop("was_running"):
            ran.append(given["id"])
        container = _restored(core, given, images, files)
        state.containers[container.id] = container
    for host, kept in facts.get("registry", {}).items():
        if (registry := core.registries.get(host)) is not None:
            registry.manifests |= kept["manifests"]
            registry.kinds |= kept["kinds"]
            registry.blobs |= {name: files[f"blobs/{name[7:]}"] for name in kept["blobs"]}
    return ran


def _restored(core: Core, given: dict[str, Any], images: dict[str, Image], files: dict[str, bytes]) -> Container:
    image = images[given.pop("image")]
    endpoints, mounts, logs = given.pop("endpoints"), given.pop("mounts"), given.pop("logs")
    own = merged([*image.layers, Layer(unpack(files[f"containers/{given['id']}"]))])
    host = Host(given.pop("hostname"))
    container = Container(**given, image=image, root=own, host=host)
    for place in endpoints:
        there, name = core.state.networks.get(place.pop("network")), place.pop("name", "")
        network = there or Network("", name, core.now)  # it is gone, or was never there
        container.endpoints[network.name] = Endpoint(network, **place)
    for mount in mounts:
        volume = core.state.volumes[mount["volume"]] if mount["volume"] else None
        tree: Any = volume.tree if volume else None  # that of a tmpfs is made at each start
        if mount["kind"] == "bind":
            tree = core.folders.tree(mount["source"])
        container.mounts.append(Mount(**{**mount, "volume": volume, "tree": tree}))
    for entry in logs:
        container.log(LogEntry(entry["time"], entry["stream"], entry["data"].encode("latin-1")))
    return container
