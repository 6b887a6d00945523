"""An answer's JSON as a tree that folds."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HOSTILE, container, inspected, network

from labkit import guide, jsontree
from labkit.safe import harmless

ID = "612967c81cbe0311951ee0bd84cf23d7732f23610c1c4094501458e4bc1de3b8"


def parsed(html: str) -> ElementTree.Element:
    """Return the tree as elements; it is well formed."""
    return ElementTree.fromstring(html)


def value_of(items: ElementTree.Element) -> Any:
    """Return the value that a list of items shows."""
    pairs = [_pair(item) for item in items]
    names = [name for name, _value in pairs]
    if names == [str(n) for n in range(len(names))]:
        return [value for _name, value in pairs]
    return dict(pairs)


def _pair(item: ElementTree.Element) -> tuple[str, Any]:
    fold = item.find("details")
    label = item if fold is None else fold.find("summary")
    assert label is not None
    key = label.find("strong")
    assert key is not None
    inner = None if fold is None else fold.find("ul")
    said = (key.tail or "")[2:]
    return key.text or "", json.loads(said) if inner is None else value_of(inner)


def test_the_tree_is_the_answer() -> None:
    """Every key and value of an answer stands in the tree, in its order."""
    html, cut = jsontree.tree(inspected(), "/containers/{id}/json")
    assert not cut
    assert json.dumps(value_of(parsed(html))) == json.dumps(inspected())


TEXT = st.text(max_size=8).filter(lambda text: harmless(text) == text and "\n" not in text and "\t" not in text)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT.map(lambda k: "k" + k), inner, max_size=4),
    max_leaves=12,
)


@given(VALUE)
def test_any_answer_is_in_its_tree(value: Any) -> None:
    """Whatever an answer holds is shown as it is."""
    html, cut = jsontree.tree([value], "/nothing")
    assert not cut
    shown = value_of(parsed(html))
    assert json.dumps(shown) == json.dumps([value])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_keys_and_values_stay_text(text: str) -> None:
    """Keys and values of others never become markup, nor do they reach a title."""
    html, _cut = jsontree.tree({text: [text, {text: {"Id": text}}], "Id": text}, "/containers/{id}/json")
    tags = {element.tag for element in parsed(html).iter()}
    assert tags <= {"ul", "li", "details", "summary", "strong", "em", "code", "div"}
    attributes = {name for element in parsed(html).iter() for name in element.attrib}
    assert attributes <= {"style", "title"}
    assert harmless(text) in "".join(parsed(html).itertext())


@pytest.mark.parametrize(
    ("template", "answer", "calls"),
    [
        ("/containers/json", [container()], {f"/containers/{ID}/json", f"/images/sha256:{ID}/json"}),
        ("/containers/create", {"Id": ID}, {f"/containers/{ID}/json"}),
        ("/containers/{id}/exec", {"Id": ID}, {f"/exec/{ID}/json"}),
        (
            "/containers/{id}/json",
            inspected(),
            {f"/containers/{ID}/json", f"/images/sha256:{ID}/json", "/volumes/site"},
        ),
        (
            "/containers/{id}/json",
            {"NetworkSettings": {"Networks": {"front": {"NetworkID": ID}}}},
            {f"/networks/{ID}"},
        ),
        ("/networks", [network()], {f"/networks/{ID}", f"/containers/{ID}/json"}),
        ("/networks/{id}", network(), {f"/networks/{ID}", f"/containers/{ID}/json"}),
        ("/volumes", {"Volumes": [{"Name": "site"}]}, {"/volumes/site"}),
        ("/volumes/create", {"Name": "a b"}, {"/volumes/a%20b"}),
        ("/version", {"Id": ID, "Name": "x"}, set()),
        ("", {"Id": ID}, set()),
    ],
)
def test_ids_come_with_the_call_that_inspects(template: str, answer: Any, calls: set[str]) -> None:
    """An id of a container, image, network or volume says which call inspects it; nothing else does."""
    found = {element.text for element in parsed(jsontree.tree(answer, template)[0]).iter("code")}
    assert found == {f'lab.get("{path}")' for path in calls}


def test_a_meaning_is_in_title_and_fold() -> None:
    """What a field means is there for a mouse, and by keyboard in what the field unfolds."""
    meaning = guide.meaning("/containers/{id}/json", ("State", "ExitCode"))
    assert meaning
    html = parsed(jsontree.tree({"State": {"ExitCode": 0}}, "/containers/{id}/json")[0])
    folds = [fold for fold in html.iter("details") if "".join(fold[0].itertext()) == "ExitCode: 0"]
    assert [fold[0].attrib["title"] for fold in folds] == [meaning]
    assert [fold[1][0].text for fold in folds] == [meaning]


def test_a_tree_is_bounded() -> None:
    """Long lists, deep ones and long texts are cut, and it is said how much there is."""
    html, cut = jsontree.tree([container()] * 1000, "/containers/json")
    assert cut
    assert "980 more; r.json() has all" in html
    deep: Any = 1
    for _n in range(100):
        deep = [deep]
    html, cut = jsontree.tree(deep, "")
    assert cut
    assert html.count("<ul") <= jsontree.MAX_DEPTH + 1
    html, cut = jsontree.tree({"x": "y" * 5000}, "")
    assert cut
    assert "(5000 characters)" in html
    html, cut = jsontree.tree({str(n): {"a": 1, "b": 2} for n in range(10_000)}, "")
    assert cut
    assert html.count("<li>") < 2 * jsontree.MAX_NODES


@pytest.mark.parametrize(("value", "said"), [({}, "{}"), ([], "[]"), (None, "null"), ("x", '"x"'), (1.5, "1.5")])
def test_a_bare_value_is_shown(value: Any, said: str) -> None:
    """An answer that is one value is a tree of one line."""
    assert "".join(parsed(jsontree.tree(value, "")[0]).itertext()) == said
