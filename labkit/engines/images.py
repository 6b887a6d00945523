"""The course's images in the engine: pulled, or loaded from disk where they cannot be pulled."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from ..errors import APIError, EngineError, StreamError
from ..messages import _
from ..session import Session
from . import debian
from .base import Paths, Progress
from .layout import Layout

NAMES = ("busybox:latest", "nginx:latest", "redis:latest")
"""What the engine has from its start; the mirror has ``busybox:stable`` besides."""


def load(engine: Session, progress: Progress) -> None:
    """Pull what the engine lacks.  Raises `EngineError`."""
    for name in NAMES:
        if not engine.request("GET", f"/images/{name}/json").ok:
            progress(_("Pulling {name}", name=name), None)
            pull(engine, name)


def load_anyhow(engine: Session, paths: Paths, progress: Progress) -> None:
    """Pull what an engine without a mirror lacks; load it from disk when the Hub does not answer.

    Raises `EngineError`.
    """
    try:
        load(engine, progress)
    except EngineError:
        kept = Layout(paths.state / "images")
        if not kept.images():
            kept.save(debian.build(kept, paths.state / "unpacked", progress))
        progress(_("Loading the images"), None)
        archive = paths.state / "images.tar"
        try:
            pack(kept, archive)
            engine.request("POST", "/images/load", data=archive, timeout=300).raise_for_status()
        except APIError as error:
            raise EngineError(error.message, error.hint) from error
        finally:
            archive.unlink(missing_ok=True)


def pack(kept: Layout, archive: Path) -> None:
    """Write an archive as ``POST /images/load`` takes it.

    Source: https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Image/operation/ImageGet
    """
    listed: dict[str, dict[str, Any]] = {}
    blobs: dict[str, Path] = {}
    for name, digest in kept.images().items():
        manifest = kept.manifest(digest)
        parts = {part["digest"]: part["digest"].partition(":")[2] for part in [manifest["config"], *manifest["layers"]]}
        blobs.update({file: kept.path(part) for part, file in parts.items()})
        layers = [parts[layer["digest"]] for layer in manifest["layers"]]
        config = parts[manifest["config"]["digest"]]
        entry = listed.setdefault(digest, {"Config": config, "RepoTags": [], "Layers": layers})
        entry["RepoTags"].append(f"docker.io/{name}")
    index = json.dumps(list(listed.values())).encode()
    with tarfile.open(archive, "w") as tar:
        for file, path in blobs.items():
            tar.add(path, file)
        info = tarfile.TarInfo("manifest.json")
        info.size = len(index)
        tar.addfile(info, io.BytesIO(index))


def pull(engine: Session, name: str) -> None:
    """Pull an image.  Raises `EngineError` when it does not come."""
    image, _colon, tag = name.rpartition(":")
    try:
        with engine.stream("POST", "/images/create", {"fromImage": image, "tag": tag}) as lines:
            for _line in lines:
                pass
        if lines.exchange.status < 400:
            return
        said = lines.exchange.error
    except StreamError as error:
        said = error.message
    raise EngineError(
        _("The image {name} could not be pulled: {why}", name=name, why=said),
        _("Is the disk full (df -h)? Type ./lab again."),
    )
