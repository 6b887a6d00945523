"""The endpoints of images.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image
"""

from __future__ import annotations

import json
import re
from calendar import timegm
from fnmatch import fnmatchcase
from time import strptime
from typing import TYPE_CHECKING, Any

from . import archive, filters, settings, transfer, views
from .dockerfile import KNOWN, parse_line, set_config
from .layers import Layer, chain_ids, read_layer
from .machine.digits import whole
from .machine.files import Folder
from .state import Container, Image, familiar, split_tag, timestamp, with_tag
from .wire import Answer, Fault, Reply, Request, Streaming, dumps, empty, json_reply, parse_json, streamed

if TYPE_CHECKING:
    from .core import Core

_FILTERS = ("before", "dangling", "label", "reference", "since")
REFERENCE = re.compile(
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


def _seconds(text: str) -> int:
    try:
        return timegm(strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0


def need(core: Core, name: str) -> Image:
    """Return an image.  Raises `Fault` (404)."""
    image = core.state.find_image(name)
    if image is None:
        _check_reference(core, name)
        raise Fault(404, f"No such image: {name if '@' in name or name.startswith('sha256:') else with_tag(name)}")
    return image


def _check_reference(core: Core, name: str, before: str = "") -> None:
    """Refuse what can be no image's name; `before` stands before what is said.  Raises `Fault` (400)."""
    if not REFERENCE.fullmatch(name):
        raise Fault(400, before + unreadable(core, name).message)


def listing(core: Core, request: Request) -> Reply:
    """``GET /images/json``."""
    wanted = filters.parse(request, (*_FILTERS, *(() if core.profile.old else ("until",))), old=core.profile.old)
    until = filters.until(wanted, core.now, old=core.profile.old)
    dangling = filters.boolean(wanted, "dangling", old=core.profile.old)
    bounds = {key: _seconds(need(core, wanted[key][0]).created) for key in ("before", "since") if wanted.get(key)}
    found = []
    hidden = set() if request.flag("all") else core.state.intermediate()
    for image in core.state.images.values():
        tags = [
            t for t in image.tags if not wanted.get("reference") or any(_is_like(t, p) for p in wanted["reference"])
        ]
        digests = [
            d for d in image.digests if not wanted.get("reference") or any(_is_like(d, p) for p in wanted["reference"])
        ]
        made = _seconds(image.created)
        if (
            (wanted.get("reference") and not tags and not digests)
            or image.id in hidden
            or not filters.labels(wanted.get("label", []), image.run_config.get("Labels"))
            or (dangling is not None and dangling != (not image.tags))
            or not bounds.get("since", -1) < made < bounds.get("before", 10**12)
            or made > until
        ):
            continue
        found.append(summary(core, image, tags, digests))
    found.sort(key=lambda facts: facts["Created"], reverse=True)
    return json_reply(found)


def _is_like(label: str, pattern: str) -> bool:
    pattern = familiar(pattern)
    repository = split_tag(label.partition("@")[0])[0]
    return fnmatchcase(label, pattern) or fnmatchcase(repository, pattern)


def summary(core: Core, image: Image, tags: list[str], digests: list[str]) -> dict[str, Any]:
    """Return an image as the list shows it, with some of its names."""
    old = core.profile.old
    none = ["<none>:<none>"] if old and not tags and not digests else []
    facts: dict[str, Any] = {
        "Containers": -1,
        "Created": _seconds(image.created),
        "Id": image.id,
        "Labels": image.run_config.get("Labels"),
        "ParentId": image.parent,
        "RepoDigests": digests or (["<none>@<none>"] if none else None if old else []),
        "RepoTags": tags or none or (None if old else []),
        "SharedSize": -1,
        "Size": image.size,
    }
    if old:
        facts["VirtualSize"] = image.size
    else:
        facts["Descriptor"] = {"mediaType": archive.OCI_MANIFEST, "digest": image.id, "size": len(image.config_json)}
    return facts


def inspect(core: Core, _request: Request, name: str) -> Reply:
    """``GET /images/{name}/json``."""
    image = core.state.find_image(name)
    if image is None:
        _check_reference(core, name, f"no such image: {name}: " if core.profile.old else "")
        missing = f"No such image: {with_tag(name)}"
        raise Fault(404, f"no such image: {name}: {missing}" if core.profile.old else missing)
    old = core.profile.old
    config = {**settings.EMPTY_CONFIG, "Labels": None, **image.run_config}
    facts: dict[str, Any] = {
        "Id": image.id,
        "RepoTags": image.tags,
        "RepoDigests": image.digests,
        **({"Parent": image.parent} if old else {}),
        "Comment": (image.config.get("history") or [{}])[-1].get("comment", ""),
        "Created": image.created,
    }
    if old:
        facts |= {
            "Container": image.container,
            "ContainerConfig": _made_with(image),
            "DockerVersion": image.config.get("docker_version", ""),
        }
        facts["Author"] = image.config.get("author", "")
    facts |= {
        "Config": config if old else {k: v for k, v in config.items() if v},
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size,
    }
    layers = [layer.diff_id for layer in image.layers]
    if old:
        place = views.graph_driver(core, layers[-1][7:], layers[:-1]) if layers else {"Data": None, "Name": "overlay2"}
        facts |= {"VirtualSize": image.size, "GraphDriver": place}
    else:
        facts["Descriptor"] = {"mediaType": archive.OCI_MANIFEST, "digest": image.id, "size": len(image.config_json)}
    facts["RootFS"] = {"Type": "layers", "Layers": layers}
    facts["Metadata"] = {"LastTagTime": timestamp(image.last_tagged)}
    return json_reply(facts)


def _made_with(image: Image) -> dict[str, Any]:
    """Return the configuration of the container that an image was made of; nothing is known of one that was loaded."""
    config = {**settings.EMPTY_CONFIG, "Labels": None}
    if image.parent:
        last = (image.config.get("history") or [{}])[-1].get("created_by", "").removeprefix("/bin/sh -c ")
        words = ["#(nop) ", last[8:]] if last.startswith("#(nop)  ") else [last]
        config |= {**image.run_config, "Cmd": ["/bin/sh", "-c", *words], "Hostname": image.container[:12]}
    return config


def history(core: Core, _request: Request, name: str) -> Reply:
    """``GET /images/{name}/history``: newest first."""
    image = need(core, name)
    layers = list(image.layers)
    rows: list[dict[str, Any]] = []
    for entry in image.config.get("history") or []:
        layer = None if entry.get("empty_layer") else (layers.pop(0) if layers else None)
        rows.append(
            {
                "Comment": entry.get("comment", ""),
                "Created": _seconds(entry.get("created", "")),
                "CreatedBy": entry.get("created_by", ""),
                "Id": "<missing>",
                "Size": layer.size if layer else 0,
                "Tags": None,
            }
        )
    rows.reverse()
    named: Image | None = image
    for row in rows:  # each step is an image of its own, where its parent is here
        if named is None:
            break
        row["Id"], row["Tags"] = named.id, named.tags or None
        named = core.state.images.get(named.parent) if core.profile.old else None
    return json_reply(rows)


def tag(core: Core, request: Request, name: str) -> Reply:
    """``POST /images/{name}/tag``."""
    image = need(core, name)
    repository, version = familiar(request.query.get("repo", "")), request.query.get("tag", "") or "latest"
    label = f"{repository}:{version}"
    if repository in ("sha256", "sha512"):
        raise Fault(400, "refusing to create an ambiguous tag using digest algorithm as name")
    if not REFERENCE.fullmatch(label):
        raise unreadable(core, repository)
    transfer.retag(core, image, label)
    core.event("image", "tag", image.id, {"name": label, **(image.run_config.get("Labels") or {})})
    return empty(201)


def unreadable(core: Core, repository: str) -> Fault:
    """Return what is said of a name that no image can have."""
    said = "invalid reference format"
    if repository.lower() != repository:
        whole = repository if "/" in repository else f"library/{repository}"
        said += f": repository name {'' if core.profile.old else f'({whole}) '}must be lowercase"
    elif REFERENCE.fullmatch(repository):
        said = "invalid tag format"
    return Fault(500 if core.profile.old else 400, said)


def check_name(core: Core, repository: str) -> None:
    """Look at the name of a repository.  Raises `Fault`."""
    if not REFERENCE.fullmatch(repository):
        raise unreadable(core, repository)


def create(core: Core, request: Request) -> Answer:
    """``POST /images/create``: a pull, or an import."""
    source = request.query.get("fromSrc")
    if source is not None:
        return _import(core, request, source)
    name = request.query.get("fromImage", "")
    if not name:
        raise Fault(400 if not core.profile.old else 500, "invalid reference format")
    version = request.query.get("tag", "")
    head, at, pinned = name.partition("@")
    inside = split_tag(head)
    reference = inside[0] if inside[1] else head
    if not REFERENCE.fullmatch(head):
        said = (
            "invalid reference format: repository name must be lowercase"
            if reference.lower() != reference
            else "invalid reference format"
        )
        raise Fault(400, said)
    return transfer.pull(core, request, reference, pinned if at else version or inside[1])


def _import(core: Core, request: Request, source: str) -> Reply:
    if source != "-":
        raise Fault(501, "The practice engine imports what a request carries: fromSrc=-.")
    if request.query.get("repo"):
        _check_reference(core, familiar(request.query["repo"]))
    config: dict[str, Any] = {}
    for change in request.many.get("changes", []):
        if (word := change.partition(" ")[0]).upper() not in KNOWN:
            raise Fault(400, f"{word.lower()} is not a valid change command")
        _change(config, change)
    layer = read_layer(request.body) if request.body else Layer(Folder())
    created = timestamp(core.now)
    entry = {"created": created, "comment": request.query.get("message") or "Imported from -"}
    image = Image(
        {
            "created": created,
            "architecture": "amd64",
            "os": "linux",
            "config": {k: v for k, v in config.items() if k != "_cmd_set"},
            "docker_version": core.profile.version,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
            "history": [entry],
        },
        [layer],
    )
    image = core.state.images.setdefault(image.id, image)
    if request.query.get("repo"):
        transfer.retag(core, image, f"{familiar(request.query['repo'])}:{request.query.get('tag') or 'latest'}")
    core.event("image", "import", image.id, {"name": (image.tags or [image.id])[0]})
    return Reply(200, dumps({"status": image.id}) + b"\r\n", {"Content-Type": "application/json"})


def _change(config: dict[str, Any], text: str) -> None:
    """Change a configuration by one instruction of a Dockerfile."""
    instruction = parse_line(text)
    set_config(config, instruction)


def delete(core: Core, request: Request, name: str) -> Reply:
    """``DELETE /images/{name}``: a tag is taken away; the image goes with its last one."""
    image, force = need(core, name), request.flag("force")
    by_id = image.id.startswith(name) or image.id[7:].startswith(name)
    label = with_tag(name)
    users = [c for c in core.state.containers.values() if c.image is image]
    running = [c for c in users if c.running]
    last = len(image.tags) <= 1 or by_id
    if by_id and len(image.tags) > 1 and not force:
        raise Fault(
            409,
            f"conflict: unable to delete {image.id[7:19]} (must be forced) - "
            "image is referenced in multiple repositories",
        )
    forced = force and ((core.profile.old and not by_id) or not running)
    if last and users and not forced:
        raise Fault(
            409,
            _in_use(core, image, (running or users)[0], label if not by_id else image.id[7:19], bool(running), by_id),
        )
    gone: list[dict[str, str]] = []
    for one in list(image.tags) if by_id else [label]:
        if one in image.tags:
            image.tags.remove(one)
            gone.append({"Untagged": one})
            core.event("image", "untag", image.id, {"name": image.id, **(image.run_config.get("Labels") or {})})
    repository = split_tag(label)[0]
    if core.profile.old and image.tags and not any(split_tag(tag)[0] == repository for tag in image.tags):
        # with the last tag of a repository its digests go, too
        pinned = [pin for pin in image.digests if pin.partition("@")[0] == repository]
        image.digests[:] = [pin for pin in image.digests if pin not in pinned]
        gone += [{"Untagged": pin} for pin in pinned]
    if not image.tags or by_id:
        gone += [{"Untagged": pinned} for pinned in image.digests] if core.profile.old else []
        if not users or not running:  # a stopped container keeps what it is made of, not the image's entry
            destroyed = _destroy(core, image)
            gone += destroyed if core.profile.old else destroyed[:1]  # a newer one names no parent
    return json_reply(gone)


def _in_use(core: Core, image: Image, container: Container, what: str, running: bool, by_id: bool) -> str:
    short = container.id[:12]
    if core.profile.old and not by_id:
        return (
            f'conflict: unable to remove repository reference "{what}" (must force) - '
            f"container {short} is using its referenced image "
            f"{image.id[7:19]}"
        )
    if core.profile.old:
        if running:
            return (
                f"conflict: unable to delete {what} (cannot be forced) - image is "
                f"being used by running container {short}"
            )
        return f"conflict: unable to delete {what} (must be forced) - image is being used by stopped container {short}"
    must = "cannot be forced" if running and by_id else "must be forced"
    return (
        f"conflict: unable to delete {what} ({must}) - container {short} is using its referenced image {image.id[7:19]}"
    )


def _destroy(core: Core, image: Image) -> list[dict[str, str]]:
    """Forget an image, and its parents that nobody else needs."""
    del core.state.images[image.id]
    core.event("image", "delete", image.id, {"name": image.id, **(image.run_config.get("Labels") or {})})
    gone = [{"Deleted": image.id}]
    left = {layer.diff_id for other in core.state.images.values() for layer in other.layers}
    if core.profile.old:
        chains = list(zip(chain_ids(image.layers), image.layers))
        gone += [{"Deleted": name} for name, layer in reversed(chains) if layer.diff_id not in left]
    parent = core.state.images.get(image.parent)
    wanted = {other.parent for other in core.state.images.values()}
    if (
        parent
        and not parent.tags
        and parent.id not in wanted
        and not any(c.image is parent for c in core.state.containers.values())
    ):
        gone += _destroy(core, parent)
    return gone


def prune(core: Core, request: Request) -> Reply:
    """``POST /images/prune``: those without a tag or, with ``dangling=false``, all that no container uses."""
    wanted = filters.parse(request, ("dangling", "label", "label!", "until"), old=core.profile.old)
    dangling = filters.boolean(wanted, "dangling", old=core.profile.old) is not False
    until = filters.until(wanted, core.now, old=core.profile.old)
    gone: list[dict[str, str]] = []
    space = 0
    for image in list(core.state.images.values()):
        if image.id not in core.state.images:
            continue
        labels = image.run_config.get("Labels")
        used = any(c.image is image for c in core.state.containers.values()) or image.id in {
            i.parent for i in core.state.images.values()
        }
        excluded = wanted.get("label!") and filters.labels(wanted["label!"], labels)
        chosen = filters.labels(wanted.get("label", []), labels) and not excluded and _seconds(image.created) <= until
        if used or (dangling and image.tags) or not chosen:
            continue
        gone += [{"Untagged": label} for label in image.tags]
        space += image.size
        gone += _destroy(core, image)
    core.event("image", "prune", "", {"reclaimed": str(space)})
    return json_reply({"ImagesDeleted": gone or None, "SpaceReclaimed": space})


def _saved(core: Core, names: list[str]) -> Streaming:
    chosen: dict[str, tuple[Image, list[str]]] = {}
    for name in names:
        found = core.state.find_image(name)
        if found is None:
            if not name:
                raise Fault(500 if core.profile.old else 400, "invalid reference format")
            raise Fault(404, f"No such image: {name}")
        image = found
        by_id = image.id.startswith(name) or image.id[7:].startswith(name)
        whole = split_tag(name)[1] == "" and not by_id
        tags = (
            []
            if by_id
            else [t for t in image.tags if t == with_tag(name) or (whole and split_tag(t)[0] == familiar(name))]
        )
        chosen.setdefault(image.id, (image, []))[1].extend(tags)
    return streamed(archive.save(list(chosen.values()), old=core.profile.old), {"Content-Type": "application/x-tar"})


def save(core: Core, _request: Request, name: str) -> Streaming:
    """``GET /images/{name}/get``."""
    return _saved(core, [name])


def save_many(core: Core, request: Request) -> Streaming:
    """``GET /images/get``."""
    return _saved(core, request.many.get("names", []))


def load(core: Core, request: Request) -> Streaming:
    """``POST /images/load``: what is wrong with an archive is told in the stream."""
    lines: list[dict[str, Any]] = []
    try:
        for said in archive.load(core, request.body):
            lines.append({"stream": said})
    except Fault as fault:
        lines.append({"errorDetail": {"message": fault.message}, "error": fault.message})
    return streamed(b"".join(dumps(line) + b"\r\n" for line in lines), {"Content-Type": "application/json"})


def push(core: Core, request: Request, name: str) -> Answer:
    """``POST /images/{name}/push``."""
    return transfer.push(core, request, name)


def search(core: Core, request: Request) -> Reply:
    """``GET /images/search``: a registry named in the term is asked, else the Hub, which can't be had here."""
    term, old = request.query.get("term", ""), core.profile.old
    limit = request.number("limit", 25)
    if not 1 <= limit <= 100:
        raise Fault(400, f"{'Limit' if old else 'limit'} {limit} is outside the range of [1, 100]")
    wanted = filters.parse(request, ("is-official", "is-automated", "stars"), old=old)
    if not term and not old:
        raise Fault(400, "invalid reference format")
    host, slash, rest = term.partition("/")
    if not slash or ("." not in host and ":" not in host and host != "localhost"):
        raise Fault(500, "the practice engine does not reach Docker Hub, which an unprefixed term is searched in")
    registry = core.registries.get(host)
    if registry is None:
        raise Fault(500, f'Get "http://{host}/v1/_ping": dial tcp {host}: connect: connection refused')
    found = parse_search(registry.handle("GET", f"/v1/search?q={rest}&n=25", {}, b"").body)
    official = filters.boolean(wanted, "is-official", old=core.profile.old)
    text = (wanted.get("stars") or ["0"])[0]
    stars = whole(text)
    if stars is None:
        raise Fault(400, f"Invalid filter 'stars=[{text}]'" if core.profile.old else f"invalid filter 'stars=[{text}]'")
    return json_reply([f for f in found if f["star_count"] >= stars and official in (None, f["is_official"])][:limit])


def parse_search(body: bytes) -> list[dict[str, Any]]:
    """Return the results of a registry's search."""
    return list(json.loads(body)["results"])


def auth(core: Core, request: Request) -> Reply:
    """``POST /auth``."""
    body = parse_json(request, old=core.profile.old, struct="AuthConfig")
    registry = core.registries.get(str(body.get("serveraddress") or "").removeprefix("http://").rstrip("/"))
    if registry is None:
        raise Fault(500, "the practice engine does not reach that registry")
    if not registry.allowed((str(body.get("username") or ""), str(body.get("password") or ""))):
        raise Fault(
            500 if core.profile.old else 401, "login attempt to the registry failed with status: 401 Unauthorized"
        )
    return json_reply({"Status": "Login Succeeded", "IdentityToken": ""})


def distribution(core: Core, request: Request, name: str) -> Reply:
    """``GET /distribution/{name}/json``."""
    repository, version = split_tag(name)
    registry, there, host = transfer.locate(core, repository)
    if registry is None or not registry.allowed(transfer.credentials(request)):
        raise Fault(
            403 if registry is None else 401, f"errors:\ndenied: requested access to {host or 'Docker Hub'} is denied"
        )
    found = registry.manifest(there, version or "latest")
    if found is None:
        raise Fault(404, "manifest unknown: manifest unknown")
    facts = {"mediaType": registry.kinds[found[0]], "digest": found[0], "size": len(registry.blobs[found[0]])}
    return json_reply({"Descriptor": facts, "Platforms": [{"architecture": "amd64", "os": "linux"}]})
