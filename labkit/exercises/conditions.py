"""What a check is made of: the engine, and conditions to state about it.

Conditions are numbered by the line that they stand on, so that the tests can knock
out one after the other and see that some wrong attempt then gets through.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from .. import api
from ..engines.base import LABEL
from ..messages import _
from ..session import Session
from .facts import Fact, Fault, Mismatch, Missing, NotAttempted, Unexpected, dig, show, steps
from .fill import Fill
from .probe import Probe

NOTHING = object()
"""The answer of a check that was called without one."""

_OWN = (__file__, __file__.replace("conditions.py", "case.py"))


class Done(Exception):
    """Ends a check: nothing further can be looked at."""


class Kept(dict[str, str]):
    """What setup kept; without it, no check can be made."""

    def __missing__(self, word: str) -> str:
        raise Fault(
            _("What this exercise began from is not known any more."),
            _("Nothing is counted. Begin it again with lab.reset."),
        )


class Seen(dict[str, Any]):
    """What inspecting one thing answered; `path` is how to see it."""

    def __init__(self, fields: Mapping[str, Any], path: str) -> None:
        super().__init__(fields)
        self.path = path


class Conditions(Probe):
    """One check in the making.

    Parameters
    ----------
    fill: the learner's placeholders.
    answer: what was given to ``lab.check``; `NOTHING` when nothing was.
    off: conditions that are taken for fulfilled, by `sites`; for tests alone.
    """

    def __init__(
        self,
        session: Session,
        fill: Fill,
        answer: object = NOTHING,
        *,
        since: float = 0.0,
        offset: float = 0.0,
        off: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(session, since, offset)
        self.fill = fill
        self.draw = fill.draw
        self.kept = Kept(fill.kept)
        self.answer = answer
        self.findings: list[Fact] = []
        self.evidence_seen: list[tuple[str, str]] = []
        self.identity: list[str] = []
        self.sites: list[str] = []
        self._off = off

    # Conditions

    def expect(self, ok: bool, fact: Fact) -> None:
        """State that `ok` holds; `fact` says what was found when it does not.  The check goes on."""
        site = self._site()
        if not ok and site not in self._off:
            self.findings.append(fact)

    def need(self, ok: bool, fact: Fact) -> None:
        """State that `ok` holds; without it, nothing after it can be looked at, and the check ends."""
        self.expect(ok, fact)
        if not ok:
            raise Done

    def same(self, expected: object, actual: object, where: str, about: str = "") -> None:
        """State that a value is the expected one."""
        self._note(where, actual)
        self.expect(actual == expected, Mismatch(where, about, expected, actual))

    def has(self, item: object, among: Iterable[object], where: str, about: str = "") -> None:
        """State that `item` is one of `among`."""
        there = tuple(among)
        if item in there:
            self._note(where, item)
        self.expect(item in there, Missing(where, about, item, there))

    def lacks(self, item: object, among: Iterable[object], where: str, about: str = "") -> None:
        """State that `item` is not one of `among`."""
        self.expect(item not in tuple(among), Unexpected(where, about, item))

    def field(self, thing: Seen, *keys: str | int, equals: object, about: str = "") -> None:
        """State that a field of an inspected thing has a value."""
        self.same(self.fill(equals), dig(thing, *keys), self.at(thing, *keys), about)

    def labelled(self, thing: Seen) -> None:
        """State that a thing carries the label of its lab: where others have things as well, it is removed by that."""
        keys = ("Config", "Labels") if "Config" in thing else ("Labels",)
        value = dig(thing, *keys, LABEL)
        found = None if value is None else f"{LABEL}={value}"
        self.same(self.fill(f"{LABEL}={{lab}}"), found, self.at(thing, *keys), "own label")

    def at(self, thing: Seen, *keys: str | int) -> str:
        """Return where to look for a field of an inspected thing."""
        return _("{field} in GET {path}", field=steps(keys), path=thing.path)

    def begun(self, ok: bool, how: str = "") -> None:
        """Say that nothing was attempted yet, unless `ok`.  Only where labkit cannot see that by itself."""
        if not ok and self._site() not in self._off:
            raise NotAttempted(how)

    # Things: what is not there ends the check

    def container(self, word: str, about: str = "") -> Seen:
        """Return the container with the name drawn for `word`; it must be there."""
        return self.thing("container", self.draw.name(word), about)

    def network(self, word: str, about: str = "") -> Seen:
        """Return the network with the name drawn for `word`; it must be there."""
        return self.thing("network", self.draw.name(word), about)

    def volume(self, word: str, about: str = "") -> Seen:
        """Return the volume with the name drawn for `word`; it must be there."""
        return self.thing("volume", self.draw.name(word), about)

    def staged(self, kind: str, word: str) -> Seen:
        """Return a thing that setup made and that the learner has only to look at.

        When it is not there any more, the exercise has to begin again: that is no wrong answer.
        """
        name = self.draw.name(word)
        found = self.look(kind, name)
        self.intact(
            found is not None and found.get("Id") == self.kept.get(word, found.get("Id")),
            _("The {kind} {name} of this exercise is not there any more.", kind=kind, name=name),
        )
        return Seen(found or {}, api.inspect_path(kind, name))

    def intact(self, ok: bool, said: str) -> None:
        """Say that what setup made and the answer is about was changed, unless `ok`: that is no wrong answer."""
        if not ok:
            raise NotAttempted(said + " " + self.fill(_('Begin it again: lab.reset("{exercise}").')))

    def stays(self, kind: str, word: str, about: str = "") -> Seen:
        """Return a thing of setup that is to be left alone: it must be there, and be no other one of that name."""
        name = self.draw.name(word)
        found = self.look(kind, name)
        path = api.inspect_path(kind, name)
        item = _("{kind} {name}", kind=kind, name=name)
        other = found is not None and (
            self.made_anew(found) if kind == "volume" else found.get("Id") != self.kept.get(word, found.get("Id"))
        )
        if found is not None:
            self.identity.append(f"{kind} {name} {found.get('Id')} {dig(found, 'State', 'StartedAt')}")
            self._note(f"GET {path}", str(found.get("Id") or name)[:12])
        missing = Missing(f"GET {path}", about, item)
        another = Mismatch(f"GET {path}", about, _("the {item} that was there", item=item), _("a new one of that name"))
        self.need(found is not None and not other, another if other else missing)
        return Seen(found or {}, path)

    def thing(self, kind: str, name: str, about: str = "") -> Seen:
        """Return what inspecting a container, image, volume or network answers; it must be there."""
        found = self.look(kind, name)
        path = api.inspect_path(kind, name)
        if found is not None:
            times = (dig(found, "State", "StartedAt"), dig(found, "State", "FinishedAt"))
            self.identity.append(" ".join(map(str, (kind, name, found.get("Id"), found.get("CreatedAt"), *times))))
            self._note(f"GET {path}", str(found.get("Id") or name).removeprefix("sha256:")[:12])
        wanted = _("{kind} {name}", kind=kind, name=name)
        twins = self.twins(name) if found is None and kind == "network" else 0
        if twins > 1:
            said = _("{count} networks of that name", count=twins)
            self.need(False, Mismatch("GET /networks", about, _("one {thing}", thing=wanted), said))
        self.need(found is not None, Missing(f"GET {path}", about, wanted))
        return Seen(found or {}, path)

    def gone(self, kind: str, name: str, about: str = "") -> None:
        """State that a thing is not there any more; while it is, the check ends.

        Setup made it, and kept its id: so it was there.
        """
        found = self.look(kind, name)
        there = str((found or {}).get("Name") or name).lstrip("/")
        status = dig(found, "State", "Status")
        item = _("{kind} {name}", kind=kind, name=there) + (f", {status}" if status else "")
        self._note(f"GET {api.inspect_path(kind, name)}", item if found else _("not there"))
        self.identity.append(f"{kind} {there} {status}")
        self.need(found is None, Unexpected(f"GET {api.inspect_path(kind, name)}", about, item))

    def happened(self, kind: str, action: str, name: str, about: str = "") -> list[dict[str, Any]]:
        """State that an event was seen since setup; return those there were."""
        found = self.events(kind, action, name)
        where = _("GET /events since this exercise began")
        if found:
            self._note(where, f"{action} {name}")
        self.expect(
            bool(found),
            Missing(where, about, _("an event {action} of {kind} {name}", action=action, kind=kind, name=name)),
        )
        return found

    def _note(self, where: str, value: object) -> None:
        self.evidence_seen.append((where, show(value)))

    def _site(self) -> str:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename in _OWN:
            frame = frame.f_back
        site = f"{frame.f_code.co_name}:{frame.f_lineno}"
        if site not in self.sites:
            self.sites.append(site)
        return site
