"""From what a learner types to what goes over the wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import encode
from labkit.encode import Gap
from labkit.errors import UsageError

SENDABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"all": True, "size": False, "limit": 1}, "all=1&size=0&limit=1"),
        ({"filters": {"label": ["a=b"]}}, "filters=%7B%22label%22:%5B%22a%3Db%22%5D%7D"),
        ({"names": ["a", "b"]}, "names=a&names=b"),
        ({"until": None, "since": 1.5}, "since=1.5"),
        ({"ps_args": "aux -o pid"}, "ps_args=aux%20-o%20pid"),
        ({"a&b": "c+d#e?"}, "a%26b=c%2Bd%23e%3F"),
        ({"x": "é"}, "x=%C3%A9"),
    ],
)
def test_parameters(params: dict[str, Any], query: str) -> None:
    """True and False are 1 and 0, a dict is JSON, a list comes several times, None is left out."""
    assert encode.target("/x", params, "1.41") == f"/v1.41/x?{query}"


@pytest.mark.parametrize(
    ("path", "version", "wanted"),
    [
        ("/info", "1.41", "/v1.41/info"),
        ("/v1.22/info", "1.41", "/v1.22/info"),
        ("/v1.22", "1.41", "/v1.22"),
        ("/v2/", "", "/v2/"),
        ("/v1.22x/info", "1.41", "/v1.41/v1.22x/info"),
        ("/a b/%2f%zz?x=1 2&y=%41", "", "/a%20b/%2F%25zz?x=1%202&y=%41"),
        ("/images/a:1/json?", "", "/images/a:1/json?"),
        ("/x?a=1", "1.41", "/v1.41/x?a=1"),
    ],
)
def test_paths(path: str, version: str, wanted: str) -> None:
    """A path keeps its own version, query and escapes; the rest is percent-encoded."""
    assert encode.target(path, {}, version) == wanted


def test_query_of_path_and_parameters_are_joined() -> None:
    """Parameters come after those that the path brings."""
    assert encode.target("/x?a=1", {"b": 2}) == "/x?a=1&b=2"


@given(SENDABLE, st.dictionaries(SENDABLE, SENDABLE, max_size=3))
def test_nothing_is_lost_on_the_way(part: str, params: dict[str, str]) -> None:
    """Whatever is put into a path or parameter comes out again at the other side, and is pure ASCII in between."""
    part = part.replace("?", "").replace("%", "")
    made = encode.target("/" + part, params)
    path, _mark, query = made.partition("?")
    assert made.isascii()
    assert not set(made) & set(' "<>\\^`{|}#\n\t')
    assert unquote(path) == "/" + part
    assert parse_qsl(query, keep_blank_values=True) == list(params.items())


@pytest.mark.parametrize(
    ("path", "params", "version"),
    [
        ("info", {}, ""),
        ("", {}, ""),
        (5, {}, ""),
        (None, {}, ""),
        ("/a\r\nHost: x", {}, ""),
        ("/x", {"a": object()}, ""),
        ("/x", {"a": {1, 2}}, ""),
        ("/x", {"a": b"bytes"}, ""),
        ("/x", {"a": {"b": object()}}, ""),
        ("/x", {"a": float("nan"), "b": {"c": float("nan")}}, ""),
        ("/x", {"a\n": 1}, ""),
        ("/x", {}, "1.41/../.."),
        ("/x", {}, "latest"),
        ("/x", {}, 1.41j),
    ],
)
def test_wrong_kinds_get_one_sentence(path: Any, params: dict[str, Any], version: Any) -> None:
    """What cannot be sent is told in one sentence."""
    with pytest.raises(UsageError) as refused:
        encode.target(path, params, version)
    assert "\n" not in refused.value.message
    assert refused.value.message.endswith(".")
    assert not isinstance(refused.value, Gap)


def test_a_slash_is_offered() -> None:
    """A path without its slash is offered with it."""
    with pytest.raises(UsageError) as refused:
        encode.target("info", {})
    assert "'/info'" in refused.value.hint


@pytest.mark.parametrize(
    "call",
    [
        lambda: encode.target(..., {}),  # type: ignore[arg-type]
        lambda: encode.target("/x", {"a": ...}),
        lambda: encode.target("/x", {"a": [1, ...]}),
        lambda: encode.target("/x", {"filters": {"label": [...]}}),
        lambda: encode.to_json({"Image": ...}),
        lambda: encode.to_json(...),
        lambda: encode.headers({"X": ...}),  # type: ignore[dict-item]
    ],
)
def test_three_dots_are_a_gap(call: Any) -> None:
    """Three dots anywhere in a call are a gap, and not an error of kind."""
    with pytest.raises(Gap):
        call()


def test_json_is_compact_and_unescaped() -> None:
    """JSON is written as a person reads it in the curl line."""
    assert encode.to_json({"a": ["é", None, True]}) == '{"a":["é",null,true]}'


def test_json_that_is_none() -> None:
    """What JSON cannot hold is told, also a thing that holds itself."""
    around: list[Any] = []
    around.append(around)
    for value in (around, {"a": {1}}, float("inf"), {(1, 2): 3}, "\ud800", b"x"):
        with pytest.raises(UsageError, match="cannot be written as JSON"):
            encode.to_json(value)


@pytest.mark.parametrize(
    "given_",
    [
        {"X": "a\r\nY: b"},
        {"X": "a\nb"},
        {"X": "a\0"},
        {"X": "a\x0b"},
        {"X": "é"},
        {"X\r\nY": "b"},
        {"": "b"},
        {"X:": "b"},
        {"é": "b"},
        {5: "b"},
        {"content-length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"HOST": "x"},
    ],
)
def test_headers_cannot_be_injected(given_: Any) -> None:
    """What would begin a header of its own, or contradict the library's, is refused."""
    with pytest.raises(UsageError):
        encode.headers(given_)


def test_headers() -> None:
    """Values are text without blanks around it, in the order given."""
    assert encode.headers({"X-B": " a\tb ", "X-A": 5}) == (("X-B", "a\tb"), ("X-A", "5"))  # type: ignore[dict-item]
