"""The course's images: had once, kept in ``.lab``, put into the lab registry and into the engine."""

from __future__ import annotations

from pathlib import Path

from ..errors import EngineError, StreamError
from ..messages import _
from ..model import Endpoint
from ..session import Session
from . import debian
from .base import Paths, Progress
from .layout import MANIFEST, Layout

NAMES = ("busybox:latest", "nginx:latest", "redis:latest")
"""What the engine has from its start; the mirror has ``busybox:stable`` besides."""


def layout(paths: Paths) -> Layout:
    """The course's images on this machine's disk."""
    return Layout(paths.state / "images")


def fetch(paths: Paths, progress: Progress) -> None:
    """Have the images on disk: as they are kept there, or built.  Raises `EngineError`."""
    kept = layout(paths)
    if not kept.images():
        kept.save(debian.build(kept, paths.state / "unpacked", progress))


def fill_mirror(paths: Paths, socket: Path, progress: Progress) -> None:
    """Push to the mirror's own socket what it lacks.  Raises `EngineError`."""
    kept = layout(paths)
    mirror = Session(Endpoint(socket=str(socket)), version="")
    for name, digest in kept.images().items():
        repository, _colon, tag = name.partition(":")
        where = f"/v2/{repository}"
        answer = mirror.request("HEAD", f"{where}/manifests/{tag}", headers={"Accept": MANIFEST})
        if answer.ok and answer.header("Docker-Content-Digest") == digest:
            continue
        progress(_("Putting {name} into the mirror", name=name.removeprefix("library/")), None)
        manifest = kept.manifest(digest)
        for blob in [manifest["config"], *manifest["layers"]]:
            _push_blob(mirror, where, blob["digest"], kept.path(blob["digest"]))
        _must(
            mirror.request(
                "PUT", f"{where}/manifests/{tag}", data=kept.path(digest), headers={"Content-Type": MANIFEST}
            ).status
        )
    mirror.close()


def _push_blob(mirror: Session, where: str, digest: str, file: Path) -> None:
    if mirror.request("HEAD", f"{where}/blobs/{digest}").ok:
        return
    upload = mirror.request("POST", f"{where}/blobs/uploads/")
    _must(upload.status)
    target = f"{upload.header('Location')}&digest={digest}"
    _must(mirror.request("PUT", target, data=file, headers={"Content-Type": "application/octet-stream"}).status)


def _must(status: int) -> None:
    if status >= 400:
        raise EngineError(
            _("The lab registry refused an image (status {status}).", status=status),
            _("Is the disk full (df -h)? .lab/log/registry.log has more."),
        )


def load(engine: Session, progress: Progress) -> None:
    """Pull through the mirror what the engine lacks.  Raises `EngineError`."""
    have = {tag for image in engine.request("GET", "/images/json").json() for tag in image["RepoTags"] or []}
    for name in NAMES:
        if name in have:
            continue
        progress(_("Pulling {name} from the lab's mirror", name=name), None)
        image, _colon, tag = name.partition(":")
        try:
            with engine.stream("POST", "/images/create", {"fromImage": image, "tag": tag}) as lines:
                for _line in lines:
                    pass
        except StreamError as error:
            raise EngineError(
                _("The image {name} could not be pulled: {why}", name=name, why=error.message),
                _("Is the disk full (df -h)? Type ./lab again."),
            ) from error
