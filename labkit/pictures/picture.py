"""A picture as a notebook shows it: text always, and HTML whose image survives a sanitizer.

Jupyter takes ``<svg>`` out of an untrusted notebook and leaves ``<img>`` with a data URL in.
An image runs no script and loads nothing, whatever is in it.

Source: https://developer.mozilla.org/docs/Web/SVG/Guides/SVG_as_an_image
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from ..markup import lines, verbatim
from ..messages import _
from ..safe import escape, harmless


@dataclass(frozen=True)
class Picture:
    """Something drawn, with the same in words.

    Parameters
    ----------
    title: one sentence that says what is seen.
    words: the whole picture as lines of text.
    svg: the drawing.
    width, height: its size, in pixels.
    """

    title: str
    words: tuple[str, ...]
    svg: str
    width: int
    height: int

    def __repr__(self) -> str:
        return harmless("\n".join([self.title, *self.words]))

    @property
    def html(self) -> str:
        """The picture as HTML: the image, and its words folded beneath."""
        # Beside a terminal the notebook is narrow: a picture shrinks to three quarters, then it is scrolled.  The words
        # stand in the same box: what can be focused in it lets the arrow keys scroll it.
        # Percent-encoded rather than base64: names and addresses in it can still be found and masked.
        source = "data:image/svg+xml," + quote(self.svg, safe="/:;=,()-_.!~*")
        alt = _("{title} The words beneath the picture say the same.", title=self.title)
        said = escape(_("The same in words"))
        return (
            f'<div style="overflow-x: auto;"><img alt="{escape(alt)}" src="{source}" '
            f'style="width: 100%; min-width: {self.width * 3 // 4}px; max-width: {self.width}px; height: auto;">'
            f'<details style="margin: 4px 0;"><summary style="cursor: pointer;">{said}</summary>'
            f"{lines(repr(self), style='white-space: pre-wrap;')}</details></div>"
        )

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": verbatim(self.html)}
