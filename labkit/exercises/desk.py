"""The desk: where a learner hands in exercises, asks for hints, and looks up progress."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..engines.base import EngineRecord, Paths, RegistryRecord, another_kind
from ..errors import LabError
from ..messages import _
from ..session import Session
from .card import Card
from .case import Case
from .conditions import NOTHING
from .draw import Draw
from .facts import Fault
from .fill import Fill
from .journal import Entry, Journal
from .record import Exercise, find, of_lab
from .sent import Outbox
from .show import curl_lines, docker_lines, labkit_lines
from .stage import Stage, Start, forget, names
from .standing import Progress, Standing, rungs, standings
from .verdict import State, Verdict, judge, not_attempted

_EVIDENCE = 12
"""So many compared values are written down with a pass."""


class Desk:
    """Checks, hints, solutions and progress of one learner on one engine.

    Parameters
    ----------
    session: to the engine; checks send nothing but GET and HEAD over it.
    record: the engine that runs.
    paths: where the journal and the starts are kept.
    draw: what is drawn for the learner, in the lab that is open.
    outbox: what the learner has sent from this kernel.
    """

    def __init__(
        self, session: Session, record: EngineRecord, paths: Paths, draw: Draw, outbox: Outbox | None = None
    ) -> None:
        self._session = session
        self._record = record
        self._paths = paths
        self._draw = draw
        self._journal = Journal(paths.state, paths.work)
        self._stage = Stage(session, paths.state, shared=record.shared)
        self._outbox = outbox or Outbox()

    def check(self, id: str, answer: object = NOTHING) -> Verdict:
        """Look whether an exercise is done.  Its starting state is made on the first look.

        Parameters
        ----------
        id: such as ``2.3``.
        answer: where the exercise asks for one.

        Raises `UnknownExercise` for an id that there is not, and nothing else.
        """
        exercise = find(id)
        verdict = self.look(exercise, answer)
        if not verdict.counts:
            return verdict
        entries, _said = self._journal.read()
        if verdict.passed and standings(entries).get(exercise.id, Standing()).passed:
            return verdict  # passed before: running a notebook once more adds nothing
        entry: Entry = {"do": "check", "id": exercise.id, "state": verdict.state.value, "engine": self._record.version}
        if verdict.passed:
            entry["evidence"] = [list(pair) for pair in verdict.evidence[:_EVIDENCE]]
            entry["seed"] = self._draw.fingerprint  # whose draws it was done with: LABKIT_SEED may name any
        else:
            first = verdict.findings[0]
            entry["finding"] = [first.expected, first.found, first.where]
        return verdict.saying(self._write(entry))

    def setup(self, id: str) -> Card:
        """Make the starting state of an exercise, and show its goal.  A state that was made before is left as it is."""
        exercise = find(id)
        fill = self._fill(exercise)
        try:
            self._started(exercise)
        except LabError as error:
            return Card(error.message, "fault", words=(error.hint,))
        head = _("{id} {title} ({kind})", id=exercise.id, title=fill(exercise.title), kind=exercise.kind.words)
        return Card(head, words=(fill(_(exercise.goal)),))

    def reset(self, id: str) -> Card:
        """Remove what belongs to an exercise, and make its starting state again."""
        exercise = find(id)
        fill = self._fill(exercise)
        try:
            self._outbox.forget(_spoken(exercise, fill, self._stage.load(exercise)))
            things = self._stage.clear(exercise, fill)
            self._start(exercise, fresh=True)
        except LabError as error:
            return Card(error.message, "fault", words=(error.hint,))
        said = self._write({"do": "reset", "id": exercise.id})
        rows = tuple((_("removed"), f"{thing.kind} {thing.name}") for thing in things)
        return Card(_("{id} begins again.", id=exercise.id), rows=rows, words=(said,) if said else ())

    def hint(self, id: str) -> Card:
        """Show the next hint: of those that help with what a check finds now."""
        exercise = find(id)
        verdict = self.look(exercise)
        fill = self._fill(exercise)
        head = _("{id} {title}: hint", id=exercise.id, title=fill(exercise.title))
        if verdict.passed:
            return Card(_("{id} is done; there is nothing left to hint at.", id=exercise.id), "good")
        if verdict.state is State.FAULT:
            return verdict.card
        entries, _said = self._journal.read()
        about = next((f.about for f in verdict.findings if f.about in exercise.hints), "")
        ladder = exercise.hints[about]
        step = rungs(entries, exercise.id, about)
        if verdict.state is State.NOT_ATTEMPTED and fill(ladder[0]) in verdict.words:
            step = max(step, 1)  # the check has said the first one already
        step = min(step, len(ladder) - 1)
        said = self._write({"do": "hint", "id": exercise.id, "about": about, "rung": step + 1})
        words = [fill(ladder[step]), said]
        if step + 1 == len(ladder):
            words.append(_('This is the last one. After an attempt: lab.solution("{id}").', id=exercise.id))
        count = _("{step} of {count}", step=step + 1, count=len(ladder))
        return Card(f"{head} {count}", words=tuple(word for word in words if word))

    def solution(self, id: str, *, force: bool = False) -> Card:
        """Show the solution, once there was an attempt.

        Parameters
        ----------
        force: show it without one.
        """
        exercise = find(id)
        entries, _said = self._journal.read()
        if not force and not standings(entries).get(exercise.id, Standing()).attempts:
            return Card(
                _("Try {id} once, then the solution is shown.", id=exercise.id),
                "idle",
                words=(_('To see it all the same: lab.solution("{id}", force=True).', id=exercise.id),),
            )
        said = self._write({"do": "solution", "id": exercise.id})
        return self.solution_card(exercise, said)

    def solution_card(self, exercise: Exercise, said: str = "") -> Card:
        """Return a solution as it is shown."""
        fill = self._fill(exercise)
        start = self._stage.load(exercise)
        fill.kept.update(start.kept if start else {})
        solution = exercise.solution
        lines = labkit_lines(exercise, solution.calls, fill)
        answer = f", {fill(solution.answer)}" if solution.answer else ""
        lines.append(f'lab.check("{exercise.id}"{answer})')
        code = [("labkit", "\n".join(lines))]
        if solution.calls:
            bodies = self._paths.work / "bodies"
            shell = curl_lines(exercise, solution.calls, fill, self._session.endpoint, self._session.version, bodies)
            code.append(("curl", "\n".join(shell)))
        if exercise.docker:
            code.append(("docker", "\n".join(docker_lines(exercise, fill))))
        head = _("{id} {title}: solution", id=exercise.id, title=fill(exercise.title))
        return Card(head, words=tuple(w for w in (fill(solution.why), said) if w), code=tuple(code))

    @property
    def progress(self) -> Progress:
        """What is passed in the lab that is open."""
        entries, said = self._journal.read()
        exercises = of_lab(self._draw.lab)
        titles = {e.id: self._fill(e)(e.title) for e in exercises}
        return Progress(exercises, standings(entries), titles, said)

    def forget(self) -> None:
        """Forget the starting states of the lab that is open: what they made was removed."""
        forget(self._paths.state, self._draw.lab)

    def look(self, exercise: Exercise, answer: object = NOTHING, off: frozenset[str] = frozenset()) -> Verdict:
        """Return the verdict, without writing anything down.

        Parameters
        ----------
        off: conditions that are taken for fulfilled, as `Verdict.sites` names them; for tests alone.
        """
        lacking = [need for need in exercise.needs if need not in {c.value for c in self._record.capabilities}]
        if lacking:
            words = (
                _("This exercise needs what the {kind} engine cannot do: {lacking}.",
                  kind=self._record.kind, lacking=", ".join(lacking)),
                another_kind(),
            )  # fmt: skip
            return Verdict(exercise.id, exercise.title, State.FAULT, words=words)
        try:
            start = self._started(exercise)
            case = self._case(exercise, start, answer, off)
            verdict = judge(exercise, case)
            if verdict.state is State.NOT_YET and self._untouched(exercise, start, verdict, case):
                failure = self._outbox.failure(_spoken(exercise, case.fill, start))
                return verdict.saying(failure) if failure else not_attempted(exercise, case, verdict)
            if verdict.state is State.NOT_YET and not exercise.of_the_daemon and case.restarted():
                said = _("The engine was started again since this exercise was set up.")
                how = _('If its containers stand still, begin again: lab.reset("{id}").', id=exercise.id)
                return verdict.saying(f"{said} {how}")
        except LabError as error:
            words = (error.message, error.hint or _("Nothing is counted. Run this cell again."))
            return Verdict(exercise.id, exercise.title, State.FAULT, words=words)
        return verdict

    def _untouched(self, exercise: Exercise, start: Start, verdict: Verdict, case: Case) -> bool:
        if case.answer is not NOTHING:
            return False
        if start.baseline is not None:
            known = {name for _kind, name in names(exercise, case.fill)} | set(start.kept.values())
            return list(verdict.untouched) == start.baseline and not case.touched(known)
        return bool(exercise.owns) and not exercise.prepared and not self._stage.there(exercise, case.fill)

    def _started(self, exercise: Exercise) -> Start:
        return self._stage.load(exercise) or self._start(exercise, fresh=False)

    def _start(self, exercise: Exercise, *, fresh: bool) -> Start:
        fill = self._fill(exercise)
        start, untouched = self._stage.make(exercise, fill, fresh=fresh)
        if exercise.prepared and untouched:
            verdict = judge(exercise, self._case(exercise, start))
            if verdict.state is State.FAULT:
                raise Fault(*verdict.words)
            start = Start(start.since, start.offset, start.kept, list(verdict.untouched))
        self._stage.save(exercise, start)
        return start

    def _case(
        self, exercise: Exercise, start: Start, answer: object = NOTHING, off: frozenset[str] = frozenset()
    ) -> Case:
        fill = self._fill(exercise)
        fill.kept.update(start.kept)
        return Case(self._session, fill, answer, since=start.since, offset=start.offset, off=off)

    def _fill(self, exercise: Exercise) -> Fill:
        draw = Draw(self._draw.seed, exercise.lab, self._record.ports)
        return Fill(draw, {**places(self._record, self._paths, exercise), **_own_values(exercise, draw)})

    def _write(self, entry: Entry) -> str:
        return self._journal.add({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **entry})


def _own_values(exercise: Exercise, draw: Draw) -> Mapping[str, Any]:
    return exercise.values(draw) if exercise.values else {}


def _auth(registry: RegistryRecord | None) -> str:
    """The header value that lets a push in; empty when there is nothing to log in with."""
    try:
        return registry.auth() if registry else ""
    except OSError:
        return ""


def _spoken(exercise: Exercise, fill: Fill, start: Start | None) -> list[str]:
    """Return what a call for an exercise speaks of: names without registry and tag, files, the beginnings of ids."""
    bare = [name.rpartition("/")[2].partition(":")[0] for _kind, name in names(exercise, fill)]
    values = start.kept.values() if start else ()
    return [*bare, *map(fill, exercise.files), *(id[:12] for value in values if len(id := _bare_id(value)) >= 12)]


def _bare_id(value: str) -> str:
    return value.removeprefix("sha256:")


def places(record: EngineRecord, paths: Paths, exercise: Exercise) -> dict[str, Any]:
    """Return what stands in for the placeholders that no word is drawn for."""
    registry = record.registry
    return {
        "work": str(paths.work),
        "lab": exercise.lab,
        "exercise": exercise.id,
        "now": f"{time.time():.3f}",
        "registry": registry.private if registry else "",
        "mirror": registry.mirror if registry else "",
        "user": registry.user if registry else "",
        "auth": _auth(registry),
        "password_file": registry.password_file if registry else "",
    }
