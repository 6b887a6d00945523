"""A registry without a socket: blobs, manifests, tags, a password, and the old search.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from ..recipes import repository
from .layers import digest, read_layer
from .machine.digits import whole
from .state import Image
from .wire import Fault, Reply, dumps

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
FIRST = "application/vnd.docker.distribution.manifest.v1+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MAX_UPLOAD = 256 * 1024 * 1024
_NAME = r"[a-z0-9]+(?:[._/-][a-z0-9_]+)*"
_MANIFEST = rf"/v2/({_NAME})/manifests/([^/]+)"
_BLOB = rf"/v2/({_NAME})/blobs/(sha256:[0-9a-f]{{64}})"
_UPLOADS = rf"/v2/({_NAME})/blobs/uploads/([0-9a-f]*)"
_TAGS = rf"/v2/({_NAME})/tags/list"


class Registry:
    """One registry.

    Parameters
    ----------
    login: the name and the password that it asks for; None for neither.
    read_only: whether only the engine's own side can put something in.
    beside: another one, which a search looks through first.

    Set afterwards: `say`, which takes lines for the log; that is where the stderr of the engine's process goes.
    """

    def __init__(
        self, login: tuple[str, str] | None = None, *, read_only: bool = False, beside: Registry | None = None
    ) -> None:
        self.login, self.read_only, self.beside = login, read_only, beside
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, dict[str, str]] = {}
        self.kinds: dict[str, str] = {}
        self.uploads: dict[str, bytearray] = {}
        self._count = 0
        self.say: Callable[[str], None] = lambda line: print(line, file=sys.stderr)

    # What the engine asks for

    def allowed(self, login: tuple[str, str] | None) -> bool:
        """Whether a name and password are the right ones."""
        if self.login is None:
            return True
        return login is not None and all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(login, self.login))

    def add(self, repository: str, tag: str, image: Image) -> tuple[str, int]:
        """Take an image in; return the digest and the size of its manifest."""
        layers = [self._blob(layer.packed) for layer in image.layers]
        config = self._blob(image.config_json)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(self.blobs[config]), "digest": config},
            "layers": [{"mediaType": LAYER, "size": len(self.blobs[layer]), "digest": layer} for layer in layers],
        }
        data = json.dumps(manifest, indent=3).encode()
        name = self._blob(data)
        self.kinds[name] = MANIFEST
        self.manifests.setdefault(repository, {})[tag] = name
        return name, len(data)

    def _blob(self, data: bytes) -> str:
        name = digest(data)
        self.blobs[name] = data
        return name

    def manifest(self, repository: str, reference: str) -> tuple[str, dict[str, Any]] | None:
        """Return the digest of a manifest and what it says; None where there is none."""
        name = reference if reference.startswith("sha256:") else self.manifests.get(repository, {}).get(reference, "")
        if name not in self.blobs or name not in self.kinds or repository not in self.manifests:
            return None
        return name, json.loads(self.blobs[name])

    def layer_names(self, manifest: str) -> list[str]:
        """Return the digests of a manifest's layers."""
        return [layer["digest"] for layer in json.loads(self.blobs[manifest])["layers"]]

    def image(self, repository: str, reference: str) -> Image | None:
        """Return an image; None where there is none.  Raises `Fault` for a damaged one."""
        from . import imagefile

        found = self.manifest(repository, reference)
        if found is None:
            return None
        said = found[1]
        if any(part["digest"] not in self.blobs for part in (said["config"], *said["layers"])):
            raise Fault(500, "unknown blob")
        try:
            layers = [read_layer(self.blobs[layer["digest"]]) for layer in said["layers"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Fault(500, f"manifest of {repository}:{reference} is damaged") from error
        return Image(imagefile.config(self.blobs[said["config"]["digest"]]), layers)

    # HTTP

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer a request; what is a fault of this registry's own is answered and logged, and it goes on."""
        try:
            return self._guarded(method, target, headers, body)
        except Exception as error:
            self.say(f"unforeseen {type(error).__name__} in the registry at {method} {target[:200]}: {error}")
            return _error(500, "UNKNOWN", "unknown error")

    def _guarded(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        path, _mark, query = target.partition("?")
        login = _basic(headers.get("authorization", ""))
        if path.startswith("/v1/"):
            return self._search(path, parse_qs(query))
        if self.read_only and method not in ("GET", "HEAD"):
            return _error(405, "UNSUPPORTED", "this registry is a mirror and cannot be changed")
        if not self.allowed(login):
            challenge = {"Www-Authenticate": 'Basic realm="docker-api-lab"'}
            return _error(401, "UNAUTHORIZED", "authentication required", challenge)
        reply = self._answer(method, path, parse_qs(query), headers, body)
        reply.headers.setdefault("Docker-Distribution-Api-Version", "registry/2.0")
        reply.headers.setdefault("X-Content-Type-Options", "nosniff")
        return reply

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Reply:
        if path in ("/v2/", "/v2"):
            return _json({})
        if path == "/v2/_catalog" and method == "GET":
            return self._page(sorted(self.manifests), query, "repositories", {})
        if found := re.fullmatch(_TAGS, path):
            if found.group(1) not in self.manifests:
                return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
            return self._page(sorted(self.manifests[found.group(1)]), query, "tags", {"name": found.group(1)})
        if found := re.fullmatch(_MANIFEST, path):
            return self._manifest(method, found.group(1), found.group(2), headers, body)
        if found := re.fullmatch(_BLOB, path):
            return self._read_blob(method, found.group(2))
        if found := re.fullmatch(_UPLOADS, path):
            return self._upload(method, found.group(1), found.group(2), query, body)
        return (
            _error(404, "UNSUPPORTED", "The operation is unsupported.")
            if path.startswith("/v2/")
            else Reply(404, b"404 page not found\n")
        )

    def _page(self, items: list[str], query: dict[str, list[str]], name: str, more: dict[str, Any]) -> Reply:
        last, count = query.get("last", [""])[0], query.get("n", [""])[0]
        rest = [item for item in items if item > last]
        most = whole(count)
        if most is not None and most < len(rest):
            rest = rest[:most]
            reply = _json({**more, name: rest})
            reply.headers["Link"] = f'</v2/_catalog?last={rest[-1] if rest else ""}&n={count}>; rel="next"'
            return reply
        return _json({**more, name: rest})

    def _manifest(self, method: str, repository: str, reference: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if method == "PUT":
            return self._put_manifest(repository, reference, headers, body)
        if method == "DELETE":
            return self._delete_manifest(repository, reference)
        found = self.manifest(repository, reference)
        if found is None:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown", detail={"Tag": reference})
        if self.kinds[found[0]] == MANIFEST and MANIFEST not in headers.get("accept", "") and _is_tag(reference):
            return self._first_form(repository, reference, found[1])
        facts = {"Content-Type": self.kinds[found[0]], "Docker-Content-Digest": found[0], "Etag": f'"{found[0]}"'}
        return Reply(200, self.blobs[found[0]], facts)

    def _delete_manifest(self, repository: str, reference: str) -> Reply:
        """Forget a manifest, by its digest alone, with all tags that name it."""
        if _is_tag(reference):
            return _error(405, "UNSUPPORTED", "The operation is unsupported.")
        if self.manifest(repository, reference) is None:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        tags = self.manifests[repository]
        for tag in [tag for tag, name in tags.items() if name == reference]:
            del tags[tag]
        if not any(reference in others.values() for others in self.manifests.values()):
            del self.kinds[reference], self.blobs[reference]
        return Reply(202)

    def _first_form(self, repository: str, tag: str, said: dict[str, Any]) -> Reply:
        """Return a manifest in the first form, for who does not say that it knows the second; it is not signed.

        Source: https://distribution.github.io/distribution/spec/manifest-v2-1/
        """
        config = json.loads(self.blobs[said["config"]["digest"]])
        steps = [{"v1Compatibility": dumps(step).decode()} for step in reversed(config.get("history") or [])]
        first = {
            "schemaVersion": 1,
            "name": repository,
            "tag": tag,
            "architecture": config.get("architecture", ""),
            "fsLayers": [{"blobSum": layer["digest"]} for layer in reversed(said["layers"])],
            "history": steps,
        }
        data = json.dumps(first, indent=3).encode()
        return Reply(200, data, {"Content-Type": FIRST, "Docker-Content-Digest": digest(data)})

    def _put_manifest(self, repository: str, reference: str, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            said = json.loads(body)
            needed = [str(part["digest"]) for part in (said["config"], *said["layers"])]
            if not all(isinstance(part.get("size", 0), int) for part in said["layers"]):
                raise TypeError("size")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _error(400, "MANIFEST_INVALID", "manifest invalid")
        if any(name not in self.blobs for name in needed):
            return _error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
        name = self._blob(body)
        self.kinds[name] = headers.get("content-type", MANIFEST)
        tags = self.manifests.setdefault(repository, {})
        if not reference.startswith("sha256:"):
            tags[reference] = name
        return Reply(201, b"", {"Docker-Content-Digest": name, "Location": f"/v2/{repository}/manifests/{name}"})

    def _read_blob(self, method: str, name: str) -> Reply:
        if name not in self.blobs or method not in ("GET", "HEAD"):
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return Reply(200, self.blobs[name], {"Content-Type": "application/octet-stream", "Docker-Content-Digest": name})

    def _upload(self, method: str, repository: str, upload: str, query: dict[str, list[str]], body: bytes) -> Reply:
        if method == "POST":
            self._count += 1
            upload = f"{self._count:032x}"
            self.uploads[upload] = bytearray(body)
        data = self.uploads.get(upload)
        if data is None:
            return _error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        if method in ("PATCH", "PUT"):
            data += body
        if len(data) > MAX_UPLOAD:
            del self.uploads[upload]
            return _error(413, "SIZE_INVALID", "the practice registry takes no blob above 256 MiB")
        if method == "PUT":
            wanted = query.get("digest", [""])[0]
            if digest(bytes(data)) != wanted:
                return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            self.blobs[wanted] = bytes(self.uploads.pop(upload))
            return Reply(201, b"", {"Docker-Content-Digest": wanted, "Location": f"/v2/{repository}/blobs/{wanted}"})
        facts = {
            "Location": f"/v2/{repository}/blobs/uploads/{upload}",
            "Docker-Upload-Uuid": upload,
            "Range": f"0-{max(len(data) - 1, 0)}",
        }
        return Reply(202, b"", facts)

    def _search(self, path: str, query: dict[str, list[str]]) -> Reply:
        """The search of the first registry protocol, which the Engine still asks."""
        if path == "/v1/_ping":
            return _json({"standalone": True})
        term = query.get("q", [""])[0]
        searched = [self.beside, self] if self.beside else [self]
        found = [repository(name) for one in searched for name in sorted(one.manifests) if term.lower() in name.lower()]
        return _json({"num_results": len(found), "query": term, "results": found})


def _is_tag(reference: str) -> bool:
    return not reference.startswith("sha256:")


def _basic(text: str) -> tuple[str, str] | None:
    kind, _space, value = text.partition(" ")
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if kind.lower() == "basic" and colon else None


def _json(value: Any) -> Reply:
    return Reply(200, dumps(value) + b"\n", {"Content-Type": "application/json; charset=utf-8"})


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None, detail: Any = None) -> Reply:
    reply = _json({"errors": [{"code": code, "message": message, "detail": detail}]})
    reply.status = status
    reply.headers |= headers or {}
    return reply
