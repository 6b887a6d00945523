"""What several pictures draw: a container's state as shape and word, a legend, a card with a name."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import _
from .canvas import Canvas, width
from .facts import Container, group

STATES = ("created", "running", "paused", "restarting", "exited", "dead", "removing")
_COLOURS = {"running": "green", "paused": "amber", "restarting": "amber", "dead": "red"}
ALIVE = ("running", "paused", "restarting")
"""The states of a container that is drawn with whole lines; others are dashed."""

MARGIN = 20
"""Around a picture, in pixels."""

ROW = 26
"""From one line of a list to the next, in pixels."""


def colour(state: str) -> str:
    """Return the colour of a state; it is always drawn beside its shape or its word."""
    return _COLOURS.get(state, "muted")


def mark(canvas: Canvas, x: float, y: float, state: str) -> None:
    """Draw the mark of a state around a point: each has a shape of its own, so that it is told apart in grey."""
    tint = colour(state)
    if state == "running":
        canvas.shape(f"M{x - 4} {y - 5}L{x + 6} {y}L{x - 4} {y + 5}Z", fill=tint)
    elif state == "paused":
        canvas.shape(f"M{x - 5} {y - 5}h3.5v10h-3.5zM{x + 1.5} {y - 5}h3.5v10h-3.5z", fill=tint)
    elif state == "restarting":
        canvas.shape(f"M{x + 4} {y - 3}A5 5 0 1 0 {x + 5} {y + 1}", edge=tint, thick=2)
        canvas.shape(f"M{x + 6} {y - 6}v6h-6z", fill=tint)
    elif state in ("dead", "removing"):
        canvas.shape(f"M{x - 4} {y - 4}l8 8M{x + 4} {y - 4}l-8 8", edge=tint, thick=2.5)
    elif state == "exited":
        canvas.shape(f"M{x - 4.5} {y - 4.5}h9v9h-9z", fill=tint)
    else:
        canvas.shape(f"M{x - 4.5} {y - 4.5}h9v9h-9z", edge=tint, thick=2)


def card(canvas: Canvas, x: float, y: float, w: float, container: Container, *, dashes: bool = True) -> None:
    """Draw a container as a box of one line with its state and its name.

    Parameters
    ----------
    dashes: whether the box is dashed unless it runs; not where dashes mean something else.
    """
    alive = container.state in ALIVE
    canvas.box(x, y, w, 22, edge=colour(container.state), dashed=dashes and not alive)
    mark(canvas, x + 13, y + 11, container.state)
    canvas.text(x + 26, y + 15.5, container.name, room=int((w - 34) / width("x")), bold=alive)


def legend(canvas: Canvas, x: float, y: float, states: set[str]) -> None:
    """Say what the marks mean, for those that the picture has."""
    for state in (*STATES, *sorted(states - set(STATES))):
        if state in states:
            mark(canvas, x + 6, y - 4, state)
            canvas.text(x + 18, y, state, colour="muted", size=12)
            x += 18 + width(state, 12) + 20


def title(canvas: Canvas, words: str, note: str = "") -> float:
    """Write the picture's title and a note beneath; return where the picture may go on."""
    canvas.text(MARGIN, 32, words, size=16, bold=True, sans=True, room=110)
    if note:
        canvas.text(MARGIN, 52, note, size=12.5, colour="muted", sans=True, room=150)
    return 72 if note else 52


def many(count: int, one: str, several: str) -> str:
    """Return a number with its noun, such as ``1 network`` or ``7 networks``."""
    return f"{count} {one if count == 1 else several}"


def containers(count: int) -> str:
    """Return how many containers there are."""
    return many(count, _("container"), _("containers"))


def more(count: int) -> str:
    """Return what is said of things that are not drawn one by one."""
    return _("and {count} more", count=count)


def first(lines: Sequence[str], most: int) -> list[str]:
    """Return the first `most` lines, and one that counts those beyond."""
    shown, rest = group(lines, most)
    return [*shown, *([more(rest)] if rest else [])]


def few(names: Sequence[str], most: int) -> str:
    """Return the first `most` names in one line, and how many there are beyond."""
    return ", ".join(first(names, most))
