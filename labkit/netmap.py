"""Networks and the containers on them as a picture: a box for each network.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network/operation/NetworkInspect
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from .markup import verbatim
from .messages import _
from .safe import escape, harmless


@dataclass(frozen=True)
class Member:
    """A container on a network.

    Parameters
    ----------
    address: its address there, without the length of the prefix; may be empty.
    others: further networks of the picture that it is on.
    """

    name: str
    address: str
    others: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What else is to be said about it; empty when it is on this network alone."""
        return _("also on {networks}", networks=", ".join(self.others)) if self.others else ""


@dataclass(frozen=True)
class Net:
    """A network.

    Parameters
    ----------
    kind: its driver, and ``internal`` where it is.
    subnets: as people write them, such as ``172.28.64.0/24``.
    """

    name: str
    kind: str
    subnets: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class NetworkMap:
    """Networks with their containers, as text and as HTML."""

    nets: tuple[Net, ...]

    def __repr__(self) -> str:
        return "\n".join(line for net in self.nets for line in _lines(net))

    def html(self) -> str:
        """Return the picture as HTML that passes Jupyter's sanitizer."""
        return "".join(map(_box, self.nets))

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": verbatim(self.html())}


def netmap(networks: Iterable[Mapping[str, Any]]) -> NetworkMap:
    """Draw what ``GET /networks/{id}`` answers for some networks.

    Parameters
    ----------
    networks: the JSON of each; the answers of *inspect*, for those of the list name no containers.
    """
    answers = list(networks)
    where: dict[str, list[str]] = {}
    for answer in answers:
        for container in answer.get("Containers") or {}:
            where.setdefault(container, []).append(_name(answer))
    return NetworkMap(tuple(_net(answer, where) for answer in answers))


def _name(thing: Mapping[str, Any]) -> str:
    return harmless(str(thing.get("Name") or "?"))


def _net(answer: Mapping[str, Any], where: Mapping[str, list[str]]) -> Net:
    name = _name(answer)
    members = [
        Member(
            _name(endpoint),
            harmless(str(endpoint.get("IPv4Address") or "").partition("/")[0]),
            tuple(other for other in where[container] if other != name),
        )
        for container, endpoint in (answer.get("Containers") or {}).items()
    ]
    configs = (answer.get("IPAM") or {}).get("Config") or []
    kind = harmless(str(answer.get("Driver") or "?"))
    return Net(
        name,
        _("{driver}, internal", driver=kind) if answer.get("Internal") else kind,
        tuple(harmless(str(config.get("Subnet"))) for config in configs if config.get("Subnet")),
        tuple(sorted(members, key=_order)),
    )


def _order(member: Member) -> tuple[int, str]:
    """Sort by address as numbers: .9 before .10."""
    try:
        return int(ip_address(member.address)), member.name
    except ValueError:
        return 0, member.name


def _about(net: Net) -> str:
    return f"({net.kind}) {', '.join(net.subnets)}".strip()


def _lines(net: Net) -> list[str]:
    lines = [f"{net.name} {_about(net)}"]
    wide = max((len(member.name) for member in net.members), default=0)
    for member in net.members:
        branch = "└─" if member is net.members[-1] else "├─"
        lines.append(f" {branch} {member.name:<{wide}}  {member.address:<15}  {member.words}".rstrip())
    return lines if net.members else [*lines, f" └─ {_('nobody')}"]


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else ""


def _box(net: Net) -> str:
    rows = "".join(
        f'<tr><td style="text-align:left"><strong>{escape(member.name)}</strong></td>'
        f'<td style="text-align:left">{_code(member.address)}</td>'
        f'<td style="text-align:left">{escape(member.words)}</td></tr>'
        for member in net.members
    )
    inside = f"<table>{rows}</table>" if rows else f"<div>{escape(_('nobody'))}</div>"
    return (
        '<div style="border:2px solid #1f77b4;padding:4px 10px;margin:4px 0">'
        f"<div><strong>{escape(net.name)}</strong> {escape(_about(net))}</div>{inside}</div>"
    )
