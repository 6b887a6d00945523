"""The map of the course: its labs, their parts and exercises, what is done, and where to go on.

Parts and links are read off the notebooks, so that the map cannot say another order than
they have; what is done is what the learner's journal adds up to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from .engines.base import Paths
from .exercises.journal import Journal
from .exercises.record import everything
from .exercises.standing import Standing, standings
from .lab import TITLES
from .markup import verbatim
from .messages import _
from .safe import escape, harmless
from .workcopy import notebooks

_PART = re.compile(r"^## (Part \d+\. .*)$", re.MULTILINE)
_CHECK = re.compile(r"""^lab\.check\(["'](\d+\.\d+)["']""", re.MULTILINE)
_BAR = 20

_SIGNS = {"passed": "✓", "not yet": "…", "not attempted": "·"}


@dataclass(frozen=True)
class Step:
    """An exercise at its place in a notebook.

    Parameters
    ----------
    heading: the text of the heading that it stands under; a link to it is made of that.
    """

    id: str
    title: str
    heading: str
    standing: Standing


@dataclass(frozen=True)
class Part:
    """A part of a lab, of 10 to 20 minutes."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Stage:
    """A lab: its notebook and its parts.

    Parameters
    ----------
    notebook: the file's name, as the learner's folder has it.
    """

    number: str
    title: str
    notebook: str
    parts: tuple[Part, ...]

    @property
    def steps(self) -> list[Step]:
        """All exercises, in the order of the notebook."""
        return [step for part in self.parts for step in part.steps]

    @property
    def passed(self) -> int:
        """How many of them are passed."""
        return sum(1 for step in self.steps if step.standing.passed)


def parts(
    cells: Iterable[Mapping[str, object]], titles: Mapping[str, str], found: Mapping[str, Standing]
) -> tuple[Part, ...]:
    """Return the parts of a notebook with the exercises that they hold; parts without any as well.

    Parameters
    ----------
    cells: of the notebook, as its file has them.
    titles, found: the exercises' titles, and where the learner stands with them, by their id.
    """
    made: list[tuple[str, list[Step]]] = []
    heading = ""
    for cell in cells:
        source = cell.get("source")
        text = source if isinstance(source, str) else "".join(source) if isinstance(source, list) else ""
        if cell.get("cell_type") == "markdown":
            made += [(title, []) for title in _PART.findall(text)]
            heading = next((line.lstrip("# ") for line in reversed(text.splitlines()) if line.startswith("#")), heading)
        elif cell.get("cell_type") == "code" and made:
            ids = [id for id in _CHECK.findall(text) if id in titles]
            made[-1][1].extend(Step(id, titles[id], heading, found.get(id, Standing())) for id in ids)
    return tuple(Part(title, tuple(steps)) for title, steps in made)


class CourseMap:
    """The course as one learner has it.  Leave it as the last line of a cell to see it.

    Parameters
    ----------
    stages: the labs, in their order.
    said: a sentence about the progress file; empty when all is well.
    """

    def __init__(self, stages: Sequence[Stage], said: str = "") -> None:
        self.stages = tuple(stages)
        self._said = said

    @property
    def next(self) -> tuple[Stage, Step] | None:
        """Where to go on: the first exercise not passed in the lab that was worked on last; None when all are."""
        begun = [stage for stage in self.stages if any(step.standing.first for step in stage.steps)]
        latest = max(begun, key=lambda stage: max(s.standing.first for s in stage.steps), default=None)
        order = [*([latest] if latest else []), *self.stages]
        return next(((stage, step) for stage in order for step in stage.steps if not step.standing.passed), None)

    def _head(self) -> list[str]:
        count = sum(len(stage.steps) for stage in self.stages)
        lines = [_("{passed} of {count} exercises passed.", passed=sum(s.passed for s in self.stages), count=count)]
        if found := self.next:
            stage, step = found
            lines.append(
                _("Go on with {id} {title}, in {notebook}.", id=step.id, title=step.title, notebook=stage.notebook)
            )
        elif count:
            lines.append(_("All exercises are passed."))
        return [harmless(line) for line in (*lines, *([self._said] if self._said else []))]

    def __repr__(self) -> str:
        lines = self._head()
        for stage in self.stages:
            steps = stage.steps
            full = round(_BAR * stage.passed / len(steps)) if steps else 0
            bar = f"[{'#' * full}{'.' * (_BAR - full)}]"
            lines += ["", f"{bar} {int(stage.number)}. {stage.title}: {_counted(stage)}"]
            for part in stage.parts:
                signs = "  ".join(f"{step.id} {_SIGNS[step.standing.state]}" for step in part.steps)
                lines.append(f"  {part.title}  {signs}".rstrip())
        lines += ["", "  ".join(f"{sign} {_(state)}" for state, sign in _SIGNS.items())]
        return "\n".join(map(harmless, lines))

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        goal = self.next
        lines = [f"<p>{escape(line)}</p>" for line in self._head()]
        if goal:
            stage, step = goal
            where = _link(stage, step, f"{step.id} {step.title}")
            lines[1] = f"<p><strong>{escape(_('Go on with'))}</strong> {where}</p>"  # here the sentence is a link
        head = "".join(lines)
        shown = "".join(_stage(stage, unfolded=goal is not None and stage == goal[0]) for stage in self.stages)
        return {"text/plain": repr(self), "text/html": verbatim(head + shown)}


def _counted(stage: Stage) -> str:
    return _("{passed} of {count}", passed=stage.passed, count=len(stage.steps))


def _stage(stage: Stage, *, unfolded: bool) -> str:
    title = f"{int(stage.number)}. {stage.title}"
    rows = "".join(_part(stage, part) for part in stage.parts)
    link = f'<a href="{escape(quote(stage.notebook))}">{escape(stage.notebook)}</a>'
    return (
        f'<details{" open" if unfolded else ""} style="margin: 4px 0;">'
        f'<summary style="cursor: pointer;"><strong>{escape(title)}</strong> — {escape(_counted(stage))}</summary>'
        f'<div style="padding-left: 18px;">{link}<table><tbody>{rows}</tbody></table></div></details>'
    )


def _part(stage: Stage, part: Part) -> str:
    head = f'<tr><th scope="rowgroup" colspan="2" style="text-align: left;">{escape(part.title)}</th></tr>'
    return head + "".join(
        f'<tr><td style="text-align: left;">{_SIGNS[step.standing.state]} {escape(_(step.standing.state))}</td>'
        f'<td style="text-align: left;">{_link(stage, step, f"{step.id} {step.title}")}</td></tr>'
        for step in part.steps
    )


def _link(stage: Stage, step: Step, text: str) -> str:
    # JupyterLab names a heading by its text, with dashes for spaces.
    anchor = quote(step.heading.replace(" ", "-"), safe="()-.,'")
    return f'<a href="{escape(f"{quote(stage.notebook)}#{anchor}")}">{escape(text)}</a>'


def course_map(paths: Paths) -> CourseMap:
    """Return the map of the course, for the learner whose folder this is.  It asks no engine.

    Raises `OSError` where the course's own notebooks cannot be read.
    """
    entries, said = Journal(paths.state, paths.work).read()
    found = standings(entries)
    titles = {exercise.id: exercise.title for exercise in everything()}
    stages = []
    for number, file in notebooks(paths).items():
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        stages.append(Stage(number, TITLES[number], file.name, parts(cells, titles, found)))
    return CourseMap(stages, said)
