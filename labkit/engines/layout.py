"""Images on disk: blobs under their digests, and which manifest has which name.

Source: https://distribution.github.io/distribution/spec/manifest-v2-2/
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import write
from .recipes import steps

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True)
class Entry:
    """One thing in a layer: a file (`data`), a symbolic link (`target`), or a folder (neither)."""

    mode: int = 0o755
    data: bytes | None = None
    target: str | None = None


@dataclass(frozen=True)
class Layer:
    """A layer in the layout: its descriptor for a manifest, and what made it, for the history."""

    descriptor: Mapping[str, Any]
    diff_id: str
    made_by: str


class Layout:
    """A folder of images.

    Parameters
    ----------
    folder: made when something is put in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "images.json"

    def images(self) -> dict[str, str]:
        """Digests of manifests by name, such as ``library/busybox:latest``; empty when there are none."""
        try:
            return dict(json.loads(self._index.read_text()))
        except (OSError, ValueError):
            return {}

    def path(self, digest: str) -> Path:
        """The file of a blob."""
        return self._folder / "blobs" / digest.replace(":", "/")

    def manifest(self, digest: str) -> dict[str, Any]:
        """A manifest, parsed."""
        return dict(json.loads(self.path(digest).read_bytes()))

    def put(self, data: bytes) -> str:
        """Keep a blob and return its digest."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        file = self.path(digest)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            write(file, data)
        return digest

    def layer(self, entries: Mapping[str, Entry], made_by: str, mtime: int) -> Layer:
        """Pack a layer: the same entries always give the same bytes.  `mtime` is in seconds since 1970."""
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, entry in sorted(_with_folders(entries).items()):
                info = tarfile.TarInfo(name)
                info.mode, info.mtime = entry.mode, mtime
                if entry.target is not None:
                    info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
                elif entry.data is None:
                    info.type = tarfile.DIRTYPE
                else:
                    info.size = len(entry.data)
                archive.addfile(info, io.BytesIO(entry.data or b""))
        packed = gzip.compress(plain.getvalue(), 6, mtime=0)
        diff_id = "sha256:" + hashlib.sha256(plain.getvalue()).hexdigest()
        descriptor = {"mediaType": _LAYER, "size": len(packed), "digest": self.put(packed)}
        return Layer(descriptor, diff_id, made_by)

    def image(self, layers: Sequence[Layer], config: Mapping[str, Any], architecture: str, created: str) -> str:
        """Make an image of layers and return the digest of its manifest.

        Parameters
        ----------
        config: what a container gets from it (``Cmd``, ``ExposedPorts``, …).
        architecture: as Go names it, such as ``amd64``.
        created: a time as in RFC 3339.
        """
        history: list[dict[str, Any]] = [{"created": created, "created_by": layer.made_by} for layer in layers]
        history += [{"created": created, "created_by": said, "empty_layer": True} for said in steps(config)]
        whole = {
            "architecture": architecture,
            "os": "linux",
            "created": created,
            "config": dict(config),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": history,
        }
        text = json.dumps(whole).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(text), "digest": self.put(text)},
            "layers": [dict(layer.descriptor) for layer in layers],
        }
        return self.put(json.dumps(manifest).encode())

    def save(self, images: Mapping[str, str]) -> None:
        """Write down the names, last of all: with it the layout is complete."""
        write(self._index, json.dumps(dict(images), indent=1) + "\n")


def _with_folders(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Add the folders that entries lie in, where they are not entries themselves."""
    whole = dict(entries)
    for name in entries:
        for parent in list(Path(name).parents)[:-1]:
            whole.setdefault(str(parent), Entry())
    return whole
