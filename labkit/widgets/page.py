"""What our widgets do in the page: keys reach them, the focus is seen, and a live view says that it is still shown.

A comm says nothing when a page is closed or an output is cleared.  So the page presses a hidden
button of a live view again and again while the view stands in it.  No extension is needed: the
handler of a style sheet runs when the sheet is put into the page.

Sources: https://developer.mozilla.org/docs/Web/API/HTMLElement/load_event,
https://lumino.readthedocs.io/en/latest/api/classes/commands.CommandRegistry.html and, on the timers
of hidden pages, https://developer.chrome.com/blog/timer-throttling-in-chrome-88
"""

from __future__ import annotations

import time
from typing import Any

import ipywidgets

BEAT = 5.0
"""A page that shows a view says so once in this time, in seconds."""

PATIENCE = 180.0
"""A view that a page has shown is given up after so long a silence, in seconds.  After a reload JupyterLab draws the
cells of a long notebook bit by bit: on a slow machine, the last of 200 comes after a minute."""

HIDDEN = 300.0
"""The same where the page was behind another: a browser lets it speak once a minute at most."""

# JupyterLab takes arrows, Enter and letters for its own wherever the focus isn't in a text, but for what has this
# mark.  A cell that is scrolled out of sight may be taken out of the page; a cleared output is in no cell any more.
_ONLOAD = """
const view = this.closest('.labkit-view');
if (view && !view.labkit) {
  view.labkit = true;
  view.addEventListener('focusin', event => { event.target.dataset.lmSuppressShortcuts = 'true' });
  const beat = () => {
    const button = view.querySelector(document.hidden ? '.labkit-hidden' : '.labkit-shown');
    if (!view.isConnected && !view.closest('.jp-Cell')) clearInterval(timer);
    else button?.dispatchEvent(new MouseEvent('click'))
  }, timer = setInterval(beat, MILLISECONDS);
  beat();
}"""
# More than once, to go before ipywidgets, which takes the outline of its texts away.
_RULES = (
    ".labkit-view.labkit-view.labkit-view :focus-visible "
    "{ outline: 2px solid var(--jp-ui-font-color1, currentColor) !important; outline-offset: 1px; }"
    # The tables of outputs have JupyterLab's own look; those in a widget have none.
    ".labkit-view :is(th, td) { padding: 2px 12px 2px 0; text-align: left; }"
)


def page_part(widget: Any, rules: str = "") -> Any:
    """Return the hidden part of a widget that gives the keyboard its due; the widget is marked for it.

    Parameters
    ----------
    rules: further rules of CSS.
    """
    widget.add_class("labkit-view")
    handler = _ONLOAD.replace("MILLISECONDS", str(int(1000 * BEAT)))
    return ipywidgets.HTML(f'<style onload="{handler}">{_RULES}{rules}</style>', layout={"display": "none"})


class IdleClock:
    """A clock that stands still while a cell runs: until its end, a kernel may not read what a page says."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._skipped = 0.0

    def busy(self) -> None:
        """A cell begins."""
        self._since = time.monotonic()

    def idle(self) -> None:
        """A cell has ended."""
        if self._since is not None:
            self._skipped += time.monotonic() - self._since
        self._since = None

    def now(self) -> float:
        """Return the time without that of cells, in seconds."""
        now, since = time.monotonic(), self._since
        return (since if since is not None else now) - self._skipped


clock = IdleClock()
"""The kernel's own."""


class Presence:
    """Whether a page still shows a view; `widget` belongs into the view."""

    def __init__(self) -> None:
        self._until: float | None = None
        self.widget = ipywidgets.HBox([self._button(False), self._button(True)], layout={"display": "none"})

    def _button(self, hidden: bool) -> Any:
        button = ipywidgets.Button(description="")
        button.add_class("labkit-hidden" if hidden else "labkit-shown")
        button.on_click(lambda _button: self.seen(hidden))
        return button

    def seen(self, hidden: bool = False) -> None:
        """A page shows the view, in front or hidden behind another."""
        self._until = clock.now() + (HIDDEN if hidden else PATIENCE)

    def gone(self) -> bool:
        """Whether a page has shown it, and none does any more; a front end that never says so isn't waited for."""
        return self._until is not None and clock.now() > self._until
