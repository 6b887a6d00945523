"""Images as archives: what save writes and load reads.

Sources: https://github.com/opencontainers/image-spec/blob/main/image-layout.md and
https://github.com/moby/docker-image-spec (the ``manifest.json`` beside it).
"""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .layers import digest, read_layer, unpack
from .machine.files import File, Folder
from .state import Image, split_tag
from .wire import Fault

if TYPE_CHECKING:
    from .core import Core

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def save(images: list[tuple[Image, list[str]]], *, old: bool) -> bytes:
    """Return an archive of images, each with the tags it is saved under.

    Parameters
    ----------
    old: whether in the manner of engines before 25: a folder for each layer.
    """
    files: dict[str, bytes] = {}
    described: list[dict[str, Any]] = []
    index: list[dict[str, Any]] = []
    names: dict[str, dict[str, str]] = {}
    for image, tags in images:
        layers = []
        for layer in image.layers:
            path = f"{layer.diff_id[7:]}/layer.tar" if old else f"blobs/sha256/{layer.diff_id[7:]}"
            files[path] = layer.tar
            if old:
                files[f"{layer.diff_id[7:]}/VERSION"] = b"1.0"
                files[f"{layer.diff_id[7:]}/json"] = json.dumps({"id": layer.diff_id[7:]}).encode()
            layers.append(path)
        config = f"{image.id[7:]}.json" if old else f"blobs/sha256/{image.id[7:]}"
        files[config] = image.config_json
        described.append({"Config": config, "RepoTags": tags or None, "Layers": layers})
        for tag in tags:
            repository, version = split_tag(tag)
            names.setdefault(repository, {})[version] = image.id[7:]
        if not old:
            index += _oci(files, image, tags)
    if not old:
        files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": index}).encode()
    files["manifest.json"] = json.dumps(described).encode()
    if names and old:
        files["repositories"] = json.dumps(names).encode()
    return _tar(files)


def _oci(files: dict[str, bytes], image: Image, tags: list[str]) -> list[dict[str, Any]]:
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": image.id,
            "size": len(image.config_json),
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": x.diff_id, "size": len(x.tar)}
            for x in image.layers
        ],
    }
    data = json.dumps(manifest).encode()
    files[f"blobs/sha256/{digest(data)[7:]}"] = data
    facts = {"mediaType": OCI_MANIFEST, "digest": digest(data), "size": len(data)}
    return [{**facts, "annotations": {"io.containerd.image.name": tag}} for tag in tags] or [facts]


def _tar(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folders: set[str] = set()
        for path in sorted(files):
            above = ""
            for part in path.split("/")[:-1]:
                above = f"{above}/{part}" if above else part
                if above not in folders:
                    folders.add(above)
                    info = tarfile.TarInfo(above)
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(info)
            info = tarfile.TarInfo(path)
            info.size = len(files[path])
            archive.addfile(info, io.BytesIO(files[path]))
    return target.getvalue()


def load(core: Core, data: bytes) -> Iterator[str]:
    """Take the images of an archive in; yield what the Engine says of each.  Raises `Fault`."""
    from . import imagefile
    from .transfer import retag

    tree = unpack(data)
    listing = tree.entries.get("manifest.json")
    if not isinstance(listing, File):
        aside = posixpath.join(core.root_dir, "tmp", f"docker-import-{int(core.ids.new()[:8], 16)}")
        raise Fault(
            500,
            f"open {aside}/repositories: no such file or directory"
            if core.profile.old
            else "invalid archive: does not contain a manifest.json",
        )
    try:
        for entry in imagefile.decoded(listing.data, "[]tarexport.manifestItem") or []:
            config = imagefile.config(_read(tree, entry["Config"]))
            paths, names = entry.get("Layers") or [], config["rootfs"]["diff_ids"]
            if len(paths) != len(names):
                said = f"layers length mismatch: expected {len(paths)}, got {len(names)}"
                raise Fault(500, f"invalid manifest, {said}")
            layers = [read_layer(_read(tree, path)) for path in paths]
            if [layer.diff_id for layer in layers] != names:
                raise Fault(500, "invalid diffID for layer: the archive was changed")
            made = Image(config, layers)
            image = core.state.images.setdefault(made.id, made)
            tags = entry.get("RepoTags") or []
            for tag in tags:
                _check_tag(tag)
                retag(core, image, tag)
                yield f"Loaded image: {tag}\n"
            if not tags:
                yield f"Loaded image ID: {image.id}\n"
            core.event("image", "load", image.id, {"name": (image.tags or [image.id])[0]})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Fault(500, f"invalid archive: {error}") from error


def _check_tag(tag: str) -> None:
    """Look at a name that an archive gives to an image.  Raises `Fault`."""
    from .api_images import REFERENCE

    if not REFERENCE.fullmatch(tag):
        lower = ": repository name must be lowercase" if REFERENCE.fullmatch(tag.lower()) else ""
        raise Fault(500, f"invalid reference format{lower}")
    if "@" in tag or not split_tag(tag)[1]:
        raise Fault(500, f'invalid tag "{tag}"')


def _read(tree: Folder, path: str) -> bytes:
    at: Any = tree
    for part in str(path).split("/"):
        at = at.entries.get(part) if isinstance(at, Folder) else None
    if not isinstance(at, File):
        raise Fault(500, f"open /{path}: no such file or directory")
    return at.data
