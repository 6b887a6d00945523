"""What all live views have in common: a headline, a row of controls, a body, and a line that says how it stands."""

from __future__ import annotations

from typing import Any

import ipywidgets

from .. import render
from ..exchange import Exchange
from ..markup import verbatim
from ..messages import _
from ..safe import escape, harmless
from .page import Presence, page_part

MONO = "font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px); line-height: 1.4"
BODY = f"{MONO}; padding: 4px 8px; white-space: pre-wrap; overflow-wrap: anywhere"

# A column that is turned round keeps its end in sight, without a script.
_UPWARDS = {
    "display": "flex",
    "flex_flow": "column-reverse",
    "overflow": "auto",
    "max_height": "22em",
    "border": "1px solid gray",
    "width": "auto",
}


class LiveView:
    """A view's widget: its subclass fills in the body.

    Parameters
    ----------
    controls: what stands between Pause and Close.
    pause: whether there is a Pause.
    scrolls: whether the body is a box of its own, whose end is in sight.
    title: what stands above it; else the exchange's own line.
    """

    def __init__(
        self, exchange: Exchange, *controls: Any, pause: bool = True, scrolls: bool = False, title: str = ""
    ) -> None:
        self.exchange = exchange
        self.headline = title or render.headline(exchange)
        # The box is the widget itself, for its inside is drawn anew again and again: focus and place stay.
        self.body = ipywidgets.HTML(tabbable=True, layout=_UPWARDS) if scrolls else ipywidgets.HTML()
        self.status = ipywidgets.HTML()
        self.close_button = ipywidgets.Button(
            description=_("Close"), tooltip=_("Close the stream; what was seen stays")
        )
        self.pause: Any = None
        if pause:
            held = _("Hold the screen; the stream is still read")
            self.pause = ipywidgets.ToggleButton(description=_("Pause"), tooltip=held)
            self.pause.observe(self._paused, "value")
        row = [*([self.pause] if pause else []), *controls, self.close_button]
        head = ipywidgets.HTML(f"<strong>{escape(self.headline)}</strong>")
        self.presence = Presence()
        parts = [head, ipywidgets.HBox(row, layout={"flex_flow": "row wrap"}), self.body, self.status]
        self.widget = ipywidgets.VBox(parts)
        self.widget.children = (*parts, page_part(self.widget), self.presence.widget)
        self.why = ""
        self._new = True

    def _paused(self, change: Any) -> None:
        self.pause.description = _("Go on") if change["new"] else _("Pause")
        self.renew()

    def renew(self, *_change: object) -> None:
        """Have it drawn again, though nothing came."""
        self._new = True

    def draw(self) -> None:
        """Show what is new."""
        if not self._new:
            return
        self._new = False
        if not self.held():
            self.body.value = self.content()
        self.status.value = f"<span>{escape(' · '.join(filter(None, [self.stand(), self.held(), self.why])))}</span>"

    def held(self) -> str:
        """Say that the screen is held, where it is."""
        return _("paused: the screen is held, the stream is read") if self.pause and self.pause.value else ""

    def over(self, why: str) -> None:
        """Say that nothing more comes."""
        self.why = why
        self._new = True

    def content(self) -> str:
        """Return the body as HTML; everything of the engine in it is escaped."""
        raise NotImplementedError

    def stand(self) -> str:
        """Return how it stands, in one line."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """Return what was seen as lines of text."""
        raise NotImplementedError

    def bundle(self) -> dict[str, str]:
        """Return what was seen, for when the widget is gone."""
        facts = [self.headline, " · ".join(filter(None, [self.stand(), self.why]))]
        said = self.lines()
        html = "".join(f"<p>{escape(line)}</p>" for line in facts)
        if said:
            html += f'<pre style="white-space: pre-wrap;">{escape(chr(10).join(said))}</pre>'
        return {"text/plain": harmless("\n".join([*facts, *said])), "text/html": verbatim(html)}
