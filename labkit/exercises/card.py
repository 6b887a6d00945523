"""One renderer for all that exercises say: text, HTML that a sanitizer leaves alone, and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..markup import lines, prose, verbatim
from ..messages import _
from ..safe import escape, harmless

_COLOURS = {"good": "#2e7d32", "open": "#b26a00", "idle": "#607d8b", "fault": "#6a1b9a", "plain": "#1565c0"}


@dataclass(frozen=True)
class Card:
    """Something said to the learner.

    Parameters
    ----------
    head: the first line.
    tone: ``good``, ``open`` (not yet), ``idle`` (not attempted), ``fault`` or ``plain``.
    rows: pairs of a label and a value.
    folded: further groups of rows, folded away.
    words: paragraphs.
    code: pairs of a caption and what can be run.
    data: the same as JSON.
    """

    head: str
    tone: str = "plain"
    rows: tuple[tuple[str, str], ...] = ()
    folded: tuple[tuple[tuple[str, str], ...], ...] = ()
    words: tuple[str, ...] = ()
    code: tuple[tuple[str, str], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The card as plain text."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield harmless(self.head)
        yield from _aligned(self.rows)
        if self.folded:
            yield "  " + _more(len(self.folded))
        for group in self.folded:
            yield from ("  " + line for line in _aligned(group))
        for paragraph in self.words:
            yield from ("  " + harmless(line) for line in paragraph.splitlines())
        for caption, code in self.code:
            yield f"  {harmless(caption)}"
            yield from ("    " + harmless(line) for line in code.splitlines())

    @property
    def html(self) -> str:
        """The card as HTML: inline styles and ``<details>`` alone, which an untrusted notebook keeps."""
        parts = [f"<strong>{escape(self.head)}</strong>", _table(self.rows)]
        if self.folded:
            inside = "".join(map(_table, self.folded))
            parts.append(f"<details><summary>{escape(_more(len(self.folded)))}</summary>{inside}</details>")
        parts += ["<div>" + prose(p).replace("\n", "<br>") + "</div>" for p in self.words]
        parts += [f"<div>{escape(caption)}</div>{lines(code)}" for caption, code in self.code]
        colour = _COLOURS[self.tone]
        return f'<div style="border-left: 4px solid {colour}; padding: 2px 0 2px 10px">{"".join(parts)}</div>'

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        return {"text/plain": self.text, "text/html": verbatim(self.html)}


def _more(count: int) -> str:
    return _("and one more") if count == 1 else _("and {count} more", count=count)


def _aligned(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    width = max((len(label) for label, _value in rows), default=0)
    for label, value in rows:
        yield f"  {label.ljust(width)}  {harmless(value)}"


def _table(rows: tuple[tuple[str, str], ...]) -> str:
    cells = "".join(
        f'<tr><td style="text-align: left">{escape(label)}</td>'
        f'<td style="text-align: left"><code>{escape(value)}</code></td></tr>'
        for label, value in rows
    )
    return f"<table><tbody>{cells}</tbody></table>" if cells else ""
