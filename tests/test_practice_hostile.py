"""Hostile archives and bytes for the practice engine: refused or kept inside, never a fault, never a file outside."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from practicehelp import SLOW_SECONDS, Clock, slowest_turn, tar

from labkit.engines.practice import layers
from labkit.engines.practice.hostfolder import WorkFolders

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


def _packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
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
