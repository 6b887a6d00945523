"""The course's images from the Docker Hub, when this machine can reach it.

A docker-registry in proxy mode speaks to the Hub (its tokens, its redirections); what it
hands out is copied into the layout, for this machine's kind of processor alone.

Sources: https://distribution.github.io/distribution/recipes/mirror/ and
https://distribution.github.io/distribution/spec/manifest-v2-2/ (manifest lists).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import platform
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ..messages import _
from .layout import Layout
from .mirror import UnixConnection

NAMES = ("library/busybox:latest", "library/busybox:stable", "library/nginx:latest", "library/redis:latest")
PROBE_SECONDS = 2.0
_ACCEPT = ", ".join(
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    ]
)


def address(engine: Path) -> str:
    """The Hub's address as the Engine itself has it, or the one that ``LABKIT_HUB`` gives; empty for none.

    Parameters
    ----------
    engine: the unix socket of the API; ``GET /info`` has the address.
    """
    given = os.environ.get("LABKIT_HUB")
    if given is not None:
        return given
    try:
        _status, _headers, body = UnixConnection(str(engine)).ask("GET", "/info")
        found = urlsplit(json.loads(body)["IndexServerAddress"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ""
    return f"{found.scheme}://{found.netloc}"


def reachable(url: str) -> bool:
    """Whether something answers there.  An unreachable name server is given up on as well: in 2 s."""
    parts = urlsplit(url)
    found = threading.Event()

    def knock() -> None:
        try:
            port = parts.port or (80 if parts.scheme == "http" else 443)
            socket.create_connection((parts.hostname or "", port), PROBE_SECONDS).close()
            found.set()
        except (OSError, ValueError):
            pass

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return found.is_set()


def fetch(layout: Layout, proxy: Path, say: Callable[[str], None]) -> bool:
    """Copy the images from a registry into the layout; return whether all of them came.

    Parameters
    ----------
    proxy: the unix socket of a docker-registry that stands before the Hub.
    """
    connection = UnixConnection(str(proxy), timeout=120.0)
    images = {}
    try:
        for name in NAMES:
            say(_("Fetching {name} from the Docker Hub", name=name.removeprefix("library/")))
            images[name] = _copy(connection, layout, *name.split(":"))
    except (OSError, http.client.HTTPException, ValueError, KeyError, LookupError):
        return False  # the Hub limits how much one address may pull, networks break off: packages do as well
    finally:
        connection.close()
    layout.save(images)
    return True


def _copy(connection: UnixConnection, layout: Layout, repository: str, tag: str) -> str:
    """Copy one image and return the digest of its manifest.  Raises `ValueError` for what is not as it should be."""
    manifest = _get(connection, f"/v2/{repository}/manifests/{tag}")
    listed = json.loads(manifest)
    if "manifests" in listed:
        fitting = [one["digest"] for one in listed["manifests"] if _fits(one.get("platform", {}))]
        manifest = _get(connection, f"/v2/{repository}/manifests/{fitting[0]}", fitting[0])
        listed = json.loads(manifest)
    if "mediaType" not in listed:
        raise ValueError(listed)
    for blob in [listed["config"], *listed["layers"]]:
        layout.put(_get(connection, f"/v2/{repository}/blobs/{blob['digest']}", blob["digest"]))
    return layout.put(manifest)


def _fits(wanted: dict[str, str]) -> bool:
    here = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return wanted.get("os") == "linux" and wanted.get("architecture") == here


def _get(connection: UnixConnection, target: str, digest: str = "") -> bytes:
    status, _headers, body = connection.ask("GET", target, {"Accept": _ACCEPT})
    if status != 200 or (digest and digest != "sha256:" + hashlib.sha256(body).hexdigest()):
        raise ValueError(target)
    return body
