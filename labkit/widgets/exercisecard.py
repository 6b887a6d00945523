"""An exercise as a card: goal, state, check, hints one by one, solution, and a way to begin again.

Its buttons do what ``lab.check``, ``lab.hint``, ``lab.solution`` and ``lab.reset`` do, and
count as those do.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import ipywidgets

from ..errors import LabError
from ..exercises.card import Card
from ..exercises.desk import Desk
from ..exercises.record import Exercise, Kind, find
from ..messages import _
from .page import page_part
from .screen import live


def answer_of(text: str) -> object:
    """Return an answer as it was typed: a Python value such as ``42`` or ``[200, 404]``, else the text itself."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def asks(exercise: Exercise) -> bool:
    """Whether its answer can be typed; a response, as evidence, is handed in by ``lab.check`` alone."""
    return bool(exercise.solution.answer) and exercise.kind in (Kind.FIND_OUT, Kind.PREDICT)


class ExerciseCard:
    """An exercise with its buttons.  Leave it as the last line of a cell to see it.

    Parameters
    ----------
    desk: where the exercise is handed in.
    id: such as ``2.3``.

    The starting state is made at once, as by ``lab.setup``.
    Raises `UnknownExercise` for an id that there is not.
    """

    def __init__(self, desk: Desk, id: str) -> None:
        self._desk, self._exercise = desk, find(id)
        self._hints: list[Card] = []
        self._sure = False
        self.goal = desk.setup(id)
        self._said = ipywidgets.HTML()
        self._helped = ipywidgets.VBox()
        self.answer = ipywidgets.Text(
            placeholder=_("your answer"), description=_("Answer"), continuous_update=False, layout={"width": "28em"}
        )
        self.buttons = {
            "check": self._button(_("Check"), _("Look whether it is done; this changes nothing"), self.check),
            "hint": self._button(_("Hint"), _("Show the next hint; hints are counted"), self.hint),
            "solution": self._button(_("Solution"), _("Show the solution, after an attempt"), self.solution),
            "reset": self._button(_("Begin again"), _("Remove what belongs to this exercise"), self.reset),
        }
        kind = self._exercise.kind
        row = [*([self.answer] if asks(self._exercise) else []), *self.buttons.values()]
        parts: list[Any] = [ipywidgets.HTML(self.goal.html)]
        if kind is Kind.EXPLAIN:
            line = _('Hand in the response in a cell: lab.check("{id}", r)', id=self._exercise.id)
            parts.append(ipywidgets.HTML(Card(line).html))
            row = [button for name, button in self.buttons.items() if name != "check"]
        parts += [ipywidgets.HBox(row, layout={"flex_flow": "row wrap"}), self._said, self._helped]
        self.widget = ipywidgets.VBox(parts)
        self.widget.children = (*parts, page_part(self.widget))

    def _button(self, name: str, tip: str, press: Callable[[], None]) -> Any:
        button = ipywidgets.Button(description=name, tooltip=tip)
        button.on_click(lambda _button: press())
        return button

    def check(self) -> None:
        """Look whether it is done."""
        typed = self.answer.value
        given = (answer_of(typed),) if asks(self._exercise) and typed.strip() else ()
        self._say(lambda: self._desk.check(self._exercise.id, *given).card)

    def hint(self) -> None:
        """Open one hint more; the former ones stay, folded."""

        def next_hint() -> Card | None:
            card = self._desk.hint(self._exercise.id)
            if not card.words or card.tone == "fault":
                return card
            if card not in self._hints:
                self._hints.append(card)
                self._fold()
            return None

        self._say(next_hint)

    def solution(self) -> None:
        """Show the solution, once there was an attempt."""
        self._say(lambda: self._desk.solution(self._exercise.id))

    def reset(self) -> None:
        """Begin again, at the second press: what the learner made for it is removed."""
        button = self.buttons["reset"]
        if not self._sure:
            self._sure, button.description, button.button_style = True, _("Really?"), "warning"
            return
        self._calm()
        self._hints.clear()
        self._fold()
        self._say(lambda: self._desk.reset(self._exercise.id))

    def _calm(self) -> None:
        button = self.buttons["reset"]
        self._sure, button.description, button.button_style = False, _("Begin again"), ""

    def _say(self, ask: Callable[[], Card | None]) -> None:
        """Show what is said, if anything; meanwhile nothing can be pressed."""
        self._calm()
        for button in self.buttons.values():
            button.disabled = True
        try:
            card = ask()
        except LabError as error:
            card = Card(error.message, "fault", words=(error.hint,) if error.hint else ())
        finally:
            for button in self.buttons.values():
                button.disabled = False
        if card is not None:
            self._said.value = f'<div role="status">{card.html}</div>'

    def _fold(self) -> None:
        self._helped.children = tuple(ipywidgets.HTML(card.html) for card in self._hints)

    def _repr_mimebundle_(self, **options: object) -> dict[str, Any]:
        static = self.goal._repr_mimebundle_()
        if not live():
            return static
        shown = self.widget._repr_mimebundle_(**options)
        # Where there is no widget (an untrusted notebook, a viewer), the goal is what is seen.
        return {key: value for key, value in shown.items() if "widget" in key} | static

    def __repr__(self) -> str:
        return self.goal.text
