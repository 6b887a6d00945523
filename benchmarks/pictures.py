"""Drawing an engine that holds sixty objects: from the first call to the HTML, on the practice engine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from measure import Row, turns
from root import own_root

from labkit.engines import setup
from labkit.lab import Lab, start

CONTAINERS, NETWORKS, VOLUMES, IMAGES = 25, 10, 15, 10
BOUND = 500.0
"""The most that a picture may take, in milliseconds."""


def rows() -> Iterator[Row]:
    """Measure each kind of picture; what the engine takes to answer is in it."""
    with own_root() as paths:
        os.environ["LABKIT_ROOT"] = str(paths.root)
        setup.start(paths, "practice")
        try:
            lab = start("05")
            _fill(lab)
            for kind in ("", "containers", "networks", "volumes", "images"):
                (taken,) = turns(7, lambda kind=kind: _timed(lab, kind))  # type: ignore[misc]
                what = f'`lab.map("{kind}")`, 60 objects' if kind else "`lab.map()` of 60 objects"
                yield Row(what, "–", taken, None, "ms", taken, BOUND, "ms")
        finally:
            setup.stop(paths)


def _timed(lab: Lab, kind: str) -> float:
    begin = time.perf_counter()
    assert lab.map(kind).html
    return 1000 * (time.perf_counter() - begin)


def _fill(lab: Lab) -> None:
    """Bring the engine to sixty objects: those that it begins with are counted."""
    nets = [f"net-{n}" for n in range(NETWORKS - len(lab.get("/networks").json()))]
    for name in nets:
        lab.post("/networks/create", json={"Name": name}).raise_for_status()
    for n in range(VOLUMES):
        lab.post("/volumes/create", json={"Name": f"vol-{n}"}).raise_for_status()
    for n in range(IMAGES - len(lab.get("/images/json").json())):
        _image(lab, n)
    for n in range(CONTAINERS):
        mount = {"Type": "volume", "Source": f"vol-{n % VOLUMES}", "Target": "/data", "ReadOnly": n % 2 == 0}
        body = {
            "Image": "busybox", "Cmd": ["sleep", "600"],
            "HostConfig": {"NetworkMode": nets[n % len(nets)], "Mounts": [mount]},
        }  # fmt: skip
        lab.post("/containers/create", name=f"c-{n}", json=body).raise_for_status()
        lab.post(f"/networks/{nets[(n + 1) % len(nets)]}/connect", json={"Container": f"c-{n}"}).raise_for_status()
        lab.post(f"/containers/c-{n}/start").raise_for_status()


def _image(lab: Lab, n: int) -> None:
    """Make an image of its own: a container's changes on top of a shared layer."""
    lab.post("/containers/create", name="maker", json={"Image": "busybox", "Cmd": ["touch", f"/file-{n}"]})
    lab.post("/containers/maker/start").raise_for_status()
    lab.post("/containers/maker/wait").raise_for_status()
    lab.post("/commit", container="maker", repo=f"image-{n}").raise_for_status()
    lab.delete("/containers/maker").raise_for_status()
