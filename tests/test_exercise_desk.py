"""The desk: attempts and hints are counted rightly, and nothing that happens to an engine costs a learner anything."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import socket
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy
import pandas
import pytest
from bench import Bench
from faulty import Faulty

from labkit.engines.base import EngineRecord, Paths
from labkit.errors import UnknownExercise
from labkit.exercises import probe
from labkit.exercises.conditions import NOTHING
from labkit.exercises.daemonsteps import reload, restart
from labkit.exercises.desk import Desk
from labkit.exercises.record import Exercise, drawn, find, of_lab, post
from labkit.exercises.stage import Start
from labkit.exercises.standing import Standing, standings
from labkit.exercises.verdict import State
from labkit.model import Endpoint, ExchangeData, Request, Response
from labkit.session import Session

pytestmark = pytest.mark.engine


@pytest.fixture
def bench(engine: EngineRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(engine, Paths.of(Path(os.environ["LABKIT_ROOT"])), tmp_path, seed="desk")
    monkeypatch.chdir(tmp_path)
    yield bench
    bench.unstage()


def _staged(bench: Bench, id: str) -> tuple[Exercise, Desk]:
    exercise = find(id)
    bench.stage(exercise)
    return exercise, bench.desk(exercise)


def _solve(bench: Bench, exercise: Exercise) -> None:
    bench.send(exercise, drawn(exercise.solution.calls, bench.fill(exercise).draw))


def _standing(bench: Bench, id: str) -> Standing:
    return standings(bench.journal.read()[0]).get(id, Standing())


def test_attempts_are_counted_until_the_first_pass(bench: Bench) -> None:
    """Not attempted counts nothing, each wrong attempt one, and what comes after a pass nothing."""
    exercise, desk = _staged(bench, "2.5")
    assert desk.check("2.5").state is State.NOT_ATTEMPTED
    bench.send(exercise, exercise.wrong[0].calls)
    assert desk.check("2.5").state is State.NOT_YET
    bench.send(exercise, [post("/containers/{name:harbour}/start"), post("/containers/{name:harbour}/pause")])
    assert desk.check("2.5").passed
    bench.send(exercise, exercise.solution.calls[:1])
    desk.check("2.5")
    standing = standings(bench.journal.read()[0])["2.5"]
    assert (standing.state, standing.attempts, standing.hints) == ("passed", 2, 0)
    assert ("State.Status", "paused") in [(where.split(" ")[0], value) for where, value in standing.evidence]
    assert f"1 of {len(of_lab('02'))} passed" in repr(desk.progress)
    assert "<table>" in desk.progress._repr_mimebundle_()["text/html"]


def test_a_check_asks_and_changes_nothing(engine: EngineRecord, tmp_path: Path) -> None:
    """Whatever the exercise, a check of it sends GET and HEAD alone."""
    stand = Faulty(tmp_path / "s", str(engine.endpoint.socket))
    record = dataclasses.replace(engine, endpoint=Endpoint(socket=stand.path))
    bench = Bench(record, Paths.of(Path(os.environ["LABKIT_ROOT"])), tmp_path / "state", seed="desk")
    try:
        for id in ("2.2", "2.5", "2.7", "2.9", "2.10"):
            exercise, desk = _staged(bench, id)
            answer = bench.attempt(
                exercise, drawn(exercise.solution.calls, bench.fill(exercise).draw), exercise.solution.answer
            )
            stand.seen.clear()
            assert desk.check(id, answer).passed
            assert {line.split(" ")[0] for line in stand.seen} <= {"GET", "HEAD"}
            assert stand.seen
    finally:
        bench.unstage()
        stand.close()


def test_a_check_is_quick(bench: Bench) -> None:
    """Half of the checks take less than 100 ms, on a machine that does other things as well."""
    seconds = []
    for id in ("2.5", "2.9", "2.1"):
        _exercise, desk = _staged(bench, id)
        seconds += [desk.check(id).seconds for _n in range(5)]
    assert statistics.median(seconds) < 0.1


def test_hints_go_up_rung_by_rung_and_are_counted(bench: Bench) -> None:
    """Each call gives the next hint, the last one again and again, and all of them are counted.

    The first is left out where the check, which nobody attempted yet, has said it.
    """
    exercise, desk = _staged(bench, "2.5")
    fill = bench.fill(exercise)
    said = [desk.hint("2.5").words[0] for _n in range(4)]
    assert said == [*(fill(hint) for hint in exercise.hints[""][1:]), fill(exercise.hints[""][-1])]
    assert standings(bench.journal.read()[0])["2.5"].hints == 4


def test_a_hint_helps_with_what_was_found(bench: Bench) -> None:
    """A hint on the state comes to someone whose name is right, and the one on the name does not."""
    exercise, desk = _staged(bench, "2.5")
    bench.send(exercise, exercise.wrong[0].calls)
    assert desk.hint("2.5").words[0] == bench.fill(exercise)(exercise.hints["state"][0])


def test_a_solution_is_shown_after_an_attempt(bench: Bench) -> None:
    """Without an attempt it is not shown, by force it is, and that is written down."""
    exercise, desk = _staged(bench, "2.9")
    assert not desk.solution("2.9").code
    bench.send(exercise, exercise.wrong[3].calls)
    desk.check("2.9")
    card = desk.solution("2.9")
    assert [caption for caption, _code in card.code] == ["labkit", "curl", "docker"]
    assert desk.solution("2.5", force=True).code
    found = standings(bench.journal.read()[0])
    assert found["2.9"].solved
    assert found["2.5"].solved


def test_a_solved_exercise_needs_no_hint(bench: Bench) -> None:
    """Once it is done, no hint is given and none counted."""
    exercise, desk = _staged(bench, "2.9")
    _solve(bench, exercise)
    assert "done" in desk.hint("2.9").head
    assert _standing(bench, "2.9").hints == 0


def test_reset_begins_again_and_keeps_what_was_passed(bench: Bench) -> None:
    """After a reset the starting state is there again; that it was passed is not forgotten."""
    exercise, desk = _staged(bench, "2.9")
    _solve(bench, exercise)
    assert desk.check("2.9").passed
    desk.reset("2.9")
    assert desk.check("2.9").state is State.NOT_ATTEMPTED
    assert standings(bench.journal.read()[0])["2.9"].state == "passed"


def test_setup_is_done_at_the_first_look_and_once(bench: Bench) -> None:
    """The first check makes the starting state; showing the goal later leaves it as it is."""
    exercise, desk = _staged(bench, "2.7")
    desk._stage.clear(exercise, bench.fill(exercise))
    assert desk.check("2.7").state is State.NOT_ATTEMPTED
    _solve(bench, exercise)
    assert bench.fill(exercise)("{name:clerk}") in desk.setup("2.7").text
    assert desk.check("2.7").passed


def test_work_done_before_the_first_check_is_kept(bench: Bench) -> None:
    """Who does the exercise before looking at it is not set back."""
    exercise, desk = _staged(bench, "2.2")
    desk._stage._file(exercise).unlink()
    _solve(bench, exercise)
    assert desk.check("2.2").passed


def test_after_the_lab_was_cleaned_an_exercise_begins_anew(bench: Bench) -> None:
    """What clean removed is made again by the next check."""
    exercise, desk = _staged(bench, "2.9")
    bench.lab(exercise).clean()
    assert desk.check("2.9").state is State.NOT_ATTEMPTED


def test_reset_touches_nothing_but_its_own(bench: Bench) -> None:
    """A container with a like name, and one of another exercise, are there after a reset."""
    exercise, desk = _staged(bench, "2.9")
    session = bench.lab(exercise)._session
    name = f"{bench.fill(exercise)('{name:hog}')}x"
    session.request("POST", "/containers/create", {"name": name}, json={"Image": "busybox"})
    try:
        desk.reset("2.9")
        assert session.request("GET", f"/containers/{name}/json").ok
    finally:
        session.request("DELETE", f"/containers/{name}", {"force": True})


def test_on_a_shared_engine_only_the_label_counts(bench: Bench) -> None:
    """On an engine that holds other people's things, a drawn name alone is no reason to remove."""
    exercise, desk = _staged(bench, "2.5")
    session, name = bench.lab(exercise)._session, bench.fill(exercise)("{name:harbour}")
    session.request("POST", "/containers/create", {"name": name}, json={"Image": "busybox"})
    desk._stage._shared = True
    desk._stage.clear(exercise, bench.fill(exercise))
    assert session.request("GET", f"/containers/{name}/json").ok
    desk._stage._shared = False
    desk._stage.clear(exercise, bench.fill(exercise))
    assert session.request("GET", f"/containers/{name}/json").status == 404


def test_on_a_shared_engine_what_lacks_the_label_is_an_attempt(bench: Bench) -> None:
    """A thing of the right name without the label isn't the course's to remove; the learner is told all the same."""
    exercise, desk = _staged(bench, "4.1")
    session, name = bench.lab(exercise)._session, bench.fill(exercise)("{name:ledger}")
    memory = {"type": "tmpfs", "device": "tmpfs", "o": "size=3m"}
    body = {"Name": name, "Labels": {"team": "audit"}, "DriverOpts": memory}
    session.request("POST", "/volumes/create", json=body).raise_for_status()
    desk._stage._shared = True
    verdict = desk.check("4.1")
    desk._stage._shared = False
    assert verdict.state is State.NOT_YET
    assert (verdict.findings[0].expected, verdict.findings[0].found) == ("docker-api-lab=04", "nothing")


@pytest.mark.parametrize("id", ["2.33", "2", "", "9.1", "2.3.1", "two", None, 7.5, "2.3; rm", "2." + "1" * 5000])
def test_an_id_that_there_is_not(bench: Bench, id: object) -> None:
    """An unknown id is named, and the nearest ones are offered."""
    _exercise, desk = find("2.3"), bench.desk(find("2.3"))
    with pytest.raises(UnknownExercise) as caught:
        desk.check(id)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 1000
    if id == "2.33":
        assert "2.3" in caught.value.hint


ANSWERS = [
    None, True, [], {}, object(), b"3", "three", "3; 4", 3.5, float("nan"), float("inf"), "9" * 10_000_000, 10**100_000,
    list(range(100_000)), {"a": 1}, lambda: 3, Exception("x"), pandas.DataFrame({"a": [1, 2]}), numpy.array([1, 2]),
    "\x1b[31m<script>alert(1)</script>", "\ud800", 1 + 2j, range(5), [[[[3]]]], Path("/x"),
    ExchangeData(Request("GET", "/containers/json", Endpoint(socket="/x")), Response(200, "OK"), 0.0),
]  # fmt: skip


@pytest.mark.parametrize("id", ["2.1", "2.4", "2.6", "2.8"])
def test_an_answer_of_any_kind_gets_a_plain_verdict(bench: Bench, id: str) -> None:
    """Answers of the wrong kind, huge ones and hostile ones: a short verdict each, never an error, never a pass."""
    _exercise, desk = _staged(bench, id)
    for answer in ANSWERS:
        verdict = desk.check(id, answer)
        assert verdict.state in (State.NOT_YET, State.NOT_ATTEMPTED), (answer, verdict)
        shown = verdict._repr_mimebundle_()
        assert len(shown["text/plain"]) < 2000
        assert "\x1b" not in shown["text/plain"]
        assert "<script" not in shown["text/html"]


def test_an_answer_of_the_wrong_kind_is_no_attempt(bench: Bench) -> None:
    """It is said what kind is wanted, and nothing is counted."""
    _exercise, desk = _staged(bench, "2.1")
    verdict = desk.check("2.1", [1, 2])
    assert (verdict.findings[0].expected, verdict.findings[0].found) == ("a whole number, such as 3", "a list of 2")
    assert desk.check("2.1", ...).state is State.NOT_ATTEMPTED
    assert _standing(bench, "2.1").attempts == 0


def test_a_right_number_passes_in_any_dress(bench: Bench) -> None:
    """A number of numpy, of pandas, as text or as a float is the same number."""
    exercise, desk = _staged(bench, "2.1")
    right = bench.attempt(exercise, exercise.solution.calls, exercise.solution.answer)
    assert isinstance(right, int)
    for answer in (
        right,
        f" {right} ",
        float(right),
        numpy.int64(right),
        pandas.Series([right])[0],
        numpy.float64(right),
    ):
        assert desk.check("2.1", answer).passed, repr(answer)


def test_a_forged_response_proves_nothing(bench: Bench, engine: EngineRecord) -> None:
    """Evidence is asked for anew: a body that was made up is not looked at, and a changing request not sent."""
    exercise, desk = _staged(bench, "2.6")
    fill = bench.fill(exercise)
    body = b"\x02\0\0\0\0\0\0\x20" + fill("bad {secret:err}").encode().ljust(32)
    forged = Request("GET", fill("/containers/{name:twin}/logs?stderr=1"), engine.endpoint)
    assert not desk.check("2.6", ExchangeData(forged, Response(200, "OK", (), body), 0.1)).passed
    name = fill("{name:speaker}")
    deadly = Request("DELETE", f"/containers/{name}", engine.endpoint)
    assert not desk.check("2.6", ExchangeData(deadly, Response(200, "OK", (), body), 0.1)).passed
    assert bench.lab(exercise)._session.request("GET", f"/containers/{name}/json").ok


def test_endless_evidence_is_refused(bench: Bench, engine: EngineRecord) -> None:
    """Events without an end, or with one far ahead, are not waited for."""
    _exercise, desk = _staged(bench, "2.10")
    for target in ("/events", "/events?since=0", "/events?since=0&until=99999999999", "/events?until=soon"):
        verdict = desk.check("2.10", ExchangeData(Request("GET", target, engine.endpoint), Response(200, "OK"), 0.1))
        assert verdict.state is State.NOT_YET
        assert verdict.seconds < 1


@pytest.fixture
def stand(engine: EngineRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bench, Faulty]]:
    monkeypatch.setattr(probe, "PATIENCE", 1.0)
    stand = Faulty(tmp_path / "s", str(engine.endpoint.socket))
    record = dataclasses.replace(engine, endpoint=Endpoint(socket=stand.path))
    bench = Bench(record, Paths.of(Path(os.environ["LABKIT_ROOT"])), tmp_path / "state", seed="desk")
    yield bench, stand
    stand.mode, stand.delay, stand.before = "ok", 0.0, lambda _n, _line: None
    bench.unstage()
    stand.close()


@pytest.mark.parametrize("mode", ["gone", "silent", "cut"])
@pytest.mark.parametrize("at", [1, 2])
def test_an_engine_that_fails_in_the_middle_is_our_fault(stand: tuple[Bench, Faulty], mode: str, at: int) -> None:
    """Gone, silent or cut off at any request of a check: our fault, nothing counted, and right again afterwards."""
    bench, faulty = stand
    exercise, desk = _staged(bench, "2.7")
    _solve(bench, exercise)
    begin = len(faulty.seen)

    def fail(n: int, _line: str) -> None:
        if n >= begin + at:
            faulty.mode = mode

    faulty.before = fail
    verdict = desk.check("2.7")
    assert verdict.state is State.FAULT, verdict
    assert "Nothing is counted" in repr(verdict)
    assert "Traceback" not in repr(verdict)
    assert desk.hint("2.7").tone == "fault"
    faulty.mode, faulty.before = "ok", lambda _n, _line: None
    assert _standing(bench, "2.7").attempts == 0
    assert desk.check("2.7").passed


def test_an_engine_that_is_gone_from_the_start(stand: tuple[Bench, Faulty]) -> None:
    """With no engine, check, hint, setup and reset say so in a sentence, and progress can still be seen."""
    bench, faulty = stand
    exercise = find("2.9")
    desk = bench.desk(exercise)
    faulty.mode = "gone"
    assert desk.check("2.9").state is State.FAULT
    assert desk.check("2.1", 3).state is State.FAULT
    assert {desk.setup("2.9").tone, desk.reset("2.9").tone, desk.hint("2.9").tone} == {"fault"}
    assert "0 of" in repr(desk.progress)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_object_that_goes_between_two_requests_is_a_finding(
    stand: tuple[Bench, Faulty], engine: EngineRecord, at: int
) -> None:
    """A container removed in the middle of a check is missing: no error, and no pass."""
    bench, faulty = stand
    exercise, desk = _staged(bench, "2.7")
    _solve(bench, exercise)
    other, name, begin = Session(engine.endpoint), bench.fill(exercise)("{name:clerk}"), len(faulty.seen)

    def remove(n: int, _line: str) -> None:
        if n == begin + at:
            other.request("DELETE", f"/containers/{name}", {"force": True})

    faulty.before = remove
    verdict = desk.check("2.7")
    other.close()
    assert verdict.state is State.NOT_YET if at < 3 else verdict.passed, verdict


def test_hostile_labels_and_logs_do_no_harm(bench: Bench) -> None:
    """HTML and terminal escapes in what a container is made of come out as text."""
    exercise, desk = _staged(bench, "2.2")
    evil = "\x1b[2J</code><script>alert(1)</script>&"
    wrong = [dataclasses.replace(call, json={**call.json, "Labels": {evil: evil}}) if call.json else call
             for call in exercise.wrong[4].calls]  # fmt: skip
    host = {**wrong[0].json["HostConfig"], "Binds": ["{work}/lab02/page:/<img src=x onerror=alert(1)>"]}
    bench.send(exercise, [dataclasses.replace(wrong[0], json={**wrong[0].json, "HostConfig": host}), *wrong[1:]])
    verdict = desk.check("2.2")
    shown = verdict._repr_mimebundle_()
    assert verdict.state is State.NOT_YET
    assert "/<img src=x onerror=alert(1)>" in verdict.findings[0].found
    assert "<img" not in shown["text/html"]
    assert "\x1b" not in shown["text/plain"]


def test_a_page_can_be_asked_for_many_times(bench: Bench) -> None:
    """A published page answers two hundred requests in a row: a learner who reloads it is not locked out."""
    exercise, desk = _staged(bench, "2.2")
    _solve(bench, exercise)
    assert desk.check("2.2").passed
    port = bench.fill(exercise).draw.port("page")
    for _n in range(200):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_the_same_verdict_reads_the_same_every_time(bench: Bench) -> None:
    """Nothing that changes from run to run is shown: no time, no count."""
    exercise, desk = _staged(bench, "2.9")
    bench.send(exercise, exercise.wrong[3].calls)
    assert desk.check("2.9")._repr_mimebundle_() == desk.check("2.9")._repr_mimebundle_()


@pytest.mark.slow
def test_a_reload_after_a_restart_is_no_reload(bench: Bench) -> None:
    """The restart has put the mirrors in force, and stopped the containers of others: it begins again."""
    exercise, desk = _staged(bench, "1.9")
    mirrors = {"registry-mirrors": ["http://{mirror}", "http://{name:mirror}.example:5000"]}
    bench.attempt(exercise, [restart(mirrors), reload({})], "")
    verdict = desk.check("1.9")
    assert verdict.state is State.NOT_ATTEMPTED, verdict
    assert "started again" in verdict.words[0]


def _check_many(record: EngineRecord, paths: Paths, state: Path, right: int) -> None:
    bench = Bench(record, paths, state, seed="desk")
    for n in range(10):
        bench.desk(find("2.1")).check("2.1", right + 1 + n)


def test_two_kernels_check_at_once(bench: Bench, tmp_path: Path) -> None:
    """No attempt is lost when two kernels check the same exercise at the same time."""
    exercise, _desk = _staged(bench, "2.1")
    right = bench.attempt(exercise, exercise.solution.calls, exercise.solution.answer)
    context = multiprocessing.get_context("fork")
    arguments = (bench.record, bench.paths, tmp_path, right)
    kernels = [context.Process(target=_check_many, args=arguments) for _n in range(2)]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert standings(bench.journal.read()[0])["2.1"].attempts == 20


def test_what_setup_remembers_may_be_damaged(bench: Bench) -> None:
    """A note about a setup that cannot be read is made again."""
    exercise, desk = _staged(bench, "2.9")
    for damage in ("", "{", "[]", '{"since": 1, "unknown": 2}'):
        desk._stage._file(exercise).write_text(damage)
        assert desk.check("2.9", NOTHING).state in (State.NOT_ATTEMPTED, State.NOT_YET)
        assert isinstance(desk._stage.load(exercise), Start)


def test_an_engine_that_forgot_is_our_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the proof is an event and the engine may have lost it, that is said; it is not called wrong."""
    exercise, desk = _staged(bench, "2.10")
    monkeypatch.setattr(probe, "MEMORY", 1)
    monkeypatch.setattr(probe.Probe, "_events", lambda _self, filters, _since: [] if filters else [{}, {}])
    answer = bench.attempt(exercise, exercise.solution.calls, exercise.solution.answer)
    verdict = desk.check("2.10", answer)
    assert verdict.state is State.FAULT
    assert "256" in verdict.words[0]


def test_two_networks_of_one_name_are_said_and_reset(bench: Bench) -> None:
    """An old Engine makes a second one, and finds neither by its name: the check says so, and reset removes both."""
    exercise, desk = _staged(bench, "5.2")
    session, name = bench.lab(exercise)._session, bench.fill(exercise)("{name:lan}")
    made = [session.request("POST", "/networks/create", json={"Name": name}).status for _n in range(2)]
    if made != [201, 201]:
        pytest.skip("this Engine makes no second network of a name")
    finding = desk.check("5.2").findings[0]
    assert (finding.expected, finding.found) == (f"one network {name}", "2 networks of that name")
    desk.reset("5.2")
    listed = session.request("GET", "/networks").json()
    assert [network for network in listed if network["Name"] == name] == []
