"""Addresses: networks with their pools, and containers on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from .checks import host_ports
from .machine.digits import whole
from .machine.network import Wire
from .state import Container, Endpoint, Network
from .wire import Fault

if TYPE_CHECKING:
    from .core import Core

POOLS = [
    *(IPv4Network(f"172.{n}.0.0/16") for n in range(17, 32)),
    *(IPv4Network(f"192.168.{n}.0/20") for n in range(0, 256, 16)),
]
"""Where networks without a subnet of their own get one, as an Engine has them by default."""


_MAC = "02:42:ac:11:00:01"
"""That of ``docker0``, which is all that the machine has beside its loopback."""
ANY = "0.0.0.0"  # noqa: S104 - only written down: what is published listens on loopback
"""The address that a port is published on where none is asked for."""


def add_builtin(core: Core) -> None:
    """Make the networks that every Engine has."""
    for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null")):
        subnet = POOLS[0]
        wire = Wire(subnet, str(subnet[1]), resolves=False, internal=driver == "null")
        gateway = {} if core.profile.old else {"Gateway": str(subnet[1])}  # an old Engine does not say its own
        ipam = [{"Subnet": str(subnet), **gateway}] if driver == "bridge" else []
        options = (
            {
                "com.docker.network.bridge.default_bridge": "true",
                "com.docker.network.bridge.enable_icc": "true",
                "com.docker.network.bridge.enable_ip_masquerade": "true",
                "com.docker.network.bridge.host_binding_ipv4": ANY,
                "com.docker.network.bridge.name": "docker0",
                "com.docker.network.driver.mtu": "1500",
            }
            if driver == "bridge"
            else {}
        )
        network = Network(
            core.ids.new(), name, core.now, driver, wire, {"Driver": "default", "Options": None, "Config": ipam}
        )
        network.options = options
        core.state.networks[network.id] = network


def create(core: Core, body: dict[str, Any]) -> Network:
    """Make a network as a body of ``POST /networks/create`` says.  Raises `Fault`."""
    name = body.get("Name") or ""
    old = core.profile.old
    if not name or not isinstance(name, str):
        raise Fault(500 if old else 400, "invalid name: " if old else "network name cannot be empty")
    if any(n.name == name for n in core.state.networks.values()) and (
        body.get("CheckDuplicate") or not old or name in ("bridge", "host", "none")
    ):
        status = 403 if name in ("bridge", "host", "none") and old else 409
        raise Fault(
            status,
            f"network with name {name} already exists"
            if status == 409
            else f"operation is not permitted on predefined {name} network ",
        )
    driver = body.get("Driver") or "bridge"
    if driver in ("host", "null"):
        raise Fault(403, f'only one instance of "{driver}" network is allowed')
    if driver not in ("bridge", "macvlan", "ipvlan"):
        raise Fault(
            404 if driver != "overlay" else 500 if old else 503,
            f'plugin "{driver}" not found'
            if driver != "overlay"
            else 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to '
            "connect this node to swarm and try again.",
        )
    if body.get("Ingress"):
        raise Fault(403, f"{'I' if old else 'i'}ngress network can only be global scope network")
    if body.get("Scope") == "swarm":
        raise Fault(403, "cannot create a swarm scoped network when swarm is not active")
    ipam = body.get("IPAM") or {}
    if old and body.get("EnableIPv6") and not any(":" in str(c.get("Subnet")) for c in ipam.get("Config") or []):
        raise Fault(404, _NO_POOL.format(6))
    subnet, config = _pool(core, name, ipam.get("Config") or [])
    gateway = next((c["Gateway"] for c in config if c.get("Gateway")), str(subnet[1]))
    wire = Wire(subnet, gateway, internal=bool(body.get("Internal")))
    network = Network(
        core.ids.new(),
        name,
        core.now,
        driver,
        wire,
        {"Driver": ipam.get("Driver") or "default", "Options": ipam.get("Options"), "Config": config},
        bool(body.get("Internal")),
        bool(body.get("Attachable")),
        bool(body.get("EnableIPv6")),
        dict(sorted((body.get("Labels") or {}).items())),
        dict(sorted((body.get("Options") or {}).items())),
    )
    network.taken.add(gateway)
    network.configured = any(c.get("Subnet") for c in ipam.get("Config") or [])
    core.state.networks[network.id] = network
    core.event("network", "create", network.id, {"name": name, "type": driver})
    return network


_NO_POOL = "could not find an available, non-overlapping IPv{} address pool among the defaults to assign to the network"


def _pool(core: Core, name: str, configs: list[dict[str, Any]]) -> tuple[IPv4Network, list[dict[str, Any]]]:
    """Return the subnet of a new network, and its configuration as inspect shows it."""
    old = core.profile.old
    used = [n.wire.subnet for n in core.state.networks.values() if n.driver not in ("host", "null")]
    if old and any(configs) and not all(c.get("Subnet") for c in configs):
        raise Fault(500, "Invalid subnet  : invalid CIDR address: ")
    sixth = [c for c in configs if ":" in str(c.get("Subnet") or "")]
    given = next((c for c in configs if c.get("Subnet") and c not in sixth), None)
    if given is None:
        free = next((pool for pool in POOLS if not any(pool.overlaps(u) for u in used)), None)
        if free is None:
            said = _NO_POOL.format(4)
            raise Fault(404 if old else 400, said if old else "all predefined address pools have been fully subnetted")
        return free, [*sixth, {"Subnet": str(free), "Gateway": str(free[1])}]
    text = str(given["Subnet"])
    try:
        subnet = ip_network(text, strict=False)
        if not isinstance(subnet, IPv4Network) or "/" not in text:
            raise ValueError(text)
    except ValueError:
        raise Fault(
            500 if old else 400,
            f"Invalid subnet {text} : invalid CIDR address: {text}"
            if old
            else f'invalid JSON: netip.ParsePrefix("{text}"): '
            + (f'ParseAddr("{text.partition("/")[0]}"): IPv4 field has value >255' if "/" in text else "no '/'"),
        ) from None
    if any(subnet.overlaps(u) for u in used):
        raise Fault(
            403,
            "Pool overlaps with other one on this address space"
            if old
            else "invalid pool request: Pool overlaps with other one on this address space",
        )
    _check_addresses(core, name, subnet, given)
    if subnet.num_addresses < 4:
        said = f"{'N' if old else 'n'}o available addresses on this pool"
        raise Fault(500, f"failed to allocate gateway ({given.get('Gateway') or ''}): {said}")
    kept = {k: v for k, v in given.items() if v and k in ("Subnet", "IPRange", "Gateway", "AuxiliaryAddresses")}
    kept.setdefault("Gateway", str(subnet[1])) if not old else None
    return subnet, [kept, *sixth]


def _check_addresses(core: Core, network: str, subnet: IPv4Network, given: dict[str, Any]) -> None:
    """Look at what a network's configuration says beside its subnet.  Raises `Fault`."""
    old = core.profile.old
    span, gateway = given.get("IPRange"), given.get("Gateway")
    if span and not _is_span(span):
        pool = f'pool "{given["Subnet"]}" subpool "{span}"'
        raise Fault(
            500 if old else 400,
            f'failed to parse pool request for address space "LocalDefault" {pool}: Invalid Address SubPool'
            if old
            else f"invalid JSON: invalid IPRange {span}",
        )
    if gateway and not _is_address(gateway):
        raise Fault(
            500 if old else 400,
            f"invalid gateway address {gateway} in Ipam configuration" if old else f"invalid gateway address {gateway}",
        )
    if gateway and ip_address(gateway) not in subnet:
        raise Fault(
            500 if old else 400,
            f"failed to allocate gateway ({gateway}): Requested address is out of range"
            if old
            else f"no matching subnet for gateway {gateway}",
        )
    for name, address in (given.get("AuxiliaryAddresses") or {}).items():
        if not _is_address(address):
            said = f"non parsable secondary ip address ({name}:{address}) passed for network {network}"
            raise Fault(500 if old else 400, said)


def _is_span(text: object) -> bool:
    try:
        return "/" in str(text) and isinstance(ip_network(str(text), strict=False), IPv4Network)
    except ValueError:
        return False


def _is_address(text: object) -> bool:
    try:
        ip_address(str(text))
    except ValueError:
        return False
    return True


def _free(network: Network) -> Iterator[str]:
    config: dict[str, Any] = next((c for c in network.ipam.get("Config") or [] if ":" not in c.get("Subnet", "")), {})
    span = ip_network(config["IPRange"], strict=False) if config.get("IPRange") else network.wire.subnet
    aside = set((config.get("AuxiliaryAddresses") or {}).values())
    for host in span.hosts():
        if str(host) not in network.taken and str(host) not in aside and str(host) != network.wire.gateway:
            yield str(host)


def chosen(core: Core, name: str) -> Network:
    """Return a network that a new container is to be on.  Raises `Fault` (404), on a newer Engine."""
    try:
        return core.state.network(name)
    except Fault:
        if not core.profile.old:
            raise
        return Network("", name, core.now)  # an old Engine looks for it when the container starts


def endpoint(core: Core, container: Container, network: Network, wanted: dict[str, Any] | None) -> Endpoint:
    """Note that a container belongs on a network; it gets its address when it runs.  Raises `Fault`."""
    settings = wanted or {}
    fixed = (settings.get("IPAMConfig") or {}).get("IPv4Address") or ""
    if fixed:
        own = network.name in ("bridge", "host", "none")
        if own:
            raise Fault(400, "user specified IP address is supported on user defined networks only")
        if not network.configured:
            raise Fault(
                400,
                "user specified IP address is supported only when connecting to networks with user configured subnets",
            )
        later = core.profile.old and not container.running and _is_address(fixed)  # the start looks at it
        if not later and (not _is_address(fixed) or ip_address(fixed) not in network.wire.subnet):
            raise Fault(
                500 if core.profile.old and _is_address(fixed) else 400,
                f"invalid IPv4 address: {fixed}"
                if not _is_address(fixed)
                else f"no configured subnet contains IP address {fixed}"
                if not core.profile.old
                else f"Invalid address {fixed}: It does not belong to any of this network's subnets",
            )
    if (settings.get("Aliases") or []) and network.name == "bridge":
        raise Fault(400, "network-scoped alias is supported only for containers in user defined networks")
    return Endpoint(
        network,
        aliases=[*(settings.get("Aliases") or [])],
        wanted=settings.get("IPAMConfig"),
        links=settings.get("Links"),
        driver_options=settings.get("DriverOpts"),
    )


def connect_one(core: Core, container: Container, place: Endpoint) -> None:
    """Give a running container its address on a network.  Raises `Fault`."""
    network = place.network
    place.known = True
    if network.driver in ("host", "null"):
        place.id = core.ids.new()
        if network.driver == "host":
            bridge = core.state.network("bridge").wire
            container.host.join(bridge, bridge.gateway, _MAC, (), "docker0")
        return
    fixed = (place.wanted or {}).get("IPv4Address")
    if fixed and ip_address(fixed) not in network.wire.subnet:
        raise Fault(400, f"Invalid address {fixed}: It does not belong to any of this network's subnets")
    if fixed and fixed in network.taken:
        raise Fault(403, "Address already in use")
    address = fixed or next(_free(network), "")
    if not address:
        raise Fault(403, "no available IPv4 addresses on this network's address pools: " + network.name)
    network.taken.add(address)
    octets = [int(part) for part in address.split(".")]
    place.id, place.address = core.ids.new(), address
    place.mac = container.config.get("MacAddress") or "02:42:" + ":".join(f"{n:02x}" for n in octets)
    names = (container.name, container.id[:12], *place.aliases, container.host.name)
    container.host.join(network.wire, address, place.mac, tuple(n.lower() for n in names))
    core.event(
        "network", "connect", network.id, {"container": container.id, "name": network.name, "type": network.driver}
    )


def disconnect_one(core: Core, container: Container, place: Endpoint) -> None:
    """Take a container's address on a network away."""
    network = place.network
    container.host.leave(core.state.network("bridge").wire if network.driver == "host" else network.wire)
    network.taken.discard(place.address)
    was = place.id
    place.id = place.address = place.mac = ""
    if was:
        core.event(
            "network",
            "disconnect",
            network.id,
            {"container": container.id, "name": network.name, "type": network.driver},
        )


def connect_all(core: Core, container: Container) -> None:
    """Connect a container that starts.  Raises `Fault`."""
    for place in container.endpoints.values():
        if place.network.id not in core.state.networks:
            raise Fault(404, f"network {place.network.name} not found")
        connect_one(core, container, place)


def disconnect_all(core: Core, container: Container) -> None:
    """Disconnect a container that has ended."""
    for place in container.endpoints.values():
        disconnect_one(core, container, place)


def forget(core: Core, container: Container) -> None:
    """Take a container off all its networks for good."""
    disconnect_all(core, container)
    container.endpoints.clear()


def rename(container: Container, old: str) -> None:
    """Let a running container be found under its new name."""
    for interface in container.host.interfaces:
        interface.names = tuple(container.name.lower() if n == old.lower() else n for n in interface.names)


def publishes(container: Container) -> bool:
    """Whether a container runs, and is on a network that ports can be published from."""
    return container.running and _leads_out(container)


def _leads_out(container: Container) -> bool:
    return any(
        e.network.driver not in ("host", "null") and not e.network.internal for e in container.endpoints.values()
    )


def publish(core: Core, container: Container) -> None:
    """Open the host ports of a container that starts.  Raises `Fault` where one is taken."""
    container.ports = {}
    if not _leads_out(container):
        return
    bindings = container.host_config.get("PortBindings") or {}
    exposed = {**(container.config.get("ExposedPorts") or {})}
    if container.host_config.get("PublishAllPorts"):
        bindings = {**{port: [{"HostIp": "", "HostPort": ""}] for port in exposed}, **bindings}
    for port, wanted in bindings.items():
        if core.profile.old and port not in exposed:
            continue  # an old Engine publishes what is exposed alone; the docker command exposes it as well
        for binding in wanted or []:
            address = binding.get("HostIp") or ANY
            opened = _open(core, container, port, address, host_ports(str(binding.get("HostPort") or "")))
            shown = [address] if binding.get("HostIp") else [ANY, "::"]
            container.ports.setdefault(port, []).extend((one, opened) for one in shown)


def inner_port(name: str) -> int:
    """Return the number of a port such as ``80/tcp``; what is none counts as 0, as an old Engine has it."""
    number = whole(name.partition("/")[0]) or 0
    return number if number < 65536 else 0


def _open(core: Core, container: Container, port: str, address: str, allowed: range) -> int:
    """Open the first host port that is free of those that are allowed; return it.  Raises `Fault` where none is."""
    for number in allowed:
        try:
            return core.open_port(container, inner_port(port), address, number)
        except OSError as error:
            taken = error
    core.unpublish(container)
    endpoint = f"{container.name} ({hashlib.sha256(container.id.encode()).hexdigest()})"
    bind = f"listen tcp4 {address}:{allowed[0]}: bind: {(taken.strerror or '').lower()}"
    why = "all ports are allocated" if len(allowed) > 1 else f"Error starting userland proxy: {bind}"
    raise Fault(500, f"driver failed programming external connectivity on endpoint {endpoint}: {why}") from taken


def _aliases(place: Endpoint, short: str) -> list[str] | None:
    own = place.known and place.network.name not in ("bridge", "host", "none")
    return [*place.aliases, *([short] if own and short not in place.aliases else [])] or None


def describe(place: Endpoint, short: str, *, old: bool) -> dict[str, Any]:
    """Return a container's place on a network as inspect shows it; `short` is the beginning of its id."""
    network = place.network
    on = bool(place.address)
    facts: dict[str, Any] = {
        "IPAMConfig": place.wanted,
        "Links": place.links,
        "Aliases": _aliases(place, short) if old else place.aliases or None,
    }
    if not old:
        facts |= {"MacAddress": place.mac, "DriverOpts": place.driver_options, "GwPriority": 0}
    facts |= {
        "NetworkID": network.id if place.known or not old else "",
        "EndpointID": place.id,
        "Gateway": network.wire.gateway if on else "",
        "IPAddress": place.address,
        "IPPrefixLen": network.wire.subnet.prefixlen if on else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
    }
    if old:
        facts |= {"MacAddress": place.mac, "DriverOpts": place.driver_options}
    else:
        facts |= {"DNSNames": place.aliases or None}
    return facts
