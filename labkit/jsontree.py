"""An answer's JSON as a tree that folds: nested ``<details>``, without a script.

What a field means (labkit/guide.py) stands in its fold and, for a mouse, in its ``title``; so
does the call that inspects what an id names.  The tree is bounded, so that an answer of many
megabytes costs no more than what is shown of it.  Everything in it is escaped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from . import api, guide
from .messages import _
from .safe import escape

MAX_ITEMS = 20
"""No more items of a list are shown."""

MAX_FIELDS = 200
"""No more fields of an object are shown."""

MAX_DEPTH = 12
"""Nothing deeper is shown."""

MAX_NODES = 600
"""No more values are shown in all."""

MAX_TEXT = 1000
"""No more characters of a text are shown."""

_LIST = '<ul style="list-style-type: none; margin: 0; padding: 0 0 0 18px;">'

# Where an answer holds an id, and of what: the last names of the path.
_IDS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "/containers/json": ((("Id",), "container"), (("ImageID",), "image")),
    "/containers/{id}/json": ((("Id",), "container"), (("Image",), "image")),
    "/containers/create": ((("Id",), "container"),),
    "/containers/{id}/exec": ((("Id",), "exec"),),
    "/exec/{id}/json": ((("ID",), "exec"), (("ContainerID",), "container")),
    "/images/json": ((("Id",), "image"), (("ParentId",), "image")),
    "/images/{name}/json": ((("Id",), "image"), (("Parent",), "image")),
    "/networks": ((("Id",), "network"), (("Containers", "*"), "container")),
    "/networks/{id}": ((("Id",), "network"), (("Containers", "*"), "container")),
    "/networks/create": ((("Id",), "network"),),
    "/volumes": ((("Volumes", "[]", "Name"), "volume"),),
    "/volumes/{name}": ((("Name",), "volume"),),
    "/volumes/create": ((("Name",), "volume"),),
}
_ANYWHERE = ((("NetworkID",), "network"),)
_DEEP = frozenset(("Containers", "Volumes", "NetworkID"))


@dataclass
class _Tree:
    template: str
    left: int = MAX_NODES
    cut: bool = False
    meanings: dict[tuple[str, ...], str] = field(default_factory=dict)

    def items(self, value: Any, path: tuple[str, ...]) -> str:
        """Return what is in an object or a list, as a list of HTML."""
        lines = []
        named = isinstance(value, dict)
        most = MAX_FIELDS if named else MAX_ITEMS
        for number, item in enumerate(value.items() if named else value):
            if number >= most or self.left <= 0 or len(path) >= MAX_DEPTH:
                self.cut = True
                more = _("… {count} more; r.json() has all", count=len(value) - number)
                lines.append(f"<li><em>{escape(more)}</em></li>")
                break
            self.left -= 1
            key, inner = item if named else (number, item)
            below = (*path, str(key) if named else "[]")
            lines.append(self.item(escape(key or '""') if named else str(number), inner, below, value))
        return f"{_LIST}{''.join(lines)}</ul>"

    def item(self, key: str, value: Any, path: tuple[str, ...], parent: Any) -> str:
        """Return one value with its key: folded where there is more to it than itself."""
        said = self.meaning(path) if path[-1] != "[]" else ""
        call = self.call(value, path, parent)
        notes = f"<div><em>{escape(said)}</em></div>" if said else ""
        notes += f"<div><code>{escape(call)}</code></div>" if call else ""
        holds = isinstance(value, (dict, list)) and bool(value)
        label = f"<strong>{key}</strong>: {_count(value) if holds else self.leaf(value)}"
        if not holds and not notes:
            return f"<li>{label}</li>"
        title = f' title="{escape(said or call)}"' if notes else ""
        inside = self.items(value, path) if holds else ""
        return f"<li><details><summary{title}>{label}</summary>{notes}{inside}</details></li>"

    def meaning(self, path: tuple[str, ...]) -> str:
        """Return what a field means; the items of a list ask for the same ones again and again."""
        if path not in self.meanings:
            self.meanings[path] = guide.meaning(self.template, path) if self.template else ""
        return self.meanings[path]

    def leaf(self, value: Any) -> str:
        """Return a value that nothing is in; of a long text, its beginning."""
        if isinstance(value, str) and len(value) > MAX_TEXT:
            self.cut = True
            return escape(_quoted(value[:MAX_TEXT])[:-1] + "… " + _("({count} characters)", count=len(value)))
        return escape(_quoted(value))

    def call(self, value: Any, path: tuple[str, ...], parent: Any) -> str:
        """Return the call that inspects what an id names; empty for what is none."""
        kind, name = self.kind(path), value
        if kind == "container" and path[-2:-1] == ("Containers",):
            name = path[-1]  # the ids are the keys
        if path[-1] == "Name" and path[-3:-1] == ("Mounts", "[]") and parent.get("Type") == "volume":
            kind = "volume"
        if not kind or not isinstance(name, str) or not name or "\n" in name:
            return ""
        return f'lab.get("{api.inspect_path(kind, name)}")'

    def kind(self, path: tuple[str, ...]) -> str:
        """Return what a value of this path is an id of; empty for what is none."""
        names = tuple(name for name in path if name != "[]")
        for wanted, kind in (*_IDS.get(self.template, ()), *_ANYWHERE):
            plain = tuple(name for name in wanted if name != "[]")
            if wanted[0] in _DEEP:
                tail = names[-len(plain) :]
                if len(tail) == len(plain) and all(w in ("*", n) for w, n in zip(plain, tail)):
                    return kind
            elif names == plain:
                return kind
        return ""


def tree(value: Any, template: str) -> tuple[str, bool]:
    """Return a value of JSON as HTML, and whether something was left out.

    Parameters
    ----------
    value: an answer, without its secrets.
    template: the endpoint's path, such as ``/containers/{id}/json``; empty for none.
    """
    made = _Tree(template)
    if isinstance(value, (dict, list)) and value:
        html = made.items(value, ())
    else:
        html = f"{_LIST}<li>{made.leaf(value)}</li></ul>"
    return html, made.cut


def _count(value: Any) -> str:
    """Return how much there is in an object or a list."""
    return f"{{{len(value)}}}" if isinstance(value, dict) else f"[{len(value)}]"


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
