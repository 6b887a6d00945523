"""The images that the practice engine brings: busybox, nginx, redis.

They carry a label that says what they are.
"""

from __future__ import annotations

from typing import Any

from ..base import LABEL
from . import rootfs
from .layers import Layer
from .machine.files import File, Folder
from .state import Image, timestamp

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _image(layers: list[tuple[Layer, str]], config: dict[str, Any]) -> Image:
    created = timestamp(rootfs.BUILT)
    return Image(
        {
            "created": created,
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": [_PATH], "Labels": {LABEL: "image"}, **config},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer, _by in layers]},
            "history": [{"created": created, "created_by": by} for _layer, by in layers],
        },
        [layer for layer, _by in layers],
    )


def images() -> dict[str, Image]:
    """Return the images by the names that the course calls them."""
    base = (Layer(rootfs.busybox()), "practice engine: busybox")
    older = rootfs.busybox()
    etc = older.entries["etc"]
    if isinstance(etc, Folder):
        etc.entries["issue"] = File(mtime=rootfs.BUILT, data=b"An older edition of busybox.\n")
    web = (Layer(rootfs.nginx_files()), "practice engine: nginx")
    store = (Layer(rootfs.redis_files()), "practice engine: redis")
    return {
        "busybox:latest": _image([base], {"Cmd": ["sh"]}),
        "busybox:1.35": _image([(Layer(older), "practice engine: busybox, an older edition")], {"Cmd": ["sh"]}),
        "nginx:latest": _image(
            [base, web],
            {
                "Cmd": ["nginx", "-g", "daemon off;"],
                "ExposedPorts": {"80/tcp": {}},
                "StopSignal": "SIGQUIT",
            },
        ),
        "redis:latest": _image(
            [base, store],
            {
                "Cmd": ["redis-server", "--protected-mode", "no"],
                "ExposedPorts": {"6379/tcp": {}},
                "WorkingDir": "/data",
                "Volumes": {"/data": {}},
            },
        ),
    }
