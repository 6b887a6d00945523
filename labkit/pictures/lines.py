"""Who is on which network: the whole truth, from which `networks` draws as much as has a place.

Source: https://docs.docker.com/engine/network/drivers/bridge/#differences-between-user-defined-bridges-and-the-default-bridge
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..messages import _
from .facts import MOST, WORDS, Container, Holdings, Network, Place, group, share
from .parts import few, first, more

SHEET = 3
"""So many networks stand side by side; further ones come beneath."""

EVERYWHERE = ("0.0.0.0:", "[::]:", ":")
"""How a published port begins that listens on every address of the host."""


@dataclass(frozen=True)
class Line:
    """A network with all who are on it.

    Parameters
    ----------
    reach: how those that run on it reach each other, in words.
    gone: whether containers name it, and the engine does not have it any more.
    """

    network: Network
    members: tuple[Container, ...] = ()
    reach: str = ""
    gone: bool = False

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.name

    @property
    def kind(self) -> str:
        """Its driver, and whether it is internal."""
        if self.gone:
            return _("no longer there")
        driver = self.network.driver
        return _("{driver}, internal", driver=driver) if self.network.internal else driver


def lines(holdings: Holdings) -> list[Line]:
    """Return all networks with all who are on them: those with containers in common side by side, empty ones last."""
    on: dict[str, list[Container]] = {network.name: [] for network in holdings.networks}
    known = set(on)
    for container in holdings.containers:
        for place in container.places:
            on.setdefault(place.network, []).append(container)
    found = [Line(n, tuple(on[n.name]), _reach(n, known)) for n in holdings.networks]
    found += [Line(Network(name, ""), tuple(on[name]), gone=True) for name in sorted(set(on) - known)]
    return _neighbours([line for line in found if line.members]) + [line for line in found if not line.members]


def _reach(network: Network, known: set[str]) -> str:
    if network.driver == "null":
        return _("nobody")
    if network.driver == "host":
        return _("localhost")
    if not network.open:
        return _("blocked")
    # The default network answers no names: "bridge", or what Podman has in its place.
    default = network.name == "bridge" or (network.name == "podman" and "bridge" not in known)
    return _("by address") if default else _("by name")


def _neighbours(found: Sequence[Line]) -> list[Line]:
    """Return lines so that those with containers in common stand side by side, beginning with the fullest."""
    members = {line.name: {c.name for c in line.members} for line in found}
    left, order = sorted(found, key=lambda line: (-len(line.members), line.name)), list[Line]()
    while left:
        sheet = order[len(order) // SHEET * SHEET :]
        here = {name for line in sheet for name in members[line.name]}
        # The sort above breaks ties: max() takes the first of equals.
        nearest = max(left, key=lambda line: len(members[line.name] & here))
        left.remove(nearest)
        order.append(nearest)
    return order


def drawn(every: Sequence[Line], most: int = MOST) -> tuple[list[Line], list[Line], set[str]]:
    """Return the lines that are drawn, the empty networks that are, and the names of the containers that are.

    Of each network the first container has a place, then of each the second, and so on.
    """
    full, empty = [line for line in every if line.members], [line for line in every if not line.members]
    members = {container.name for line in full for container in line.members}
    room = share({"containers": len(members), "full": len(full), "empty": len(empty)}, most)
    ranks: dict[str, int] = {}
    for line in full[: room["full"]]:
        for n, container in enumerate(line.members):
            ranks[container.name] = min(n, ranks.get(container.name, n))
    names = sorted(ranks, key=lambda name: (ranks[name], name))[: room["containers"]]
    return full[: room["full"]], empty[: room["empty"]], set(names)


def lodgers(containers: Sequence[Container]) -> dict[str, list[Container]]:
    """Return who shares whose network cards, under the name of the container that has them."""
    known = {c.name: c for c in containers}
    found: dict[str, list[Container]] = {}
    for container in containers:
        owner, passed = container, {container.name}
        while owner.lodges_with in known and owner.lodges_with not in passed:
            owner = known[owner.lodges_with]
            passed.add(owner.name)
        if container.lodges_with:
            found.setdefault(owner.lodges_with or owner.name, []).append(container)
    return found


def adrift(containers: Sequence[Container], most: int) -> list[str]:
    """Say who is on no network at all; at most `most` of them by name, and on as many lines."""
    places = {c.name: c.places for c in containers}
    said = []
    for owner, sharing in lodgers(containers).items():
        if not places.get(owner):
            why = _("on no network") if owner in places else _("gone")
            names = few([c.name for c in sharing], most)
            said.append(_("{names}: the network cards of {owner}, which is {why}.", names=names, owner=owner, why=why))
    alone = [c.name for c in containers if not c.places and not c.lodges_with]
    if alone:
        said.insert(0, _("On no network: {names}.", names=few(alone, most)))
    return first(said, most)


def where(place: Place, container: Container) -> str:
    """Return a container's address on a network, or why it has none."""
    if place.address:
        return place.address
    if container.state not in ("running", "paused"):
        return _("not running")
    return _("the host's own") if place.network == "host" else "–"


def words(found: Sequence[Line], containers: Sequence[Container]) -> Iterator[str]:
    """Say of each network who is on it, whether it has a place in the drawing or not."""
    sharing = lodgers(containers)
    told, rest = group(found, WORDS)
    for line in told:
        reach = _("reach: {how}", how=line.reach) if line.reach else ""
        facts = [f"{line.name} ({line.kind})", ", ".join(line.network.subnets), reach]
        yield "  ".join(filter(None, [" ".join(filter(None, facts[:2])), facts[2]]))
        members, others = group(line.members, WORDS)
        for container in members:
            yield _member(container, line.name)
            for lodger in sharing.get(container.name, ()):
                yield "    " + _("{name} shares the network cards of {owner}", name=lodger.name, owner=container.name)
        if others:
            yield f"  {more(others)}"
        if not line.members:
            yield "  " + _("nobody")
    if rest:
        yield more(rest)


def _member(container: Container, network: str) -> str:
    place = next(p for p in container.places if p.network == network)
    facts = [f"  {container.name}", where(place, container)]
    if place.aliases:
        facts.append(_("also called {names}", names=", ".join(place.aliases)))
    others = [p.network for p in container.places if p.network != network]
    if others:
        facts.append(_("also on {networks}", networks=", ".join(others)))
    facts += [f"{p} ({_('on every address')})" if p.startswith(EVERYWHERE) else p for p in container.ports]
    if container.state not in ("running", *([] if place.address else ["created", "exited"])):
        facts.append(container.state)
    return "  ".join(facts)
