"""The explorer: find an operation, fill in its form, send it, and see the call and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import ipywidgets

from .. import explorer, reference
from ..encode import target
from ..errors import LabError
from ..exchange import Exchange
from ..explorer import Call, Draft
from ..markup import verbatim
from ..messages import _
from ..reference import Operation, Parameter
from ..safe import escape
from ..session import NEWEST
from . import explorerform
from .page import page_part
from .screen import close, live

if TYPE_CHECKING:
    from ..lab import Lab

_RULES = """
.labkit-explorer textarea { font-family: var(--jp-code-font-family, monospace); }
.labkit-explorer .widget-html-content { line-height: 1.4; }
.labkit-explorer a { text-decoration: underline; }
"""
_FIRST = ("GET", "/containers/json")


class Explorer:
    """Every operation of the API as a form.  Leave it as the last line of a cell to see it.

    Parameters
    ----------
    lab: where calls are sent; its labels stand in the bodies to begin with.
    shared: the engine holds other people's things: only what carries the course's label is deleted or stopped.
    words: what to search for at first.
    """

    def __init__(self, lab: Lab, *, shared: bool, words: str = "") -> None:
        self._lab, self._shared = lab, shared
        self._operation = reference.operations()[_FIRST]
        self._drawn: dict[str, tuple[Parameter, Any]] = {}
        groups = [(_("all"), ""), *((_(title), name) for name, title in reference.titles().items())]
        self.search = ipywidgets.Text(
            words, description=_("Search"), placeholder=_("words of a path, or of what it does")
        )
        self.group = ipywidgets.Dropdown(options=groups, description=_("Group"))
        self.choice = ipywidgets.Select(options=[], description=_("Operation"), rows=6, layout={"width": "98%"})
        self.about = ipywidgets.HTML()
        self.form = ipywidgets.VBox([])
        self.body = ipywidgets.Textarea(
            description=_("Body (JSON)"), style=explorerform.WIDE, rows=10, layout={"width": "98%"}
        )
        self.file = ipywidgets.Text(description=_("File as body"), style=explorerform.WIDE, layout={"width": "98%"})
        self.fields = ipywidgets.HTML()
        self.lines = ipywidgets.HTML()
        self.send_button = ipywidgets.Button(description=_("Send"), button_style="primary")
        self.question = ipywidgets.HTML()
        self.yes = ipywidgets.Button(description=_("Yes, send it"), button_style="danger")
        self.no = ipywidgets.Button(description=_("No"))
        self.ask = ipywidgets.VBox([self.question, ipywidgets.HBox([self.no, self.yes])])
        self.status = ipywidgets.HTML()
        self.answer = ipywidgets.Output()
        top = ipywidgets.HBox([self.search, self.group], layout={"flex_flow": "row wrap"})
        parts = [top, self.choice, self.about, self.form, self.body, self.file, self.fields, self.lines]
        parts += [self.send_button, self.ask, self.status, self.answer]
        self.widget = ipywidgets.VBox(parts)
        self.widget.add_class("labkit-explorer")
        self.widget.children = (page_part(self.widget, _RULES), *parts)
        for control in (self.search, self.group):
            control.observe(self._find, "value")
        self.choice.observe(self._chosen, "value")
        for control in (self.body, self.file):
            control.observe(self._changed, "value")
        self.send_button.on_click(lambda _button: self.press())
        self.yes.on_click(lambda _button: self.confirm())
        self.no.on_click(lambda _button: self.refuse())
        self._find()

    # What is found, and what is chosen.

    @property
    def operation(self) -> Operation:
        """The operation whose form is shown."""
        return self._operation

    def choose(self, method: str, path: str) -> None:
        """Show the form of one operation; the search is emptied where it would hide it."""
        wanted = reference.operations()[method, path]
        if wanted not in (value for _label, value in self.choice.options):
            self.search.value, self.group.value = "", ""
        self.choice.value = wanted

    def _find(self, *_change: object) -> None:
        found = explorer.search(self.search.value, self.group.value, self._version())
        before = self._operation
        self.choice.options = [(f"{one.method} {one.path} — {_(one.summary)}", one) for one in found]
        self.choice.value = before if before in found else next(iter(found), None)
        if not found:
            self._say(_("No operation has all these words."))
        elif self.choice.value is not None:
            self._say("")
            self._show(self.choice.value)

    def _version(self) -> str:
        try:
            return self._lab.version
        except LabError:  # the engine is gone: the explorer opens all the same
            return ".".join(map(str, NEWEST))

    def _chosen(self, change: Mapping[str, Any]) -> None:
        if change["new"] is not None and change["new"] is not self._operation:
            self._show(change["new"])

    def _show(self, operation: Operation) -> None:
        """Draw the form of an operation."""
        if operation is self._operation and self._drawn is not None and self.about.value:
            return
        self._operation = operation
        self._drawn = {one.name: (one, explorerform.control(one)) for one in operation.parameters}
        for _parameter, control in self._drawn.values():
            control.observe(self._changed, "value")
        before = self.form.children
        self.form.children = [
            ipywidgets.HBox(
                [control, ipywidgets.HTML(explorerform.explained(one), layout={"flex": "1 1 14em"})],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            )
            for one, control in self._drawn.values()
        ]
        for row in before:
            close(row)
        self.about.value = explorerform.about(operation)
        json_body = bool(operation.body and operation.body.fields)
        self.body.value, self.file.value = explorer.skeleton(operation, self._lab.labels), ""
        self.body.layout.display = None if json_body else "none"
        self.file.layout.display = None if operation.body and not json_body else "none"
        self.file.placeholder = _(operation.body.text) if operation.body else ""
        self.fields.value = explorerform.fields(operation) if json_body else ""
        self.answer.outputs = ()
        self.refuse()
        self._changed()

    # The call, as it stands in the form.

    def fill(self, name: str, value: bool | str | None) -> None:
        """Put a value into the form."""
        self._drawn[name][1].value = value

    def draft(self) -> Draft:
        """Return what the form holds."""
        values = {name: control.value for name, (_parameter, control) in self._drawn.items()}
        body = self.body.value if self.body.layout.display != "none" else ""
        return Draft(self._operation, values, body, self.file.value)

    def _changed(self, *_change: object) -> None:
        """Show the call as a line for a cell and for a shell; or what is missing for one."""
        self.refuse()
        try:
            made = explorer.call(self.draft())
            asked = explorer.request(made, self._lab.endpoint, self._version())
        except LabError as error:
            self.lines.value = f"<p>{escape(error.message)} {escape(error.hint)}</p>"
            return
        self.lines.value = explorerform.lines(made, asked)

    # Sending.

    def press(self) -> Thread | None:
        """Send the call, or ask first where it would harm something; return the thread that sends."""
        try:
            made = explorer.call(self.draft())
        except LabError as error:
            self._say(f"{error.message} {error.hint}".strip())
            return None
        if asked := explorer.question(self._operation, made):
            self.question.value = f'<div role="alert"><strong>{escape(asked)}</strong></div>'
            self.ask.layout.display = None
            self.no.focus()
            return None
        return self._send(made)

    def confirm(self) -> Thread | None:
        """Send a call that was asked about."""
        self.refuse()
        try:
            return self._send(explorer.call(self.draft()))
        except LabError as error:
            self._say(f"{error.message} {error.hint}".strip())
            return None

    def refuse(self) -> None:
        """Take the question away; nothing is sent."""
        self.ask.layout.display = "none"

    def _send(self, made: Call) -> Thread:
        """Send in a thread of its own, so that other cells run meanwhile."""
        self.send_button.disabled = True
        self._say(_("Sent; waiting for the answer."))
        thread = Thread(target=self._ask, args=(self._operation, made), name="labkit-explorer", daemon=True)
        thread.start()
        return thread

    def _ask(self, operation: Operation, made: Call) -> None:
        try:
            if said := self._refusal(operation, made):
                self._say(said)
                return
            answer = _sent(self._lab, made)
            if operation is self._operation:  # else another form is open by now
                shown = answer._repr_mimebundle_()
                self.answer.outputs = ({"output_type": "display_data", "data": shown, "metadata": {}},)
            self._say(f"{made.method} {made.path}: {answer.status}")
        except LabError as error:
            self._say(f"{error.message} {error.hint}".strip())
        finally:
            self.send_button.disabled = False

    def _refusal(self, operation: Operation, made: Call) -> str:
        if not self._shared:
            return ""
        where = explorer.thing(operation, made)
        seen = self._lab.get(where) if where else None
        inspected = seen.json() if seen is not None and seen.ok else None
        return explorer.refusal(operation, made, inspected if isinstance(inspected, dict) else None)

    def _say(self, text: str) -> None:
        self.status.value = f'<div role="status">{escape(text)}</div>'

    # Where there is no widget: an untrusted notebook, a viewer, print.

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        found = explorer.listing(explorer.search(self.search.value, self.group.value, self._version()))
        plain, html = [_("The operations of the API:")], [f"<p>{escape(_('The operations of the API:'))}</p>"]
        for title, operations in found:
            plain += ["", title, *(f"  {one.method:6} {one.path}  {_(one.summary)}" for one in operations)]
            rows = "".join(
                f'<tr><td style="text-align: left;"><code>{escape(one.method)} {escape(one.path)}</code></td>'
                f'<td style="text-align: left;">{escape(_(one.summary))}</td></tr>'
                for one in operations
            )
            html.append(f"<details><summary>{escape(title)}</summary><table>{rows}</table></details>")
        bundle = {"text/plain": "\n".join(plain), "text/html": verbatim("".join(html))}
        if live():
            widget = self.widget._repr_mimebundle_()
            bundle |= {kind: data for kind, data in widget.items() if "widget" in kind}
        return bundle

    def __repr__(self) -> str:
        return str(self._repr_mimebundle_()["text/plain"])


def _sent(lab: Lab, made: Call) -> Exchange:
    """Send a call; what it is named like an argument of `Client.call` goes by the path."""
    body = Path(made.file) if made.file else None
    path = target(made.path, made.params, "")
    answer: Exchange = lab.call(made.method, path, json=made.json, data=body, headers=made.headers or None)  # type: ignore[assignment]
    return answer
