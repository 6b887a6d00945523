"""Decoders of streams: every split point, and everything that can be wrong."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import exchange, frame, lines

from labkit import streams
from labkit.errors import StreamError
from labkit.streams import Frame, Frames, JSONLines, Raw

FRAMES = st.lists(st.builds(Frame, st.sampled_from([0, 1, 2]), st.binary(max_size=20)), max_size=6)
OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=4), st.text(max_size=6) | st.integers() | st.none(), max_size=3), max_size=5
)


def pieces(data: bytes, *cuts: int) -> list[bytes]:
    """Return data cut at these places."""
    at = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(at)]


def through(decoder: streams.Decoder, parts: list[bytes]) -> list[Any]:
    """Return all that a decoder makes of these pieces."""
    found = [item for part in parts for item in decoder.feed(part)]
    return found + decoder.close()


def test_frames_at_every_split_point() -> None:
    """Wherever a log is cut in two or three, the frames are the same."""
    wanted = [Frame(1, b"one\n"), Frame(2, b""), Frame(1, b"\xff\x01\0\0\0\0\0\0\x05"), Frame(0, b"x")]
    data = b"".join(frame(f.stream, f.data) for f in wanted)
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            assert through(Frames(), pieces(data, first, second)) == wanted


@given(FRAMES, st.lists(st.integers(0, 10_000), max_size=8))
def test_frames_in_any_chunks(wanted: list[Frame], cuts: list[int]) -> None:
    """Frames of any content, in any chunks, come out whole and in order."""
    data = b"".join(frame(f.stream, f.data) for f in wanted)
    assert through(Frames(), pieces(data, *cuts)) == wanted


def test_frames_byte_by_byte_take_linear_time() -> None:
    """A large frame that arrives in small pieces is not copied again for each of them."""
    copied = 0

    class Counted(bytearray):
        def __iadd__(self, other: Any) -> Any:
            nonlocal copied
            copied += len(other)
            return super().__iadd__(other)

    decoder = Frames()
    decoder._rest = Counted()
    data = frame(1, b"x" * 200_000)
    found = [item for part in (data[n : n + 10] for n in range(0, len(data), 10)) for item in decoder.feed(part)]
    assert found == [Frame(1, b"x" * 200_000)]
    assert copied <= len(data)


@pytest.mark.parametrize("cut", range(1, 12))
def test_half_a_frame_is_an_error(cut: int) -> None:
    """A log that ends in the middle of a frame says so; what was whole has come out."""
    decoder = Frames()
    data = frame(1, b"whole") + frame(2, b"half")[:cut]
    assert decoder.feed(data) == [Frame(1, b"whole")]
    with pytest.raises(StreamError, match="middle of a frame"):
        decoder.close()


@pytest.mark.parametrize("data", [b"plain text of a TTY", b"\x03\0\0\0\0\0\0\0", b"\x01\0\0\0\xff\xff\xff\xff"])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    """Raw bytes and absurd lengths are told, not waited for and not stored."""
    with pytest.raises(StreamError, match="not log frames"):
        Frames().feed(data)


def test_json_lines_at_every_split_point() -> None:
    """Wherever JSON lines are cut in two or three, the objects are the same."""
    wanted: list[Any] = [{"é€😀": "\\n\r"}, {"a": [1, None, "}\n{"]}, 5]
    data = lines(*wanted[:2]) + b"\r\n" + b"5"
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            assert through(JSONLines(), pieces(data, first, second)) == wanted


@given(OBJECTS, st.sampled_from([b"\n", b"\r\n", b"", b" "]), st.lists(st.integers(0, 10_000), max_size=8))
def test_json_lines_in_any_chunks(wanted: list[Any], end: bytes, cuts: list[int]) -> None:
    """Objects come out in order, whatever stands between them."""
    data = b"".join(json.dumps(o, ensure_ascii=False).encode() + end for o in wanted)
    assert through(JSONLines(), pieces(data, *cuts)) == wanted


@pytest.mark.parametrize("data", [b'{"a": 1}\n{"b"', b'{"a": 1}\nnot json\n', b'{"a": 1}\n{"a": }\n'])
def test_a_line_that_is_not_json_is_an_error(data: bytes) -> None:
    """A truncated or foreign line is told with its beginning."""
    with pytest.raises(StreamError, match="not JSON"):
        through(JSONLines(), [data])


def test_what_came_before_a_bad_line_is_not_lost() -> None:
    """Objects of the same chunk that stand before a bad line are given before the error."""
    decoder = JSONLines()
    assert decoder.feed(b'{"a": 1}\n{"b": 2}\nnot json\n{"c": 3}\n') == [{"a": 1}, {"b": 2}]
    with pytest.raises(StreamError, match="not JSON"):
        decoder.feed(b"")


def test_frames_before_bad_bytes_are_not_lost() -> None:
    """Frames of the same chunk that stand before bytes which are none are given before the error."""
    decoder = Frames()
    assert decoder.feed(frame(1, b"a") + b"garbage!") == [Frame(1, b"a")]
    with pytest.raises(StreamError, match="not log frames"):
        decoder.feed(b"")


@given(st.binary(max_size=60), st.lists(st.integers(0, 100), max_size=4))
def test_any_bytes_end_in_items_or_a_stream_error(data: bytes, cuts: list[int]) -> None:
    """No bytes make a decoder fail in another way."""
    for decoder in (Frames(), JSONLines(), Raw()):
        try:
            through(decoder, pieces(data, *cuts))
        except StreamError:
            pass


def test_bad_utf8_is_replaced() -> None:
    """Bytes that are not UTF-8 become a mark, in lines and in logs."""
    assert through(JSONLines(), [b'{"a": "\xff"}\n']) == [{"a": "\ufffd"}]
    assert Frame(1, b"a\xff\xfeb").text == "a\ufffd\ufffdb"


def test_escapes_in_logs_are_made_visible() -> None:
    """A log cannot move, colour or retitle a terminal."""
    assert Frame(1, b"\x1b[2J\x1b]0;t\x07ok\r\n\tx\x9b1m").text == "␛[2J␛]0;t␇ok\n\tx\ufffd1m"


def test_a_line_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that never ends is given up, not stored for ever."""
    monkeypatch.setattr(streams, "MAX_ITEM", 1000)
    decoder = JSONLines()
    for _n in range(10):
        decoder.feed(b"x" * 100)
    decoder.feed(b"x" * 100)
    with pytest.raises(StreamError, match="longer than"):
        decoder.feed(b"x" * 100)


@pytest.mark.parametrize(
    ("kind", "path", "start", "wanted"),
    [
        ("application/vnd.docker.multiplexed-stream", "/containers/x/logs", b"", Frames),
        ("application/vnd.docker.raw-stream", "/containers/x/logs", frame(1, b"a"), Frames),
        ("application/vnd.docker.raw-stream", "/containers/x/attach", b"$ ls", Raw),
        ("", "/containers/x/logs", frame(2, b"a"), Frames),
        ("", "/exec/x/start", b"", Raw),
        ("application/json", "/images/create", b"", JSONLines),
        ("text/plain", "/events", b"", JSONLines),
        ("application/x-tar", "/containers/x/export", b"", Raw),
    ],
)
def test_the_decoder_is_chosen(kind: str, path: str, start: bytes, wanted: type) -> None:
    """Content type, then path, then the first bytes say how an answer is taken apart."""
    assert isinstance(streams.decoder(kind, path, start), wanted)


def logs(body: bytes, **more: Any) -> Any:
    """Return an answer to a call for logs."""
    return exchange("GET", "/v1.41/containers/x/logs?stdout=1", body, content_type="", **more)


def test_logs_of_a_tty_are_one_frame() -> None:
    """Raw output is stdout, and its text is what was written."""
    assert logs(b"hello\r\n").frames == [Frame(1, b"hello\r\n")]
    assert logs(b"hello\r\n").text == "hello\n"
    assert logs(b"").frames == []


def test_text_of_frames_joins_what_was_cut_in_a_character() -> None:
    """A character whose bytes lie in two frames is whole in the text."""
    euro = "€".encode()
    assert logs(frame(1, euro[:1]) + frame(1, euro[1:])).text == "€"


def test_a_cut_log_gives_what_is_whole() -> None:
    """Of an answer that labkit cut itself, the last half frame is left out; of one that broke off, it is an error."""
    body = frame(1, b"one") + frame(1, b"two")[:-1]
    assert logs(body, cut="time").frames == [Frame(1, b"one")]
    with pytest.raises(StreamError):
        _ = logs(body).frames
    assert "one" in logs(body).text


def test_lines_of_a_cut_answer() -> None:
    """Of events that were cut by time, the last half line is left out."""
    body = lines({"a": 1}) + b'{"b"'
    assert exchange("GET", "/v1.41/events", body, cut="time").lines == [{"a": 1}]
    with pytest.raises(StreamError):
        _ = exchange("GET", "/v1.41/events", body).lines


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b'{"message": "No such container: x"}', "No such container: x"),
        (404, b'{"cause": "c"}', ""),
        (500, b"plain text\n", "plain text"),
        (400, b'"a string"', "a string"),
        (400, b"[1]", "[1]"),
        (400, b"\xff\x1b[2J", "\ufffd␛[2J"),
        (401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "no"}, 5]}', "UNAUTHORIZED no"),
        (200, b'{"message": "fine"}', ""),
    ],
)
def test_error_of_an_answer(status: int, body: bytes, said: str) -> None:
    """The Engine's words are found in each form that it writes an error in."""
    assert exchange("GET", "/v1.41/x", body, status).error == said


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"errorDetail": {"message": "m"}, "error": "e"}, "m"),
        ({"error": "e"}, "e"),
        ({"errorDetail": "odd", "error": "e"}, "e"),
        ({"status": "error"}, ""),
        ("error", ""),
        ({"errorDetail": {}, "error": None}, ""),
        ({"error": "\x1b[2Jgone"}, "␛[2Jgone"),
    ],
)
def test_error_of_an_item(item: object, said: str) -> None:
    """An error inside a stream is known by its fields; no escape sequence gets through with it."""
    assert streams.item_error(item) == said


def test_error_inside_a_200() -> None:
    """The error of a pull that failed after its 200 is the exchange's error; events have none."""
    body = lines({"status": "x"}, {"errorDetail": {"message": "no space"}})
    assert exchange("POST", "/v1.41/images/create", body).error == "no space"
    assert exchange("GET", "/v1.41/events", lines({"error": "x"})).error == ""
    assert exchange("POST", "/v1.41/build", b"{broken").error == ""
