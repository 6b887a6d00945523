"""How a check looks at the engine: it asks, and never changes anything."""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from .. import api
from ..errors import ConnectionFailed, LabError, StreamError
from ..exchange import Exchange
from ..human import moment
from ..messages import _
from ..model import Endpoint, Request, phrase
from ..session import Session
from .facts import Fault, dig, shorten

PATIENCE = 10.0
"""How long the engine may be silent before a check is given up, in seconds."""

MEMORY = 250
"""An Engine remembers its last 256 events: from so many on, older ones may be lost."""


_SLOW_PAGE = 5.0
"""So long may a page take, in seconds: behind it may be a name that is looked up in vain."""

_STARTING = 2.0
"""So long after its start, in seconds, a container's server may not listen yet."""

_LONGEST_FILE = 4096
"""No more of a file in a container is read, in bytes."""

_PASSIVE = ("top", "archive-path", "export", "copy", "die", "exec_die", "oom", "disconnect", "unmount")
"""Events that are no attempt: of calls that only read, as a check does, and of a process that ends by itself."""


class Probe:
    """Questions to one engine, for the length of one check.

    The same question is asked once: within a check, all conditions see the same answer.

    Parameters
    ----------
    since: from when on events count, in seconds since 1970 by the engine's clock.
    offset: how far the engine's clock is ahead of this machine's, in seconds.
    """

    def __init__(self, session: Session, since: float = 0.0, offset: float = 0.0) -> None:
        self._session = session
        self._since = since
        self._offset = offset
        self._asked: dict[tuple[str, str], Exchange] = {}

    def get(self, path: str, /, **params: Any) -> Exchange:
        """Return the answer to a GET, whatever its status below 500.

        Raises `Fault` when the engine does not answer, or with 500 and more.
        """
        key = (path, json.dumps(params, sort_keys=True))
        if key not in self._asked:
            self._asked[key] = self._ask("GET", path, params)
        return self._asked[key]

    def _ask(self, method: str, path: str, params: dict[str, Any], version: str | None = None) -> Exchange:
        try:
            answer = self._session.request(method, path, params, version=version, timeout=PATIENCE)
        except (ConnectionFailed, StreamError) as error:
            raise Fault(
                _("The check could not be made: {why}", why=error.message),
                _("Nothing is counted. When the engine is back, run this cell again. {hint}", hint=error.hint),
            ) from error
        if answer.status >= 500 and version is None:  # a learner's own request may well be answered 500
            raise Fault(
                _(
                    "The engine answered {status} to {method} {path}: {said}",
                    status=answer.status,
                    method=method,
                    path=path,
                    said=shorten(answer.error or phrase(answer.status)),
                ),
                _("Nothing is counted. Run this cell again; ./lab doctor looks deeper."),
            )
        return answer

    def look(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return what inspecting a container, image, volume or network answers; None when it is not there."""
        answer = self.get(api.inspect_path(kind, name))
        found = answer.json() if answer.status == 200 else None
        return found if isinstance(found, dict) else None

    def twins(self, name: str) -> int:
        """Return how many networks have a name: an old Engine makes two of one, and finds neither by it."""
        listed = self.get("/networks", filters={"name": [name]})
        return sum(1 for network in listed.json() if network["Name"] == name) if listed.ok else 0

    def again(self, request: Request) -> Exchange | None:
        """Ask once more what a learner asked; None for what changes something, or has no end."""
        said = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        pairs = dict(reversed(said))  # of a parameter that is given twice, an Engine takes the first
        if request.method != "GET" or api.endless(request.path, pairs):
            return None
        if request.path == "/events" and not _past(pairs.get("until", ""), self.now()):
            return None
        return self._ask(request.method, request.target, {}, version="")

    def now(self) -> float:
        """The engine's time, in seconds since 1970."""
        return time.time() + self._offset

    def events(
        self, kind: str, action: str, name: str = "", since: float | None = None, *, late: float = 0.0
    ) -> list[dict[str, Any]]:
        """Return the events since setup.

        Parameters
        ----------
        kind: ``container``, ``image``, ``volume``, ``network`` or ``daemon``.
        action: such as ``destroy``; ``exec_start`` also finds ``exec_start: sh``.
        name: or id; empty for all.
        since: from when on instead, in seconds since 1970; 0 for all that the engine remembers.
        late: how long to wait, in seconds, before asking once more: the engine tells of some things after they hold.

        Raises `Fault` when there is none, but the engine may have forgotten it.
        """
        filters = {"type": [kind], "event": [action]}
        if name and kind in ("container", "image", "volume", "network"):
            filters[kind] = [name]
        since = self._since if since is None else since
        found = self._events(filters, since)
        if not found and late:
            time.sleep(late)
            self._asked.clear()
            found = self._events(filters, since)
        if not found and len(self._events({}, since)) >= MEMORY:
            raise Fault(
                _("The engine remembers its last 256 events only, and more have happened since this exercise began."),
                _("Nothing is counted. Do the step once more and check it at once, or begin again with lab.reset."),
            )
        return found

    def touched(self, known: set[str]) -> bool:
        """Whether something was done since setup to one of the things with these names or ids."""
        for event in self._events({}, self._since):
            actor = event.get("Actor") or {}
            called = {actor.get("ID"), *(actor.get("Attributes") or {}).values()}
            if called & known and str(event.get("Action")).partition(":")[0] not in _PASSIVE:
                return True
        return False

    def restarted(self) -> bool:
        """Whether the engine was started again since setup: what setup did is not among what it remembers."""
        if not self._since:
            return False
        found = self._events({}, 0.0)
        oldest = min((float(event.get("timeNano") or 0) / 1e9 for event in found), default=self.now())
        return len(found) < MEMORY and oldest > self._since

    def file(self, container: str, path: str, links: int = 8) -> str | None:
        """Return the text of a file in a container, without space around it; None when there is no such file.

        Parameters
        ----------
        container: its name, or id.
        links: so many symbolic links are followed, as whoever opens the file follows them.
        """
        answer = self.get(f"/containers/{quote(container)}/archive", path=path)
        if answer.status != 200:
            return None
        with tarfile.open(fileobj=io.BytesIO(answer.response.body)) as archive:
            member = archive.next()
            if member is None:
                return None
            if member.issym():
                there = posixpath.normpath(posixpath.join(posixpath.dirname(path), member.linkname))
                return self.file(container, there, links - 1) if links else None
            content = archive.extractfile(member) if member.isfile() else None
            return content.read(_LONGEST_FILE).decode("utf-8", "replace").strip() if content else None

    def runs(self, program: str, of: Mapping[str, Any]) -> bool:
        """Whether a program is among the processes of a container; in one that has just been started, soon.

        Parameters
        ----------
        program: its file's name, such as ``redis-server``.
        of: the container, as inspecting it answers.
        """
        end = time.monotonic() + (_STARTING if self._young(of) else 0.0)
        while True:
            answer = self._ask("GET", f"/containers/{of['Id']}/top", {})
            rows = (answer.json().get("Processes") or []) if answer.ok else []
            if any(str(row[-1]).split(" ")[0].rpartition("/")[2] == program for row in rows if row):
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)

    def made_anew(self, volume: Mapping[str, Any]) -> bool:
        """Whether a volume was deleted since setup, and is now another one of that name.

        A volume has no id.  Its deletion is an event, but not where it was pruned; then its date tells, to the second.
        """
        filters = {"type": ["volume"], "event": ["destroy"], "volume": [str(volume.get("Name"))]}
        return bool(self._events(filters, self._since)) or 0 < self._since < seconds(str(volume.get("CreatedAt")))

    def _events(self, filters: dict[str, list[str]], since: float) -> list[dict[str, Any]]:
        # Both ends are given, so that the answer ends.  https://docs.docker.com/reference/api/engine/#tag/System/operation/SystemEvents
        key = ("/events", json.dumps([filters, since]))
        if key not in self._asked:
            params = {"since": f"{since:.6f}", "until": f"{self.now():.6f}", "filters": filters}
            self._asked[key] = self._ask("GET", "/events", params)
        answer = self._asked[key]
        return [event for event in answer.lines if isinstance(event, dict)] if answer.ok else []

    def fetch(self, port: int, path: str = "/", of: Mapping[str, Any] | None = None) -> Exchange | None:
        """Return what a web server at a published port answers; None when none does.

        Parameters
        ----------
        of: the container that it runs in; one that has just been started is given time.
        """
        web = Session(Endpoint(host="127.0.0.1", port=port), version="")
        end = time.monotonic() + (_STARTING if self._young(of) else 0.0)
        try:
            while True:
                try:
                    return web.request("GET", path, timeout=_SLOW_PAGE)
                except LabError:
                    if time.monotonic() >= end:
                        return None
                    time.sleep(0.05)
        finally:
            web.close()

    def _young(self, of: Mapping[str, Any] | None) -> bool:
        started = dig(of, "State", "StartedAt")
        return started is not None and self.now() - seconds(str(started)) < _STARTING


def seconds(said: str) -> float:
    """Return a time as the API writes it, in seconds since 1970; 0 for one that cannot be read.

    Source: RFC 3339.
    """
    found = moment(said)
    return found.timestamp() if found else 0.0


def _past(until: str, now: float) -> bool:
    try:
        return 0 <= float(until) <= now
    except ValueError:
        return False
