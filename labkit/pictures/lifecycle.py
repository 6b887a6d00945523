"""The life of a container: its states, the calls that lead from one to the next, and who is where now.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..messages import _
from .canvas import Canvas, Point, columns
from .facts import MOST, WORDS, Container, Holdings, share
from .parts import MARGIN, STATES, colour, few, first, mark, more, title
from .parts import containers as count_of
from .picture import Picture

_WIDTH = 870
_LINE = 18
_MOST_IN_BOX = 15
_LETTER = 7.3
"""How wide a letter of a name is, in pixels."""

_BY_ITSELF = _("its process ends")
_FAILED = _("a removal that failed")

CALLS: tuple[tuple[str, str, str], ...] = (
    ("", "created", "POST /containers/create"),
    ("created", "running", "POST /containers/{id}/start"),
    ("created", "running", "POST /containers/{id}/restart"),
    ("created", "removed", "DELETE /containers/{id}"),
    ("running", "paused", "POST /containers/{id}/pause"),
    ("running", "running", "POST /containers/{id}/restart"),
    ("running", "exited", "POST /containers/{id}/stop"),
    ("running", "exited", "POST /containers/{id}/kill"),
    ("running", "exited", _BY_ITSELF),
    ("running", "restarting", _("its process ends, and the restart policy starts it again")),
    ("running", "removed", "DELETE /containers/{id}?force=1"),
    ("running", "removed", _("its process ends, and it was created with AutoRemove")),
    ("paused", "running", "POST /containers/{id}/unpause"),
    ("paused", "running", "POST /containers/{id}/restart"),
    ("paused", "exited", "POST /containers/{id}/stop"),
    ("paused", "exited", "POST /containers/{id}/kill"),
    ("paused", "removed", "DELETE /containers/{id}?force=1"),
    ("restarting", "running", _("by itself, after a pause")),
    ("restarting", "exited", "POST /containers/{id}/stop"),
    ("restarting", "exited", "POST /containers/{id}/kill"),
    ("restarting", "removed", "DELETE /containers/{id}?force=1"),
    ("exited", "running", "POST /containers/{id}/start"),
    ("exited", "running", "POST /containers/{id}/restart"),
    ("exited", "removed", "DELETE /containers/{id}"),
    ("exited", "dead", _FAILED),
    ("dead", "removed", "DELETE /containers/{id}"),
)
"""From which state to which, and by which call or event."""

_PLACES = {"created": (20, 132), "running": (262, 270), "exited": (650, 200)}
_BELOW = {"paused": (262, 112), "restarting": (382, 136), "dead": (730, 120)}


def draw(holdings: Holdings, most: int = MOST) -> Picture:
    """Draw the states with the containers that are in them."""
    inside: dict[str, list[Container]] = {state: [] for state in STATES if state != "removing"}
    odd: list[Container] = []
    for container in holdings.containers:
        inside.get(container.state, odd).append(container)
    counts = {state: len(found) for state, found in inside.items()}
    room = share({state: min(n, _MOST_IN_BOX) for state, n in counts.items()}, most)
    # The line that says how many there are besides takes the place of a name.
    room = {state: n if n == counts[state] else max(0, n - 1) for state, n in room.items()}
    head = f"{count_of(len(holdings.containers))}: {_sum([*counts.items(), (_('in between'), len(odd))])}"
    canvas = Canvas(_WIDTH)
    y = title(
        canvas, head, _("Arrows: the commonest calls, dashed what happens by itself. … stands for /containers/{id}.")
    )
    y += 12
    tall = max(122, *(_height(counts[state], room[state]) for state in _PLACES))
    low = y + tall + 78
    small = max(50, *(_height(counts[state], room[state]) for state in _BELOW))
    for places, at, height in ((_PLACES, y, tall), (_BELOW, low, small)):
        for state, (x, wide) in places.items():
            _state(canvas, x, at, wide, height, state, inside[state][: room[state]], counts[state])
    end = low + small + 52
    canvas.box(MARGIN, end, _WIDTH - 2 * MARGIN, 30, edge="muted", fill="page")
    canvas.text(MARGIN + 12, end + 20, _("removed"), bold=True)
    gone = _("gone, with its writable layer. Volumes stay; ?v=1 and AutoRemove take anonymous ones along.")
    canvas.text(MARGIN + 86, end + 20, gone, colour="muted", size=12, room=100)
    _arrows(canvas, y, tall, low, small, end)
    y = end + 52
    for line in _between(odd, 3):
        canvas.text(MARGIN, y, line, size=12, colour="muted", room=110)
        y += 20
    canvas.height = y - 8
    return Picture(head + ".", (*_words(inside), *_between(odd, WORDS)), canvas.svg(), _WIDTH, int(canvas.height))


def _sum(counts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{n} {state}" for state, n in counts if n) or _("none")


def _between(odd: Sequence[Container], most: int) -> list[str]:
    """Name those in a state that has no box, such as removing."""
    return first([_("{name} is {state}.", name=c.name, state=c.state) for c in odd], most)


def _height(count: int, room: int) -> int:
    return 42 + _LINE * (room + (count > room))


def _state(
    canvas: Canvas, x: float, y: float, wide: float, tall: float, state: str, inside: Sequence[Container], count: int
) -> None:
    canvas.box(x, y, wide, tall, edge=colour(state) if count else "edge", thick=2 if count else 1)
    mark(canvas, x + 16, y + 18, state)
    canvas.text(x + 30, y + 22.5, state, bold=True)
    canvas.text(x + wide - 12, y + 22.5, count, anchor="end", bold=bool(count), colour="text" if count else "muted")
    for n, container in enumerate(inside):
        foot, code = y + 46 + _LINE * n, _code(container)
        room = int((wide - 24) / _LETTER) - (columns(code) + 1 if code else 0)
        canvas.text(x + 14, foot, container.name, size=12, room=room)
        if code:
            canvas.text(x + wide - 12, foot, code, size=12, anchor="end", colour="muted")
    if count > len(inside):
        canvas.text(x + 14, y + 46 + _LINE * len(inside), more(count - len(inside)), size=12, colour="muted")


def _code(container: Container) -> str:
    return "" if container.code is None else _("code {code}", code=container.code)


def _arrows(canvas: Canvas, y: float, tall: float, low: float, small: float, end: float) -> None:
    def arrow(points: Sequence[Point], *labels: tuple[float, float, str, str], free: bool = False) -> None:
        canvas.line(points, arrow=True, dashed=free, colour="blue" if not free else "muted")
        for x, foot, said, anchor in labels:
            canvas.text(x, foot, said, size=11.5, anchor=anchor, colour="muted" if free else "text")

    bottom = y + tall
    arrow([(95, y - 14), (95, y - 1)], (104, y - 4, "POST /containers/create", "start"))
    arrow([(450, y), (450, y - 12), (490, y - 12), (490, y - 1)], (444, y - 4, "POST …/restart", "end"))
    arrow([(152, y + 26), (261, y + 26)], (206, y + 20, "POST …/start", "middle"))
    for foot, said, free in ((24, "POST …/stop", False), (52, "POST …/kill", False), (80, _BY_ITSELF, True)):
        arrow([(532, y + foot), (649, y + foot)], (590, y + foot - 6, said, "middle"), free=free)
    arrow([(650, bottom - 12), (533, bottom - 12)], (592, bottom - 18, "POST …/start", "middle"))
    # Down to paused and restarting, and back.
    arrow([(282, bottom), (282, low - 1)], (276, bottom + 34, "POST …/pause", "end"))
    arrow([(314, low), (314, bottom + 1)], (320, bottom + 58, "…/unpause", "start"))
    arrow([(412, bottom), (412, low - 1)], (406, bottom + 24, _("it ends"), "end"), free=True)
    policy = [(456.0, bottom + 44 + 14 * n, word, "start") for n, word in enumerate(_("restart policy").split())]
    arrow([(450, low), (450, bottom + 1)], *policy, free=True)
    # The ways to removed, in the gutters beside the lower boxes.
    arrow([(60, bottom), (60, end - 1)], (68, low + 12, "DELETE …", "start"))
    arrow([(525, bottom), (525, end - 1)], (533, low + 12, "DELETE …?force=1", "start"))
    arrow([(662, bottom), (662, end - 1)], (656, bottom + 34, "DELETE …", "end"))
    arrow([(800, bottom), (800, low - 1)], (794, bottom + 50, _("removal fails"), "end"), free=True)
    arrow([(800, low + small), (800, end - 1)], (794, end - 18, "DELETE …", "end"))


def _words(inside: Mapping[str, Sequence[Container]]) -> list[str]:
    lines = []
    for state, found in inside.items():
        names = [f"{c.name} ({_code(c)})" if _code(c) else c.name for c in found]
        lines.append(f"{state}: {few(names, WORDS) or _('nobody')}")
        lines += [f"  → {there}: {call}" for origin, there, call in CALLS if origin == state]
    return lines
