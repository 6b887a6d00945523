"""Buttons for a container: each sends one call of the API, and the state follows the engine's own events."""

from __future__ import annotations

from threading import Thread
from typing import Any
from urllib.parse import quote

import ipywidgets

from .. import render
from ..client import Client
from ..errors import LabError
from ..exchange import Exchange
from ..messages import _
from ..safe import escape
from .liveview import LiveView

CALLS = ("start", "stop", "restart", "pause", "unpause")
"""The calls that have a button: ``POST /containers/{id}/…``."""

# From which states a call leads on; from others the engine answers 304 or 409.
_FROM = {
    "start": ("created", "exited"),
    "stop": ("running", "paused", "restarting"),
    "restart": ("created", "running", "exited", "restarting"),
    "pause": ("running",),
    "unpause": ("paused",),
}


class Control(LiveView):
    """The state of a container, and its buttons.

    Parameters
    ----------
    exchange: of the stream of events of this container.
    name: its name or id.
    """

    def __init__(self, exchange: Exchange, client: Client, name: str) -> None:
        self._client, self.name = client, name
        self.state = ""
        self.said: list[str] = []
        self.buttons = {
            call: ipywidgets.Button(description=call.capitalize(), tooltip=f"POST /containers/{name}/{call}")
            for call in CALLS
        }
        for call, button in self.buttons.items():
            button.on_click(lambda _button, call=call: self.press(call))
        title = _("Container {name}: POST /containers/{name}/…", name=name)
        super().__init__(exchange, *self.buttons.values(), pause=False, title=title)
        self.look()

    def look(self) -> None:
        """Ask for the state."""
        try:
            answer = self._client.get(f"/containers/{quote(self.name, safe='')}/json")
            self.state = str(answer.json()["State"]["Status"]) if answer.ok else _("not there")
        except LabError as error:
            self.state = error.message
        self._new = True

    def press(self, call: str) -> Thread:
        """Send a call in a thread of its own: a stop may take ten seconds, and other cells go on meanwhile."""
        for button in self.buttons.values():
            button.disabled = True
        thread = Thread(target=self._send, args=(call,), name="labkit-control", daemon=True)
        thread.start()
        return thread

    def _send(self, call: str) -> None:
        try:
            answer = self._client.post(f"/containers/{quote(self.name, safe='')}/{call}")
            self.said = [*self.said[-4:], render.headline(answer), *filter(None, [answer.error])]
        except LabError as error:
            self.said = [*self.said[-4:], error.message]
        self.look()

    def take(self, item: Any) -> None:
        """An event of this container: its state may be another one now, whoever changed it."""
        self.look()

    def draw(self) -> None:
        """Show the state, and enable the buttons that lead on from it."""
        if self._new:
            for call, button in self.buttons.items():
                button.disabled = self.state not in _FROM[call]
        super().draw()

    def content(self) -> str:
        """Return the state and the last answers."""
        said = "".join(f"<div><code>{escape(line)}</code></div>" for line in self.said)
        return f'<div role="status">{escape(self.name)}: <strong>{escape(self.state)}</strong></div>{said}'

    def stand(self) -> str:
        """Say where the state comes from."""
        return _("the state follows the engine's events")

    def lines(self) -> list[str]:
        """Return the state and the last answers."""
        return [f"{self.name}: {self.state}", *self.said]
