"""The layers of all images as one tree: a layer that images share is there once, its bar as long as it is large.

Source: https://docs.docker.com/engine/storage/drivers/#images-and-layers
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..human import size
from ..messages import _
from .canvas import Canvas, width
from .facts import MOST, Image, Layer, group
from .parts import MARGIN, many, more, title
from .picture import Picture

_BARS, _INDENT, _WIDTH, _ROW, _DEEPEST = 150, 18, 790, 26, 8


@dataclass
class Node:
    """A layer in the tree; `above` are the layers that stand on it, `images` those that end here."""

    layer: Layer
    above: dict[str, Node] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)

    @property
    def users(self) -> int:
        """How many images the layer is part of."""
        return len(self.images) + sum(node.users for node in self.above.values())


@dataclass(frozen=True)
class Row:
    """A line of the drawing: a layer, how often the tree has branched before it, and whether it begins a branch."""

    node: Node
    depth: int
    first: bool


def draw(images: Sequence[Image], most: int = MOST) -> Picture:
    """Draw the layers of `images`."""
    rows = list(_rows(tree(images)))
    shown, left_over = group(rows, most)
    once = sum(row.node.layer.size or 0 for row in rows)
    each = sum((row.node.layer.size or 0) * row.node.users for row in rows)
    head = _(
        "{images} from {layers}",
        images=many(len(images), _("image"), _("images")),
        layers=many(len(rows), _("layer"), _("layers")),
    )
    note = _("Layers take {once} on disk; without sharing they would take {each}.", once=size(once), each=size(each))
    canvas = Canvas(_WIDTH)
    y = title(canvas, head, note) + 8
    largest = max((row.node.layer.size or 0 for row in rows), default=0)
    feet: list[float] = []
    for row in shown:
        del feet[row.depth + 1 :]
        _draw_row(canvas, y, row, feet, largest)
        feet[row.depth :] = [y]
        y += _ROW
    foot = [_("Not drawn: {what}.", what=many(left_over, _("more layer"), _("more layers")))] if left_over else []
    bare = [image.name for image in images if not image.layers]
    if bare:
        names, rest = group(sorted(bare), 8)
        foot.append(_("Without layers: {names}.", names=", ".join([*names, *([more(rest)] if rest else [])])))
    for line in foot:
        canvas.text(MARGIN, y + 10, line, colour="muted", size=12, room=100)
        y += 20
    canvas.height = y + 12
    words = [_line(row) for row in shown]
    return Picture(head + ".", (note, *words, *foot), canvas.svg(), canvas.width, int(canvas.height))


def tree(images: Sequence[Image]) -> dict[str, Node]:
    """Return the layers at the bottom, each with what stands on it."""
    roots: dict[str, Node] = {}
    for image in images:
        here, node = roots, None
        for layer in image.layers:
            node = here.setdefault(layer.digest, Node(layer))
            here = node.above
        if node is not None:
            node.images.append(image)
    return roots


def _rows(nodes: dict[str, Node], depth: int = 0, branches: bool = True) -> Iterator[Row]:
    """Go through the tree: a layer alone on another stays in its column, several branch off."""
    for node in sorted(nodes.values(), key=_order):
        yield Row(node, depth, branches)
        apart = len(node.above) > 1 or bool(node.above and node.images)
        yield from _rows(node.above, depth + apart, apart)


def _order(node: Node) -> tuple[str, str]:
    """By the first image that a layer leads to: digests change with each build, names don't."""
    return min(_names(node), default=""), node.layer.made_by


def _names(node: Node) -> Iterator[str]:
    yield from (image.name for image in node.images)
    for child in node.above.values():
        yield from _names(child)


def _draw_row(canvas: Canvas, y: float, row: Row, feet: Sequence[float], largest: int) -> None:
    layer, users = row.node.layer, row.node.users
    depth = min(row.depth, _DEEPEST)
    x, middle = MARGIN + 6 + depth * _INDENT, y + 9
    if row.depth and row.first:
        back = x - _INDENT if row.depth <= _DEEPEST else x
        canvas.line([(back, feet[row.depth - 1] + 9), (back, middle), (x, middle)], below=True)
    elif not row.first:
        canvas.line([(x, feet[row.depth] + 9), (x, middle)], below=True)
    canvas.dot(x, middle, colour="blue", hollow=users == 1)
    left = MARGIN + 20 + (_DEEPEST if depth > 3 else 3) * _INDENT
    if layer.size:
        # A layer of a few bytes still shows: no bar at all would look like no layer.
        long = max(2.0, _BARS * layer.size / largest)
        canvas.box(left, y + 1, long, 16, fill="blue" if users > 1 else "edge", edge="page", round=2)
    said = size(layer.size) if layer.size is not None else "?"
    canvas.text(left + _BARS + 66, y + 14, said, anchor="end", size=12)
    canvas.text(left + _BARS + 78, y + 14, layer.made_by, size=12, room=28, colour="text" if layer.size else "muted")
    at = left + _BARS + 78 + 29 * 7.3
    if users > 1:
        shared = _("shared by {count}", count=users)
        canvas.text(at, y + 14, shared, size=12, colour="blue", bold=True)
        at += width(shared, 12) + 10
    tags = [tag for image in row.node.images for tag in (image.tags or (image.name,))]
    for tag in tags[:1]:
        room = int((_WIDTH - MARGIN - at - 14) / 7.3)
        name = tag if len(tags) == 1 else f"{tag} +{len(tags) - 1}"
        canvas.box(at, y, min(len(name), room) * 7.3 + 12, 18, fill="tint", edge="blue", round=9)
        canvas.text(at + 6, y + 13.5, name, size=12, room=room)


def _line(row: Row) -> str:
    layer = row.node.layer
    facts = [size(layer.size) if layer.size is not None else "?", layer.made_by]
    if row.node.users > 1:
        facts.append(_("shared by {count}", count=row.node.users))
    tags = [tag for image in row.node.images for tag in (image.tags or (image.name,))]
    if tags:
        facts.append("→ " + ", ".join(tags))
    return "  " * row.depth + "  ".join(facts)
