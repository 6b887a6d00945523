"""The course's images in the engine: pulled through the lab's mirror."""

from __future__ import annotations

from ..errors import EngineError, StreamError
from ..messages import _
from ..session import Session
from .base import Progress

NAMES = ("busybox:latest", "nginx:latest", "redis:latest")
"""What the engine has from its start; the mirror has ``busybox:stable`` besides."""


def load(engine: Session, progress: Progress) -> None:
    """Pull what the engine lacks.  Raises `EngineError`."""
    have = {tag for image in engine.request("GET", "/images/json").json() for tag in image["RepoTags"] or []}
    for name in NAMES:
        if name not in have:
            progress(_("Pulling {name} from the lab's mirror", name=name), None)
            pull(engine, name)


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
