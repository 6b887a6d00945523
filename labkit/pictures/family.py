"""The family of APIs around an engine: who speaks to whom, in which protocol and which version.

Source: https://docs.docker.com/engine/daemon/ and https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..messages import _
from ..safe import harmless
from .canvas import Canvas, cut, width
from .parts import MARGIN, more, title
from .picture import Picture

_WIDTH = 790
_ENGINE = 72

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
    registries: that images come from: what each is, and its address.
    """

    endpoint: str
    program: str
    engine: str
    spoken: str
    newest: str
    oldest: str
    parts: tuple[tuple[str, str], ...] = ()
    registries: tuple[tuple[str, str], ...] = ()

    @property
    def beneath(self) -> list[tuple[str, str, str, str]]:
        """What the engine stands on, from the top down: name, version, what is spoken with it, what it does."""
        told = dict(self.parts)
        return [(name, told[name], spoken, does) for name, spoken, does in _BENEATH if name in told]


def family(
    version: Mapping[str, Any], endpoint: str, spoken: str, registries: tuple[tuple[str, str], ...] = ()
) -> Family:
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
        tuple((harmless(what), harmless(address)) for what, address in registries)
        or ((_("registry"), _("Docker Hub, or another")),),
    )  # fmt: skip


def draw(found: Family) -> Picture:
    """Draw clients, the engine and what is beneath it."""
    head = _("One Engine API, many clients: labkit speaks version {spoken}", spoken=found.spoken or "–")
    canvas = Canvas(_WIDTH)
    y: float = title(
        canvas, head, _("Boxes are programs, or libraries of one; on each line stands what is spoken there.")
    )
    clients = ("labkit", "curl", "docker", "docker-py, other SDKs")
    x = float(MARGIN)
    for name, wide in zip(clients, (120, 90, 100, 190)):
        canvas.box(x, y, wide, 34, edge="blue" if name == "labkit" else "edge", thick=2 if name == "labkit" else 1)
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
    scale = _("API: offers {oldest} to {newest}", oldest=found.oldest, newest=found.newest)
    chosen = _("negotiated with labkit: {spoken}", spoken=found.spoken or "–")
    _engine(canvas, y, right - MARGIN, (found.program, found.engine), (scale, chosen))
    end = _registries(canvas, y, right, found.registries)
    low = y + _ENGINE
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
    canvas.box(MARGIN, low, right - MARGIN, 34, fill="page")
    canvas.text(MARGIN + 14, low + 22, _("the process in the container"), bold=True)
    canvas.height = max(low + 34, end) + MARGIN
    return Picture(head + ".", _words(found), canvas.svg(), _WIDTH, int(canvas.height))


def _engine(canvas: Canvas, y: float, wide: float, who: tuple[str, str], speaks: tuple[str, str]) -> None:
    """Draw the engine; a long name has the first line to itself."""
    canvas.box(MARGIN, y, wide, _ENGINE, fill="tint", edge="blue")
    name, version = who
    canvas.text(MARGIN + 14, y + 22, name, bold=True, room=40)
    canvas.text(MARGIN + wide - 12, y + 22, speaks[0], anchor="end", size=12, room=26)
    canvas.text(MARGIN + 14, y + 41, version, size=12, room=34)
    canvas.text(MARGIN + wide - 12, y + 41, speaks[1], anchor="end", size=12, bold=True, room=36)
    said = _("images, networks, volumes, the API itself")
    canvas.text(MARGIN + 14, y + 60, said, size=12, colour="muted", room=70)


def _registries(canvas: Canvas, y: float, right: float, registries: Sequence[tuple[str, str]]) -> float:
    """Draw each registry beside the engine, which asks it, not the client; return where the last one ends."""
    across = _WIDTH - MARGIN - right - 47
    canvas.line([(right, y + 28), (right + 46, y + 28)], colour="amber", arrow=True)
    y -= 8
    for n, (what, address) in enumerate(registries[:3]):
        if n:  # from the same engine, along the other boxes
            canvas.line([(right + 22, y - 52), (right + 22, y + 36), (right + 46, y + 36)], colour="amber", arrow=True)
        canvas.box(right + 47, y, across, 80, edge="amber")
        canvas.text(right + 57, y + 20, what, bold=True, room=int((across - 16) / width("x")))
        canvas.text(right + 57, y + 39, "Registry API,", size=12)
        canvas.text(right + 57, y + 54, "HTTP below /v2/", size=12)
        canvas.text(right + 57, y + 71, address, size=11.5, colour="muted", room=int((across - 16) / 7))
        y += 88
    if len(registries) > 3:
        canvas.text(right + 57, y + 10, more(len(registries) - 3), size=12, colour="muted")
        y += 20
    return y


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
            "{program} {version} offers API {oldest} to {newest}; {spoken} was negotiated with labkit.",
            **names,
            oldest=found.oldest,
            newest=found.newest,
            spoken=found.spoken or "–",
        ),
        _(
            "{program} speaks the Registry API, HTTP below /v2/, with: {registries}.",
            **names,
            registries=", ".join(f"{what} {address}" for what, address in found.registries),
        ),
    ]
    for name, version, between, does in found.beneath:
        lines.append(f"{name} {version} ({between}): {does}.")
    if found.beneath:
        lines.append(_("The process in the container is a process of the host in namespaces and cgroups."))
    else:
        lines.append(_("How its containers are run, this engine does not tell."))
    return tuple(lines)
