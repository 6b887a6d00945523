"""The family of APIs around an engine: who speaks to whom, in which protocol and which version.

Source: https://docs.docker.com/engine/daemon/ and https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..messages import _
from ..safe import harmless
from .canvas import Canvas, cut, width
from .parts import MARGIN, title
from .picture import Picture

_WIDTH = 790

_BENEATH = (
    ("containerd", "gRPC", _("runs and supervises containers")),
    ("runc", _("a command, OCI runtime"), _("makes one container, then leaves")),
    ("Conmon", _("a command"), _("supervises one container")),
)
"""Programs that an engine may stand on, what is spoken with each, and what it does."""


@dataclass(frozen=True)
class Family:
    """Versions of an engine and its parts.

    Parameters
    ----------
    endpoint: where the engine listens.
    program: what serves the API: ``dockerd``, or what else calls itself so.
    spoken: the API version of this client's calls.
    newest, oldest: the API versions that the engine offers.
    parts: further components with their versions, such as ``containerd``; empty where it does not tell.
    registries: addresses that images come from.
    """

    endpoint: str
    program: str
    engine: str
    spoken: str
    newest: str
    oldest: str
    parts: tuple[tuple[str, str], ...] = ()
    registries: tuple[str, ...] = ()

    @property
    def beneath(self) -> list[tuple[str, str, str, str]]:
        """What the engine stands on, from the top down: name, version, what is spoken with it, what it does."""
        told = dict(self.parts)
        return [(name, told[name], spoken, does) for name, spoken, does in _BENEATH if name in told]


def family(version: Mapping[str, Any], endpoint: str, spoken: str, registries: tuple[str, ...] = ()) -> Family:
    """Read what ``GET /version`` answers."""
    parts = tuple(
        (harmless(str(part.get("Name"))), harmless(str(part.get("Version") or "")))
        for part in version.get("Components") or []
        if part.get("Name") not in (None, "Engine")
    )
    # An engine that tells of no containerd is not dockerd: Podman, or the practice engine.
    docker = any(name == "containerd" for name, _version in parts)
    program = "dockerd" if docker else (version.get("Platform") or {}).get("Name") or _("the engine")
    newest, oldest = (harmless(str(version.get(key) or "?")) for key in ("ApiVersion", "MinAPIVersion"))
    return Family(
        harmless(endpoint), harmless(str(program)), harmless(str(version.get("Version") or "?")), harmless(spoken),
        newest, oldest, parts,
        tuple(map(harmless, registries)) or (_("Docker Hub, or another"),),
    )  # fmt: skip


def draw(found: Family) -> Picture:
    """Draw clients, the engine and what is beneath it."""
    head = _("One Engine API, many clients: this one speaks version {spoken}", spoken=found.spoken or "–")
    canvas = Canvas(_WIDTH)
    y: float = title(canvas, head, _("Every box is a program; on each line stands what is spoken there."))
    clients = ("labkit", "curl", "docker", "docker-py, other SDKs")
    x = float(MARGIN)
    for name, wide in zip(clients, (120, 90, 100, 190)):
        canvas.box(x, y, wide, 34, edge="blue" if name == "labkit" else "edge")
        canvas.text(x + wide / 2, y + 22, name, anchor="middle", bold=True)
        canvas.line([(x + wide / 2, y + 34), (x + wide / 2, y + 64)], arrow=False, colour="blue")
        x += wide + 16
    right = x - 16
    low = y + 64
    canvas.line([(MARGIN + 60, low), (right - 95, low)], colour="blue")
    middle = (MARGIN + right) / 2
    canvas.line([(middle, low), (middle, low + 58)], colour="blue", arrow=True)
    canvas.text(middle + 12, low + 22, _("Engine API: HTTP with JSON"), bold=True)
    canvas.text(middle + 12, low + 40, found.endpoint, size=12, colour="muted", room=60)
    y = low + 58
    _program(
        canvas, MARGIN, y, right - MARGIN, found.program, found.engine, _("images, networks, volumes, the API itself")
    )
    scale = _("offers {oldest} to {newest}", oldest=found.oldest, newest=found.newest)
    canvas.text(right - 12, y + 22, f"API: {scale}", anchor="end", size=12, room=40)
    canvas.text(
        right - 12, y + 41, _("negotiated: {spoken}", spoken=found.spoken or "–"), anchor="end", size=12, bold=True
    )
    # The registry stands beside dockerd: it is the engine that asks it, not the client.
    canvas.line([(right, y + 28), (right + 46, y + 28)], colour="amber", arrow=True)
    across = _WIDTH - MARGIN - right - 47
    canvas.box(right + 47, y - 8, across, 98, edge="amber")
    canvas.text(right + 57, y + 14, _("registry"), bold=True)
    canvas.text(right + 57, y + 33, "HTTP  /v2/", size=12)
    canvas.text(right + 57, y + 50, "Registry API", size=12, room=24)
    for n, registry in enumerate(found.registries[:2]):
        canvas.text(right + 57, y + 66 + 16 * n, registry, size=11.5, colour="muted", room=int((across - 16) / 7))
    low += 114
    for name, version, between, does in found.beneath:
        canvas.line([(middle, low), (middle, low + 40)], arrow=True)
        canvas.text(middle + 12, low + 24, between, size=12, colour="muted")
        low += 40
        _program(canvas, MARGIN, low, right - MARGIN, name, version, does)
        low += 56
    canvas.line([(middle, low), (middle, low + 34)], arrow=True)
    last = _("system calls: namespaces, cgroups") if found.beneath else _("how, this engine does not tell")
    canvas.text(middle + 12, low + 22, last, size=12, colour="muted")
    low += 34
    canvas.box(MARGIN, low, right - MARGIN, 34, dashed=True)
    canvas.text(MARGIN + 14, low + 22, _("the process in the container"), bold=True)
    canvas.height = low + 34 + MARGIN
    return Picture(head + ".", _words(found), canvas.svg(), _WIDTH, int(canvas.height))


def _program(canvas: Canvas, x: float, y: float, wide: float, name: str, version: str, said: str) -> None:
    canvas.box(x, y, wide, 56, fill="tint", edge="blue")
    canvas.text(x + 14, y + 22, name, bold=True, room=22)
    canvas.text(x + 24 + width(cut(name, 22)), y + 22, version, size=12, room=22)
    canvas.text(x + 14, y + 42, said, size=12, colour="muted", room=46)


def _words(found: Family) -> tuple[str, ...]:
    names = {"endpoint": found.endpoint, "program": found.program, "version": found.engine}
    lines = [
        _("labkit, curl, docker and the SDKs speak the Engine API, HTTP with JSON, at {endpoint}.", **names),
        _(
            "{program} {version} offers API {oldest} to {newest}; {spoken} was negotiated.",
            **names,
            oldest=found.oldest,
            newest=found.newest,
            spoken=found.spoken or "–",
        ),
        _(
            "{program} speaks the Registry API, HTTP below /v2/, with: {registries}.",
            **names,
            registries=", ".join(found.registries),
        ),
    ]
    for name, version, between, does in found.beneath:
        lines.append(f"{name} {version} ({between}): {does}.")
    if found.beneath:
        lines.append(_("The process in the container is a process of the host in namespaces and cgroups."))
    else:
        lines.append(_("How its containers are run, this engine does not tell."))
    return tuple(lines)
