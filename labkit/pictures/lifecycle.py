"""The life of a container: its states, the calls that lead from one to the next, and who is where now.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..messages import _
from .canvas import Canvas, Point
from .facts import MOST, Container, Holdings, share
from .parts import MARGIN, STATES, colour, mark, more, title
from .parts import containers as count_of
from .picture import Picture

_WIDTH = 790
_LINE = 18
_MOST_IN_BOX = 14

CALLS: tuple[tuple[str, str, str], ...] = (
    ("", "created", "POST /containers/create"),
    ("created", "running", "POST /containers/{id}/start"),
    ("running", "paused", "POST /containers/{id}/pause"),
    ("paused", "running", "POST /containers/{id}/unpause"),
    ("running", "exited", "POST /containers/{id}/stop"),
    ("running", "exited", "POST /containers/{id}/kill"),
    ("running", "exited", _("its process ends")),
    ("exited", "running", "POST /containers/{id}/start"),
    ("running", "running", "POST /containers/{id}/restart"),
    ("running", "restarting", _("its process ends, and the restart policy starts it again")),
    ("restarting", "running", _("by itself, after a pause")),
    ("created", "removed", "DELETE /containers/{id}"),
    ("exited", "removed", "DELETE /containers/{id}"),
    ("running", "removed", "DELETE /containers/{id}?force=1"),
    ("exited", "dead", _("a removal that failed")),
    ("dead", "removed", "DELETE /containers/{id}?force=1"),
)
"""From which state to which, and by which call or event."""

_PLACES = {"created": (20, 132), "running": (252, 270), "exited": (640, 130)}
_BELOW = {"paused": (252, 112), "restarting": (372, 136), "dead": (672, 98)}


def draw(holdings: Holdings, most: int = MOST) -> Picture:
    """Draw the states with the containers that are in them."""
    inside: dict[str, list[str]] = {state: [] for state in STATES if state != "removing"}
    odd: list[Container] = []
    for container in holdings.containers:
        if container.state in inside:
            inside[container.state].append(container.name)
        else:
            odd.append(container)
    counts = {state: len(names) for state, names in inside.items()}
    room = {state: min(n, _MOST_IN_BOX) for state, n in share(counts, most).items()}
    head = f"{count_of(len(holdings.containers))}: {_sum(counts)}"
    canvas = Canvas(_WIDTH)
    y = title(canvas, head, _("An arrow is a call, or what happens by itself; … stands for /containers/{id}."))
    y += 10
    tall = max(74, *(_height(counts[state], room[state]) for state in _PLACES))
    for state, (x, wide) in _PLACES.items():
        _state(canvas, x, y, wide, tall, state, inside[state][: room[state]], counts[state])
    low = y + tall + 78
    small = max(50, *(_height(counts[state], room[state]) for state in _BELOW))
    for state, (x, wide) in _BELOW.items():
        _state(canvas, x, low, wide, small, state, inside[state][: room[state]], counts[state])
    end = low + small + 52
    canvas.box(MARGIN, end, _WIDTH - 2 * MARGIN, 30, dashed=True, edge="muted", fill="page")
    canvas.text(MARGIN + 12, end + 20, _("removed"), bold=True)
    canvas.text(
        MARGIN + 86, end + 20, _("gone, with its writable layer; its volumes stay"), colour="muted", size=12, room=90
    )
    _arrows(canvas, y, tall, low, small, end)
    foot = [_("{name} is {state}.", name=c.name, state=c.state) for c in odd[:3]]
    y = end + 52
    for line in foot:
        canvas.text(MARGIN, y, line, size=12, colour="muted", room=110)
        y += 20
    canvas.height = y - 8
    return Picture(head + ".", (*_words(inside, room), *foot), canvas.svg(), _WIDTH, int(canvas.height))


def _sum(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {state}" for state, n in counts.items() if n) or _("none")


def _height(count: int, room: int) -> int:
    return 42 + _LINE * (room + (count > room))


def _state(
    canvas: Canvas, x: float, y: float, wide: float, tall: float, state: str, names: Sequence[str], count: int
) -> None:
    canvas.box(x, y, wide, tall, edge=colour(state) if count else "edge", thick=2 if count else 1)
    mark(canvas, x + 16, y + 18, state)
    canvas.text(x + 30, y + 22.5, state, bold=True)
    canvas.text(x + wide - 12, y + 22.5, count, anchor="end", bold=bool(count), colour="text" if count else "muted")
    for n, name in enumerate(names):
        canvas.text(x + 14, y + 46 + _LINE * n, name, size=12, room=int((wide - 24) / 7.3))
    if count > len(names):
        canvas.text(x + 14, y + 46 + _LINE * len(names), more(count - len(names)), size=12, colour="muted")


def _arrows(canvas: Canvas, y: float, tall: float, low: float, small: float, end: float) -> None:
    def arrow(points: Sequence[Point], *labels: tuple[float, float, str, str], free: bool = False) -> None:
        canvas.line(points, arrow=True, dashed=free, colour="blue" if not free else "muted")
        for x, foot, said, anchor in labels:
            canvas.text(x, foot, said, size=11.5, anchor=anchor, colour="muted" if free else "text")

    top, bottom = y + 26, y + tall
    arrow([(95, y - 14), (95, y - 1)], (104, y - 4, "POST /containers/create", "start"))
    arrow([(152, top), (251, top)], (201, top - 8, "POST …/start", "middle"))
    arrow([(522, top - 4), (639, top - 4)], (580, top - 12, "POST …/stop", "middle"))
    canvas.text(580, top + 11, "POST …/kill", size=11.5, anchor="middle")
    arrow([(522, top + 20), (639, top + 20)], (580, top + 35, _("its process ends"), "middle"), free=True)
    back = max(bottom - 8, top + 44)
    arrow([(640, back), (523, back)], (580, back - 6 if back > top + 56 else back + 14, "POST …/start", "middle"))
    canvas.text(472, y + 22, "POST …/restart", size=11.5, anchor="end")
    canvas.shape(f"M486 {y + 14}A5 5 0 1 0 487 {y + 19}", edge="blue", thick=2)
    canvas.shape(f"M488 {y + 11}v6h-6z", fill="blue")
    # Down to paused and restarting, and back.
    arrow([(272, bottom), (272, low - 1)], (266, bottom + 34, "POST …/pause", "end"))
    arrow([(304, low), (304, bottom + 1)], (310, bottom + 54, "…/unpause", "start"))
    arrow([(412, bottom), (412, low - 1)], (406, bottom + 24, _("it ends"), "end"), free=True)
    arrow([(450, low), (450, bottom + 1)], (456, bottom + 54, _("policy"), "start"), free=True)
    # The ways to removed, in the gutters beside the lower boxes.
    arrow([(60, bottom), (60, end - 1)], (68, low + 12, "DELETE …", "start"))
    arrow([(515, bottom), (515, end - 1)], (523, low + 12, "DELETE …?force=1", "start"))
    arrow([(655, bottom), (655, end - 1)], (649, bottom + 34, "DELETE …", "end"))
    arrow([(725, bottom), (725, low - 1)], (719, bottom + 60, _("it fails"), "end"), free=True)
    arrow([(725, low + small), (725, end - 1)], (719, end - 18, "DELETE …", "end"))


def _words(inside: Mapping[str, Sequence[str]], room: Mapping[str, int]) -> list[str]:
    lines = []
    for state, names in inside.items():
        shown, rest = names[: room[state]], len(names) - room[state]
        here = ", ".join([*shown, *([more(rest)] if rest else [])]) or _("nobody")
        lines.append(f"{state}: {here}")
        lines += [f"  → {there}: {call}" for origin, there, call in CALLS if origin == state]
    return lines
