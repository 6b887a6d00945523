"""Small charts of numbers over time: as one line of text, and as SVG in the page's own colours."""

from __future__ import annotations

from collections.abc import Sequence

from ..safe import escape

_BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH, HEIGHT = 240, 44
"""The size of a chart, in pixels."""


def blocks(values: Sequence[float], most: int = 40) -> str:
    """Return the last values as one block character each, from nothing to the largest."""
    shown = values[-most:]
    top = max(shown, default=0.0)
    return "".join(_BLOCKS[min(7, int(8 * value / top))] if top > 0 else _BLOCKS[0] for value in shown)


def chart(values: Sequence[float], said: str, most: int = 120) -> str:
    """Return an SVG chart of the last values, from 0 to the largest; `said` is its text for those who can't see it."""
    shown = [max(0.0, value) for value in values[-most:]]
    top = max(shown, default=0.0) or 1.0
    step = WIDTH / (most - 1)
    start = WIDTH - step * (len(shown) - 1)
    points = [f"{start + n * step:.1f},{HEIGHT - 2 - (HEIGHT - 6) * value / top:.1f}" for n, value in enumerate(shown)]
    area = f"{start:.1f},{HEIGHT - 2} {' '.join(points)} {WIDTH},{HEIGHT - 2}" if points else ""
    return (
        f'<svg role="img" aria-label="{escape(said)}" width="{WIDTH}" height="{HEIGHT}" '
        f'style="border-bottom: 1px solid currentColor; vertical-align: middle">'
        f'<polygon points="{area}" fill="currentColor" fill-opacity="0.15"/>'
        f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )
