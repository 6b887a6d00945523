"""The endpoints of swarm and of plugins: of an Engine that is no swarm manager and has no plugin.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Swarm
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import filters
from .wire import Fault, Reply, Request, json_reply, parse_json

if TYPE_CHECKING:
    from .core import Core


def managers_only(_core: Core, _request: Request, *_names: str) -> Reply:
    """What a swarm manager alone answers."""
    raise Fault(
        503,
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" '
        "to connect this node to swarm and try again.",
    )


def create(core: Core, request: Request) -> Reply:
    """``POST /services/create`` and its like: the body is read before anything else."""
    parse_json(request, old=core.profile.old, struct="ServiceSpec")
    return managers_only(core, request)


def leave(_core: Core, _request: Request) -> Reply:
    """``POST /swarm/leave``."""
    raise Fault(503, "This node is not part of a swarm")


def plugins(core: Core, request: Request) -> Reply:
    """``GET /plugins``."""
    filters.parse(request, ("capability", "enabled"), old=core.profile.old)
    return json_reply([])


def plugin(_core: Core, _request: Request, name: str) -> Reply:
    """What is asked of one plugin, or done to it."""
    raise Fault(404, f'plugin "{name}" not found')


def not_had(_core: Any, request: Request, *_names: str) -> Reply:
    """Say what a real Engine has and this one lacks."""
    raise Fault(501, f"The practice engine has no {request.method} {request.path}. A real Docker Engine has.")
