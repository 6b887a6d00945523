"""An exercise as a card: what its buttons do, and what is seen where there are none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from bench import Bench

from labkit.engines.base import EngineRecord, Paths
from labkit.errors import EngineError, UnknownExercise
from labkit.exercises.card import Card
from labkit.exercises.conditions import NOTHING
from labkit.exercises.record import find
from labkit.widgets import exercisecard
from labkit.widgets.exercisecard import ExerciseCard, answer_of


class Said:
    """A verdict, as far as a card needs it."""

    def __init__(self, words: str) -> None:
        self.card = Card(words)


class Counter:
    """A desk that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.gone = False

    def setup(self, id: str) -> Card:
        self.asked.append(("setup", id))
        return Card(f"{id} goal <script>", words=("Do `this`.",))

    def check(self, id: str, answer: object = NOTHING) -> Said:
        self.asked.append(("check", answer))
        if self.gone:
            raise EngineError("The engine is gone.", "Type ./lab.")
        return Said("not yet <b>")

    def hint(self, id: str) -> Card:
        count = sum(1 for word, _answer in self.asked if word == "hint") + 1
        self.asked.append(("hint", id))
        return Card(f"hint {min(count, 2)} of 2", words=(f"words {min(count, 2)}",))

    def solution(self, id: str) -> Card:
        return Card("solution", code=(("labkit", "lab.get('/')"),))

    def reset(self, id: str) -> Card:
        self.asked.append(("reset", id))
        return Card("begins again")


@pytest.fixture
def desk() -> Any:
    return Counter()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (" 42 ", 42),
        ("[200, 404]", [200, 404]),
        ("True", True),
        ("nginx:latest", "nginx:latest"),
        ("'quoted'", "quoted"),
        ("/bin/sh", "/bin/sh"),
        ("__import__('os')", "__import__('os')"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_an_answer_is_a_value_or_the_text_itself(typed: str, answer: object) -> None:
    """What reads as a Python literal is one; nothing that is typed is ever run."""
    assert answer_of(typed) == answer


def test_a_check_hands_in_what_was_typed(desk: Any) -> None:
    """Without text nothing is handed in; with text, its value is."""
    card = ExerciseCard(desk, "2.8")
    card.check()
    card.answer.value = "/bin/yes"
    card.check()
    assert [answer for word, answer in desk.asked if word == "check"] == [NOTHING, "/bin/yes"]
    assert "not yet &lt;b&gt;" in card._said.value
    assert not any(button.disabled for button in card.buttons.values())


def test_hints_are_opened_one_by_one(desk: Any) -> None:
    """Each press opens one more; the last one is not shown twice."""
    card = ExerciseCard(desk, "2.9")
    for _press in range(3):
        card.hint()
    assert [part.value.count("words") for part in card._helped.children] == [1, 1]


def test_beginning_again_takes_two_presses(desk: Any) -> None:
    """The first press asks; another button in between takes it back."""
    card = ExerciseCard(desk, "2.9")
    card.hint()
    card.reset()
    card.check()
    card.reset()
    assert ("reset", "2.9") not in desk.asked
    card.reset()
    assert desk.asked[-1] == ("reset", "2.9")
    assert card._helped.children == ()
    assert card.buttons["reset"].description == "Begin again"


def test_evidence_is_handed_in_by_a_cell(desk: Any) -> None:
    """A response cannot be typed: the card says how to hand it in, and has no Check."""
    card = ExerciseCard(desk, "2.6")
    shown = [child for child in card.widget.children if hasattr(child, "value")]
    assert any("lab.check(&quot;2.6&quot;, r)" in child.value for child in shown)
    row = next(child for child in card.widget.children if card.buttons["hint"] in getattr(child, "children", ()))
    assert card.buttons["check"] not in row.children
    assert card.answer not in row.children


def test_an_engine_that_is_gone_is_said(desk: Any) -> None:
    """One sentence and what to do, and the buttons can be pressed again."""
    card = ExerciseCard(desk, "2.9")
    desk.gone = True
    card.check()
    assert "The engine is gone." in card._said.value
    assert "Type ./lab." in card._said.value
    assert not card.buttons["check"].disabled


def test_without_a_kernel_the_goal_is_seen(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored and untrusted notebooks hold the goal as text and HTML; a live one has the widget on top."""
    card = ExerciseCard(desk, "2.9")
    assert set(card._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert "<script" not in card._repr_mimebundle_()["text/html"]
    monkeypatch.setattr(exercisecard, "live", lambda: True)
    assert any("widget" in mime for mime in card._repr_mimebundle_())


def test_an_unknown_exercise_is_refused(desk: Any) -> None:
    """The nearest is offered before anything is set up."""
    with pytest.raises(UnknownExercise):
        ExerciseCard(desk, "2.99")
    assert desk.asked == []


@pytest.mark.engine
def test_an_exercise_is_passed_by_the_card(
    engine: EngineRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an engine: not attempted, then solved elsewhere, then passed by the button."""
    monkeypatch.chdir(tmp_path)
    bench = Bench(engine, Paths.of(Path(os.environ["LABKIT_ROOT"])), tmp_path, seed="card")
    exercise = find("2.9")
    try:
        card = bench.lab(exercise).exercise("2.9")
        card.check()
        assert "not attempted" in card._said.value
        bench.solve(exercise)
        card.check()
        assert "passed" in card._said.value
    finally:
        bench.unstage()
