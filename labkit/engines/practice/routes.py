"""Which function answers which endpoint."""

from __future__ import annotations

import importlib
import posixpath
import re
from collections.abc import Callable
from functools import cache
from typing import Any

Handler = Callable[..., Any]

ROUTES: tuple[tuple[str, str, str], ...] = (
    ("OPTIONS", "/{path}", "api_system.options"),
    ("GET", "/_ping", "api_system.ping"),
    ("HEAD", "/_ping", "api_system.ping"),
    ("GET", "/version", "api_system.version"),
    ("GET", "/info", "api_system.info"),
    ("GET", "/system/df", "api_usage.df"),
    ("GET", "/events", "api_system.events"),
    ("POST", "/auth", "api_images.auth"),
    ("GET", "/containers/json", "api_containers.listing"),
    ("GET", "/containers/ps", "api_containers.listing"),
    ("POST", "/containers/create", "api_containers.create"),
    ("POST", "/containers/prune", "api_containers.prune"),
    ("GET", "/containers/{id}/json", "api_containers.inspect"),
    ("GET", "/containers/{id}/top", "api_inside.top"),
    ("GET", "/containers/{id}/changes", "api_inside.changes"),
    ("GET", "/containers/{id}/export", "api_inside.export"),
    ("GET", "/containers/{id}/archive", "api_inside.get_archive"),
    ("POST", "/containers/{id}/copy", "api_inside.copy_old"),
    ("HEAD", "/containers/{id}/archive", "api_inside.head_archive"),
    ("PUT", "/containers/{id}/archive", "api_inside.put_archive"),
    ("POST", "/containers/{id}/start", "api_containers.start"),
    ("POST", "/containers/{id}/stop", "api_containers.stop"),
    ("POST", "/containers/{id}/restart", "api_containers.restart"),
    ("POST", "/containers/{id}/kill", "api_containers.kill"),
    ("POST", "/containers/{id}/pause", "api_containers.pause"),
    ("POST", "/containers/{id}/unpause", "api_containers.unpause"),
    ("POST", "/containers/{id}/wait", "api_containers.wait"),
    ("POST", "/containers/{id}/rename", "api_containers.rename"),
    ("POST", "/containers/{id}/update", "api_containers.update"),
    ("POST", "/containers/{id}/resize", "api_containers.resize"),
    ("DELETE", "/containers/{id}", "api_containers.delete"),
    ("GET", "/containers/{id}/logs", "api_streams.logs"),
    ("GET", "/containers/{id}/stats", "api_streams.stats"),
    ("POST", "/containers/{id}/attach", "api_streams.attach"),
    ("GET", "/containers/{id}/attach/ws", "api_streams.attach_socket"),
    ("POST", "/containers/{id}/exec", "api_exec.create"),
    ("POST", "/exec/{id}/start", "api_exec.start"),
    ("POST", "/exec/{id}/resize", "api_exec.resize"),
    ("GET", "/exec/{id}/json", "api_exec.inspect"),
    ("GET", "/images/json", "api_images.listing"),
    ("POST", "/images/create", "api_images.create"),
    ("POST", "/images/load", "api_images.load"),
    ("POST", "/images/prune", "api_images.prune"),
    ("GET", "/images/search", "api_images.search"),
    ("GET", "/images/get", "api_images.save_many"),
    ("GET", "/images/{name}/json", "api_images.inspect"),
    ("GET", "/images/{name}/history", "api_images.history"),
    ("GET", "/images/{name}/get", "api_images.save"),
    ("POST", "/images/{name}/push", "api_images.push"),
    ("POST", "/images/{name}/tag", "api_images.tag"),
    ("DELETE", "/images/{name}", "api_images.delete"),
    ("GET", "/distribution/{name}/json", "api_images.distribution"),
    ("POST", "/commit", "api_build.commit"),
    ("POST", "/build", "api_build.build"),
    ("POST", "/build/prune", "api_build.prune"),
    ("GET", "/networks", "api_networks.listing"),
    ("POST", "/networks/create", "api_networks.create"),
    ("POST", "/networks/prune", "api_networks.prune"),
    ("GET", "/networks/{id}", "api_networks.inspect"),
    ("DELETE", "/networks/{id}", "api_networks.delete"),
    ("POST", "/networks/{id}/connect", "api_networks.connect"),
    ("POST", "/networks/{id}/disconnect", "api_networks.disconnect"),
    ("GET", "/volumes", "api_volumes.listing"),
    ("POST", "/volumes/create", "api_volumes.create"),
    ("POST", "/volumes/prune", "api_volumes.prune"),
    ("GET", "/volumes/{name}", "api_volumes.inspect"),
    ("DELETE", "/volumes/{name}", "api_volumes.delete"),
    ("GET", "/swarm", "api_cluster.managers_only"),
    ("GET", "/swarm/unlockkey", "api_cluster.managers_only"),
    ("POST", "/swarm/update", "api_cluster.managers_only"),
    ("POST", "/swarm/unlock", "api_cluster.managers_only"),
    ("POST", "/swarm/leave", "api_cluster.leave"),
    ("POST", "/swarm/init", "api_cluster.not_had"),
    ("POST", "/swarm/join", "api_cluster.not_had"),
    ("GET", "/services", "api_cluster.managers_only"),
    ("POST", "/services/create", "api_cluster.create"),
    ("GET", "/services/{id}/logs", "api_cluster.managers_only"),
    ("GET", "/services/{id}", "api_cluster.managers_only"),
    ("POST", "/services/{id}/update", "api_cluster.managers_only"),
    ("DELETE", "/services/{id}", "api_cluster.managers_only"),
    ("GET", "/secrets", "api_cluster.managers_only"),
    ("POST", "/secrets/create", "api_cluster.create"),
    ("GET", "/secrets/{id}", "api_cluster.managers_only"),
    ("POST", "/secrets/{id}/update", "api_cluster.managers_only"),
    ("DELETE", "/secrets/{id}", "api_cluster.managers_only"),
    ("GET", "/configs", "api_cluster.managers_only"),
    ("POST", "/configs/create", "api_cluster.create"),
    ("GET", "/configs/{id}", "api_cluster.managers_only"),
    ("POST", "/configs/{id}/update", "api_cluster.managers_only"),
    ("DELETE", "/configs/{id}", "api_cluster.managers_only"),
    ("GET", "/nodes", "api_cluster.managers_only"),
    ("GET", "/nodes/{id}", "api_cluster.managers_only"),
    ("POST", "/nodes/{id}/update", "api_cluster.managers_only"),
    ("DELETE", "/nodes/{id}", "api_cluster.managers_only"),
    ("GET", "/tasks", "api_cluster.managers_only"),
    ("GET", "/tasks/{id}/logs", "api_cluster.managers_only"),
    ("GET", "/tasks/{id}", "api_cluster.managers_only"),
    ("GET", "/plugins", "api_cluster.plugins"),
    ("GET", "/plugins/privileges", "api_cluster.not_had"),
    ("POST", "/plugins/pull", "api_cluster.not_had"),
    ("POST", "/plugins/create", "api_cluster.not_had"),
    ("POST", "/plugins/{name}/upgrade", "api_cluster.not_had"),
    ("GET", "/plugins/{name}/json", "api_cluster.plugin"),
    ("POST", "/plugins/{name}/enable", "api_cluster.plugin"),
    ("POST", "/plugins/{name}/disable", "api_cluster.plugin"),
    ("POST", "/plugins/{name}/push", "api_cluster.plugin"),
    ("POST", "/plugins/{name}/set", "api_cluster.plugin"),
    ("DELETE", "/plugins/{name}", "api_cluster.plugin"),
    ("POST", "/session", "api_cluster.not_had"),
    ("POST", "/grpc", "api_cluster.not_had"),
)
"""Method, path, and the function with its module, which is imported when one of its endpoints is first asked for."""


@cache
def _compile(path: str) -> re.Pattern[str]:
    """Return the expression of a path; as in the Engine's router, what stands for a name may hold slashes."""
    return re.compile(re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(path)))


@cache
def handler(function: str) -> Handler:
    """Return a function by its name, such as ``api_system.ping``."""
    module, _dot, name = function.partition(".")
    found: Handler = getattr(importlib.import_module(f"{__package__}.{module}"), name)
    return found


def _match(method: str, path: str) -> tuple[str, str, tuple[str, ...]] | None:
    """Return the endpoint that a path belongs to, what answers it, and the names in the path."""
    for verb, pattern, function in ROUTES:
        # The fixed beginning is compared first: to compile all of them would take a tenth of the engine's start.
        likely = verb == method and path.startswith(pattern.partition("{")[0])
        if likely and (found := _compile(pattern).fullmatch(path)):
            return pattern, function, found.groups()
    return None


def cleaned(path: str) -> str:
    """Return a path as the Engine's router has it: without empty parts, ``.`` and ``..``."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith("/") and clean != "/" else clean


def find(method: str, path: str) -> tuple[Handler, tuple[str, ...]] | None:
    """Return what answers a request, and the names in its path; None where nothing does."""
    if found := _match(method, path):
        _pattern, function, names = found
        return handler(function), names
    return None


def template(method: str, path: str) -> str:
    """Return the endpoint that a path belongs to, such as ``/containers/{id}/json``; empty where there is none."""
    found = _match(method, path)
    return found[0] if found else ""
