"""What must not pass, and what must: answers and things in clothes that a check does not expect.

The engine is the practice engine: none of it depends on what answers.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy
import pandas
import pytest
from bench import Bench, on_practice

from labkit.exercises.conditions import NOTHING
from labkit.exercises.daemonsteps import restart
from labkit.exercises.record import Call, delete, find, get, post, put
from labkit.exercises.verdict import State, Verdict
from labkit.model import Endpoint, ExchangeData, Request, Response


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with on_practice(tmp_path_factory) as bench:
        yield bench


def _verdict(bench: Bench, id: str, answer: object = NOTHING, calls: list[Call] | None = None) -> Verdict:
    """Do something from the starting state, and hand in an answer."""
    exercise = find(id)
    bench.stage(exercise)
    bench.attempt(exercise, calls or [], "")
    return bench.check(exercise, answer)


def _right(bench: Bench, id: str) -> Any:
    """The right answer of an exercise whose solution changes nothing."""
    return bench.solve(find(id))


class Chameleon(str):
    """A text that calls itself equal to anything, whatever is done to it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__

    def __getattribute__(self, name: str) -> Any:
        if name in ("strip", "lstrip", "rstrip", "lower", "upper", "partition", "removeprefix"):
            return lambda *_arguments: (self, "", "") if name == "partition" else self
        return super().__getattribute__(name)

    def __radd__(self, other: object) -> Chameleon:
        return self

    def __str__(self) -> str:
        return self


@pytest.mark.parametrize(
    ("id", "wrap"), [("1.2", False), ("2.1", False), ("2.8", False), ("2.8", True), ("2.13", False), ("4.2", False)]
)
def test_an_answer_that_calls_itself_equal_proves_nothing(bench: Bench, id: str, wrap: bool) -> None:
    """A class of the learner's own is read as the text that it holds."""
    answer = Chameleon("nothing")
    assert _verdict(bench, id, [answer] if wrap else answer).state is State.NOT_YET


@pytest.mark.parametrize("id", ["2.4", "3.4", "6.9"])
def test_status_codes_in_any_dress(bench: Bench, id: str) -> None:
    """Codes in a generator, a map, the values of a dict, an array of floats, a column or a text are the same codes."""
    codes = _right(bench, id)
    bench.stage(find(id))
    for answer in (
        (code for code in codes), map(int, codes), dict(enumerate(codes)).values(), tuple(codes), str(codes),
        numpy.array(codes, dtype=float), pandas.Series(codes), list(map(str, codes)), "\n".join(map(str, codes)),
    ):  # fmt: skip
        assert bench.check(find(id), answer).passed, type(answer)


def test_an_answer_in_a_set_or_a_generator(bench: Bench) -> None:
    """One path is one path, whatever holds it."""
    path = _right(bench, "2.8")
    for answer in ({path}, (p for p in [path]), {path: 2}.keys(), pandas.Index([path]), f" {path}\n", path.lstrip("/")):
        assert bench.check(find("2.8"), answer).passed, type(answer)


def _stumbles() -> Iterator[int]:
    yield 200
    raise RuntimeError


def test_an_answer_that_stumbles_is_of_the_wrong_kind(bench: Bench) -> None:
    """An error in the learner's own generator is no fault of the check's."""
    verdict = _verdict(bench, "2.4", _stumbles())
    assert verdict.state is State.NOT_YET
    assert not verdict.counts


@pytest.mark.parametrize(
    ("id", "answer", "calls"),
    [
        ("2.1", 0, [delete("/containers/{name:crate}-0", force=True)]),
        ("2.8", "/bin/{loot}", [put("/containers/{name:thief}/archive", path="/bin", tar={"{loot}": "mine"})]),
        ("2.8", "/bin/ls", [delete("/containers/{name:thief}"),
                            post("/containers/create", name="{name:thief}", json={"Image": "busybox"})]),
        ("2.11", 1, [post("/containers/{name:works}/kill")]),
        ("2.12", 1024**3, [post("/containers/{name:lodger}/update", json={"Memory": 1024**3, "MemorySwap": -1})]),
        ("2.13", "mine", [put("/containers/{name:drawer}/archive", path="/drawer", tar={"note": "mine"})]),
        ("2.13", "mine", [delete("/containers/{name:drawer}")]),
        ("3.1", 1, [delete("/images/{name:parcel}")]),
        ("3.2", "/", [post("/images/busybox/tag", repo="{name:crane}", tag="latest")]),
        ("4.7", "204 204 204", [delete("/containers/{name:user-created}"),
                                delete("/containers/{name:user-running}", force=True)]),
        ("5.3", "201 201 201 201", [
            delete("/networks/{name:taken}"),
            post("/networks/create", json={"Name": "{name:taken}", "IPAM": {"Config": [{"Subnet": "10.9.8.0/24"}]}})]),
        ("6.5", "{one}", [post("/networks/{name:shore}/connect", json={"Container": "{one}"})]),
    ],
)  # fmt: skip
def test_a_question_about_something_else_begins_again(bench: Bench, id: str, answer: object, calls: list[Call]) -> None:
    """Who changes what an answer is about passes no more, and is told to begin again; nothing is counted."""
    bench.stage(find(id))
    verdict = _verdict(bench, id, bench.fill(find(id))(answer), calls)
    assert verdict.state is State.NOT_ATTEMPTED, verdict
    assert f'lab.reset("{id}")' in verdict.words[0]


def test_an_empty_list_is_no_evidence(bench: Bench) -> None:
    """With its users deleted, an answer that lists none shows nothing."""
    calls = [delete(f"/containers/{{name:{word}}}", force=True) for word in ("keeper", "ghost")]
    exercise = find("6.6")
    bench.stage(exercise)
    asked = get("/containers/json", all=True, filters={"volume": ["{name:vault}"]})
    answer = bench.attempt(exercise, [*calls, asked], "r")
    assert bench.check(exercise, answer).state is State.NOT_ATTEMPTED


def test_a_head_is_no_evidence(bench: Bench) -> None:
    """It has no body to show anything in."""
    head = Request("HEAD", f"/v1.1{bench.fill(find('1.8'))('{path}')}", Endpoint(socket="/x"))
    assert _verdict(bench, "1.8", ExchangeData(head, Response(400, "", ()), 0.1)).state is State.NOT_YET


@pytest.mark.parametrize("query", ["since=0&until=&until=5", "since=0&until=-1", "since=0&until=nan"])
def test_evidence_whose_end_is_none_is_not_waited_for(bench: Bench, query: str) -> None:
    """Of two values an Engine takes the first, and -1 is none to it."""
    request = Request("GET", f"/events?{query}", Endpoint(socket="/x"))
    verdict = _verdict(bench, "2.10", ExchangeData(request, Response(200, "", ()), 0.1))
    assert verdict.state is State.NOT_YET
    assert verdict.findings[0].expected == "an answer that has an end"


def test_events_of_the_containers_own_network_are_none_of_others(bench: Bench) -> None:
    """What happened on its network is about this container, too."""
    exercise = find("2.10")
    bench.stage(exercise)
    fill = bench.fill(exercise)
    everything = bench.send(exercise, [get("/events", since=0, until="{now}", filters={"type": ["container"]})])[0]
    killed = next(e for e in everything.lines if e["Action"] == "kill" and e["Actor"]["ID"] == fill("{kept:victim}"))
    since = f"{(killed['timeNano'] - 1000) / 1e9:.9f}"
    kinds = {"type": ["container", "network"], "event": ["kill", "die", "disconnect"]}
    answer = bench.send(exercise, [get("/events", since=since, until="{now}", filters=kinds)])[0]
    others = [e for e in answer.lines if e["Type"] == "container" and e["Actor"]["ID"] != fill("{kept:victim}")]
    verdict = bench.check(exercise, answer)
    assert any(e["Type"] == "network" for e in answer.lines)
    assert verdict.passed or others, verdict


def test_a_port_that_passes_on_to_the_daemon_is_none_of_its_own(bench: Bench) -> None:
    """A second door that another program opens is not the daemon's."""
    exercise = find("1.5")
    bench.stage(exercise)
    fill = bench.fill(exercise)
    bench.attempt(exercise, [restart({"hosts": ["{tcp}"], "labels": ["room={secret:room}"]})], "")
    tcp, tls = (int(fill(word).rpartition(":")[2]) for word in ("{tcp}", "{tls}"))
    with socket.create_server(("127.0.0.1", tls)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    front = server.accept()[0]
                    back = socket.create_connection(("127.0.0.1", tcp))
                    for one, other in ((front, back), (back, front)):
                        threading.Thread(target=_pump, args=(one, other), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        verdict = bench.check(exercise)
    assert verdict.state is State.NOT_YET
    assert "does not name the port" in verdict.findings[0].found


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
