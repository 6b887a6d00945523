"""What the explorer shows of an operation: the controls of its form, and what is said about each.

All of it is made of the project's own data and of what the learner typed; both are escaped.
"""

from __future__ import annotations

from typing import Any

import ipywidgets

from .. import curl, explorer
from ..explorer import Call
from ..messages import _
from ..model import Request
from ..reference import Operation, Parameter
from ..safe import escape

WIDE = {"description_width": "10em"}
"""So much room has the name beside a control."""

_PRE = "margin: 2px 0; padding: 4px 8px; border-left: 3px solid gray; white-space: pre-wrap; overflow-wrap: anywhere;"


def lines(made: Call, asked: Request) -> str:
    """Return the call as a line for a cell and as one for a terminal."""
    said = (_("In a cell"), explorer.labkit_line(made)), (_("In a terminal"), curl.curl(asked, wrap=True))
    return "".join(
        f"<div>{escape(title)}</div>"
        f'<pre tabindex="0" role="group" aria-label="{escape(title)}" style="{_PRE}">{escape(line)}</pre>'
        for title, line in said
    )


def control(parameter: Parameter) -> Any:
    """Return the control for a parameter; its name is its label."""
    make = {"description": parameter.name, "style": WIDE}
    default = "" if parameter.default is None else str(parameter.default)
    if parameter.kind == "boolean":
        usual = _("default: {default}", default=_("yes") if parameter.default else _("no"))
        return ipywidgets.Dropdown(options=[(usual, None), (_("yes"), True), (_("no"), False)], **make)
    if parameter.where == "header":
        return ipywidgets.Password(**make)
    return ipywidgets.Text(placeholder=default or parameter.kind, **make)


def explained(parameter: Parameter) -> str:
    """Return what a parameter does, and since when."""
    facts = [_(parameter.text)]
    if parameter.required:
        facts.append(_("Required."))
    if parameter.since:
        facts.append(_("Since API {version}.", version=parameter.since))
    if parameter.until:
        facts.append(_("Until API {version}.", version=parameter.until))
    return f"<span>{escape(' '.join(facts))}</span>"


def about(operation: Operation) -> str:
    """Return what an operation does, what it answers, and where to read more."""
    answers = ", ".join(f"{status} ({_(text)})" if text else str(status) for status, text in operation.answers.items())
    said = [_(operation.summary), _("Answers: {answers}", answers=answers)]
    if not operation.described:
        said.append(_("Its parameters aren't described here."))
    lines = "".join(f"<div>{escape(line)}</div>" for line in said)
    page = f'<a href="{escape(operation.page)}" target="_blank" rel="noopener">{escape(_("API reference"))}</a>'
    return f"<div><strong><code>{escape(operation.method)} {escape(operation.path)}</code></strong> {page}</div>{lines}"


def fields(operation: Operation) -> str:
    """Return a table of all fields of the body, folded."""
    rows = "".join(
        f"<tr><td style='text-align: left;'><code>{escape(path)}</code></td><td style='text-align: left;'>"
        f"{escape(one.kind)}</td><td style='text-align: left;'>{escape(_(one.text))}</td></tr>"
        for path, one in explorer.fields(operation)
    )
    return f"<details><summary>{escape(_('All fields of the body'))}</summary><table>{rows}</table></details>"
