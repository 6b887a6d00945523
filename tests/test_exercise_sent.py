"""A call that failed leaves nothing on the engine: a check says what it came to, and counts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bench import Bench, on_practice

from labkit.errors import ConnectionFailed
from labkit.exchange import Exchange
from labkit.exercises.record import find
from labkit.exercises.sent import Outbox
from labkit.exercises.stage import tar
from labkit.exercises.verdict import State
from labkit.lab import Lab
from labkit.model import Endpoint, Request, Response
from labkit.session import Session

TRIED = "If you have tried"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A learner on a practice engine."""
    with on_practice(tmp_path_factory) as bench:
        yield bench


def _lab(bench: Bench, id: str) -> Lab:
    bench.stage(find(id))
    bench._changed = True  # the next one begins afresh
    return bench.lab(find(id))


def test_a_build_that_failed_is_an_attempt(bench: Bench) -> None:
    """The verdict says what is missing and what the build came to, is counted, and opens the way to the solution."""
    lab = _lab(bench, "3.3")
    desk = bench.desk(find("3.3"))
    assert TRIED in desk.check("3.3").words[-1]
    broken = tar({"Dockerfile": "FROM busybox\nCOPY nothing /srv/\n"})
    assert lab.post("/build", t=lab.name("shop"), data=broken).status == 200
    verdict = desk.check("3.3")
    assert verdict.state is State.NOT_YET
    assert verdict.findings[0].expected == f"image {lab.name('shop')}"
    assert verdict.words[0].startswith("Your last call for it failed: POST /build was answered 200: ")
    assert "nothing" in verdict.words[0]
    assert desk.solution("3.3").code
    desk.reset("3.3")
    assert desk.check("3.3").state is State.NOT_ATTEMPTED


def test_a_push_that_failed_is_an_attempt(bench: Bench) -> None:
    """A push of a name that the image does not have is told from none."""
    lab = _lab(bench, "3.5")
    remote = f"{lab.registry.private}/{lab.name('kiosk')}"
    r = lab.post(f"/images/{remote}/push", tag=lab.secret("tag"), headers={"X-Registry-Auth": lab.registry_auth()})
    verdict = lab.check("3.5")
    assert r.error
    assert verdict.state is State.NOT_YET
    assert r.error in verdict.words[0]


def test_a_file_that_was_refused_is_an_attempt(bench: Bench) -> None:
    """A call that names no thing of the exercise, but sends its file, is one for it."""
    lab = _lab(bench, "3.10")
    assert lab.post("/images/load", version="1.99", data=lab.work / "lab03" / "lunchbox.tar").status == 400
    assert lab.check("3.10").state is State.NOT_YET


def test_an_id_names_a_thing_as_well(bench: Bench) -> None:
    """A call by the first characters of an id is one for the exercise that the thing belongs to."""
    lab = _lab(bench, "3.12")
    stove = lab.get(f"/images/{lab.name('stove')}/json").json()["Id"].removeprefix("sha256:")[:16]
    assert lab.delete(f"/images/{stove}").status == 409
    assert "was answered 409" in lab.check("3.12").words[0]


@pytest.mark.parametrize("id", ["3.3", "3.5", "3.7", "3.10"])
def test_no_attempt_is_none(bench: Bench, id: str) -> None:
    """To look, to clear up what is not there, and to fail at something else is no attempt."""
    lab = _lab(bench, id)
    for word in ("shop", "kiosk", "dishes", "lunchbox"):
        assert lab.get(f"/images/{lab.name(word)}:none/json").status == 404
        assert lab.delete(f"/images/{lab.name(word)}:none").status == 404
    assert lab.post("/images/nobody/push", headers={"X-Registry-Auth": lab.registry_auth()}).error
    verdict = lab.check(id)
    assert verdict.state is State.NOT_ATTEMPTED
    assert TRIED in verdict.words[-1]


@pytest.mark.parametrize("id", ["3.6", "3.7"])
def test_a_registry_that_is_gone_is_our_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch, id: str) -> None:
    """While the lab registry does not answer, the check says so, and what to type."""
    _lab(bench, id)
    exercise = find(id)
    answer = bench.attempt(exercise, exercise.solution.calls, exercise.solution.answer)
    desk = bench.desk(exercise)
    monkeypatch.setattr("labkit.exercises.lab03.Session.request", _unanswered)
    verdict = desk.look(exercise, answer)
    assert verdict.state is State.FAULT, verdict
    assert verdict.words[0] == "The lab registry does not answer. Nothing listens at tcp://127.0.0.1:5000."
    assert "./lab" in verdict.words[1]


_request = Session.request


def _unanswered(session: Session, method: str, path: str, *options: Any, **named: Any) -> Exchange:
    if path.startswith("/v2/"):
        raise ConnectionFailed(Endpoint(host="127.0.0.1", port=5000), "Nothing listens at tcp://127.0.0.1:5000.", "")
    return _request(session, method, path, *options, **named)


def _exchange(target: str, status: int, said: bytes = b"", **request: Any) -> Exchange:
    return Exchange(Request("POST", target, Endpoint(socket="/s"), **request), Response(status, "", (), said), 0.1)


def test_the_latest_call_counts() -> None:
    """A call that went well takes the place of one that failed; a foreign one does not."""
    outbox = Outbox()
    outbox.add(_exchange("/containers/create?name=web-1", 400, b'{"message": "no \\u001b[31mimage"}'))
    assert outbox.failure(["web-1"]) == (
        "Your last call for it failed: POST /containers/create was answered 400: no \N{SYMBOL FOR ESCAPE}[31mimage"
    )
    outbox.add(_exchange("/containers/create?name=db-1", 201))
    assert outbox.failure(["web-1"])
    assert not outbox.failure(["db-1", ""])
    outbox.add(_exchange("/containers/create", 201, body=b'{"name": "web-1"}'))
    assert not outbox.failure(["web-1"])


def test_what_is_remembered_is_bounded() -> None:
    """A long body is not searched, and old calls are forgotten."""
    outbox = Outbox()
    outbox.add(_exchange("/images/load", 400, body=b"web-1" * 20000))
    assert not outbox.failure(["web-1"])
    outbox.add(_exchange("/containers/web-1/start", 500))
    assert "was answered 500: 500" in outbox.failure(["web-1"])
    for _n in range(60):
        outbox.add(_exchange("/containers/db-1/start", 204))
    assert not outbox.failure(["web-1"])
