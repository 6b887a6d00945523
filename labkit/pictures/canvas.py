"""A small SVG canvas: boxes, lines, text and marks, in the colours of a light and a dark theme.

A picture stands in an ``<img>``, which sees neither the page's style nor its theme.  So it
brings a quiet background of its own, and follows the system's colour scheme.

Source: https://www.w3.org/TR/SVG2/ and https://www.w3.org/TR/mediaqueries-5/#prefers-color-scheme
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence

from ..safe import harmless

LIGHT = {
    "page": "#f6f8fa", "panel": "#ffffff", "edge": "#6e7781", "text": "#1f2328", "muted": "#57606a",
    "blue": "#0a5cc2", "green": "#116329", "red": "#b3202a", "amber": "#7d4e00", "tint": "#e4eefb",
}  # fmt: skip
DARK = {
    "page": "#161b22", "panel": "#0d1117", "edge": "#8b949e", "text": "#e6edf3", "muted": "#a5adb7",
    "blue": "#6cb0ff", "green": "#56d364", "red": "#ff8e86", "amber": "#e3b341", "tint": "#1c2d45",
}  # fmt: skip
"""Each is read on ``page``, ``panel`` and ``tint`` with a contrast of 4.5 to 1 or more."""

SIZE = 13
"""The size of text, in pixels."""

# The advance of a letter is 0.602 of its size in the usual monospaced fonts, so text can be measured without one.
_MONO = "ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace"
_SANS = "system-ui,'Segoe UI','Helvetica Neue','DejaVu Sans',Arial,sans-serif"
_ADVANCE = 0.602
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLOURS = ("text", "muted", "blue", "green", "red", "amber")

Point = tuple[float, float]


def columns(text: str) -> int:
    """Return how many columns of a monospaced font `text` takes."""
    return sum(_wide(letter) for letter in text)


def _wide(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cut(text: object, room: int) -> str:
    """Return `text` as one harmless line of `room` columns at most, with a mark where it was cut.

    A sentence loses its end; a name loses its middle, for names of a family often differ in their last letters.
    """
    whole = " ".join(harmless(str(text)).split())
    if columns(whole) <= room:
        return whole
    if " " in whole or room < 8:
        return _start(whole, room - 1) + "…"
    return _start(whole, room - 1 - room // 3) + "…" + _start(whole[::-1], room // 3)[::-1]


def _start(text: str, room: int) -> str:
    kept: list[str] = []
    for letter in text:
        room -= _wide(letter)
        # A pile of combining marks takes no room, and would make one line as high as a page.
        if room < 0 or len(kept) > 60 + 2 * room:
            break
        kept.append(letter)
    return "".join(kept)


def width(text: str, size: float = SIZE) -> float:
    """Return how wide `text` is in the monospaced font, in pixels."""
    return columns(text) * size * _ADVANCE


class Canvas:
    """An SVG picture that is drawn from top to bottom.

    Parameters
    ----------
    width, height: in pixels; `height` may be set later.
    """

    def __init__(self, width: int, height: float = 0) -> None:
        self.width, self.height = width, height
        self._below: list[str] = []
        self._parts: list[str] = []

    def box(
        self, x: float, y: float, w: float, h: float, *, fill: str = "panel", edge: str = "edge",
        dashed: bool = False, round: float = 6, thick: float = 1,
    ) -> None:  # fmt: skip
        """Draw a box; `fill` and `edge` are names of colours."""
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(round)}" '
            f'class="f-{fill} s-{edge}" stroke-width="{_n(thick)}"{dash}/>'
        )

    def text(
        self, x: float, y: float, words: object, *, room: int = 400, colour: str = "text", size: float = SIZE,
        anchor: str = "start", bold: bool = False, sans: bool = False,
    ) -> None:  # fmt: skip
        """Write one line, its foot at `y`; what is more than `room` columns, or beyond the edge, is cut."""
        left = {"start": self.width - x, "end": x, "middle": 2 * min(x, self.width - x)}[anchor] - 6
        said = _NOT_XML.sub("\ufffd", cut(words, min(room, int(left / (size * _ADVANCE)))))
        more = "".join(
            f" {name}" for name, wanted in (("b", bold), ("sans", sans), (f"c-{colour}", colour != "text")) if wanted
        )
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        big = "" if size == SIZE else f' font-size="{_n(size)}"'
        kind = f' class="{more.strip()}"' if more else ""
        # Each line keeps its own direction: a name in Arabic must not turn what stands beside it.
        self._parts.append(f'<text x="{_n(x)}" y="{_n(y)}"{where}{big}{kind}>{html.escape(said)}</text>')

    def line(
        self, points: Sequence[Point], *, colour: str = "edge", arrow: bool = False, dashed: bool = False,
        thick: float = 1.5, below: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line through `points`, with a head at its end where asked; `below` lays it under the boxes."""
        path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self._stroke(path, colour, dashed, thick, below)
        if arrow:
            self._head(points[-2], points[-1], colour)

    def curve(
        self, start: Point, end: Point, *, colour: str = "edge", dashed: bool = False, arrow: bool = False,
        thick: float = 1.5,
    ) -> None:  # fmt: skip
        """Draw a curve from left to right, under the boxes."""
        (a, b), (c, d) = start, end
        middle = (a + c) / 2
        path = f"M{_n(a)} {_n(b)}C{_n(middle)} {_n(b)} {_n(middle)} {_n(d)} {_n(c)} {_n(d)}"
        self._stroke(path, colour, dashed, thick, below=True)
        if arrow:
            self._head((c - 1, d), end, colour)

    def _stroke(self, path: str, colour: str, dashed: bool, thick: float, below: bool) -> None:
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        layer = self._below if below else self._parts
        layer.append(f'<path d="{path}" class="n s-{colour}" stroke-width="{_n(thick)}"{dash}/>')

    def _head(self, before: Point, tip: Point, colour: str) -> None:
        (a, b), (x, y) = before, tip
        far = ((x - a) ** 2 + (y - b) ** 2) ** 0.5 or 1
        dx, dy = (x - a) / far, (y - b) / far
        corners = [(x, y), (x - 8 * dx - 4 * dy, y - 8 * dy + 4 * dx), (x - 8 * dx + 4 * dy, y - 8 * dy - 4 * dx)]
        path = "M" + "L".join(f"{_n(u)} {_n(v)}" for u, v in corners) + "Z"
        self._parts.append(f'<path d="{path}" class="f-{colour}"/>')

    def shape(self, path: str, *, fill: str = "n", edge: str = "", thick: float = 1.5) -> None:
        """Draw a path of SVG: `fill` is a colour's name or ``n`` for none."""
        kind = " ".join(filter(None, ["n" if fill == "n" else f"f-{fill}", f"s-{edge}" if edge else ""]))
        self._parts.append(f'<path d="{path}" class="{kind}" stroke-width="{_n(thick)}"/>')

    def dot(self, x: float, y: float, *, colour: str = "blue", hollow: bool = False, radius: float = 5) -> None:
        """Draw a dot, or a ring."""
        kind = f"f-{'panel' if hollow else colour} s-{colour}"
        self._parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" class="{kind}" stroke-width="2"/>')

    def svg(self) -> str:
        """Return the whole picture as one line of SVG."""
        size = f'width="{self.width}" height="{_n(self.height)}" viewBox="0 0 {self.width} {_n(self.height)}"'
        inside = "".join([*self._below, *self._parts])
        box = f'width="{self.width - 1}" height="{_n(self.height - 1)}" rx="8"'
        card = f'<rect x="0.5" y="0.5" {box} class="f-page s-edge"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-size="{SIZE}">'
            f"<style>{_STYLE}</style>{card}{inside}</svg>"
        )


def _n(value: float) -> str:
    """Return a number with one digit at most after the point: the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


def _rules(colours: dict[str, str]) -> str:
    fills = "".join(f".f-{name}{{fill:{value}}}.s-{name}{{stroke:{value}}}" for name, value in colours.items())
    return f"text{{fill:{colours['text']}}}" + "".join(f".c-{c}{{fill:{colours[c]}}}" for c in _COLOURS) + fills


_STYLE = (
    f"text{{font-family:{_MONO};white-space:pre;unicode-bidi:isolate}}.sans{{font-family:{_SANS}}}"
    f".b{{font-weight:600}}.n{{fill:none}}{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}"
)
