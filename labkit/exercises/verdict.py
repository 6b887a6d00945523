"""What a check comes to: passed, not yet, not attempted, or our fault."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ..errors import ConnectionFailed, StreamError
from ..messages import _
from .card import Card
from .case import Case
from .conditions import Done
from .facts import Fault, Finding, NotAttempted
from .record import Exercise


class State(str, Enum):
    """The four things that a check can come to."""

    PASSED = "passed"
    NOT_YET = "not yet"
    NOT_ATTEMPTED = "not attempted"
    FAULT = "our fault"


_TONES = {State.PASSED: "good", State.NOT_YET: "open", State.NOT_ATTEMPTED: "idle", State.FAULT: "fault"}


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.  Leave it as the last line of a cell to see it.

    Parameters
    ----------
    findings: what is not as it should be, what matters first.
    words: how to begin, or what the fault is.
    evidence: what was compared: where, and the value there.
    untouched: how the findings and the things looked at read; to tell whether anything changed since setup.
    sites: the conditions that were looked at, by function and line.
    seconds: how long the check took.
    """

    id: str
    title: str
    state: State
    findings: tuple[Finding, ...] = ()
    words: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    untouched: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the exercise is done."""
        return self.state is State.PASSED

    @property
    def counts(self) -> bool:
        """Whether this was an attempt."""
        return self.passed or (self.state is State.NOT_YET and any(f.counts for f in self.findings))

    def saying(self, *words: str) -> Verdict:
        """Return the verdict with further sentences."""
        return replace(self, words=(*self.words, *(word for word in words if word)))

    @property
    def card(self) -> Card:
        """The verdict as it is shown."""
        groups = [_rows(finding) for finding in self.findings]
        head = _("{id} {title}: {state}", id=self.id, title=self.title, state=_(self.state.value))
        return Card(
            head, _TONES[self.state], groups[0] if groups else (), tuple(groups[1:]), self.words, data=self.json()
        )

    def json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        facts = [{"expected": f.expected, "found": f.found, "where": f.where} for f in self.findings]
        return {"exercise": self.id, "state": self.state.value, "findings": facts, "words": list(self.words)}

    def __repr__(self) -> str:
        return self.card.text

    def _repr_mimebundle_(self, **options: object) -> dict[str, Any]:
        return self.card._repr_mimebundle_(**options)


def _rows(finding: Finding) -> tuple[tuple[str, str], ...]:
    return (
        (_("expected"), finding.expected),
        (_("found"), finding.found),
        (_("look at"), finding.where),
    )


def judge(exercise: Exercise, case: Case) -> Verdict:
    """Run a check and return what it comes to.  Never raises, whatever the engine or the check does."""
    begin = time.perf_counter()
    state = State.PASSED
    words: tuple[str, ...] = ()
    try:
        exercise.check(case)
    except Done:
        pass
    except NotAttempted as nothing:
        return _not_attempted(exercise, case, nothing.how, time.perf_counter() - begin)
    except Fault as fault:
        state, words = State.FAULT, (fault.message, fault.hint)
    except (ConnectionFailed, StreamError) as error:
        state, words = State.FAULT, (error.message, _("Nothing is counted. Run this cell again."))
    except Exception as error:
        # A check that stumbles after a finding stumbles over what that finding says.
        if not case.findings:
            state, words = State.FAULT, _bug(exercise, error)
    if case.findings and state is State.PASSED:
        state = State.NOT_YET
    findings = tuple(fact.finding() for fact in case.findings) if state is State.NOT_YET else ()
    if findings and not any(finding.counts for finding in findings):
        words = (_("It was not counted as an attempt: no answer of that kind was given yet."),)
    seconds = time.perf_counter() - begin
    untouched = (*(f"{f.expected}\0{f.found}\0{f.where}" for f in findings), *case.identity)
    title = case.fill(exercise.title)
    return Verdict(
        exercise.id, title, state, findings, words, tuple(case.evidence_seen), untouched, tuple(case.sites), seconds
    )


def not_attempted(exercise: Exercise, case: Case, verdict: Verdict) -> Verdict:
    """Return the verdict of an exercise of which nothing was touched yet."""
    bare = _not_attempted(exercise, case, "", verdict.seconds)
    if exercise.of_the_daemon:  # a configuration that the daemon refused was put back, and leaves no trace
        return replace(bare, words=(_("The daemon is as it was when this exercise began."), *bare.words))
    if exercise.silent:
        return bare.saying(_("If you have tried: a call that failed left nothing here. Read its answer to the end."))
    return bare


def _not_attempted(exercise: Exercise, case: Case, how: str, seconds: float) -> Verdict:
    begin = how.replace("…", exercise.id, 1) or case.fill(exercise.begin or exercise.hints[""][0])
    title = case.fill(exercise.title)
    return Verdict(exercise.id, title, State.NOT_ATTEMPTED, words=(begin,), sites=tuple(case.sites), seconds=seconds)


def _bug(exercise: Exercise, error: Exception) -> tuple[str, str]:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    line = frame.tb_lineno if frame is not None else 0
    return (
        _(
            "The check of {id} has a mistake of its own ({kind}, line {line}).",
            id=exercise.id,
            kind=type(error).__name__,
            line=line,
        ),
        _("Nothing is counted. Go on with the next exercise, and please report it."),
    )
