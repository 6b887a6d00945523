"""The plain parts of exercises: draws, facts, placeholders, cards, verdicts, and solutions as they are printed."""

from __future__ import annotations

import ast
import math
import re
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import UnknownExercise, UsageError
from labkit.exercises import __main__ as command
from labkit.exercises.card import Card
from labkit.exercises.case import Case
from labkit.exercises.draw import SLOTS, Draw, address
from labkit.exercises.facts import Mismatch, Missing, NotAttempted, Unexpected, dig, show, steps
from labkit.exercises.fill import Fill
from labkit.exercises.probe import seconds
from labkit.exercises.record import Call, Exercise, Kind, Solution, exercise, find, get, post, put
from labkit.exercises.show import curl_lines, labkit_lines
from labkit.exercises.standing import Progress, Standing
from labkit.exercises.verdict import State, judge
from labkit.model import Endpoint
from labkit.session import Session

PORTS = (21000, 21063)
DRAW = Draw("somebody", "02", PORTS)
FILL = Fill(DRAW, {"work": "/w", "lab": "02", "exercise": "2.1", "auth": "secret"})


# What is drawn


@given(st.text(), st.sampled_from(list(SLOTS)), st.sampled_from(["web", "anything", "x.y_z-1"]))
def test_what_is_drawn_stays_the_same(seed: str, lab: str, word: str) -> None:
    """The same learner, lab and word give the same name, port, subnet and secret."""
    one, other = Draw(seed, lab, PORTS), Draw(seed, lab, PORTS)
    assert (one.name(word), one.port(word), one.subnet(word), one.secret(word)) == (
        other.name(word), other.port(word), other.subnet(word), other.secret(word),
    )  # fmt: skip
    assert one.drew(one.name(word))
    assert one.drew("/" + one.name(word))


@given(st.text())
def test_known_words_never_meet(seed: str) -> None:
    """No two known words, of any labs, have the same port or subnet."""
    pairs = [(Draw(seed, lab, PORTS), word) for lab, words in SLOTS.items() for word in words]
    assert len({draw.port(word) for draw, word in pairs}) == len(pairs)
    assert len({draw.subnet(word) for draw, word in pairs}) == len(pairs)


@given(st.text(), st.text(min_size=1))
def test_what_is_drawn_can_be_used(seed: str, word: str) -> None:
    """A port is one of the range, a subnet a private one, and a number within its bounds."""
    draw = Draw(seed, "05", PORTS)
    assert PORTS[0] <= draw.port(word) <= PORTS[1]
    assert ip_network(draw.subnet(word)).subnet_of(ip_network("172.16.0.0/12"))
    assert 3 <= draw.number(word, 3, 7) <= 7
    assert draw.choice(word, "abc") in "abc"


def test_learners_and_labs_differ() -> None:
    """Of a hundred learners, hardly two draw the same; one learner draws something else in each lab."""
    learners = [Draw(str(n), "02", PORTS) for n in range(100)]
    assert len({d.name("web") for d in learners}) > 95
    assert len({d.subnet("web") for d in learners}) > 90
    assert len({d.secret("web") for d in learners}) == 100
    assert len({Draw("x", lab, PORTS).name("web") for lab in SLOTS}) == len(SLOTS)


@pytest.mark.parametrize("word", ["", "-x", "Web", "a b", "a/b", "ü", "x\n", None, 3])
def test_a_word_that_no_name_begins_with(word: object) -> None:
    """A word that Docker would not take for a name is refused in a sentence."""
    with pytest.raises(UsageError):
        DRAW.name(word)  # type: ignore[arg-type]


@pytest.mark.parametrize(("subnet", "n"), [("172.24.0.0/24", 256), ("172.24.0.0/24", -1), ("x", 1), ("fe80::/64", 1)])
def test_an_address_that_a_subnet_has_not(subnet: str, n: int) -> None:
    """A number outside the subnet, and what is no subnet, are refused in a sentence."""
    with pytest.raises(UsageError):
        address(subnet, n)
    assert address("172.24.0.0/24", 10) == "172.24.0.10"


# Facts


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_any_value_is_shown_in_one_short_harmless_line(value: object) -> None:
    """Whatever is found, it is shown in one line of at most 120 characters without control characters."""
    text = show(value)
    assert 0 < len(text) <= 120
    assert not any(ord(c) < 32 or c == "\u202e" for c in text)


@pytest.mark.parametrize(
    ("fact", "expected", "found"),
    [
        (Mismatch("w", "", 80, None), "80", "nothing"),
        (Mismatch("w", "", True, "true"), "true", "true"),
        (Missing("w", "", "a", ("b", "c")), "a", "b, c"),
        (Missing("w", "", "a"), "a", "nothing"),
        (Unexpected("w", "", "x"), "no x", "x"),
        (Mismatch("w", "", {"b", "a"}, 10**5000), '["a", "b"]', "a number of more than 120 digits"),
    ],
)
def test_a_fact_says_what_was_expected_and_found(fact: Mismatch, expected: str, found: str) -> None:
    """Each kind of fact is put into an expected, a found and a where."""
    finding = fact.finding()
    assert (finding.expected, finding.found, finding.where) == (expected, found, "w")


def test_dig_never_stumbles() -> None:
    """A missing key, an index too far and a value of another kind all give None."""
    tree = {"a": [{"b": 1}], "80/tcp": None}
    assert dig(tree, "a", 0, "b") == 1
    for keys in (("x",), ("a", 1), ("a", "b"), ("a", 0, "b", "c"), ("80/tcp", 0), ("a", -2)):
        assert dig(tree, *keys) is None
    assert steps(("Ports", "80/tcp", 0, "HostPort")) == "Ports['80/tcp'][0].HostPort"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("2026-01-02T03:04:05.123456789Z", 1767323045.123456789),
        ("2026-01-02T03:04:05Z", 1767323045.0),
        ("2026-01-02T05:04:05.5+02:00", 1767323045.5),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_the_engines_times_are_read(said: str, wanted: float) -> None:
    """Nanoseconds, offsets and nonsense are read without an error."""
    assert math.isclose(seconds(said), wanted)


# Placeholders


def test_placeholders_are_filled_everywhere() -> None:
    """In texts, keys, lists and dicts; other braces are left alone."""
    filled = FILL(
        {"{name:web}": ["{port:page}", {"x": "{address:web.10} {work} {}"}], "n": 7, "json": '{"a": {"b": 1}}'}
    )
    assert filled == {
        DRAW.name("web"): [str(DRAW.port("page")), {"x": f"{address(DRAW.subnet('web'), 10)} /w {{}}"}],
        "n": 7,
        "json": '{"a": {"b": 1}}',
    }


@pytest.mark.parametrize("text", ["{nobody}", "{nome:web}", "{kept:unknown}"])
def test_a_placeholder_that_there_is_not(text: str) -> None:
    """A mistake in an exercise is an error, not a text with braces in it."""
    with pytest.raises(ValueError, match="placeholder"):
        FILL(text)


# Cards


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _value in attrs} <= {"style"}
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.text(), st.text(), st.text())
def test_a_card_is_harmless_whatever_is_in_it(head: str, value: str, code: str) -> None:
    """Only the tags that the course writes come out, each closed, with no attribute but style."""
    card = Card(head, "open", (("found", value),), ((("found", value),),), (value,), (("curl", code),))
    tags = _Tags()
    tags.feed(card.html)
    assert not tags.open
    assert tags.seen <= {"div", "strong", "table", "tbody", "tr", "td", "code", "details", "summary", "br", "pre"}
    assert "\x1b" not in card.text


# Records, and what a check comes to


def _record(check: Any, **more: Any) -> Exercise:
    hints: Mapping[str, tuple[str, ...]] = {"": ("a", "b", "c", "d")}
    fields: dict[str, Any] = {"solution": Solution((), ""), "hints": hints, "wrong": ()} | more
    return Exercise(id="2.99", title="A test", kind=Kind.MAKE, goal="g", check=check, **fields)


def _case() -> Case:
    return Case(Session(Endpoint(socket="/nowhere"), version="1.41"), FILL)


def test_a_mistake_in_a_check_is_our_fault() -> None:
    """A check that raises is said to have a mistake: no traceback, nothing counted."""

    def check(_x: Case) -> None:
        raise ZeroDivisionError

    verdict = judge(_record(check), _case())
    assert verdict.state is State.FAULT
    assert not verdict.counts
    assert "ZeroDivisionError" in verdict.words[0]


def test_a_check_that_stumbles_after_a_finding_is_not_yet() -> None:
    """What was found first stands, when the check stumbles over it further down."""

    def check(x: Case) -> None:
        x.same(1, 2, "here")
        raise KeyError

    assert judge(_record(check), _case()).state is State.NOT_YET


def test_an_engine_that_is_not_there_is_our_fault() -> None:
    """A check that cannot ask says so."""
    verdict = judge(_record(lambda x: x.container("web")), _case())
    assert verdict.state is State.FAULT
    assert "socket" in verdict.words[0]


def test_findings_are_told_in_order_and_the_rest_folded() -> None:
    """The first finding is shown, the others are folded away; `need` ends the check."""

    def check(x: Case) -> None:
        x.same("a", "b", "one")
        x.has("a", ["b"], "two")
        x.lacks("b", ["b"], "three")
        x.need(False, Mismatch("four", "", 1, 2))
        x.same("never", "seen", "five")

    verdict = judge(_record(check), _case())
    assert [finding.where for finding in verdict.findings] == ["one", "two", "three", "four"]
    assert verdict.card.rows[2] == ("look at", "one")
    assert len(verdict.card.folded) == 3
    assert "and 3 more" in repr(verdict)
    assert verdict.json()["findings"][0] == {"expected": "a", "found": "b", "where": "one"}


def test_a_condition_can_be_knocked_out() -> None:
    """With its site named, a condition is taken for fulfilled; one that ends the check then ends it well."""

    def check(x: Case) -> None:
        x.begun(False, "begin so")
        x.same(1, 2, "here")
        x.need(False, Mismatch("there", "", 1, 2))

    record = _record(check)
    first = judge(record, _case())
    assert (first.state, first.words) == (State.NOT_ATTEMPTED, ("begin so",))
    off = set(first.sites)
    for _n in range(3):
        case = _case()
        case._off = frozenset(off)
        last = judge(record, case)
        off |= set(last.sites)
    assert last.passed


def test_not_attempted_says_how_to_begin() -> None:
    """Where a check says nothing, the first hint does."""

    def check(_x: Case) -> None:
        raise NotAttempted

    assert judge(_record(check), _case()).words == ("a",)
    assert judge(_record(check, begin="Begin in {work}."), _case()).words == ("Begin in /w.",)


@pytest.mark.parametrize("how", ["no goal", "bad id", "three hints", "twice"])
def test_a_record_that_cannot_be_right(how: str) -> None:
    """An exercise without a goal, with a bad id, with too few hints or an id that is taken is refused."""

    def check(_x: Case) -> None:
        """A goal."""

    if how == "no goal":
        check.__doc__ = ""
    hints = {"": ("a", "b", "c") if how == "three hints" else ("a", "b", "c", "d")}
    id = {"bad id": "x.1", "twice": "2.1"}.get(how, "2.98")
    find("2.1")
    with pytest.raises(ValueError, match=r"exercise|id"):
        exercise(id, "t", Kind.MAKE, hints=hints, solution=Solution((), ""), wrong=())(check)


def test_unknown_ids_are_named() -> None:
    """An id that there is not gets the nearest ones."""
    with pytest.raises(UnknownExercise, match=r"2\.33"):
        find("2.33")


def test_progress_without_exercises() -> None:
    """A lab that has no exercises yet has an empty table."""
    assert "0 of 0" in repr(Progress([], {}, {}, ""))
    assert Standing().state == "not attempted"


# How a solution is printed


SAMPLE = _record(lambda _x: None)
SOME = [
    get("/containers/json", all=True, filters={"label": ["a=b c'd"]}),
    post("/containers/{name:web}/exec", json={"Cmd": ["sh", "-c", "echo 'it' > /x"], "Tty": False}, keep="exec"),
    post("/exec/{kept:exec}/start", json={"Detach": False}),
    get("/containers/web/stats", stream=False),
    put("/containers/web/archive", path="/", tar={"a.txt": "text\n"}),
    Call("POST", "/images/x/push", headers={"X-Registry-Auth": "{auth}"}),
]


def test_the_printed_python_is_python() -> None:
    """Every line can be parsed; ids are kept in variables, and no password is printed."""
    lines = labkit_lines(SAMPLE, SOME, FILL)
    ast.parse("\n".join(lines))
    text = "\n".join(lines)
    assert 'exec = r.json()["Id"]' in text
    assert 'f"/exec/{exec}/start"' in text
    assert "stats?stream=0" in text
    assert "lab.registry_auth()" in text
    assert "secret" not in text


def test_the_printed_shell_is_shell(tmp_path: Any) -> None:
    """Every line can be parsed by sh; ids are kept in variables, and no password is printed."""
    lines = curl_lines(SAMPLE, SOME, FILL, Endpoint(socket="/s"), "1.41", tmp_path)
    assert subprocess.run(["sh", "-n", "-c", "\n".join(lines)], check=False).returncode == 0
    assert lines[1].startswith("exec=$(curl")
    assert '/exec/"$exec"/start' in lines[2]
    assert "$REGISTRY_AUTH" in lines[-1]
    assert "secret" not in "\n".join(lines)


# The generator


def test_a_skeleton_is_an_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    """What the generator prints can be put into a lab as it is."""
    assert command.main(["new", "2.97"]) == 0
    source = capsys.readouterr().out
    names = """
from labkit.exercises.case import Case
from labkit.exercises.lab02 import WAITING, _
from labkit.exercises.record import Kind, Solution, Wrong, container, delete, exercise, post
"""
    room: dict[str, Any] = {}
    exec(names + source, room)
    made = room["exercise_2_97"]
    try:
        assert isinstance(made, Exercise)
        assert len(made.wrong) == 4
        FILL([made.goal, dict(made.hints), made.solution.why])
    finally:
        from labkit.exercises import record

        record._found.pop("2.97")


def test_the_first_command_of_the_guide_works(capsys: pytest.CaptureFixture[str]) -> None:
    """The id that docs/exercises.md begins with is free, and the test that it names is that of the same exercise."""
    guide = (Path(__file__).parents[1] / "docs" / "exercises.md").read_text()
    [new] = re.findall(r"python -m labkit\.exercises new (\S+)", guide)
    assert command.main(["new", new]) == 0
    assert capsys.readouterr().out
    assert f'-k "[{new}"' in guide


@pytest.mark.parametrize("words", [["new", "2.1"], ["new", "9.1"], ["new", "x"], []])
def test_the_generator_refuses(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An id that is taken or can't be one gets a sentence and the exit code 2."""
    with pytest.raises(SystemExit) as caught:
        command.main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err


def test_the_list_has_every_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    """``list`` prints a line for each."""
    assert command.main(["list"]) == 0
    assert "2.9   make" in capsys.readouterr().out
