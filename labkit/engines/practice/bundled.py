"""The images that the practice engine brings: busybox, nginx, redis.

They look like those that the course builds from Debian's packages: the same steps,
names, commands and ports.
"""

from __future__ import annotations

import copy
from typing import Any

from .. import recipes
from . import rootfs
from .layers import Layer
from .state import Image, timestamp

MIRROR_ONLY = ("busybox:stable",)
"""What a mirror has, and the engine does not begin with."""


def _image(layers: list[tuple[Layer, str]], name: str) -> Image:
    created, config = timestamp(rootfs.BUILT), copy.deepcopy(recipes.CONFIGS[name])
    history: list[dict[str, Any]] = [{"created": created, "created_by": by} for _layer, by in layers]
    history += [{"created": created, "created_by": said, "empty_layer": True} for said in recipes.steps(config)]
    return Image(
        {
            "created": created,
            "architecture": "amd64",
            "os": "linux",
            "config": {**config, "Labels": recipes.labels(name, "files of the practice engine")},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer, _by in layers]},
            "history": history,
        },
        [layer for layer, _by in layers],
    )


def images() -> dict[str, Image]:
    """Return the images by the names that the course calls them."""
    base = (Layer(rootfs.busybox()), "ADD busybox /")
    motd = (Layer(rootfs.motd()), "ADD motd /etc/")
    web = [(Layer(rootfs.nginx()), "ADD nginx /usr/sbin/"), (Layer(rootfs.site()), "ADD site /")]
    store = [(Layer(rootfs.redis()), "ADD redis /usr/local/bin/")]
    return {
        "busybox:latest": _image([base], "busybox"),
        "busybox:stable": _image([base, motd], "busybox"),
        "nginx:latest": _image([base, *web], "nginx"),
        "redis:latest": _image([base, *store], "redis"),
    }
