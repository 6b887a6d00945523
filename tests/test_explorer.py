"""The explorer: what its forms make of an operation, and what its view shows."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from samples import HOSTILE, exchange
from test_render import Walker

from labkit import curl, explorer, reference
from labkit.errors import ConnectionFailed, UsageError
from labkit.explorer import Call, Draft
from labkit.model import Endpoint
from labkit.reference import Operation
from labkit.widgets.explorerview import Explorer

SOCKET = Endpoint(socket="/run/x")
LABELS = {"docker-api-lab": "02"}


def operation(method: str, path: str) -> Operation:
    """Return an operation by its name."""
    return reference.operations()[method, path]


def test_search() -> None:
    """All words must occur, in the path, the meaning, the group or a parameter; nothing finds all."""
    assert explorer.search("") == list(reference.operations().values())
    assert operation("GET", "/containers/{id}/logs") in explorer.search("LOGS since")
    assert {one.group for one in explorer.search("", "networks")} == {"networks"}
    assert explorer.search("no such words") == []
    assert operation("PUT", "/volumes/{name}") not in explorer.search("", version="1.41")
    assert operation("PUT", "/volumes/{name}") in explorer.search("", version="1.51")


def test_listing_has_each_operation_once() -> None:
    """Groups come in the order of the data, and hold everything."""
    found = explorer.listing(explorer.search(""))
    assert [title for title, _all in found] == list(reference.titles().values())
    assert sum(len(all_) for _title, all_ in found) == len(reference.operations())


@pytest.mark.parametrize("one", reference.operations().values(), ids=lambda o: f"{o.method} {o.path}")
def test_each_operation_becomes_a_call(one: Operation) -> None:
    """Filled in, each form gives a call, its line for a cell runs, and its line for a terminal can be read."""
    typed = {"integer": "1", "json-map": '{"label": ["a=b"]}', "boolean": True}
    values = {p.name: typed.get(p.kind, "x") for p in one.parameters}
    made = explorer.call(Draft(one, values, explorer.skeleton(one, LABELS)))
    assert "{" not in made.path
    if one.parameters:
        with pytest.raises(UsageError) if any(p.required for p in one.parameters) else nullcontext():
            explorer.call(Draft(one, {}, ""))

    class Lab:
        def __getattr__(self, name: str) -> Any:
            def call(path: str, /, **more: Any) -> None:
                sent.append((name.upper(), path, more))

            return call

    sent: list[tuple[str, str, dict[str, Any]]] = []
    exec(explorer.labkit_line(made), {"lab": Lab(), "REGISTRY_AUTH": "x", "REGISTRY_CONFIG": "x"})
    assert sent[0][0] == one.method
    assert sent[0][1].partition("?")[0] == made.path
    assert sent[0][2].get("json") == made.json
    assert curl.curl(explorer.request(made, SOCKET, "1.41")).startswith("curl ")


@pytest.mark.parametrize(
    ("method", "path", "values", "body", "said"),
    [
        ("GET", "/containers/{id}/json", {}, "", "id is missing."),
        ("GET", "/containers/{id}/json", {"id": "  "}, "", "id is missing."),
        ("GET", "/containers/json", {"limit": "many"}, "", "limit must be a whole number, and 'many' is none."),
        ("GET", "/containers/json", {"filters": "{"}, "", "filters is no JSON: "),
        ("GET", "/containers/json", {"filters": "[1]"}, "", "filters must be a JSON object."),
        ("POST", "/containers/create", {}, '{"Image": "x",}', "The body is no JSON: "),
        ("POST", "/containers/create", {}, "[" * 100_000, "The body is no JSON: "),
        ("POST", "/networks/create", {}, "nonsense", "(line:column 1:1)"),
    ],
)
def test_bad_input_is_one_sentence(method: str, path: str, values: dict[str, Any], body: str, said: str) -> None:
    """What can't be sent is said before it is."""
    with pytest.raises(UsageError) as caught:
        explorer.call(Draft(operation(method, path), values, body))
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_as_the_body(tmp_path: Path) -> None:
    """A file is sent as the body; one that isn't there is said."""
    load = operation("POST", "/images/load")
    with pytest.raises(UsageError, match="There is no file"):
        explorer.call(Draft(load, file=str(tmp_path / "no.tar")))
    (tmp_path / "a.tar").write_bytes(b"x")
    made = explorer.call(Draft(load, file=str(tmp_path / "a.tar")))
    assert explorer.labkit_line(made) == (
        f'from pathlib import Path\nlab.post("/images/load", data=Path("{tmp_path}/a.tar"))'
    )
    assert f"@{tmp_path}/a.tar" in curl.curl(explorer.request(made, SOCKET, "1.41"))


def test_lines_hide_passwords_and_keep_arguments_apart() -> None:
    """A password is a name to be set; a parameter that is named like an argument stands in the path."""
    auth = Call("POST", "/auth", json={"username": "me", "password": "secret"})
    assert explorer.labkit_line(auth) == 'lab.post("/auth", json={"username": "me", "password": PASSWORD})'
    push = Call("POST", "/images/x/push", headers={"X-Registry-Auth": "c2VjcmV0"})
    assert "c2VjcmV0" not in explorer.labkit_line(push) + curl.curl(explorer.request(push, SOCKET, "1.41"))
    stats = Call("GET", "/containers/web/stats", {"stream": False, "one-shot": True})
    assert explorer.labkit_line(stats) == 'lab.get("/containers/web/stats?stream=0&one-shot=1")'


@pytest.mark.parametrize("name", ["a/b", "my image:1", "?x=1", "#", "..", "é", "100%"])
def test_names_stay_one_part_of_the_path(name: str) -> None:
    """Whatever a name holds, nothing of it becomes a query."""
    made = explorer.call(Draft(operation("GET", "/images/{name}/json"), {"name": name}))
    target = explorer.request(made, SOCKET, "1.41").target
    assert "?" not in target
    assert "#" not in target
    assert target.endswith("/json")


@pytest.mark.parametrize(
    ("method", "path", "asks"),
    [
        ("DELETE", "/containers/{id}", True),
        ("POST", "/volumes/prune", True),
        ("POST", "/containers/{id}/kill", True),
        ("POST", "/containers/{id}/stop", True),
        ("POST", "/networks/{id}/disconnect", True),
        ("POST", "/swarm/init", True),
        ("POST", "/containers/create", False),
        ("GET", "/containers/json", False),
    ],
)
def test_what_harms_is_asked_about(method: str, path: str, asks: bool) -> None:
    """What deletes, stops, cuts off or changes the engine asks first."""
    one = operation(method, path)
    assert bool(explorer.question(one, Call(method, path))) is asks


def refusal(method: str, path: str, values: dict[str, Any], inspected: dict[str, Any] | None) -> str:
    """Return why a call isn't sent to a shared engine."""
    one = operation(method, path)
    return explorer.refusal(one, explorer.call(Draft(one, values)), inspected)


def test_on_a_shared_engine_only_labelled_things_are_touched() -> None:
    """What doesn't carry the course's label is left alone; a prune needs the label as its filter."""
    delete = ("DELETE", "/containers/{id}", {"id": "web"})
    assert refusal(*delete, {"Config": {"Labels": {"other": "x"}}})
    assert refusal(*delete, {"Config": {"Labels": None}})
    assert refusal(*delete, {})
    assert not refusal(*delete, {"Config": {"Labels": LABELS}})
    assert not refusal(*delete, None)
    assert not refusal("DELETE", "/volumes/{name}", {"name": "x"}, {"Labels": LABELS})
    assert refusal("POST", "/volumes/prune", {}, None)
    assert refusal("POST", "/volumes/prune", {"filters": '{"label": ["other"]}'}, None)
    assert not refusal("POST", "/volumes/prune", {"filters": '{"label": ["docker-api-lab=02"]}'}, None)
    assert refusal("POST", "/swarm/init", {}, None)
    assert not refusal("GET", "/containers/json", {}, None)


def test_where_the_labels_of_a_thing_are() -> None:
    """The thing that a call names is inspected; one that names none is not."""
    one = operation("DELETE", "/images/{name}")
    assert explorer.thing(one, Call("DELETE", "/images/a/b:1")) == "/images/a/b:1/json"
    stop = operation("POST", "/containers/{id}/stop")
    assert explorer.thing(stop, Call("POST", "/containers/web/stop")) == "/containers/web/json"
    assert explorer.thing(operation("POST", "/volumes/prune"), Call("POST", "/volumes/prune")) == ""


class FakeLab:
    """A lab that notes what it was asked, and answers as it is told."""

    labels = LABELS
    endpoint = SOCKET
    version = "1.41"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.inspected: Any = {"Config": {"Labels": {}}}
        self.gone = False

    def call(self, method: str, path: str, **options: Any) -> Any:
        self.asked.append((method, path, options.get("json")))
        if self.gone:
            raise ConnectionFailed(SOCKET, "There is no socket.", "Is the engine running?")
        return exchange(method, f"/v1.41{path}", self.inspected)

    def get(self, path: str) -> Any:
        return self.call("GET", path)


def view(lab: FakeLab, shared: bool = False) -> Explorer:
    """Return the explorer of a lab."""
    return Explorer(lab, shared=shared)  # type: ignore[arg-type]


def test_send_from_a_form() -> None:
    """The form's values are sent, and the answer is shown as any exchange is."""
    lab = FakeLab()
    shown = view(lab)
    shown.choose("GET", "/containers/json")
    shown.fill("all", True)
    assert "all=True" in shown.lines.value
    thread = shown.press()
    assert thread is not None
    thread.join()
    assert lab.asked == [("GET", "/containers/json?all=1", None)]
    data = shown.answer.outputs[0]["data"]
    assert {"text/plain", "text/html"} <= set(data)
    assert "/containers/json: 200" in shown.status.value
    assert not shown.send_button.disabled


def test_a_body_begins_as_a_skeleton_with_the_labs_label() -> None:
    """What is made from a form carries the lab's label, so that lab.clean() finds it."""
    lab = FakeLab()
    shown = view(lab)
    shown.choose("POST", "/containers/create")
    assert json.loads(shown.body.value)["Labels"] == LABELS
    thread = shown.press()
    assert thread is not None
    thread.join()
    assert lab.asked[0][2]["Image"] == "busybox"
    shown.choose("GET", "/info")
    assert shown.body.layout.display == "none"
    assert shown.draft().body == ""


def test_what_deletes_asks_first() -> None:
    """Nothing is sent before yes; no, or a change of the form, takes the question away."""
    lab = FakeLab()
    shown = view(lab)
    shown.choose("DELETE", "/containers/{id}")
    shown.fill("id", "web")
    assert shown.press() is None
    assert "DELETE /containers/web deletes for good" in shown.question.value
    assert shown.ask.layout.display is None
    shown.no.click()
    assert shown.ask.layout.display == "none"
    shown.press()
    shown.fill("id", "db")
    assert shown.ask.layout.display == "none"
    assert lab.asked == []
    shown.press()
    thread = shown.confirm()
    assert thread is not None
    thread.join()
    assert lab.asked == [("DELETE", "/containers/db", None)]


def test_on_a_shared_engine_the_view_looks_first() -> None:
    """Before something is deleted there, its label is looked for."""
    lab = FakeLab()
    shown = view(lab, shared=True)
    shown.choose("DELETE", "/containers/{id}")
    shown.fill("id", "web")
    for labels, sent in (({}, False), (LABELS, True)):
        lab.asked, lab.inspected = [], {"Config": {"Labels": labels}}
        thread = shown.confirm()
        assert thread is not None
        thread.join()
        assert (("DELETE", "/containers/web", None) in lab.asked) is sent
        assert ("is left alone" in shown.status.value) is not sent


def test_what_is_wrong_is_said_in_the_view() -> None:
    """A missing name, wrong JSON and an engine that is gone are sentences in the view."""
    lab = FakeLab()
    shown = view(lab)
    shown.choose("GET", "/containers/{id}/json")
    assert shown.press() is None
    assert "id is missing." in shown.status.value
    shown.choose("POST", "/networks/create")
    shown.body.value = "{"
    assert shown.press() is None
    assert "The body is no JSON" in shown.status.value
    assert "The body is no JSON" in shown.lines.value
    shown.choose("GET", "/info")
    lab.gone = True
    thread = shown.press()
    assert thread is not None
    thread.join()
    assert "There is no socket. Is the engine running?" in shown.status.value
    assert not shown.send_button.disabled


def test_searching_in_the_view() -> None:
    """The list follows the words; nothing found is said; an operation that is hidden is shown when it is chosen."""
    shown = view(FakeLab())
    shown.search.value = "history"
    assert shown.operation.path == "/images/{name}/history"
    shown.search.value = "no such words"
    assert "No operation has all these words." in shown.status.value
    assert shown.choice.options == ()
    shown.choose("GET", "/info")
    assert shown.operation.path == "/info"
    assert shown.search.value == ""
    shown.group.value = "volumes"
    assert {one.group for _label, one in shown.choice.options} == {"volumes"}


def test_every_form_can_be_drawn_and_named() -> None:
    """Each operation's form is drawn; each control has a name for those who don't see it."""
    shown = view(FakeLab())
    for method, path in reference.operations():
        if (method, path) == ("PUT", "/volumes/{name}"):
            continue  # API 1.42
        shown.choose(method, path)
        assert shown.operation is operation(method, path)
        assert [row.children[0].description for row in shown.form.children] == [
            parameter.name for parameter in shown.operation.parameters
        ]
    assert all(control.description for control in (shown.search, shown.group, shown.choice, shown.body, shown.file))


def test_a_form_that_is_left_is_closed() -> None:
    """However many forms are looked at, no more controls are kept than those of one."""
    shown = view(FakeLab())
    shown.choose("POST", "/build")
    row = shown.form.children[0]
    shown.choose("GET", "/info")
    assert row.comm is None
    assert row.children[0].comm is None
    assert shown.form.children == ()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_input_stays_text(hostile: str) -> None:
    """What is typed or answered never becomes markup in the view."""
    lab = FakeLab()
    shown = view(lab)
    shown.choose("DELETE", "/images/{name}")
    shown.fill("name", hostile)
    shown.press()
    shown.choose("POST", "/networks/create")
    shown.body.value = json.dumps({"Name": hostile})
    for html in (shown.lines.value, shown.question.value, shown.status.value, shown.about.value):
        assert Walker(html).tags <= {"div", "pre", "p", "strong", "code", "a"}


def test_without_widgets_it_is_a_list() -> None:
    """Printed, untrusted or stored, the explorer is the list of operations, narrowed by the search."""
    shown = Explorer(FakeLab(), shared=False, words="volumes")  # type: ignore[arg-type]
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "GET    /volumes  Lists volumes." in bundle["text/plain"]
    assert "/containers/json" not in bundle["text/plain"]
    assert "GET /volumes" in bundle["text/html"]
    assert Walker(bundle["text/html"]).tags <= {"div", "p", "details", "summary", "table", "tr", "td", "code"}
