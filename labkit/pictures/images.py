"""The layers of all images: the base at the bottom, a shared layer there once, its bar as long as it is large.

Counts and sums are those of all images, whatever has a place in the drawing.

Source: https://docs.docker.com/engine/storage/drivers/#images-and-layers
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..human import short, size
from ..messages import _
from .canvas import Canvas, columns, width
from .facts import MOST, WORDS, Image
from .layertree import Node, Row, again, every, missing, rows, tree
from .parts import MARGIN, few, many, title
from .picture import Picture

_WIDTH, _ROW, _LINE = 790, 26, 21
_INDENT, _DEEP, _DEEPEST = 18, 8, 24
_MADE = 28
"""How many letters of the step that made a layer are shown."""

_MOST_LINES = 4
"""How many lines the names of one image take."""


def draw(images: Sequence[Image], most: int = MOST) -> Picture:
    """Draw the layers of `images`, which are all that the engine has."""
    nodes = tree(images)
    layers = list(every(nodes))
    head = _(
        "{images} from {layers}",
        images=many(len(images), _("image"), _("images")),
        layers=many(len(layers), _("layer"), _("layers")),
    )
    note = _sums(layers)
    shown = rows(nodes, most)
    canvas = Canvas(_WIDTH)
    y = title(canvas, head, note) + 8
    y = _tree(canvas, y, shown, max((node.layer.size or 0 for node in layers), default=0))
    foot = _foot(images, nodes, shown)
    y += 6 if foot else 0
    for line in foot:
        canvas.text(MARGIN, y + 10, line, colour="muted", size=12, room=104)
        y += 20
    if shown:
        y = _legend(canvas, y + 18, any(row.node.users > 1 for row in shown))
    canvas.height = y + 12
    told = [
        _("A layer stands on the next one beneath that is further left; one with ↓ stands on the next line."),
        *(_line(row) for row in reversed(rows(nodes, WORDS))),
    ]  # fmt: skip
    return Picture(head + ".", (note, *(told if layers else ()), *foot), canvas.svg(), _WIDTH, int(canvas.height))


def _sums(layers: Sequence[Node]) -> str:
    once = sum(node.layer.size or 0 for node in layers)
    each = sum((node.layer.size or 0) * node.users for node in layers)
    return _("Layers take {once} on disk; without sharing they would take {each}.", once=size(once), each=size(each))


def _foot(images: Sequence[Image], nodes: Mapping[str, Node], shown: Sequence[Row]) -> list[str]:
    foot = []
    if unknown := sum(node.layer.size is None for node in every(nodes)):
        what = many(unknown, _("layer of unknown size is"), _("layers of unknown size are"))
        foot.append(_("{layers} not in the sums.", layers=what))
    twice = again(nodes)
    if twice:
        steps = few(list(dict.fromkeys(layer.made_by for layer in twice)), 2)
        foot.append(_("The same files on another base are another layer, stored anew: {steps}.", steps=steps))
    layers, without = missing(nodes, shown)
    if layers:
        parts = [many(layers, _("more layer"), _("more layers"))]
        parts += [many(without, _("more image"), _("more images"))] if without else []
        foot.append(_("Not drawn: {what}.", what=", ".join(parts)))
    bare = sorted(image.name for image in images if not image.layers)
    if bare:
        foot.append(_("Without layers: {names}.", names=few(bare, 8)))
    return foot


def _tree(canvas: Canvas, y: float, shown: Sequence[Row], largest: int) -> float:
    """Draw the rows, the last one at the top, as each stands on one that comes before it; return where they end."""
    deepest = max((row.depth for row in shown), default=0)
    indent = _INDENT if deepest <= _DEEP else max(6.0, _INDENT * _DEEP / deepest)
    xs = [MARGIN + 6 + min(row.depth, _DEEPEST) * indent for row in shown]
    left = MARGIN + 20 + (3 if deepest <= 3 else _DEEP) * _INDENT
    bars = 150 if deepest <= 3 else 80
    at = left + bars + 78 + (_MADE + 1) * 7.3
    ys = [0.0] * len(shown)
    for n in range(len(shown) - 1, -1, -1):
        row = shown[n]
        ys[n] = y
        _bar(canvas, left, y, row, bars, largest)
        y += _ROW + (_labels(canvas, at, y, row) - 1) * _LINE
        canvas.dot(xs[n], ys[n] + 9, colour="blue", hollow=row.node.users == 1)
    for n, row in enumerate(shown):
        if row.base >= 0:
            below, middle = (xs[row.base], ys[row.base] + 9), ys[n] + 9
            canvas.line([below, (below[0], middle), (xs[n], middle)], below=True)
    return y


def _bar(canvas: Canvas, left: float, y: float, row: Row, bars: int, largest: int) -> None:
    layer, shared = row.node.layer, row.node.users > 1
    long = bars * (layer.size or 0) / largest if largest else 0
    if long >= 2:
        fill = "blue" if shared else "panel"
        canvas.box(left, y + 1, long, 16, fill=fill, edge="blue" if shared else "edge", round=2)
    elif layer.size:
        # No bar at all would look like no layer: what is too small for the scale has a tick.
        canvas.line([(left, y + 6), (left, y + 12)], colour="blue" if shared else "edge", thick=1)
    said = size(layer.size) if layer.size is not None else "?"
    canvas.text(left + bars + 66, y + 14, said, anchor="end", size=12)
    colour = "text" if layer.size else "muted"
    canvas.text(left + bars + 78, y + 14, layer.made_by, size=12, room=_MADE, colour=colour)


def _labels(canvas: Canvas, start: float, y: float, row: Row) -> int:
    """Write who has a layer, and the images that end with it, on as many lines as they take; return how many."""
    at, lines = start, 1
    if row.node.users > 1:
        shared = _("shared by {count}", count=row.node.users)
        canvas.text(at, y + 14, shared, size=12, colour="blue", bold=True)
        at += width(shared, 12) + 10
    pills = _images(row.node)
    rest = [_hidden(row)] if row.hidden else []
    for n, name in enumerate(pills):
        room = int((_WIDTH - MARGIN - start - 14) / 7.3)
        wide = min(columns(name), room) * 7.3 + 12
        if at > start and at + wide > _WIDTH - MARGIN + 6:
            if lines == _MOST_LINES:
                rest.insert(0, _("+{count} more names", count=len(pills) - n))
                break
            at, lines, y = start, lines + 1, y + _LINE
        canvas.box(at, y, wide, 18, fill="tint", edge="blue", round=9)
        canvas.text(at + 6, y + 13.5, name, size=12, room=room)
        at += wide + 6
    for said in rest:
        if at > start and at + width(said, 12) > _WIDTH - MARGIN:
            at, lines, y = start, lines + 1, y + _LINE
        canvas.text(at, y + 14, said, size=12, colour="muted", bold=True)
        at += width(said, 12) + 10
    return lines


def _hidden(row: Row) -> str:
    return _("+{layers} on it", layers=many(row.hidden, _("more layer"), _("more layers")))


def _images(node: Node) -> list[str]:
    """Return what the images that end with a layer are called."""
    return [name for i in node.images for name in (i.tags or (_("no name: {id}", id=short(i.id)),))]


def _legend(canvas: Canvas, y: float, shared: bool) -> float:
    signs = ((True, _("in several images")), (False, _("in one image"))) if shared else ((False, _("in one image")),)
    x = float(MARGIN + 6)
    for filled, said in signs:
        canvas.dot(x, y - 4, colour="blue", hollow=not filled)
        canvas.box(
            x + 12, y - 11, 22, 13, fill="blue" if filled else "panel", edge="blue" if filled else "edge", round=2
        )
        canvas.text(x + 42, y, said, colour="muted", size=12)
        x += 42 + width(said, 12) + 24
    canvas.box(x, y - 12, 26, 15, fill="tint", edge="blue", round=8)
    canvas.text(x + 34, y, _("an image, where its topmost layer is"), colour="muted", size=12)
    y += 20
    canvas.line([(MARGIN + 6, y - 13), (MARGIN + 6, y + 3)])
    canvas.text(
        MARGIN + 18, y, _("leads down to the layer that one stands on: the base is below"), colour="muted", size=12
    )
    return y + 6


def _line(row: Row) -> str:
    layer = row.node.layer
    facts = [size(layer.size) if layer.size is not None else "?", layer.made_by]
    if row.node.users > 1:
        facts.append(_("shared by {count}", count=row.node.users))
    if row.hidden:
        facts.append(_hidden(row))
    if names := _images(row.node):
        facts.append("→ " + few(names, WORDS))
    return "  " * min(row.depth, _DEEPEST) + ("" if row.first else "↓ ") + "  ".join(facts)
