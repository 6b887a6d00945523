"""The images that the practice engine brings: busybox, nginx, redis.

They look like those that the course builds from Debian's packages: the same steps,
names, commands and ports.
"""

from __future__ import annotations

from typing import Any

from ..layout import steps
from . import rootfs
from .layers import Layer
from .state import Image, timestamp

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


MIRROR_ONLY = ("busybox:stable",)
"""What a mirror has, and the engine does not begin with."""


def _image(layers: list[tuple[Layer, str]], title: str, config: dict[str, Any]) -> Image:
    created = timestamp(rootfs.BUILT)
    labels = {
        "org.opencontainers.image.description": "Built from files of the practice engine",
        "org.opencontainers.image.title": title,
    }
    history: list[dict[str, Any]] = [{"created": created, "created_by": by} for _layer, by in layers]
    history += [{"created": created, "created_by": said, "empty_layer": True} for said in steps(config)]
    return Image(
        {
            "created": created,
            "architecture": "amd64",
            "os": "linux",
            "config": {**config, "Labels": labels},
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
    shell = {"Cmd": ["sh"], "Env": [_PATH]}
    return {
        "busybox:latest": _image([base], "busybox", shell),
        "busybox:stable": _image([base, motd], "busybox", shell),
        "nginx:latest": _image(
            [base, *web],
            "nginx",
            {
                "Cmd": ["nginx", "-g", "daemon off;"],
                "Env": [_PATH],
                "ExposedPorts": {"80/tcp": {}},
                "StopSignal": "SIGQUIT",
            },
        ),
        "redis:latest": _image(
            [base, *store],
            "redis",
            {
                "Cmd": ["redis-server"],
                "Entrypoint": ["docker-entrypoint.sh"],
                "Env": [_PATH],
                "ExposedPorts": {"6379/tcp": {}},
                "Volumes": {"/data": {}},
                "WorkingDir": "/data",
            },
        ),
    }
