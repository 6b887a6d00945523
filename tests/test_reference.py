"""The API as data: whole, and true to what engines answer."""

from __future__ import annotations

import gettext
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tour import Ask, fields, of_practice, of_session, tour

from labkit import api, guide, messages, reference
from labkit.reference import Field, Operation
from labkit.session import Session

OPERATIONS = list(reference.operations().values())
KIND = re.compile(r"(boolean|integer|number|string|timestamp|object|any)(\[\]| map)*")
PARAMETER_KINDS = {"boolean", "integer", "string", "timestamp", "json-map"}
VERSION = re.compile(r"(1\.\d\d)?")

LACKING: dict[str, set[str]] = {}
"""Fields of real answers that the guide lacks, by endpoint."""

SELDOM = {
    r"HostConfig\.(Blkio\w+|Devices|DeviceRequests)\.\[\]\..*": "devices of the machine",
    r"HostConfig\.Mounts\.\[\]\.(Consistency|BindOptions.*)": "options of bind mounts",
    r"HostConfig\.(StorageOpt|Sysctls|Init)": "left out unless they were asked for",
    r"(Container)?Config\.(ArgsEscaped|NetworkDisabled|MacAddress|Shell)": "left out unless they were asked for",
    r".*IPAMConfig\.(IPv6Address|LinkLocalIPs)": "IPv6",
    r"(Containers\.)?(\[\]\.)?SizeRw": "left out by Engines up to 28 when nothing was written",
    r"(pids_stats\.limit|memory_stats\.failcnt|blkio_stats\..*)": "what this kernel's control groups count",
    r"(Variant|OsVersion)": "images for other processors and systems",
    r"(Volumes\.\[\]\.)?Status": "volumes of other drivers",
    r"(.*\.)?(Peers|Services|Swarm\.\w+)(\..*)?": "swarm",
    r"(Runtimes\.\*\.runtimeArgs|ProductLicense|Experimental)": "engines that were set up so",
    r"BuildCache\..*": "the classic builder, which keeps none",
    r"(progressDetail|progress|stream|error|errorDetail|aux)(\..*)?": "longer pulls, builds, pushes, and failures",
    r"Error\.Message": "a wait that failed",
}
"""Fields that the tour of an Engine of API 1.41 doesn't bring about, and when they occur."""


PROBES = json.loads((Path(__file__).parent / "data/engine-probes.json").read_text())
PROBED: dict[str, tuple[str, tuple[str, ...]]] = {
    "images json": ("/images/json", ("[]",)),
    "images inspect": ("/images/{name}/json", ()),
    "history": ("/images/{name}/history", ("[]",)),
    "vol create": ("/volumes/create", ()),
    "exec inspect": ("/exec/{id}/json", ()),
    "net inspect": ("/networks/{id}", ()),
}
"""Probes that noted the names of fields, and where the guide has those."""


def every_field() -> Iterator[tuple[str, Field]]:
    """Yield each field of each shape and each answer, with where it is."""
    for name in reference.raw()["shapes"]:
        yield from _inside(name, reference.shape(name))
    for path, top in reference.answers().items():
        yield from _inside(path, top.inside)


def _inside(above: str, inside: Any) -> Iterator[tuple[str, Field]]:
    for name, field in inside.items():
        yield f"{above}.{name}", field
        yield from _inside(f"{above}.{name}", field.inside)


def sentence(text: str) -> bool:
    """Whether a text is one short sentence or a few, ended as such."""
    return bool(text) and text == text.strip() and text[-1] in ".…" and len(text) <= 200 and "  " not in text


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")
def test_an_operation_is_whole(operation: Operation) -> None:
    """Each operation says what it does, what it takes, what it answers, and where to read more."""
    assert sentence(operation.summary)
    assert operation.group in reference.titles()
    assert re.fullmatch(
        r"https://docs\.docker\.com/reference/api/engine/version/v1\.51/#tag/\w+/operation/\w+", operation.page
    )
    assert operation.asks in ("", "deletes", "stops", "cuts", "changes")
    assert (operation.method == "DELETE" or operation.path.endswith("/prune")) <= (operation.asks == "deletes")
    assert operation.answers
    assert all(100 <= status < 600 for status in operation.answers)
    assert all(not text or sentence(text) for text in operation.answers.values())
    named = re.findall(r"\{(\w+)\}", operation.path)
    assert [p.name for p in operation.parameters if p.where == "path"] == named
    for parameter in operation.parameters:
        assert sentence(parameter.text), parameter.name
        assert parameter.kind in PARAMETER_KINDS
        assert parameter.kind != "boolean" or isinstance(parameter.default, bool)
        assert VERSION.fullmatch(parameter.since)
        assert VERSION.fullmatch(parameter.until)
    if operation.body:
        assert bool(operation.body.fields) != bool(operation.body.text)
        json.dumps(operation.body.skeleton)


def test_every_field_is_whole() -> None:
    """Each field has a kind, and a sentence that says what it means."""
    for where, field in every_field():
        assert sentence(field.text), where
        assert not field.each or sentence(field.each), where
        assert KIND.fullmatch(field.kind), where
        assert VERSION.fullmatch(field.since), where
        assert VERSION.fullmatch(field.until), where
        assert not field.inside or field.kind.startswith("object"), where


def test_nothing_lies_about() -> None:
    """Every shape is used, and each endpoint whose answer is described exists."""
    raw = reference.raw()
    used = set(re.findall(r'"(?:inside|fields|\$also)": "(\w+)"', json.dumps(raw)))
    assert used == set(raw["shapes"])
    paths = {operation.path for operation in OPERATIONS}
    assert set(reference.answers()) <= paths
    assert {operation.group for operation in OPERATIONS} == set(reference.titles())


def test_the_list_of_endpoints_is_the_same() -> None:
    """What a path may be comes from the same data; each is found by a path of its own."""
    assert [tuple(pair) for pair in api.ENDPOINTS] == list(reference.operations())
    for method, path in api.ENDPOINTS:
        assert api.template(method, re.sub(r"\{\w+\}", "x", path)) == path


def test_texts_are_translated_where_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meaning goes through the catalogue of the learner's language."""

    class Loud(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return message.upper()

    monkeypatch.setattr(messages, "_catalogue", lambda _language: Loud())
    assert guide.meaning("/containers/json", ("[]", "Ports")).startswith("PORTS THAT THE IMAGE")


def test_importing_labkit_does_not_load_it() -> None:
    """The file is read at the first use; ``python benchmarks imports`` says how long that takes."""
    program = "import sys, labkit; sys.exit('labkit.reference' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.fixture(
    scope="module",
    params=["practice 20.10", "practice 29", pytest.param("real", marks=[pytest.mark.engine, pytest.mark.real])],
)
def asked(request: pytest.FixtureRequest) -> tuple[str, Ask]:
    """Ask one engine after the other."""
    kind, _blank, version = request.param.partition(" ")
    if kind == "practice":
        return request.param, of_practice(version)
    return request.param, of_session(Session(request.getfixturevalue("engine").endpoint, "1.41"))


CHANGES = {"/session", "/swarm/init", "/swarm/join"}
"""What would change the engine, or take the connection."""

NOT_IN_1_41 = {("PUT", "/volumes/{name}")}


def test_each_operation_is_served(asked: tuple[str, Ask]) -> None:
    """No operation of the data is answered with "page not found", the answer to a path that there is not."""
    kind, ask = asked
    lacking = []
    for method, path in reference.operations():
        if (
            path in ("/session", "/swarm/init", "/swarm/join")
            or (method, path) in NOT_IN_1_41
            or path.endswith("/prune")
        ):
            continue  # would change the engine, or hand over the connection
        query = "?since=1&until=2" if path == "/events" else ""
        status, body = ask(method, re.sub(r"\{\w+\}", "no-such-thing", path) + query, None)
        if status in (404, 405) and b"page not found" in body:
            lacking.append(f"{method} {path}")
    assert not lacking, kind


@pytest.fixture(scope="module")
def answers(asked: tuple[str, Ask]) -> dict[str, list[Any]]:
    """What the engine answers on a tour."""
    kind, ask = asked
    pause = (lambda: time.sleep(1.5)) if kind == "real" else lambda: None
    return tour(ask, pause)


def test_fields_of_answers_are_in_the_guide(answers: dict[str, list[Any]]) -> None:
    """Each field that an engine answers has a meaning, but for a few that are listed."""
    for template, values in answers.items():
        lacking = {".".join(path) for value in values for path in fields(value) if not guide.meaning(template, path)}
        assert lacking <= LACKING.get(template, set()), template


def bounded(field: Field, version: str) -> bool:
    """Whether an API version has a field."""

    def number(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.split(".")))

    return (not field.since or number(field.since) <= number(version)) and (
        not field.until or number(version) <= number(field.until)
    )


def guided(field: Field, version: str, path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield all that the guide says of an answer of one API version: a path, with ``*`` for any key, and the field."""
    steps = re.findall(r"\[\]| map", field.kind)[::-1]
    inner = path + "".join("*." if step == " map" else "[]." for step in steps)
    for name, found in field.inside.items():
        if bounded(found, version):
            yield inner + name, found
            yield from guided(found, version, f"{inner}{name}.")


def test_the_guide_is_of_fields_that_there_are(asked: tuple[str, Ask], answers: dict[str, list[Any]]) -> None:
    """Each field of the guide that API 1.41 should have occurs in a real answer, but for those that seldom do."""
    if asked[0] != "real":
        return  # what the practice engine answers is held against real answers by its own tests
    seen = set()
    for template, values in answers.items():
        top = reference.answers()[template]
        reached = (reference.find(top, path) for value in values for path in fields(value))
        seen |= {id(field) for field, _kind in filter(None, reached)}
    unseen = {
        path
        for template in answers
        for path, field in guided(reference.answers()[template], "1.41")
        if id(field) not in seen
    }
    assert not [path for path in unseen if not any(re.fullmatch(pattern, path) for pattern in SELDOM)]
    assert not [pattern for pattern in SELDOM if not any(re.fullmatch(pattern, path) for path in unseen)]


@pytest.mark.parametrize("probe", PROBED)
@pytest.mark.parametrize("version", ["20.10", "29"])
def test_the_guide_knows_what_probes_of_engines_saw(probe: str, version: str) -> None:
    """The fields that were noted when real engines were probed have a meaning."""
    template, item = PROBED[probe]
    status, *rest = PROBES[probe][version]
    assert status in (200, 201)
    lists = [names for names in _lists(rest) if all(isinstance(name, str) and name[:1].isupper() for name in names)]
    names = max(lists, key=len)
    assert len(names) >= 6
    assert not [name for name in names if not guide.meaning(template, (*item, name))]


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
        for inner in value:
            yield from _lists(inner)
