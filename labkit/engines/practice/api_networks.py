"""The endpoints of networks.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import filters, networking
from .state import Container, Endpoint, Network, timestamp
from .wire import Fault, Reply, Request, empty, json_reply, parse_json

if TYPE_CHECKING:
    from .core import Core

_FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type", "partial-id")
BUILTIN = ("bridge", "host", "none")


def _members(core: Core, network: Network) -> list[tuple[Container, Endpoint]]:
    return [
        (c, e) for c in core.state.containers.values() for e in c.endpoints.values() if e.network is network and e.id
    ]


def _facts(core: Core, network: Network, *, containers: bool) -> dict[str, Any]:
    old = core.profile.old
    facts: dict[str, Any] = {
        "Name": network.name,
        "Id": network.id,
        "Created": timestamp(network.created),
        "Scope": network.scope,
        "Driver": network.driver,
        **({} if old else {"EnableIPv4": True}),
        "EnableIPv6": network.ipv6,
        "IPAM": network.ipam,
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
    }
    if containers or old:
        facts["Containers"] = {
            c.id: {
                "Name": c.name,
                "EndpointID": e.id,
                "MacAddress": e.mac,
                "IPv4Address": f"{e.address}/{network.wire.subnet.prefixlen}" if e.address else "",
                "IPv6Address": "",
            }
            for c, e in (_members(core, network) if containers else [])
        }
    facts |= {"Options": network.options, "Labels": network.labels}
    if containers and not old:
        facts["Status"] = {"IPAM": {"Subnets": _use(network)}}
    return facts


def _use(network: Network) -> dict[str, dict[str, int]]:
    """Return how many addresses of a network are taken: also by itself, its gateway and its broadcast."""
    if network.name in ("host", "none"):
        return {}
    used = 2 + len(network.taken)  # the gateway is among those taken
    free = network.wire.subnet.num_addresses - used
    return {str(network.wire.subnet): {"IPsInUse": used, "DynamicIPsAvailable": max(free, 0)}}


def listing(core: Core, request: Request) -> Reply:
    """``GET /networks``; who is on a network is said by inspect alone since API 1.28."""
    wanted = filters.parse(request, _FILTERS, old=core.profile.old)
    _check_filters(core, wanted)
    found = [n for n in core.state.networks.values() if _fits(core, n, wanted)]
    found.sort(key=lambda n: n.created, reverse=True)
    return json_reply([_facts(core, n, containers=request.version < (1, 28)) for n in found])


def _check_filters(core: Core, wanted: filters.Filters) -> None:
    """Look at the values of filters.  Raises `Fault`."""
    for kind in wanted.get("type", []):
        if kind not in ("builtin", "custom"):
            raise Fault(500 if core.profile.old else 400, f"invalid filter: 'type'='{kind}'")
    for value in wanted.get("dangling", []):
        if value.lower() not in ("1", "true", "0", "false"):
            said = 'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")'
            raise Fault(400, said)


def _fits(core: Core, network: Network, wanted: filters.Filters) -> bool:
    kind = "builtin" if network.name in BUILTIN else "custom"
    dangling = filters.boolean(wanted, "dangling", old=core.profile.old)
    unused = kind == "custom" and not _members(core, network)
    return (
        filters.matches(wanted.get("name"), network.name)
        and (not wanted.get("id") or any(network.id.startswith(i) for i in wanted["id"]))
        and (not wanted.get("driver") or network.driver in wanted["driver"])
        and (not wanted.get("scope") or network.scope in wanted["scope"])
        and (not wanted.get("type") or kind in wanted["type"])
        and filters.labels(wanted.get("label", []), network.labels)
        and (dangling is None or dangling == unused)
    )


def create(core: Core, request: Request) -> Reply:
    """``POST /networks/create``."""
    body = parse_json(request, old=core.profile.old, struct="NetworkCreateRequest")
    twin = next((n.id for n in core.state.networks.values() if n.name == body.get("Name")), "")
    network = networking.create(core, body)
    warning = f"Network with name {network.name} (id : {twin}) already exists" if twin else ""
    return json_reply({"Id": network.id, "Warning": warning}, 201)


def inspect(core: Core, _request: Request, name: str) -> Reply:
    """``GET /networks/{id}``."""
    return json_reply(_facts(core, core.state.network(name), containers=True))


def delete(core: Core, _request: Request, name: str) -> Reply:
    """``DELETE /networks/{id}``."""
    network = core.state.network(name)
    if network.name in BUILTIN:
        raise Fault(403, f"{network.name} is a pre-defined network and cannot be removed")
    members = _members(core, network)
    if members:
        named = ", ".join(f'name:"{c.name}" id:"{e.id[:12]}"' for c, e in members)
        raise Fault(
            403,
            f"error while removing network: network {network.name} id {network.id} has active endpoints"
            if core.profile.old
            else f"error while removing network: network {network.name} has active endpoints ({named})",
        )
    _remove(core, network)
    return empty()


def _remove(core: Core, network: Network) -> None:
    del core.state.networks[network.id]
    core.event("network", "destroy", network.id, {"name": network.name, "type": network.driver})


def connect(core: Core, request: Request, name: str) -> Reply:
    """``POST /networks/{id}/connect``."""
    body = parse_json(request, old=core.profile.old, struct="NetworkConnect")
    container = core.state.container(str(body.get("Container") or ""))
    network = core.state.network(name) if container.running else networking.chosen(core, name)
    if network.name in ("host", "none"):
        raise Fault(
            403,
            "container cannot be disconnected from host network or connected to host network"
            if network.name == "host"
            else "container cannot be connected to multiple networks with one of the networks in private (none) mode",
        )
    if network.name in container.endpoints:
        raise Fault(403, f"endpoint with name {container.name} already exists in network {network.name}")
    if any(n in container.endpoints for n in ("host", "none")):
        raise Fault(
            403, "container cannot be connected to multiple networks with one of the networks in private (none) mode"
        )
    place = networking.endpoint(core, container, network, body.get("EndpointConfig"))
    if core.profile.old and network.name != "bridge" and container.id[:12] not in place.aliases:
        place.aliases.append(container.id[:12])
    if container.running:
        networking.connect_one(core, container, place)
    container.endpoints[network.name] = place
    return empty(200)


def disconnect(core: Core, request: Request, name: str) -> Reply:
    """``POST /networks/{id}/disconnect``."""
    body = parse_json(request, old=core.profile.old, struct="NetworkDisconnect")
    wanted = str(body.get("Container") or "")
    try:
        container = core.state.container(wanted)
    except Fault:
        if body.get("Force") and core.state.network(name):
            if core.profile.old:
                raise Fault(404, f"endpoint {wanted} not found") from None
            return empty(200)
        raise
    there = any(name in (n.name, n.id) for n in core.state.networks.values())
    if (container.running and (there or not body.get("Force"))) or not core.profile.old:
        name = core.state.network(name).name
        said = f"container {container.id} is not connected to network {name}"
    else:  # an old Engine looks at nothing but the container's own settings
        name = next((n.name for n in core.state.networks.values() if n.id == name), name)
        said = f"container {container.id} is not connected to the network {name}"
    place = container.endpoints.get(name)
    if place is None:
        raise Fault(500, said)
    networking.disconnect_one(core, container, place)
    del container.endpoints[name]
    return empty(200)


def prune(core: Core, request: Request) -> Reply:
    """``POST /networks/prune``."""
    wanted = filters.parse(request, ("label", "label!", "until"), old=core.profile.old)
    until = filters.until(wanted, core.now, old=core.profile.old)
    gone = []
    for network in list(core.state.networks.values()):
        excluded = wanted.get("label!") and filters.labels(wanted["label!"], network.labels)
        places = any(e.network is network for c in core.state.containers.values() for e in c.endpoints.values())
        if (
            network.name not in BUILTIN
            and not places
            and network.created <= until
            and filters.labels(wanted.get("label", []), network.labels)
            and not excluded
        ):
            _remove(core, network)
            gone.append(network.name)
    core.event("network", "prune", "", {"reclaimed": "0"})
    return json_reply({"NetworksDeleted": gone or None})
