"""Hostile archives and bytes for the practice engine: refused or kept inside, never a fault, never a file outside."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from practicehelp import SLOW_SECONDS, Clock, slowest_turn, tar

from labkit.engines.practice import layers, state
from labkit.engines.practice.api_streams import frame
from labkit.engines.practice.hostfolder import WorkFolders
from labkit.engines.practice.wire import Channel, Streaming

Send = Callable[[Clock, bytes], tuple[int, bytes]]


def _put(engine: Clock, data: bytes) -> tuple[int, bytes]:
    engine.ok("POST", "/containers/create?name=box", {"Image": "busybox"})
    return engine("PUT", "/containers/box/archive?path=/tmp", data)


def _build(engine: Clock, data: bytes) -> tuple[int, bytes]:
    return engine("POST", "/build", data, content_type="application/x-tar")


def _load(engine: Clock, data: bytes) -> tuple[int, bytes]:
    return engine("POST", "/images/load", data, content_type="application/x-tar")


def _import(engine: Clock, data: bytes) -> tuple[int, bytes]:
    return engine("POST", "/images/create?fromSrc=-&repo=made", data, content_type="application/x-tar")


WAYS: dict[str, Send] = {"archive": _put, "build": _build, "load": _load, "import": _import}
each_way = pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)


def _member(name: str, kind: bytes, link: str = "", size: int = 0) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info, b"x" * size


def _told(name: str, **facts: object) -> tuple[tarfile.TarInfo, bytes]:
    """An entry of which a header of its own tells something."""
    info = tarfile.TarInfo(name)
    info.pax_headers = {key: str(value) for key, value in facts.items()}
    return info, b""


def _special(kind: bytes, size: int) -> bytes:
    """A header that announces so many bytes about the next entry."""
    info = tarfile.TarInfo("special")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def _owned(id: int) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo("owned")
    info.uid = info.gid = id
    return info, b""


def _packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    target = io.BytesIO()
    form = tarfile.GNU_FORMAT if any(info.uid < 0 for info, _data in members) else tarfile.PAX_FORMAT
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


HOSTILE = {
    "dots": _packed(_member("../../../../outside", tarfile.REGTYPE, size=1)),
    "absolute": _packed(_member("/outside", tarfile.REGTYPE, size=1)),
    "link, then through it": _packed(
        _member("way", tarfile.SYMTYPE, "/"), _member("way/outside", tarfile.REGTYPE, size=1)
    ),
    "hard link out": _packed(_member("hard", tarfile.LNKTYPE, "../../../../etc/passwd")),
    "hard link to itself": _packed(_member("hard", tarfile.LNKTYPE, "hard")),
    "link to itself": _packed(_member("loop", tarfile.SYMTYPE, "loop"), _member("loop/x", tarfile.REGTYPE, size=1)),
    "devices": _packed(*(_member(k.hex(), k) for k in (tarfile.BLKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE))),
    "a file as a folder": _packed(_member("a", tarfile.REGTYPE, size=1), _member("a/b", tarfile.REGTYPE, size=1)),
    "an endless name": _packed(_member("n/" * 300 + "x" * 300, tarfile.REGTYPE, size=1)),
    "broken off": _packed(_member("whole", tarfile.REGTYPE, size=4000))[:2000],
    "nothing": b"",
    "no archive": b"no archive" * 100,
    "half a gzip": gzip.compress(bytes(5000))[:20],
    "a time that is no number": _packed(_told("f", mtime="nan")),
    "a time without an end": _packed(_told("f", mtime="1e400")),
    "a time far off": _packed(_told("f", mtime="1e30")),
    "nobody's file": _packed(_owned(-262144), _member("g", tarfile.REGTYPE, size=1)),
    "a size below nothing": _packed(_told("f", size="-5")),
    "a long name of 800 MB": _special(tarfile.GNUTYPE_LONGNAME, 800 << 20),
    "a header of 800 MB": _special(tarfile.XHDTYPE, 800 << 20),
    "a folder of 8 GB": _special(tarfile.DIRTYPE, 8000 << 20),
    "2000 folders, one in the other": _packed(_member("d/" * 2000 + "f", tarfile.REGTYPE)),
}  # fmt: skip


@each_way
@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_archives(send: Send, data: bytes, tmp_path: Path) -> None:
    """Each is answered, with a sentence where it is refused; the engine goes on, and nothing lands on the machine."""
    (tmp_path / "work").mkdir()
    engine = Clock(folders=WorkFolders(tmp_path / "work"))
    said: list[str] = []
    engine.core.say = said.append
    status, out = send(engine, data)
    assert status
    assert status < 400 or json.loads(out)["message"]
    assert said == [], "nothing unforeseen"
    assert engine("GET", "/_ping")[0] == 200
    assert [path.name for path in tmp_path.rglob("*")] == ["work"]


@each_way
def test_bombs(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than an engine holds, in bytes or in entries, is refused before it is unpacked."""
    monkeypatch.setattr(layers, "MAX_UNPACKED", 4 * 1024 * 1024)
    monkeypatch.setattr(layers, "MAX_MEMBERS", 500)
    zeros = tarfile.TarInfo("zeros")
    zeros.size = 70 * 1024 * 1024
    for data in (
        gzip.compress(_packed((zeros, bytes(zeros.size))), 1),
        _packed(*(_member(f"f{n}", tarfile.REGTYPE) for n in range(600))),
    ):
        status, out = send(Clock(), data)
        refused = status >= 400 or b"errorDetail" in out
        assert refused, (status, out[:200])


@each_way
def test_zeros_are_no_work(send: Send) -> None:
    """An archive that holds nothing for a long time is no compressed one, and is through at once."""
    began = time.process_time()
    assert send(Clock(), bytes(64 << 20))[0]
    assert time.process_time() - began < SLOW_SECONDS


def test_short_lines_fill_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept beside a line counts as well, and the last lines stay."""
    monkeypatch.setattr(state, "MAX_LOG", 20 * (2 + state.LOG_ENTRY))
    engine = Clock()
    script = "for n in $(seq 1 400); do echo $((n % 10)); done"
    engine.ok("POST", "/containers/create?name=box", {"Image": "busybox", "Cmd": ["sh", "-c", script]})
    engine.ok("POST", "/containers/box/start")
    engine.ok("POST", "/containers/box/wait")
    assert len(engine.core.state.container("box").logs) == 20
    _status, out = engine("GET", "/containers/box/logs?stdout=1&tail=2")
    assert out[-2:] == b"0\n"


def test_empty_files_fill_a_container() -> None:
    """What many archives bring is counted together, an entry without a byte as well; what is replaced is not twice."""
    engine = Clock()
    many = [_packed(*(_member(f"{turn}/{n}", tarfile.REGTYPE) for n in range(9000))) for turn in range(9)]
    answers = [_put(engine, many[0])[0], *(engine("PUT", "/containers/box/archive?path=/tmp", a)[0] for a in many[1:])]
    assert answers[:5] == [200] * 5
    assert answers[-1] == 500
    again = Clock()
    _put(again, many[0])
    assert {again("PUT", "/containers/box/archive?path=/tmp", many[0])[0] for _turn in range(9)} == {200}


@settings(max_examples=25)
@given(data=st.binary(max_size=2000), place=st.integers(0, 3000))
def test_damaged_archives(data: bytes, place: int) -> None:
    """An archive with some bytes of chance in it never leads to a fault of the engine's own."""
    whole = bytearray(tar(Dockerfile=b"FROM busybox\n", one=b"1" * 600))
    whole[place : place + len(data)] = data
    for send in WAYS.values():
        engine = Clock()
        said: list[str] = []
        engine.core.say = said.append
        status, _out = send(engine, bytes(whole))
        assert status
        assert said == []


LINES = "seq 1 20000 > /tmp/l; "


@pytest.mark.parametrize(
    "script",
    [
        "tail -c 5 /dev/zero",
        "sort /dev/zero",
        "cat /dev/zero | tr a b",
        "dd if=/dev/zero bs=10G count=10 of=/tmp/z",
        "printf '%9999999999d%.9999999999f' 1 2 | wc -c",
        "seq 1 99999999999999999999 | head -n 3",
        "x=1; while true; do x=$x$x; done",
        "yes | head -n 30000 | sort -n | uniq -c",
        *(LINES + f"{name} /tmp/l | tail -n 1" for name in ("sort -rn", "uniq", "nl", "rev", "tac", "cut -c1", "od")),
        LINES + "cat /tmp/l | xargs echo | wc -w; cksum /tmp/l; md5sum /tmp/l",
    ],
)  # fmt: skip
def test_no_command_holds_the_engine_up(script: str) -> None:
    """What is endless or large is worked on in turns, or meets a limit that it names."""
    engine = Clock()
    said: list[str] = []
    engine.core.say = said.append
    with slowest_turn(engine) as slowest:
        out = engine.sh(script)
    assert slowest[0] < SLOW_SECONDS
    assert "failed here" not in out
    assert said == []
    assert engine("GET", "/_ping")[0] == 200


def test_a_fault_in_a_program_ends_that_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong inside a command is its own end; the shell around it goes on."""
    monkeypatch.setattr("labkit.engines.practice.machine.applets_text._lines", lambda _process, _data: 1 / 0)
    out = Clock().sh("echo x | rev; echo after")
    assert "the practice engine failed here: ZeroDivisionError" in out
    assert out.endswith("after\n")


@pytest.mark.parametrize(
    "script", ['eval "("', "echo '(' > /tmp/x; . /tmp/x", "trap '(' EXIT", "eval $(cat /tmp/deep)"]
)
def test_text_that_is_no_program_ends_the_shell_alone(script: str) -> None:
    """Where text is read while a program runs, the shell says what is wrong with it, as it does at the start."""
    deep = "head -c 20000 /dev/zero | tr '\\0' '(' > /tmp/deep; "
    out = Clock().sh(f"{deep}({script}); echo after")
    assert "sh: syntax error: " in out
    assert "failed here" not in out
    assert out.endswith("after\n")


@pytest.mark.parametrize("digits", ["²", "9" * 5000, "1-²", "1-2-3"], ids=["superscript", "endless", "to", "three"])
def test_digits_that_are_no_number(digits: str) -> None:
    """What Python takes for digits, and makes no number of, is refused in each place that counts."""
    engine = Clock()
    said: list[str] = []
    engine.core.say = engine.registry.say = said.append
    engine.ok("POST", "/containers/create?name=box", {"Image": "busybox", "Cmd": ["sleep", "9999"], "User": "0:0"})
    engine.ok("POST", "/containers/box/start")
    text = quote(digits)
    for target in (
        f"/containers/box/kill?signal={text}",
        f"/containers/box/resize?h={text}&w=1",
        *(f"/containers/json?filters={quote(json.dumps({n: [digits]}))}" for n in ("publish", "expose", "exited")),
    ):
        status, _out = engine("GET" if "filters" in target else "POST", target)
        assert status >= 400, target[:99]
    assert engine.registry.handle("GET", f"/v2/_catalog?n={text}", {}, b"").status == 200
    assert said == []


def test_a_fault_of_a_registry_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong inside a registry is logged in one line, and it goes on."""
    registry = Clock().registry
    said: list[str] = []
    registry.say = said.append
    with monkeypatch.context() as broken:
        broken.setattr(registry, "manifests", None)
        reply = registry.handle("GET", "/v2/_catalog", {}, b"")
    assert (reply.status, json.loads(reply.body)["errors"][0]["code"]) == (500, "UNKNOWN")
    assert [line.partition(":")[0] for line in said] == ["unforeseen TypeError in the registry at GET /v2/_catalog"]
    assert registry.handle("GET", "/v2/_catalog", {}, b"").status == 200


_TAR = tar(a=b"x")
_SOUND: dict[str, Any] = {
    "os": "linux",
    "config": {"Cmd": ["x"]},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(_TAR).hexdigest()]},
    "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "x"}],
}
_SAID = "json: cannot unmarshal number into Go "


def _odd(config: Any, tags: Any = ("odd:1",)) -> bytes:
    listing = [{"Config": "c.json", "RepoTags": tags, "Layers": ["layer.tar"]}]
    return tar(**{"manifest.json": json.dumps(listing).encode(), "c.json": config, "layer.tar": _TAR})


_CONFIGS: list[tuple[Any, str]] = [
    (5, _SAID + "value of type image.Image"),
    (None, "invalid image JSON, no RootFS key"),
    *(
        ({**_SOUND, "config": {name: 5}}, f"{_SAID}struct field Config.config.{name} of type {kind}")
        for name, kind in {
            "Env": "[]string", "Labels": "map[string]string", "ExposedPorts": "nat.PortSet", "User": "string",
            "Volumes": "map[string]struct {}", "Cmd": "string", "Shell": "string", "WorkingDir": "string",
            "Healthcheck": "container.HealthConfig", "Tty": "bool", "OnBuild": "[]string",
        }.items()
    ),
    *(({**_SOUND, "config": {name: {"a": 5}}}, f"Config.config.{name} of type {kind}")
      for name, kind in {"Labels": "string", "ExposedPorts": "struct {}"}.items()),
    *(({**_SOUND, "config": config}, "Image.config of type container.Config") for config in (5, "x", True, [5])),
    ({**_SOUND, "config": {"Healthcheck": {"Test": "x"}}}, "HealthConfig.config.Healthcheck.Test of type []string"),
    ({**_SOUND, "history": [5]}, _SAID + "struct field Image.history of type image.History"),
    ({**_SOUND, "history": [{"created_by": 5}]}, _SAID + "struct field History.history.created_by of type string"),
    ({**_SOUND, "history": [{"created": 5}]},
     'parsing time "5" as "\\"2006-01-02T15:04:05Z07:00\\"": cannot parse "5" as "\\""'),
    ({**_SOUND, "created": "x"},
     'parsing time "\\"x\\"" as "\\"2006-01-02T15:04:05Z07:00\\"": cannot parse "x\\"" as "2006"'),
    ({**_SOUND, "rootfs": {"diff_ids": [5]}}, _SAID + "struct field RootFS.rootfs.diff_ids of type layer.DiffID"),
    ({**_SOUND, "rootfs": {"diff_ids": []}}, "invalid manifest, layers length mismatch: expected 1, got 0"),
]  # fmt: skip
_TAGS = [
    (5, _SAID + "struct field manifestItem.RepoTags of type []string"),
    ([5], _SAID + "struct field manifestItem.RepoTags of type string"),
    ([None], "invalid reference format"),
    (["a:²"], "invalid reference format"),
    (["A:1"], "invalid reference format: repository name must be lowercase"),
    (["a"], 'invalid tag "a"'),
]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        *((_odd(json.dumps(config).encode()), said) for config, said in _CONFIGS),
        *((_odd(json.dumps(_SOUND).encode(), tags), said) for tags, said in _TAGS),
        (_odd(b"[" * 20000), "invalid character '[' exceeded max depth"),
        (_odd(b"x"), "invalid character 'x' looking for beginning of value"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_an_image_that_is_none_is_not_taken_in(data: bytes, said: str) -> None:
    """It would break every list that it stands in; Docker's decoder refuses it, and so does the one here."""
    engine = Clock()
    _status, out = _load(engine, data)
    assert json.loads(out)["error"].endswith(said)
    _lists(engine)


def _lists(engine: Clock) -> None:
    """Ask for all that looks at every image."""
    for method, target in (
        ("GET", "/images/json?filters=%7B%22label%22:%5B%22a%22%5D%7D"),
        ("GET", "/system/df"),
        ("POST", "/images/prune"),
        ("GET", "/images/json"),
    ):
        engine.ok(method, target)
    for image in engine.ok("GET", "/images/json"):
        for what in ("json", "history"):
            engine.ok("GET", f"/images/{image['Id']}/{what}")


@pytest.mark.parametrize(
    "more",
    [
        {"config": None},
        {"history": [None], "created": None},
        {"history": [{"created": None, "comment": None}]},
        {"config": {"Env": [None], "Cmd": "x", "Labels": {"a": None}, "ExposedPorts": {"a": None}, "Volumes": None}},
    ],
)
def test_what_is_null_in_an_image(more: dict[str, Any]) -> None:
    """Go's decoder takes it for what is empty."""
    engine = Clock()
    _status, out = _load(engine, _odd(json.dumps({**_SOUND, **more}).encode()))
    assert json.loads(out)["stream"] == "Loaded image: odd:1\n"
    _lists(engine)
    made = engine.ok("POST", "/containers/create", {"Image": "odd:1", "Cmd": ["x"]})["Id"]
    assert engine.ok("GET", f"/containers/{made}/json")["Config"]["Cmd"] == ["x"]
    _lists(engine)


def test_an_image_without_layers() -> None:
    """It has nowhere to lie."""
    engine = Clock()
    listing = b'[{"Config": "c.json", "RepoTags": ["bare:1"], "Layers": []}]'
    _load(engine, tar(**{"manifest.json": listing, "c.json": b'{"rootfs": {"type": "layers"}}'}))
    assert engine.ok("GET", "/images/bare:1/json")["GraphDriver"] == {"Data": None, "Name": "overlay2"}
    _lists(engine)


def test_an_odd_image_of_a_registry() -> None:
    """A pull says in its stream what is wrong with the configuration, and nothing comes of it."""
    engine = Clock()
    blobs = engine.registry.blobs
    names = ["sha256:" + hashlib.sha256(data).hexdigest() for data in (b'{"config": 5}', _TAR)]
    blobs |= dict(zip(names, (b'{"config": 5}', _TAR)))
    manifest = json.dumps({"config": {"digest": names[0]}, "layers": [{"digest": names[1]}]}).encode()
    assert engine.registry.handle("PUT", "/v2/library/odd/manifests/1", {}, manifest).status == 201
    _status, out = engine("POST", "/images/create?fromImage=odd&tag=1")
    assert json.loads(out.splitlines()[-1])["error"].startswith(_SAID + "struct field Image.config")
    _lists(engine)
    blobs[names[0]] = json.dumps(_SOUND).encode()
    assert b"Downloaded newer image" in engine("POST", "/images/create?fromImage=odd&tag=1")[1]


@pytest.mark.parametrize("swapped", ["bound", "bound/below"])
def test_a_link_put_in_the_place_of_a_bound_folder_leads_nowhere(swapped: str, tmp_path: Path) -> None:
    """Whoever may write into the copy can swap a folder after it was bound: what is outside is not seen or changed."""
    work, outside = tmp_path / "work", tmp_path / "outside"
    for folder in (work / "bound" / "below", outside / "below"):
        folder.mkdir(parents=True)
        (folder / "kept").write_text("kept\n")
    engine = Clock(folders=WorkFolders(work))
    script = (
        "sleep 5; cd /m/below; ls; cat kept; echo more >> kept; echo new > new; mkdir made; rm -rf kept; ln -s x link"
    )
    body = {"Image": "busybox", "Cmd": ["sh", "-c", script], "HostConfig": {"Binds": [f"{work / 'bound'}:/m"]}}
    assert engine("POST", "/containers/create?name=held", body)[0] == 201
    assert engine("POST", "/containers/held/start")[0] == 204
    (work / swapped).rename(work / "aside")
    (work / swapped).symlink_to(outside if swapped == "bound" else outside / "below")
    assert engine("POST", "/containers/held/wait", limit=60)[0] == 200
    assert b"kept" not in engine("GET", "/containers/held/logs?stdout=1")[1]
    found = {str(path.relative_to(outside)) for path in outside.rglob("*")}
    assert found == {"below", "below/kept"}
    assert (outside / "below" / "kept").read_text() == "kept\n"


def test_a_log_is_sent_in_pieces() -> None:
    """A long log is not made as a whole, and what comes meanwhile stands behind it; lines are cut at line ends only."""
    engine = Clock()
    script = "printf 'a\\rb\\nop'; sleep 1; echo en; echo e >&2; seq 1 100000; sleep 100; echo late; sleep 100"
    body = {"Image": "busybox", "Cmd": ["sh", "-c", script]}
    made = engine.ok("POST", "/containers/create", body)["Id"]
    engine("POST", f"/containers/{made}/start")
    engine.take(Channel(), 60)
    shown = b"".join(frame(1, f"{n}\n".encode()) for n in range(1, 100_001))
    head = frame(1, b"a\rb\n") + frame(1, b"open\n")
    path = f"/containers/{made}/logs?stdout=1"
    assert engine("GET", path)[1] == head + shown
    assert engine("GET", path + "&tail=100002")[1] == frame(1, b"open\n") + shown, "one of them is of stderr"
    assert engine("GET", path + "&tail=2")[1] == shown[-29:]
    assert engine("GET", path + "&tail=0")[1] == b""
    call = engine.core.handle("GET", path + "&follow=1", now=engine.now)
    assert isinstance(call.answer, Streaming)
    first = call.answer.channel.take()
    assert len(first) < 2_000_000 < 10 * len(head + shown)
    assert not call.answer.channel.outgoing, "made only when it is taken"
    rest = engine.take(call.answer.channel, 90)
    assert first + rest == head + shown + frame(1, b"late\n")
