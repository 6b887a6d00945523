"""The layers of images as a tree: a layer that images share is there once on the same base.

The same files on another base are another layer of the tree, since an Engine stores them there anew.

Source: https://docs.docker.com/engine/storage/drivers/#images-and-layers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .facts import Image, Layer, share


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

    @property
    def size(self) -> int:
        """How many layers it and those above it are."""
        return 1 + sum(node.size for node in self.above.values())


@dataclass(frozen=True)
class Row:
    """A line of the drawing.

    Parameters
    ----------
    depth: how often the tree has branched below it.
    first: whether it begins a branch; else it stands alone on the layer below, in the same column.
    base: the row of the layer below; -1 where there is none.
    hidden: how many layers stand on it that have no row.
    """

    node: Node
    depth: int
    first: bool
    base: int
    hidden: int = 0


def tree(images: Iterable[Image]) -> dict[str, Node]:
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


def every(nodes: Mapping[str, Node]) -> Iterator[Node]:
    """Return all layers, each before those that stand on it."""
    for node in nodes.values():
        yield node
        yield from every(node.above)


def rows(nodes: Mapping[str, Node], most: int) -> list[Row]:
    """Return `most` rows at most, each before those that stand on it: small branches whole, large ones cut."""
    found: list[Row] = []
    _add(found, nodes, most, 0, True, -1)
    return found


def _add(found: list[Row], nodes: Mapping[str, Node], most: int, depth: int, first: bool, base: int) -> None:
    given = share({key: node.size for key, node in nodes.items()}, most)
    # The last row is drawn at the top, where reading begins.
    for key, node in sorted(nodes.items(), key=lambda item: _order(item[1]), reverse=True):
        if not given[key]:
            continue
        at = len(found)
        apart = len(node.above) > 1 or bool(node.above and node.images)
        found.append(Row(node, depth, first, base))
        _add(found, node.above, given[key] - 1, depth + apart, apart, at)
        there = {row.node.layer.digest for row in found[at + 1 :] if row.base == at}
        hidden = sum(child.size for digest, child in node.above.items() if digest not in there)
        found[at] = Row(node, depth, first, base, hidden)


def again(nodes: Mapping[str, Node]) -> list[Layer]:
    """Return the layers that stand on more than one base."""
    counts: dict[str, list[Layer]] = {}
    for node in every(nodes):
        counts.setdefault(node.layer.digest, []).append(node.layer)
    return [layers[0] for layers in counts.values() if len(layers) > 1]


def _order(node: Node) -> tuple[str, str]:
    """By the first image that a layer leads to: digests change with each build, names don't."""
    return min(_names(node), default=""), node.layer.made_by


def _names(node: Node) -> Iterator[str]:
    yield from (image.name for image in node.images)
    for child in node.above.values():
        yield from _names(child)


def missing(nodes: Mapping[str, Node], shown: Sequence[Row]) -> tuple[int, int]:
    """Return how many layers, and how many images, have no row."""
    there = {id(row.node) for row in shown}
    left = [node for node in every(nodes) if id(node) not in there]
    return len(left), sum(len(node.images) for node in left)
