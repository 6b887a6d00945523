"""The TLS handshake with a daemon: who shows which certificate, who verifies it, and where it failed."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import _
from .canvas import Canvas, columns, cut
from .handshake import STEPS, Certificate, Handshake, Step, failed_step, outcome, steps
from .parts import MARGIN, title
from .picture import Picture
from .tlswords import client_facts, server_facts, untold, untold_words, words

__all__ = ["STEPS", "Certificate", "Handshake", "draw", "failed_step"]

_WIDTH, _LEFT, _RIGHT, _ROW = 790, 150, 650, 54
_LINE = 17
_WIDE = 440
"""How wide the box of a verification is, in pixels."""


def draw(shake: Handshake) -> Picture:
    """Draw the handshake from top to bottom."""
    note = ""
    if shake.tried:
        head = _("TLS with {address}: {outcome}", address=shake.address, outcome=outcome(shake))
        if shake.server:
            note = _("The server's certificate was read over a connection of its own, without a client's certificate.")
    else:
        head = _("An example: how TLS with a daemon at {address} should go", address=shake.address)
        note = _("Nothing was tried. The certificates are those of the course's folder, where it has any.")
    canvas = Canvas(_WIDTH)
    y = title(canvas, head, note)
    told = steps(shake)
    facts = client_facts(shake), server_facts(shake)
    high = 34 + 18 * max(4, *map(len, facts))
    _side(canvas, MARGIN, y, high, _("client"), facts[0])
    _side(canvas, _WIDTH - MARGIN - 350, y, high, f"dockerd  {shake.address}", facts[1])
    top = y = y + high + 8
    y += 34
    for n, step in enumerate(told):
        low = _step(canvas, y, n, step)
        if step.how == "failed":
            low = _reason(canvas, low, [shake.reason, *([untold_words()] if untold(step) else [])])
        last, y = low, low + 37
    for x in (_LEFT, _RIGHT):
        canvas.line([(x, top), (x, last + 10)], colour="muted", below=True)
    canvas.height = last + 28
    return Picture(head + ".", tuple(words(shake, told)), canvas.svg(), _WIDTH, int(canvas.height))


def _side(canvas: Canvas, x: float, y: float, high: float, name: str, facts: Sequence[str]) -> None:
    canvas.box(x, y, 350, high, fill="tint", edge="blue")
    canvas.text(x + 12, y + 21, name, bold=True, room=41)
    for n, fact in enumerate(facts):
        canvas.text(x + 12, y + 41 + 18 * n, fact, size=12, room=45)


def _step(canvas: Canvas, y: float, n: int, step: Step) -> float:
    """Draw a step whose middle is at `y`; return where it ends."""
    colour = {"failed": "red", "done": "green", "planned": "blue"}.get(step.how, "muted")
    idle = step.how in ("late", "without")
    canvas.text(MARGIN, y + 4.5, f"{n + 1}", size=12, colour="muted")
    _sign(canvas, 60, y, step.how)
    tint = "muted" if idle else "text"
    if step.key.startswith("verify"):
        return _verification(canvas, y, step, colour, tint)
    points = [(_LEFT + 2, y), (_RIGHT - 2, y)]
    if step.how != "without":
        canvas.line(
            points[::-1] if step.key == "server" else points,
            arrow=step.how != "failed",
            colour=colour,
            dashed=step.how == "late",
        )
    canvas.text((_LEFT + _RIGHT) / 2, y - 8, step.said, size=12, anchor="middle", room=66, colour=tint)
    return y + _ROW - 37


def _verification(canvas: Canvas, y: float, step: Step, colour: str, tint: str) -> float:
    """Draw who verifies, and what is asked, each question on a line of its own."""
    idle = step.how in ("late", "without")
    here = _LEFT if step.key == "verify_server" else _RIGHT
    left = 176 if here == _LEFT else _RIGHT - 26 - _WIDE
    lines = _folded(step.said, 56)[:2]
    high = 14 + _LINE * (len(lines) + len(step.questions))
    canvas.box(left, y - 19, _WIDE, high, dashed=idle, edge=colour)
    canvas.line([(here, y), (left if here == _LEFT else left + _WIDE, y)], colour=colour)
    canvas.dot(here, y, colour=colour, radius=6, hollow=idle)
    foot = y - 1
    for line in lines:
        canvas.text(left + 10, foot, line, size=12, colour=tint, room=58)
        foot += _LINE
    for question in step.questions:
        if question.answer is not None:
            _answer(canvas, left + 24, foot - 4, question.answer)
        canvas.text(left + 36, foot, question.asked, size=12, colour=tint, room=54)
        foot += _LINE
    return y - 19 + high


def _answer(canvas: Canvas, x: float, y: float, yes: bool) -> None:
    """Draw a tick or a cross around a point."""
    if yes:
        canvas.shape(f"M{x - 6} {y}l4 5l7 -10", edge="green", thick=2.5)
    else:
        canvas.shape(f"M{x - 5} {y - 5}l10 10M{x + 5} {y - 5}l-10 10", edge="red", thick=2.5)


def _sign(canvas: Canvas, x: float, y: float, how: str) -> None:
    """Draw how a step went: a tick, a cross, or nothing, each with its word."""
    if how in ("failed", "done"):
        _answer(canvas, x - 8, y, how == "done")
    if how == "failed":
        canvas.text(x + 2, y + 4.5, _("failed"), size=12, colour="red", bold=True, room=10)
    elif how == "done":
        canvas.text(x + 2, y + 4.5, _("done"), size=12, colour="green", room=10)
    elif how in ("late", "without"):
        said = _("not reached") if how == "late" else _("left out")
        canvas.text(x - 14, y + 4.5, said, size=11, colour="muted", room=11)


def _reason(canvas: Canvas, y: float, reasons: Sequence[str]) -> float:
    """Write why a step failed, beneath it; return where that ends."""
    lines = [line for reason in reasons for line in _folded(reason, 62)[:3]]
    y += 5
    high = 14 + _LINE * len(lines)
    canvas.box(_LEFT + 12, y, _RIGHT - _LEFT - 24, high, edge="red", thick=2)
    for n, line in enumerate(lines):
        canvas.text(_LEFT + 24, y + 18 + _LINE * n, line, size=12, bold=True, room=66)
    return y + high


def _folded(said: str, room: int) -> list[str]:
    """Return a sentence on lines of `room` columns; a word that is longer than one is cut."""
    lines = [""]
    for word in cut(said, 400).split(" "):
        if columns(lines[-1]) + 1 + columns(word) > room and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
