"""Links: containers of the default bridge under names of another's own, from before networks knew names.

A link is kept in the HostConfig as inspect shows it: ``/web:/client/alias``.

Source: https://docs.docker.com/engine/network/links/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .machine.files import File
from .state import Container
from .wire import Fault

if TYPE_CHECKING:
    from .core import Core


def parse(link: str) -> tuple[str, str]:
    """Return the name of a container, and what it is to be called.  Raises `Fault`."""
    name, *rest = link.split(":")
    if len(rest) > 1:
        raise Fault(500, f"bad format for links: {link}")
    alias = rest[0] if rest else name
    return (name[1:], posixpath.basename(alias)) if name.startswith("/") else (name, alias)


def keep(core: Core, container: Container) -> None:
    """Note the links of a new container; on a network of one's own there are none."""
    host = container.host_config
    if host.get("Links"):
        found = [parse(link) for link in host["Links"]] if host["NetworkMode"] in ("default", "bridge") else []
        links = [f"/{core.state.container(name).name}:/{container.name}/{alias}" for name, alias in found]
        host["Links"] = links or None


def _of(container: Container) -> list[str]:
    return container.host_config.get("Links") or []


def lines(core: Core, container: Container) -> Iterator[str]:
    """Let a container that starts know those it links to; return their lines of ``/etc/hosts``.  Raises `Fault`."""
    for link in _of(container):
        name, alias = parse(link)
        other = next((c for c in core.state.containers.values() if c.name == name), None)
        if other is None or not other.running:
            raise Fault(500, f"Cannot link to a non running container: /{name} AS /{container.name}/{alias}")
        if "bridge" not in other.endpoints:
            raise Fault(500, f"container {other.id} not attached to default bridge network")
        names = dict.fromkeys((alias, other.host.name, other.name))
        address = other.endpoints["bridge"].address
        container.host.extra |= {name.lower(): address for name in names}
        yield f"{address}\t{' '.join(names)}"


def renew(core: Core, container: Container) -> None:
    """Tell those who link to a container that has started, and run, which address it has now."""
    for other in core.state.containers.values():
        for name, alias in map(parse, _of(other)):
            hosts = other.files.lookup("/etc/hosts") if other.files and other.running else None
            if name == container.name and "bridge" in container.endpoints and isinstance(hosts, File):
                address = container.endpoints["bridge"].address
                line = rf"(?m)^\S+(?=\t{re.escape(alias)}(?: |$))"
                hosts.data = re.sub(line, address, hosts.data.decode("utf-8", "replace")).encode()
                other.host.extra |= {known.lower(): address for known in (alias, container.host.name, name)}


def names(core: Core) -> dict[str, list[str]]:
    """Return all names of each container as the list shows them, by its own: that one, and what others call it."""
    called = {container.name: [f"/{container.name}"] for container in core.state.containers.values()}
    for other in core.state.containers.values():
        for name, alias in map(parse, _of(other)):
            called.setdefault(name, []).append(f"/{other.name}/{alias}")
    return {name: sorted(every) for name, every in called.items()}


def rename(core: Core, container: Container, before: str) -> None:
    """Let links go on under the new name of a container."""
    for other in core.state.containers.values():
        if links := _of(other):
            pairs = [parse(link) for link in links]
            other.host_config["Links"] = [
                f"/{container.name if name == before else name}:/{other.name}/{alias}" for name, alias in pairs
            ]
