"""The endpoints of containers, but for those that stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import api_images, checks, filters, lifecycle, linking, networking, settings, views
from .machine.digits import whole
from .machine.process import Wait
from .state import NAME, Container
from .wire import (
    Answer,
    Channel,
    Fault,
    Reply,
    Request,
    Streaming,
    Working,
    dumps,
    empty,
    json_reply,
    parse_json,
)

if TYPE_CHECKING:
    from .core import Core

_LIST_FILTERS = (
    "ancestor",
    "before",
    "expose",
    "exited",
    "health",
    "id",
    "isolation",
    "is-task",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
)
_STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def listing(core: Core, request: Request) -> Reply:
    """``GET /containers/json``."""
    wanted = filters.parse(request, _LIST_FILTERS, old=core.profile.old)
    for state in wanted.get("status", []):
        if state not in _STATES:
            raise Fault(
                400,
                f"invalid filter 'status={state}': invalid value for state ({state}): "
                f"must be one of {', '.join(_STATES)}"
                if not core.profile.old
                else f"Invalid filter 'status={state}'",
            )
    _check_filters(core, wanted)
    limit = request.number("limit", -1)
    every = request.flag("all") or limit > 0 or "status" in wanted or "exited" in wanted
    newest = sorted(core.state.containers.values(), key=lambda c: c.created, reverse=True)
    bounds = {key: _bound(core, wanted[key][0]).created for key in ("before", "since") if wanted.get(key)}
    found = [
        c
        for c in newest
        if (every or c.running)
        and _fits(core, c, wanted)
        and c.created < bounds.get("before", float("inf"))
        and c.created > bounds.get("since", float("-inf"))
    ]
    if limit > 0:
        found = found[:limit]
    return json_reply(views.summaries(core, found, size=request.flag("size"), version=request.version))


def _bound(core: Core, name: str) -> Container:
    try:
        return core.state.container(name)
    except Fault:
        if core.profile.old:
            raise Fault(500, f"no such container {name}") from None
        raise


def _check_filters(core: Core, wanted: filters.Filters) -> None:
    """Look at the values of filters.  Raises `Fault`."""
    old = core.profile.old
    for value in wanted.get("health", []):
        if value not in ("starting", "healthy", "unhealthy", "none"):
            raise Fault(400, f"{'U' if old else 'u'}nrecognised filter value for health: {value}")
    for value in wanted.get("exited", []):
        if whole(value.removeprefix("-")) is None:
            raise Fault(500 if old else 400, f'strconv.Atoi: parsing "{value}": invalid syntax')
    if wanted.get("is-task"):
        filters.boolean(wanted, "is-task", old=old)
    for key in ("publish", "expose"):
        for value in wanted.get(key, []):
            port = value.partition("/")[0]
            if any(whole(part) is None for part in port.split("-", 1)):
                said = f'strconv.ParseUint: parsing "{port}": invalid syntax'
                raise Fault(500 if old else 400, f"error while looking up for {key} {value}: {said}")


def _fits(core: Core, container: Container, wanted: filters.Filters) -> bool:
    ancestors = [core.state.find_image(name) for name in wanted.get("ancestor", [])]
    codes = wanted.get("exited", [])
    places = {n for name, e in container.endpoints.items() for n in (name, e.network.id)}
    volumes = {v for m in container.mounts for v in (m.target, m.source, m.volume.name if m.volume else "")}
    ports = views.port_list(container)
    return (
        filters.labels(wanted.get("label", []), container.config.get("Labels"))
        and filters.matches(
            [n.lstrip("/") if not n.startswith("^") else n.replace("^/", "^") for n in wanted.get("name", [])] or None,
            container.name,
        )
        and (not wanted.get("id") or any(container.id.startswith(i) for i in wanted["id"]))
        and (not wanted.get("status") or container.status in wanted["status"])
        and (not codes or (container.status == "exited" and str(container.code) in codes))
        and ("ancestor" not in wanted or container.image in ancestors)
        and (not wanted.get("network") or bool(places & set(wanted["network"])))
        and (not wanted.get("volume") or bool(volumes & set(wanted["volume"])))
        and ((not wanted.get("expose") and not wanted.get("publish")) or _has_port(ports, wanted))
    )


def _has_port(ports: list[dict[str, Any]], wanted: filters.Filters) -> bool:
    """Whether a port of the container is one of those to expose, or one of the host's one of those to publish."""
    for key, name in (("expose", "PrivatePort"), ("publish", "PublicPort")):
        for value in wanted.get(key, []):
            span, _slash, kind = value.partition("/")
            first, _dash, last = span.partition("-")
            numbers = range(int(first), int(last or first) + 1)
            if any(port.get(name) in numbers and port["Type"] == (kind or "tcp") for port in ports):
                return True
    return False


_SYSTEMS = ("linux", "windows", "darwin", "freebsd")
_LEFT = ("bold", "calm", "eager", "keen", "kind", "quiet", "swift", "wise")
_RIGHT = ("ada", "babbage", "curie", "dijkstra", "hopper", "lamport", "noether", "turing")


def _drawn_name(core: Core) -> str:
    number = int(core.ids.new()[:8], 16)
    while True:
        name = f"{_LEFT[number % 8]}_{_RIGHT[number // 8 % 8]}{number // 64 % 100}"
        if not any(c.name == name for c in core.state.containers.values()):
            return name
        number += 1


def create(core: Core, request: Request) -> Reply:
    """``POST /containers/create``."""
    old = core.profile.old
    body = parse_json(request, old=old, struct="ContainerConfigWrapper")
    if not any(k for k in body if k not in ("HostConfig", "NetworkingConfig")):
        raise Fault(400, f"{'C' if old else 'c'}onfig cannot be empty in order to create a container")
    _top_level_mounts(core, body)
    host = settings.host_config(core, body)
    wanted = str(body.get("Image") or "")
    image = core.state.find_image(wanted)
    if image is None:
        if not wanted:
            nothing = not (body.get("Cmd") or body.get("Entrypoint"))
            said = "No command specified" if nothing else "invalid reference format"
            raise Fault(400, said if old else "no image specified")
        if not api_images.REFERENCE.fullmatch(wanted):
            raise Fault(400, api_images.unreadable(core, wanted).message)
        tag = "" if ":" in wanted.rpartition("/")[2] else ":latest"
        raise Fault(404, f"No such image: {wanted}{tag}")
    _check_platform(request.query.get("platform", ""), wanted)
    name = request.query.get("name", "").lstrip("/")
    if name and not NAME.fullmatch(name):
        raise Fault(
            400, f"Invalid container name ({request.query['name']}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        )
    _refuse_taken(core, name)
    container = settings.build(core, name or _drawn_name(core), body, image, host)
    core.state.containers[container.id] = container
    core.event("container", "create", container.id, lifecycle.event_attributes(container))
    return json_reply({"Id": container.id, "Warnings": []}, 201)


def _check_platform(platform: str, image: str) -> None:
    """Refuse a platform that the images are not for.  Raises `Fault`."""
    if not platform:
        return
    system, _slash, machine = platform.partition("/")
    if not machine and system not in _SYSTEMS:
        raise Fault(400, f'"{platform}": unknown operating system or architecture: invalid argument')
    if (system, machine or "amd64") != ("linux", "amd64"):
        said = f"image with reference {image} was found but does not match the specified platform"
        raise Fault(404, f"{said}: wanted {platform}, actual: linux/amd64")


def _top_level_mounts(core: Core, body: dict[str, Any]) -> None:
    """Read ``Mounts`` beside Image, as engines before 28 do where there is no HostConfig."""
    if core.profile.old and "HostConfig" not in body and body.get("Mounts"):
        body["HostConfig"] = {"Mounts": body["Mounts"]}


def _refuse_taken(core: Core, name: str) -> None:
    taken = next((c for c in core.state.containers.values() if name and c.name == name), None)
    if taken:
        raise Fault(
            409,
            f'Conflict. The container name "/{name}" is already in use by container "{taken.id}". '
            "You have to remove (or rename) that container to be able to reuse that name.",
        )


def inspect(core: Core, request: Request, name: str) -> Reply:
    """``GET /containers/{id}/json``."""
    container = core.state.container(name)
    return json_reply(views.inspected(core, container, size=request.flag("size"), version=request.version))


def start(core: Core, request: Request, name: str) -> Reply:
    """``POST /containers/{id}/start``."""
    if request.body.strip() and request.version >= (1, 24):
        raise Fault(
            400, "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
        )
    container = core.state.container(name)
    if container.running and container.status != "paused":
        return empty(304)
    lifecycle.start(core, container)
    core.tick(core.now)
    return empty()


def _seconds(request: Request) -> float | None:
    return float(request.number("t", 10)) if "t" in request.query else None


def _signal(request: Request) -> str:
    """Return the signal that a request names; before API 1.42 it can't."""
    return request.query.get("signal", "") if request.version >= (1, 42) else ""


def stop(core: Core, request: Request, name: str) -> Working | Reply:
    """``POST /containers/{id}/stop``."""
    container = core.state.container(name)
    if not container.running and container.status != "restarting":
        return empty(304)
    return _stop(core, request, container)


def _stop(core: Core, request: Request, container: Container) -> Working:
    yield from lifecycle.stop(core, container, _seconds(request), _signal(request))
    return empty()


def restart(core: Core, request: Request, name: str) -> Working:
    """``POST /containers/{id}/restart``."""
    container = core.state.container(name)
    yield from lifecycle.stop(core, container, _seconds(request), _signal(request))
    lifecycle.start(core, container)
    core.event("container", "restart", container.id, lifecycle.event_attributes(container))
    return empty()


def kill(core: Core, request: Request, name: str) -> Working:
    """``POST /containers/{id}/kill``."""
    signal, old = request.query.get("signal", ""), core.profile.old
    try:
        lifecycle.signal_number(signal or "KILL")
    except Fault as fault:
        said = fault.message if old else f"cannot kill container: {name}: invalid signal: {signal}"
        raise Fault(400, said) from None
    try:
        container = core.state.container(name)
    except Fault as fault:
        raise Fault(fault.status, f"{'C' if old else 'c'}annot kill container: {name}: {fault.message}") from None
    yield from lifecycle.kill(core, container, signal)
    return empty()


def pause(core: Core, _request: Request, name: str) -> Reply:
    """``POST /containers/{id}/pause``."""
    lifecycle.pause(core, core.state.container(name))
    return empty()


def unpause(core: Core, _request: Request, name: str) -> Reply:
    """``POST /containers/{id}/unpause``."""
    lifecycle.unpause(core, core.state.container(name))
    return empty()


def wait(core: Core, request: Request, name: str) -> Answer:
    """``POST /containers/{id}/wait``: the head comes at once, the body when it has ended."""
    container = core.state.container(name)
    condition = request.query.get("condition") or "not-running"
    if condition not in ("not-running", "next-exit", "removed"):
        raise Fault(400, f"invalid condition: {condition}" if core.profile.old else f'invalid condition: "{condition}"')
    channel, count = Channel(), container.stop_count

    def done() -> bool:
        if condition == "removed":
            return container.id not in core.state.containers
        if condition == "next-exit" or container.running:
            return container.stop_count != count
        return True

    def answer() -> Working:
        if not done():
            yield Wait(lambda: done() or channel.closed)
        facts: dict[str, Any] = {"Error": None} if core.profile.old else {}
        channel.write(dumps(facts | {"StatusCode": container.code}) + b"\n")
        channel.end()
        return Reply()

    core.begin(answer())
    return Streaming(channel, 200, {"Content-Type": "application/json"})


def rename(core: Core, request: Request, name: str) -> Reply:
    """``POST /containers/{id}/rename``."""
    container, wanted = core.state.container(name), request.query.get("name", "").lstrip("/")
    if not request.query.get("name"):
        raise Fault(400, "Neither old nor new names may be empty")
    if wanted == container.name:
        raise Fault(400, "Renaming a container with the same name as its current name")
    if not NAME.fullmatch(wanted):
        said = f"Invalid container name (/{wanted}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        raise Fault(400, f"Error when allocating new name: {said}" if core.profile.old else said)
    try:
        _refuse_taken(core, wanted)
    except Fault as fault:
        said = f"Error when allocating new name: {fault.message}" if core.profile.old else fault.message
        raise Fault(fault.status, said) from None
    before, container.name = container.name, wanted
    networking.rename(container, before)
    linking.rename(core, container, before)
    core.event("container", "rename", container.id, {**lifecycle.event_attributes(container), "oldName": "/" + before})
    return empty()


def update(core: Core, request: Request, name: str) -> Reply:
    """``POST /containers/{id}/update``."""
    container = core.state.container(name)
    body = parse_json(request, old=core.profile.old, struct="UpdateConfig")
    _refuse_update(core, container, body)
    container.host_config |= {k: v for k, v in body.items() if k in container.host_config}
    core.event("container", "update", container.id, lifecycle.event_attributes(container))
    return json_reply({"Warnings": None})


def _refuse_update(core: Core, container: Container, body: dict[str, Any]) -> None:
    checks.update(core, body)
    memory, swap = body.get("Memory") or 0, container.host_config.get("MemorySwap") or 0
    if memory > swap and not body.get("MemorySwap"):
        said = "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same"
        raise Fault(409, f"Cannot update container {container.id}: {said} time")


def resize(core: Core, request: Request, name: str) -> Reply:
    """``POST /containers/{id}/resize``."""
    container = core.state.container(name)
    for size in ("h", "w"):
        if whole(request.query.get(size, "")) is None:
            raise Fault(400, f'strconv.Atoi: parsing "{request.query.get(size, "")}": invalid syntax')
    if not container.running:
        raise Fault(409, lifecycle.not_running(core, container))
    return empty(200)


def delete(core: Core, request: Request, name: str) -> Working:
    """``DELETE /containers/{id}``."""
    container = core.state.container(name)
    if request.flag("link"):
        conflict = "Conflict" if core.profile.old else "conflict"
        raise Fault(500, f"{conflict}, cannot remove the default link name of the container")
    if container.running or container.status == "restarting":
        if not request.flag("force"):
            if core.profile.old:
                paused = container.status == "paused"
                raise Fault(
                    409,
                    f"You cannot remove a {'paused' if paused else 'running'} container {container.id}. "
                    f"{'Unpause and then stop' if paused else 'Stop'} the container "
                    "before attempting removal or force remove",
                )
            raise Fault(
                409,
                f'cannot remove container "{name}": container is {container.status}: '
                "stop the container before removing or force remove",
            )
        container.manual_stop = True
        if container.run is not None:
            yield from lifecycle.kill(core, container, "KILL")
    lifecycle.remove(core, container, volumes=request.flag("v"))
    return empty()


def prune(core: Core, request: Request) -> Reply:
    """``POST /containers/prune``."""
    wanted = filters.parse(request, ("label", "label!", "until"), old=core.profile.old)
    until = filters.until(wanted, core.now, old=core.profile.old)
    gone, space = [], 0
    for container in list(core.state.containers.values()):
        labels = container.config.get("Labels")
        if (
            container.status in ("created", "exited", "dead")
            and container.created <= until
            and filters.labels(wanted.get("label", []), labels)
            and not (wanted.get("label!") and filters.labels(wanted["label!"], labels))
        ):
            space += views.sizes(container)[0]
            lifecycle.remove(core, container, volumes=False)
            gone.append(container.id)
    core.event("container", "prune", "", {"reclaimed": str(space)})
    return json_reply({"ContainersDeleted": gone or None, "SpaceReclaimed": space})
