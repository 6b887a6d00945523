"""Pull and push: images between the engine and a registry, told line by line."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .machine.process import Wait
from .registry import Registry
from .state import Image, familiar, split_tag
from .wire import Channel, Fault, Reply, Request, Streaming, Working, dumps

if TYPE_CHECKING:
    from .core import Core

STEP = 0.02
"""So long does a piece of a layer take, in seconds: there is something to watch."""
_PIECES = 4


def credentials(request: Request) -> tuple[str, str] | None:
    """Return the name and password of ``X-Registry-Auth``; None where it can't be read, as the Engine does."""
    text = request.headers.get("x-registry-auth", "")
    try:
        # Strictly base64url: with the other alphabet the Engine finds no credentials, and says nothing.
        if "+" in text or "/" in text:
            return None
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return str(said.get("username") or ""), str(said.get("password") or "")
    except (ValueError, AttributeError, RecursionError):
        return None


def locate(core: Core, reference: str) -> tuple[Registry | None, str, str]:
    """Return the registry of a reference, the repository there, and the host that was named."""
    head, slash, rest = reference.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost") and head != "docker.io":
        return core.registries.get(head), rest, head
    name = familiar(reference)
    repository = name if "/" in name else f"library/{name}"
    for mirror in core.config.get("registry-mirrors") or []:
        there = core.registries.get(mirror.partition("://")[2].rstrip("/"))
        if there is not None:
            return there, repository, ""
    return None, repository, ""


def _unreachable(core: Core, host: str, repository: str, tag: str) -> Fault:
    if host:
        return Fault(500, f'Get "http://{host}/v2/": dial tcp {host}: connect: connection refused')
    mirrors = " and ".join(core.config.get("registry-mirrors") or [])
    lacking = (
        f"its registry mirror {mirrors} does not have this image" if mirrors else "no registry mirror is configured"
    )
    said = f"the practice engine does not reach Docker Hub, and {lacking}"
    return Fault(500 if core.profile.old else 404, f"{repository.removeprefix('library/')}:{tag}: {said}")


def pull(core: Core, request: Request, reference: str, tag: str) -> Streaming:
    """Pull one tag, a digest or, without a tag, all.  Raises `Fault` where nothing can begin."""
    registry, repository, host = locate(core, reference)
    shown = familiar(reference)
    if registry is None:
        raise _unreachable(core, host, repository, tag or "latest")
    if not registry.allowed(credentials(request)):
        raise Fault(500, f'Head "http://{host}/v2/{repository}/manifests/{tag or "latest"}": no basic auth credentials')
    tags = [tag] if tag else sorted(registry.manifests.get(repository, {}))
    if not tags or (tag and registry.manifest(repository, tag) is None):
        if not host:
            raise _unreachable(core, host, repository, tag or "latest")
        raise Fault(
            404,
            f"manifest for {shown}:{tag or 'latest'} not found: manifest unknown: manifest unknown"
            if core.profile.old
            else f'failed to resolve reference "{shown}:{tag or "latest"}": {shown}:{tag or "latest"}: not found',
        )
    channel = Channel()

    def say(**fields: Any) -> None:
        channel.write(dumps(fields) + b"\r\n")

    def work() -> Working:
        try:
            for one in tags:
                yield from _pull_one(core, registry, repository, shown, one, say)
        except Fault as fault:
            say(errorDetail={"message": fault.message}, error=fault.message)
        channel.end()
        return Reply()

    core.begin(work())
    return Streaming(channel, 200, {"Content-Type": "application/json"})


def _pull_one(core: Core, registry: Registry, repository: str, shown: str, tag: str, say: Any) -> Working:
    found = registry.manifest(repository, tag)
    if found is None:
        return Reply()
    name, manifest = found
    by_digest = tag.startswith("sha256:")
    say(status=f"Pulling from {repository if not _has_host(shown) else shown.partition('/')[2]}", id=tag)
    try:
        image = registry.image(repository, tag)
    except Fault as fault:
        if fault.status != 400:
            raise
        said = "Error processing tar file(exit status 1): archive/tar: invalid tar header"
        raise Fault(500, f"failed to register layer: {said}") from fault
    if image is None:
        return Reply()
    there = core.state.images.get(image.id)
    have = {layer.diff_id for known in core.state.images.values() for layer in known.layers}
    if there is None:
        yield from _layers(core, image, manifest, have, say)
        there = image
        core.state.images[image.id] = there
    pinned, label = f"{shown}@{name}", f"{shown}@{tag}" if by_digest else f"{shown}:{tag}"
    new = label not in there.tags and not (by_digest and pinned in there.digests)
    if not by_digest:
        retag(core, there, label)
    if pinned not in there.digests:
        there.digests.append(pinned)
    say(status=f"Digest: {name}")
    say(status=f"Status: {'Downloaded newer image' if new else 'Image is up to date'} for {label}")
    core.event("image", "pull", label, {"name": shown, **(there.run_config.get("Labels") or {})})
    return Reply()


def _layers(core: Core, image: Image, manifest: dict[str, Any], have: set[str], say: Any) -> Working:
    parts = list(zip(manifest["layers"], image.layers))
    short = [part["digest"][7:19] for part, _layer in parts]
    for (_part, layer), name in zip(parts, short):
        if layer.diff_id in have:
            say(status="Already exists", progressDetail={}, id=name)
        else:
            say(status="Pulling fs layer", progressDetail={}, id=name)
    for (part, layer), name in zip(parts, short):
        if layer.diff_id in have:
            continue
        for verb in ("Downloading", "Extracting"):
            for current in _counts(part.get("size", 0)):
                detail = {"current": current, "total": part.get("size", 0)}
                bar = {"progress": _bar(current, part.get("size", 0))} if core.profile.old else {}
                say(status=verb, progressDetail=detail, **bar, id=name)
                yield Wait(until=core.now + STEP)
            if verb == "Downloading":
                say(status="Verifying Checksum", progressDetail={}, id=name)
                say(status="Download complete", progressDetail={}, id=name)
        say(status="Pull complete", progressDetail={}, id=name)
    return Reply()


def _counts(total: int) -> Iterator[int]:
    for n in range(1, _PIECES + 1):
        yield total * n // _PIECES


def _bar(current: int, total: int) -> str:
    filled = min(50 * current // max(total, 1), 50)
    return f"[{'=' * filled}>{' ' * (50 - filled)}] {_size(current):>8}/{_size(total)}"


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.4g}{unit}"
        number /= 1000
    return f"{number:.4g}GB"


def _has_host(reference: str) -> bool:
    head, slash, _rest = reference.partition("/")
    return bool(slash) and ("." in head or ":" in head or head == "localhost")


def retag(core: Core, image: Image, label: str) -> None:
    """Let a tag mean an image, and no other one."""
    for other in core.state.images.values():
        if label in other.tags and other is not image:
            other.tags.remove(label)
    if label not in image.tags:
        image.tags.append(label)
        image.tags.sort(key=lambda tag: tag if "/" in tag else f"library/{tag}")
    image.last_tagged = core.now


def push(core: Core, request: Request, name: str) -> Streaming:
    """Push a tag, or all of a repository.  What goes wrong on the way is said in the stream."""
    if core.profile.old and not request.headers.get("x-registry-auth"):
        raise Fault(400, "Bad parameters and missing X-Registry-Auth: EOF")
    tag = request.query.get("tag", "")
    repository_name = familiar(name)
    registry, repository, host = locate(core, name)
    labels = [
        label
        for image in core.state.images.values()
        for label in image.tags
        if split_tag(label)[0] == repository_name and tag in ("", split_tag(label)[1])
    ]
    channel = Channel()

    def say(**fields: Any) -> None:
        channel.write(dumps(fields) + b"\r\n")

    def fail(text: str) -> None:
        say(errorDetail={"message": text}, error=text)

    def work() -> Working:
        full = name if _has_host(name) else f"docker.io/{repository}"
        say(status=f"The push refers to repository [{full}]")
        if not labels:
            fail(f"An image does not exist locally with the tag: {name}")
        elif registry is None:
            fail(_unreachable(core, host, repository, tag or "latest").message)
        elif not registry.allowed(credentials(request)):
            image = core.state.find_image(labels[0])
            for layer in reversed(image.layers if image else []):
                say(status="Preparing", progressDetail={}, id=layer.diff_id[7:19])
            fail(
                "no basic auth credentials"
                if credentials(request) in (None, ("", ""))
                else "unauthorized: authentication required"
            )
        else:
            for label in labels:
                yield from _push_one(core, registry, repository, label, say)
        yield from ()
        channel.end()
        return Reply()

    core.begin(work())
    return Streaming(channel, 200, {"Content-Type": "application/json"})


def _push_one(core: Core, registry: Registry, repository: str, label: str, say: Any) -> Working:
    image = core.state.find_image(label)
    if image is None:
        return Reply()
    before = set(registry.blobs)
    layers = list(reversed(image.layers))
    for layer in layers:
        say(status="Preparing", progressDetail={}, id=layer.diff_id[7:19])
    name, size = registry.add(repository, split_tag(label)[1], image)
    sent = {layer.diff_id for layer, blob in zip(image.layers, registry.layer_names(name)) if blob not in before}
    for layer in layers:
        short = layer.diff_id[7:19]
        if layer.diff_id not in sent:
            say(status="Layer already exists", progressDetail={}, id=short)
            continue
        for current in _counts(len(layer.tar)):
            detail = {"current": current, "total": len(layer.tar)}
            bar = {"progress": _bar(current, len(layer.tar))} if core.profile.old else {}
            say(status="Pushing", progressDetail=detail, **bar, id=short)
            yield Wait(until=core.now + STEP)
        say(status="Pushed", progressDetail={}, id=short)
    tag = split_tag(label)[1]
    say(status=f"{tag}: digest: {name} size: {size}")
    if core.profile.old:
        say(progressDetail={}, aux={"Tag": tag, "Digest": name, "Size": size})
    pinned = f"{split_tag(label)[0]}@{name}"
    if pinned not in image.digests:
        image.digests.append(pinned)
    core.event("image", "push", label, {"name": split_tag(label)[0], **(image.run_config.get("Labels") or {})})
    return Reply()
