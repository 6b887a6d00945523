"""Find what a lab made on an Engine, and remove it.

A thing is the lab's when it carries the lab's label.  On an engine of the
course's own, a name that was drawn for the learner counts as well: a learner
may have left the label out.  Nothing else is ever touched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .engines.base import LABEL
from .markup import verbatim
from .messages import _
from .safe import escape, harmless
from .session import Session

Drawn = Callable[[str], bool]
"""Whether a name was drawn for this learner."""


@dataclass(frozen=True)
class Thing:
    """Something on an Engine.

    Parameters
    ----------
    kind: ``container``, ``network``, ``volume`` or ``image``.
    name: as people write it; `id` is what the API is asked with.
    """

    kind: str
    name: str
    id: str

    @property
    def call(self) -> tuple[str, dict[str, Any]]:
        """The path and the query of the DELETE that removes it."""
        path = {"container": "containers", "network": "networks", "volume": "volumes", "image": "images"}[self.kind]
        params = {"container": {"force": True, "v": True}, "image": {"force": True}}.get(self.kind, {})
        return f"/{path}/{quote(self.id, safe='/:@')}", params


def find(session: Session, lab: str | None, drawn: Drawn | None = None) -> list[Thing]:
    """Return what a lab made, in an order in which it can be removed.

    Parameters
    ----------
    lab: its number, such as ``02``; None for all labs.
    drawn: given on an engine of the course's own alone.
    """

    def ours(labels: Mapping[str, str] | None, names: Iterable[str]) -> bool:
        value = (labels or {}).get(LABEL)
        # Images of the course itself carry the label with a word for a value: they stay.
        labelled = value is not None and (value == lab if lab else value.isdigit())
        return labelled or (drawn is not None and any(map(drawn, names)))

    return [thing for listing in _LISTINGS for thing, labels, names in listing(session) if ours(labels, names)]


_Found = tuple[Thing, Mapping[str, str] | None, list[str]]


def _containers(session: Session) -> Iterator[_Found]:
    for c in session.request("GET", "/containers/json", {"all": True}).raise_for_status().json():
        names = [name.lstrip("/") for name in c.get("Names") or []]
        yield Thing("container", names[0] if names else c["Id"][:12], c["Id"]), c.get("Labels"), names


def _networks(session: Session) -> Iterator[_Found]:
    for n in session.request("GET", "/networks").raise_for_status().json():
        yield Thing("network", n["Name"], n["Id"]), n.get("Labels"), [n["Name"]]


def _volumes(session: Session) -> Iterator[_Found]:
    for v in session.request("GET", "/volumes").raise_for_status().json().get("Volumes") or []:
        yield Thing("volume", v["Name"], v["Name"]), v.get("Labels"), [v["Name"]]


def _images(session: Session) -> Iterator[_Found]:
    for i in session.request("GET", "/images/json").raise_for_status().json():
        tags = [tag for tag in i.get("RepoTags") or [] if tag != "<none>:<none>"]
        for tag in tags or [""]:
            # A tag is removed by its own name: the same image may carry tags that are not the lab's.
            repository = tag.rpartition(":")[0].rpartition("/")[2]
            yield Thing("image", tag or i["Id"][7:19], tag or i["Id"]), i.get("Labels"), [repository]


_LISTINGS = (_containers, _networks, _volumes, _images)


_DIGITS = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}")


class Removed:
    """What was removed: how many of each kind, and the names folded beneath.

    Leave it as the last line of a cell to see it.

    Parameters
    ----------
    answers: each thing with the status that the Engine answered to its DELETE.
    """

    def __init__(self, answers: Iterable[tuple[Thing, int]]) -> None:
        self.answers = tuple(answers)

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def refused(self) -> list[tuple[Thing, int]]:
        """What the Engine would not remove; what had gone meanwhile (404) is none of it."""
        return [(thing, status) for thing, status in self.answers if status >= 400 and status != 404]

    def _lines(self) -> list[str]:
        refused = self.refused
        counts = Counter(thing.kind for thing, status in self.answers if (thing, status) not in refused)
        words = {
            "container": _("containers"),
            "network": _("networks"),
            "volume": _("volumes"),
            "image": _("images"),
        }
        said = ", ".join(f"{words[kind]} {count}" for kind, count in counts.items())
        lines = [_("Removed: {what}.", what=said)] if said else []
        lines += [
            _("Not removed: {kind} {name}; the Engine answered {status}.", kind=t.kind, name=t.name, status=status)
            for t, status in refused
        ]
        return [harmless(line) for line in lines or [_("There was nothing to remove.")]]

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        html = "".join(f"<div>{escape(line)}</div>" for line in self._lines())
        if self.answers:
            # What has a name goes before what has digits alone, so that the order does not hang on these.
            found = sorted((t.kind, bool(_DIGITS.fullmatch(t.name)), t.name) for t, _status in self.answers)
            items = "".join(f"<li>{escape(f'{kind} {name}')}</li>" for kind, _bare, name in found)
            html += f"<details><summary>{escape(_('Which'))}</summary><ul>{items}</ul></details>"
        return {"text/plain": repr(self), "text/html": verbatim(html)}


def remove(session: Session, things: Iterable[Thing]) -> list[tuple[Thing, int]]:
    """Remove `things`; return each with the status that the Engine answered."""
    answers = []
    for thing in things:
        path, params = thing.call
        if thing.kind == "network":
            _detach(session, thing)
        answers.append((thing, session.request("DELETE", path, params).status))
    return answers


def _detach(session: Session, network: Thing) -> None:
    """Disconnect what is still on a network: one with endpoints is not removed (403)."""
    path = f"/networks/{network.id}"
    found = session.request("GET", path)
    for container in (found.json().get("Containers") or {}) if found.ok else {}:
        session.request("POST", f"{path}/disconnect", json={"Container": container, "Force": True})
