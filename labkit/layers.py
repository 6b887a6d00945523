"""An image's history as a picture: a bar for each step, as long as its layer is large.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageHistory
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .human import size
from .markup import verbatim
from .messages import _
from .safe import escape, harmless

WIDTH = 24
"""How many characters the longest bar of the text has."""

_LONGEST = 60
_COLOUR = "#1f77b4"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_CLASSIC = re.compile(r"^/bin/sh -c #\(nop\)\s*")
_SHELL = re.compile(r"^(RUN )?/bin/sh -c ")
_SUM = re.compile(r"\b(file|dir|multi):[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Step:
    """One line of an image's history.

    Parameters
    ----------
    made_by: the instruction, as it stood in the Dockerfile.
    size: of the layer that it made, in bytes; 0 for a step that made none.
    """

    made_by: str
    size: int


@dataclass(frozen=True)
class History:
    """The steps of an image, the newest first, as text and as HTML."""

    steps: tuple[Step, ...]

    @property
    def size(self) -> int:
        """The sum of all layers, in bytes."""
        return sum(step.size for step in self.steps)

    @property
    def title(self) -> str:
        """How many steps and layers there are, and how large they are together."""
        filled = sum(step.size > 0 for step in self.steps)
        return _(
            "{steps} steps, {filled} of them with content, {size} in all",
            steps=len(self.steps),
            filled=filled,
            size=size(self.size),
        )

    def __repr__(self) -> str:
        largest = self._largest
        rows = [f"{size(s.size):>8}  {_bar(s.size, largest):<{WIDTH}}  {s.made_by}".rstrip() for s in self.steps]
        return "\n".join([self.title, *rows])

    @property
    def _largest(self) -> int:
        return max((step.size for step in self.steps), default=0)

    def html(self) -> str:
        """Return the picture as HTML that passes Jupyter's sanitizer."""
        cells = []
        for step in self.steps:
            bar = ""
            if step.size:
                # A layer of a few bytes still shows: nothing at all would look like a step without one.
                share = max(100 * step.size / self._largest, 1)
                bar = f'<div style="background-color: {_COLOUR}; width: {share:.0f}%; height: 1em"></div>'
            cells.append(
                f'<tr><td style="text-align: right">{escape(size(step.size))}</td>'
                f'<td style="width: 14em">{bar}</td>'
                f'<td style="text-align: left"><code>{escape(step.made_by)}</code></td></tr>'
            )
        return f"<p>{escape(self.title)}</p><table>{''.join(cells)}</table>"

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": verbatim(self.html())}


def layers(history: Sequence[Mapping[str, Any]]) -> History:
    """Draw what ``GET /images/{name}/history`` answers.

    Parameters
    ----------
    history: its JSON: a list, the newest step first.
    """
    return History(tuple(Step(made_by(step), int(step.get("Size") or 0)) for step in history))


def made_by(step: Mapping[str, Any]) -> str:
    """Return the instruction as people write it, whatever the builder made of it."""
    given = str(step.get("CreatedBy") or "").strip()
    if not given:
        return harmless(str(step.get("Comment") or _("imported"))).strip()
    text = given.removesuffix(" # buildkit")
    if _CLASSIC.match(text):
        text = _CLASSIC.sub("", text)
    elif _SHELL.match(text):
        text = _SHELL.sub("RUN ", text)
    text = _SUM.sub(r"\1", " ".join(harmless(text).split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _bar(size: int, largest: int) -> str:
    if not size:
        return ""
    eighths = max(round(size / largest * WIDTH * 8), 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
