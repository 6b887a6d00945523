"""Exercises of lab 4: volumes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from ..engines.base import LABEL
from ..messages import _
from .case import Case
from .conditions import Seen
from .draw import Draw
from .facts import Mismatch, Missing, Unexpected, dig, show
from .record import Also, Call, Kind, Solution, Wrong, container, delete, exercise, get, post, put

_SIZE = re.compile(r"(?:^|,)size=(\d+)([kmg]?)(?=,|$)", re.IGNORECASE)
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def _volume(name: str, **labels: str) -> Call:
    """The call that creates a volume."""
    return post("/volumes/create", json={"Name": name, **({"Labels": labels} if labels else {})})


def _box(name: str, *binds: str) -> Call:
    """The call that creates a container with mounts, and does not start it."""
    return container(name, "sleep", "99999", start=False, HostConfig={"Binds": list(binds)})[0]


def _mount(c: Case, box: Seen, target: str) -> dict[str, Any]:
    """Return the mount at `target`; it must be there."""
    mounts = {str(m.get("Destination")): m for m in box.get("Mounts") or []}
    where = _("Destination of each of Mounts in GET {path}", path=box.path)
    c.need(target in mounts, Missing(where, "target", target, tuple(mounts)))
    return dict(mounts[target])


def _text(c: Case, box: Seen, path: str) -> str | None:
    """Return the text of a file in what is mounted at the first folder of its path; None when there is none."""
    top = "/" + path.split("/")[1]
    deeper = any(str(m.get("Destination")).startswith(f"{top}/") for m in box.get("Mounts") or [])
    return None if deeper else c.file(str(box["Id"]), path)  # what is mounted deeper hides what is there


def _users(c: Case, name: str) -> list[dict[str, Any]]:
    """Return the containers that use a volume, in any state."""
    answer = c.get("/containers/json", all=True, filters={"volume": [name]})
    return list(answer.json()) if answer.ok else []


def _called(container: Mapping[str, Any]) -> str:
    return str(dig(container, "Names", 0) or "").lstrip("/")


def _bytes(options: str) -> int | None:
    """Return the size that mount options give, in bytes; of several, mount takes the last."""
    found = _SIZE.findall(options)
    return int(found[-1][0]) * _UNITS[found[-1][1].lower()] if found else None


def _ledger(labels: Mapping[str, str | None], **options: str) -> Call:
    return post("/volumes/create", json={"Name": "{name:ledger}", "Labels": labels, "DriverOpts": options})


@exercise(
    "4.1",
    _("A volume in memory"),
    Kind.MAKE,
    owns=["volume:ledger", "volume:ledgers"],
    hints={
        "": [
            _("A volume has a name, labels, and options for its driver. Creating one that is there changes nothing."),
            _("POST /volumes/create"),
            _("Name, Labels, and DriverOpts with the three keys type, device and o."),
            _('lab.post("/volumes/create", json={"Name": "{name:ledger}", "Labels": …, '
            '"DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": …}})'),
        ],
        "label": [_('"Labels": {**lab.labels, "team": …}. To change them, the volume has to be deleted first.')],
        "own label": [_('"Labels": {**lab.labels, "team": …}. To change them, the volume has to be deleted first.')],
        "options": [_('They are given as DriverOpts and shown as Options. The size stands in "o": "size=…".')],
    },
    solution=Solution(
        [_ledger({"team": "audit"}, type="tmpfs", device="tmpfs", o="size=3m")],
        _("The driver local passes these options on to mount. Nothing is written to a disk."),
    ),
    also=[
        Also("the size in bytes", [_ledger({"team": "audit"}, type="tmpfs", device="tmpfs", o="size=3145728")]),
        Also("with a mode", [_ledger({"team": "audit"}, type="tmpfs", device="none", o="mode=700,size=3072k")]),
    ],
    docker=[
        ["docker", "volume", "create", "--label", f"{LABEL}={{lab}}", "--label", "team=audit", "--opt", "type=tmpfs",
         "--opt", "device=tmpfs", "--opt", "o=size=3m", "{name:ledger}"],
    ],
    wrong=[
        Wrong("another name", [_volume("{name:ledgers}", team="audit")],
              expected="volume {name:ledger}", found="nothing"),
        Wrong("no label", [_ledger({}, type="tmpfs", device="tmpfs", o="size=3m")],
              expected="audit", found="nothing"),
        Wrong("made without labels first, then once more with them",
              [_ledger({"team": "none"}, type="tmpfs", device="tmpfs", o="size=3m"),
               _ledger({"team": "audit"}, type="tmpfs", device="tmpfs", o="size=3m")],
              expected="audit", found="none"),
        Wrong("on the disk", [_volume("{name:ledger}", team="audit")], expected="tmpfs", found="nothing"),
        Wrong("a folder with the size beside it", [
            _ledger({"team": "audit"}, type="none", device="/tmp", o="bind,size=3m")], expected="tmpfs", found="none"),
        Wrong("too small", [_ledger({"team": "audit"}, type="tmpfs", device="tmpfs", o="size=1m")],
              expected="3145728", found="1048576"),
        Wrong("a second size", [_ledger({"team": "audit"}, type="tmpfs", device="tmpfs", o="size=3m,size=9m")],
              expected="3145728", found="9437184"),
        Wrong("no limit", [_ledger({"team": "audit"}, type="tmpfs", device="tmpfs")],
              expected="3145728", found="nothing"),
        Wrong("without the lab's own label", [
            _ledger({"team": "audit", LABEL: None}, type="tmpfs", device="tmpfs", o="size=3m"),
        ], expected=f"{LABEL}={{lab}}", found="nothing"),
    ],
)  # fmt: skip
def memory(c: Case) -> None:
    """Create a volume in memory with the name `{name:ledger}`: a tmpfs of exactly three mebibytes, with the label
    `team` and the value `audit`, and the lab's own label, `docker-api-lab` with the value `{lab}`, beside it."""
    ledger = c.volume("ledger")
    c.field(ledger, "Labels", "team", equals="audit", about="label")
    c.labelled(ledger)
    c.field(ledger, "Options", "type", equals="tmpfs", about="options")
    size = _bytes(str(dig(ledger, "Options", "o") or ""))
    given = dig(ledger, "Options", "o") if size is None else size  # what cannot be read is shown as it is
    c.same(3 * 1024**2, given, c.at(ledger, "Options", "o"), "options")


_SHELVES = ("shelf-a", "shelf-b", "shelf-c")
_CONTENTS = tuple(itertools.permutations(("letters", "maps", "photos")))


def _shelves(draw: Draw) -> Mapping[str, str]:
    contents = draw.choice("contents", _CONTENTS)
    shelf = dict(zip(contents, _SHELVES))
    return {content: draw.name(word) for content, word in shelf.items()}


_LETTERS_FOLDER = 'lab.get("/volumes/{letters}").json()["Mountpoint"]'


@exercise(
    "4.2",
    _("Where the bytes are"),
    Kind.FIND_OUT,
    owns=[f"volume:{word}" for word in _SHELVES],
    values=_shelves,
    setup=[_volume("{" + content + "}", content=content) for content in ("letters", "maps", "photos")],
    hints={
        "": [
            _("The labels say which of the three volumes it is; another field says where it lies."),
            _("GET /volumes, with a filter; or GET /volumes/{name:shelf-a}, and so on."),
            _("Labels.content, and Mountpoint."),
            _('lab.get("/volumes", filters={"label": ["content=letters"]}).json()["Volumes"][0][…]'),
        ],
    },
    solution=Solution(
        [get("/volumes", filters={"label": ["content=letters", "docker-api-lab={lab}"]})],
        _("A filter finds the volume without knowing its name; Mountpoint is the folder on the Engine's machine."),
        answer='r.json()["Volumes"][0]["Mountpoint"]',
    ),
    also=[Also("by name, with a slash at the end", answer=_LETTERS_FOLDER + ' + "/"')],
    wrong=[
        Wrong("the name of the volume", answer='"{letters}"', found="…its name…"),
        Wrong("another volume", answer='lab.get("/volumes/{maps}").json()["Mountpoint"]', found="…content=maps…"),
        Wrong("the folder above", answer=_LETTERS_FOLDER + '.removesuffix("/_data")', found="…the folder above…"),
        Wrong("where a container would mount it", answer='"/data"', found="/data"),
        Wrong("the volume was deleted meanwhile", [delete("/volumes/{letters}")], '"/data"',
              expected="a volume with the label content=letters", found="nothing"),
    ],
)  # fmt: skip
def where(c: Case) -> None:
    """Three volumes were made for you: `{name:shelf-a}`, `{name:shelf-b}` and `{name:shelf-c}`. One of them has the
    label `content` with the value `letters`. In which folder of the Engine's machine does its data lie? Give the
    folder to the check, as text."""
    given = c.text()
    folders = {}
    for word in _SHELVES:
        shelf = c.look("volume", c.draw.name(word)) or {}
        folders[dig(shelf, "Labels", "content")] = str(shelf.get("Mountpoint"))
    asked = "GET /volumes"
    c.need("letters" in folders, Missing(asked, "", _("a volume with the label {label}", label="content=letters")))
    truth = folders.pop("letters")
    others = {folder: _("that of {label}", label=f"content={content}") for content, folder in folders.items()}
    others |= {truth.removesuffix("/_data"): _("the folder above"), c.fill("{letters}"): _("its name")}
    right = _("the folder of the volume with the label {label}", label="content=letters")
    c.right(truth, given.rstrip("/") or given, right, asked, others)


def _letter(text: str = "hello", file: str = "letter.txt", volume: str = "{name:letters}") -> list[Call]:
    """Calls that put a file into a volume, through a container that need not run."""
    return [
        _box("{name:sender}", f"{volume}:/out"),
        put("/containers/{name:sender}/archive", path="/out", tar={file: text}),
    ]


@exercise(
    "4.3",
    _("Written by one, read by another"),
    Kind.MAKE,
    owns=["container:sender", "container:postman", "volume:letters", "volume:lettres"],
    hints={
        "": [
            _("The volume belongs to neither container. The first one writes into it, the second one only looks."),
            _("POST /containers/create twice; in between, start and wait (or PUT archive) for the first one."),
            _("HostConfig.Binds, or HostConfig.Mounts with ReadOnly."),
            _('The second one: lab.post("/containers/create", name="{name:postman}", json={"Image": "busybox", '
            '"HostConfig": {"Binds": ["{name:letters}:…:ro"]}})'),
        ],
        "target": [_("A mount is SOURCE:TARGET. The target of the second container is /mail.")],
        "source": [_("Look at Name of the mount: a volume has one, a folder of the host has none.")],
        "read only": [_('":ro" at the end of a bind, or "ReadOnly": True in Mounts.')],
        "file": [_("Read the file as the check does: GET /containers/{name:postman}/archive?path=/mail/letter.txt")],
    },
    solution=Solution(
        [
            *container("{name:sender}", "sh", "-c", "echo hello > /out/letter.txt",
                       HostConfig={"Binds": ["{name:letters}:/out"]}),
            post("/containers/{name:sender}/wait"),
            *container("{name:postman}", "cat", "/mail/letter.txt",
                       HostConfig={"Binds": ["{name:letters}:/mail:ro"]}),
        ],
        _("The path belongs to each container, the file to the volume."),
    ),
    also=[
        Also("with Mounts, never started", [
            *_letter(),
            post("/containers/create", name="{name:postman}", json={"Image": "busybox", "HostConfig": {"Mounts": [
                {"Type": "volume", "Source": "{name:letters}", "Target": "/mail", "ReadOnly": True}]}}),
        ]),
        Also("by a link in the volume", [
            *container("{name:sender}", "sh", "-c", "echo hello > /out/text; ln -s text /out/letter.txt",
                       HostConfig={"Binds": ["{name:letters}:/out"]}),
            post("/containers/{name:sender}/wait"), _box("{name:postman}", "{name:letters}:/mail:ro"),
        ]),
    ],
    docker=[
        ["docker", "run", "--rm", "-v", "{name:letters}:/out", "busybox", "sh", "-c", "echo hello > /out/letter.txt"],
        ["docker", "create", "--name", "{name:postman}", "-v", "{name:letters}:/mail:ro", "busybox"],
    ],
    wrong=[
        Wrong("nobody reads", _letter(), expected="container {name:postman}", found="nothing"),
        Wrong("mounted elsewhere", [*_letter(), _box("{name:postman}", "{name:letters}:/post:ro")],
              expected="/mail", found="/post"),
        Wrong("another volume", [*_letter(volume="{name:lettres}"), _box("{name:postman}", "{name:lettres}:/mail:ro")],
              expected="{name:letters}", found="{name:lettres}"),
        Wrong("a folder of the host", [*_letter(), _box("{name:postman}", "/usr:/mail:ro")],
              expected="{name:letters}", found="nothing"),
        Wrong("it can be changed", [*_letter(), _box("{name:postman}", "{name:letters}:/mail")],
              expected="false", found="true"),
        Wrong("another text", [*_letter("helo"), _box("{name:postman}", "{name:letters}:/mail:ro")],
              expected="hello", found="helo"),
        Wrong("another file", [*_letter(file="letter"), _box("{name:postman}", "{name:letters}:/mail:ro")],
              expected="hello", found="nothing"),
    ],
)  # fmt: skip
def letters(c: Case) -> None:
    """Let a container write the line `hello` into the file `letter.txt` of a volume with the name `{name:letters}`.
    Then leave a container with the name `{name:postman}`, in any state, that has this volume at `/mail` and can't
    change it."""
    postman = c.container("postman")
    mount = _mount(c, postman, "/mail")
    c.same(c.draw.name("letters"), mount.get("Name"), c.at(postman, "Mounts"), "source")
    c.same(False, mount.get("RW"), _("RW of that mount in GET {path}", path=postman.path), "read only")
    c.same("hello", _text(c, postman, "/mail/letter.txt"), _("/mail/letter.txt in the container"), "file")


_WRITES = ("sh", "-c", "mkdir -p /data; while sleep 5; do date >> /data/pages; done")
_DIARY_GOES = delete("/containers/{name:diary}", force=True)


def _new_diary(bind: str) -> Call:
    """The call that makes the diary anew, and does not start it."""
    return container("{name:diary}", *_WRITES, start=False, HostConfig={"Binds": [bind]})[0]


@exercise(
    "4.4",
    _("The diary that forgets"),
    Kind.REPAIR,
    owns=["container:diary", "container:binder", "volume:pages", "volume:page"],
    setup=[
        _volume("{name:pages}"),
        _box("{name:binder}", "{name:pages}:/x"),
        put("/containers/{name:binder}/archive", path="/x", tar={"first": "{secret:page}\n"}),
        delete("/containers/{name:binder}"),
        *container("{name:diary}", *_WRITES, HostConfig={"Binds": ["{name:pages}:/date"]}),
    ],
    begin=_("Compare where the program writes (Config.Cmd) with where the volume is (Mounts): "
    "GET /containers/{name:diary}/json"),
    hints={
        "": [
            _("Compare where the program writes with where the volume is."),
            _("GET /containers/{name:diary}/json. A mount can't be changed: delete the container, and make it anew."),
            _("Config.Cmd, and Destination in Mounts; in the new one, HostConfig.Binds."),
            _('DELETE it, then lab.post("/containers/create", name="{name:diary}", json={"Image": "busybox", '
            '"Cmd": …, "HostConfig": {"Binds": ["{name:pages}:…"]}})'),
        ],
        "source": [_("The volume with the first page is {name:pages}: is it written like that?")],
        "read only": [_("The program writes, so the mount must be writable.")],
        "program": [_("The new container needs the program of the old one: Cmd.")],
        "file": [_("The first page was in the volume. lab.reset puts it back.")],
    },
    solution=Solution(
        [_DIARY_GOES, *container("{name:diary}", *_WRITES, HostConfig={"Binds": ["{name:pages}:/data"]})],
        _("The volume was mounted at /date, and the program writes to /data: into the container's own layer."),
    ),
    also=[
        Also("with Mounts, beside the old target", [_DIARY_GOES, post("/containers/create", name="{name:diary}", json={
            "Image": "busybox", "Cmd": list(_WRITES), "HostConfig": {"Mounts": [
                {"Type": "volume", "Source": "{name:pages}", "Target": target} for target in ("/date", "/data")]}})]),
    ],
    docker=[
        ["docker", "rm", "-f", "{name:diary}"],
        ["docker", "run", "-d", "--name", "{name:diary}", "-v", "{name:pages}:/data", "busybox", *_WRITES],
    ],
    wrong=[
        Wrong("only restarted", [post("/containers/{name:diary}/restart", t=0)], expected="/data", found="/date"),
        Wrong("only deleted", [_DIARY_GOES], expected="container {name:diary}", found="nothing"),
        Wrong("another volume", [
            _volume("{name:page}"), _box("{name:binder}", "{name:page}:/x"),
            put("/containers/{name:binder}/archive", path="/x", tar={"first": "{secret:page}\n"}),
            _DIARY_GOES, _new_diary("{name:page}:/data")],
              expected="{name:pages}", found="{name:page}"),
        Wrong("another program", [_DIARY_GOES, _box("{name:diary}", "{name:pages}:/data")],
              expected="…>> /data/pages…", found="sleep 99999"),
        Wrong("read-only", [_DIARY_GOES, _new_diary("{name:pages}:/data:ro")],
              expected="true", found="false"),
        Wrong("with an empty volume of that name", [
            _DIARY_GOES, delete("/volumes/{name:pages}"), _new_diary("{name:pages}:/data")],
              expected="{secret:page}", found="nothing"),
    ],
)  # fmt: skip
def diary(c: Case) -> None:
    """The program in the container `{name:diary}` writes to `/data`, and each time the container is made anew, all
    that it wrote is gone. The volume `{name:pages}` was made for it and has a first page already. Find out what is
    wrong and mend it: a container of that name that has the volume where the program writes. The first page must
    still be there."""
    box = c.container("diary")
    mount = _mount(c, box, "/data")
    c.same(c.draw.name("pages"), mount.get("Name"), c.at(box, "Mounts"), "source")
    c.same(True, mount.get("RW"), _("RW of that mount in GET {path}", path=box.path), "read only")
    program = " ".join(map(str, [*(dig(box, "Config", "Entrypoint") or []), *(dig(box, "Config", "Cmd") or [])]))
    fact = Missing(c.at(box, "Config", "Cmd"), "program", _WRITES[-1], (program,))
    c.expect("/data/pages" in program, fact)
    c.same(c.draw.secret("page"), _text(c, box, "/data/first"), _("/data/first in the container"), "file")


_LEDGERS = {"ledger.csv": "{secret:new}\n", "old/ledger.csv": "{secret:old}\n"}


def _replica(files: Mapping[str, str], target: str = "/data") -> list[Call]:
    """Calls that put files into the replica, through the container that is to be left."""
    return [
        _box("{name:shelf}", "{name:replica}:" + target),
        put("/containers/{name:shelf}/archive", path=target, tar=files),
    ]


@exercise(
    "4.5",
    _("Out of one, into another"),
    Kind.MAKE,
    owns=["container:attic", "container:shelf", "container:copier", "volume:origin", "volume:replica"],
    setup=[
        _volume("{name:origin}"),
        _box("{name:attic}", "{name:origin}:/data"),
        put("/containers/{name:attic}/archive", path="/data", tar=_LEDGERS),
    ],
    begin=_("Take the content out first: GET /containers/{name:attic}/archive?path=/data/."),
    hints={
        "": [
            _("The way out is a container with the first volume, the way in a container with the second."),
            _("GET /containers/{name:attic}/archive, then PUT /containers/{name:shelf}/archive."),
            _("The query path=/data/. for the way out, path=/data for the way in."),
            _('tar = lab.get("/containers/{name:attic}/archive", path="/data/.").response.body, then '
            'lab.put("/containers/{name:shelf}/archive", path=…, data=tar)'),
        ],
        "source": [_("The container has to mount the replica, not the origin.")],
        "target": [_("A mount is SOURCE:TARGET. The target is /data.")],
        "files": [
            _("Are the files one folder too deep? See the names: GET /containers/{name:shelf}/archive?path=/data"),
            _("A tar of /data has data/ before each name and belongs at /; a tar of /data/. belongs at /data."),
        ],
        "origin": [_("To restore is to copy: the first volume stays. lab.reset puts it back.")],
    },
    solution=Solution(
        [
            *container("{name:copier}", "cp", "-a", "/from/.", "/to/",
                       HostConfig={"Binds": ["{name:origin}:/from:ro", "{name:replica}:/to"]}),
            post("/containers/{name:copier}/wait"),
            _box("{name:shelf}", "{name:replica}:/data"),
        ],
        _("A container with both volumes copies from one to the other, and nothing passes through your machine. "
        "With archive, a tar does: that is the way when the second volume is on another Engine."),
    ),
    also=[Also("through a tar", _replica(_LEDGERS)),
          Also("read-only in the end", [*_replica(_LEDGERS), delete("/containers/{name:shelf}"),
                                        _box("{name:shelf}", "{name:replica}:/data:ro")])],
    docker=[
        ["docker", "run", "--rm", "-v", "{name:origin}:/from:ro", "-v", "{name:replica}:/to", "busybox",
         "cp", "-a", "/from/.", "/to/"],
        ["docker", "create", "--name", "{name:shelf}", "-v", "{name:replica}:/data", "busybox"],
    ],
    wrong=[
        Wrong("no container left", [_volume("{name:replica}")], expected="container {name:shelf}", found="nothing"),
        Wrong("mounted elsewhere", _replica(_LEDGERS, "/backup"), expected="/data", found="/backup"),
        Wrong("the origin itself", [_box("{name:shelf}", "{name:origin}:/data")],
              expected="{name:replica}", found="{name:origin}"),
        Wrong("one folder too deep", _replica({f"data/{name}": text for name, text in _LEDGERS.items()}),
              expected="{secret:new}", found="nothing"),
        Wrong("the newer file changed", _replica({**_LEDGERS, "ledger.csv": "total 0\n"}),
              expected="{secret:new}", found="total 0"),
        Wrong("the newer file alone", _replica({"ledger.csv": _LEDGERS["ledger.csv"]}),
              expected="{secret:old}", found="nothing"),
        Wrong("moved within the Engine", [
            *container("{name:copier}", "sh", "-c", "mv /from/* /to/",
                       HostConfig={"Binds": ["{name:origin}:/from", "{name:replica}:/to"]}),
            post("/containers/{name:copier}/wait"), _box("{name:shelf}", "{name:replica}:/data"),
        ], expected="{secret:new}, {secret:old}", found="nothing, nothing"),
        Wrong("moved, not copied", [
            *_replica(_LEDGERS), delete("/containers/{name:attic}"), delete("/volumes/{name:origin}")],
              expected="volume {name:origin}", found="nothing"),
    ],
)  # fmt: skip
def replica(c: Case) -> None:
    """The volume `{name:origin}` holds the files `ledger.csv` and `old/ledger.csv`; the container `{name:attic}` has it
    at `/data`. Make a volume `{name:replica}` with the same two files at the same places, and leave a container with
    the name `{name:shelf}`, in any state, that has the replica at `/data`. The origin stays as it is."""
    shelf = c.container("shelf")
    mount = _mount(c, shelf, "/data")
    c.same(c.draw.name("replica"), mount.get("Name"), c.at(shelf, "Mounts"), "source")
    where = _("{path} in the container", path="/data/ledger.csv")
    c.same(c.draw.secret("new"), _text(c, shelf, "/data/ledger.csv"), where, "files")
    where = _("{path} in the container", path="/data/old/ledger.csv")
    c.same(c.draw.secret("old"), _text(c, shelf, "/data/old/ledger.csv"), where, "files")
    c.volume("origin", "origin")
    for user in _users(c, c.draw.name("origin")):  # where none is left, nobody can look into it
        box = c.look("container", str(user.get("Id"))) or {}
        places = {m.get("Name"): m.get("Destination") for m in dig(box, "Mounts") or []}
        folder = places.get(c.draw.name("origin"), "")
        there = [c.file(str(user.get("Id")), f"{folder}/{file}") for file in _LEDGERS]
        wanted = [c.draw.secret("new"), c.draw.secret("old")]
        where = _("the files of {volume} in {container}", volume=c.draw.name("origin"), container=_called(user))
        c.expect(there == wanted, Mismatch(where, "origin", ", ".join(wanted), ", ".join(map(show, there))))
        break


_HOLDERS = ("room-a", "room-b", "room-c")


def _held(draw: Draw) -> Sequence[Call]:
    holder = draw.choice("holder", _HOLDERS)
    return [
        *(_volume("{name:" + word + "}") for word in ("held", "other")),
        *(
            call
            for w in _HOLDERS
            for call in container(
                "{name:" + w + "}",
                "sleep",
                "99999",
                start=False,
                keep="holder" if w == holder else "",
                HostConfig={"Binds": ["{name:" + ("held" if w == holder else "other") + "}:/data"]},
            )
        ),
    ]


def _rooms(draw: Draw) -> Mapping[str, str]:
    holder = draw.choice("holder", _HOLDERS)
    empty = next(word for word in _HOLDERS if word != holder)
    return {"holder": draw.name(holder), "empty": draw.name(empty)}


_ASK_HELD = get("/containers/json", all=True, filters={"volume": ["{name:held}"]})


@exercise(
    "4.6",
    _("Who holds it"),
    Kind.FIND_OUT,
    owns=[*(f"container:{word}" for word in (*_HOLDERS, "lodger")), "volume:held", "volume:other"],
    values=_rooms,
    setup=_held,
    hints={
        "": [
            _("A container refers to its volumes whether it runs or not."),
            _("GET /containers/json"),
            _("all=1, and the filter volume."),
            _('lab.get("/containers/json", all=True, filters={"volume": [lab.name("held")]})'),
        ],
    },
    solution=Solution(
        [_ASK_HELD],
        _("The filter asks the Engine for the containers that refer to the volume; all=1 brings those that don't run."),
        answer='r.json()[0]["Names"][0]',
    ),
    also=[Also("by its id", [_ASK_HELD], 'r.json()[0]["Id"][:12]'), Also("without the slash", answer='"{holder}"')],
    wrong=[
        Wrong("another container", answer='"{empty}"', found="…it uses another volume…"),
        Wrong("the volume", answer='"{name:held}"', found="…the volume itself…"),
        Wrong("one made for the answer", [_box("{name:lodger}", "{name:held}:/data")], '"{name:lodger}"',
              found="…it was made later…"),
        Wrong("none", answer='"none"', found="none"),
        Wrong("the image", answer='"busybox"', found="busybox"),
        Wrong("the holder was deleted", [delete("/containers/{holder}")], '"{holder}"',
              expected="a container that uses {name:held}", found="nothing"),
    ],
)  # fmt: skip
def held(c: Case) -> None:
    """The volume `{name:held}` can't be deleted. Which container holds it? Give its name to the check."""
    given = c.text().lstrip("/")
    asked = 'GET /containers/json?all=1&filters={"volume": …}'
    name = c.draw.name("held")
    users = {str(user.get("Id")): _called(user) for user in _users(c, name)}
    c.need(bool(users), Missing(asked, "", _("a container that uses {volume}", volume=name)))
    holder = c.kept["holder"]
    c.intact(holder in users, _("The container that held {volume} is not there any more.", volume=name))
    short = given.lower()
    meant = next((n for id, n in users.items() if len(short) >= 12 and id.startswith(short)), given)
    truth = users.pop(holder)
    others = {c.draw.name(word): _("it uses another volume") for word in _HOLDERS}
    others |= dict.fromkeys(users.values(), _("it was made later"))
    others[name] = _("the volume itself")
    c.right(truth, meant, _("the container that uses {volume}", volume=name), asked, others)


_VOLUMES = ("vol-a", "vol-b", "vol-c")
_USES = tuple(itertools.permutations(("running", "created", "unused")))


def _used(draw: Draw) -> Sequence[Call]:
    calls: list[Call] = []
    for word, use in zip(_VOLUMES, draw.choice("uses", _USES)):
        calls.append(_volume("{name:" + word + "}"))
        if use != "unused":
            binds = {"Binds": ["{name:" + word + "}:/data"]}
            calls += container("{name:user-" + use + "}", "sleep", "99999", start=use == "running", HostConfig=binds)
    return calls


def _statuses(draw: Draw) -> Mapping[str, str]:
    uses = draw.choice("uses", _USES)
    return {
        "right": str([204 if use == "unused" else 409 for use in uses]),
        "only_running": str([409 if use == "running" else 204 for use in uses]),
        "turned": str([409 if use == "unused" else 204 for use in uses]),
    }


@exercise(
    "4.7",
    _("Which of them may go"),
    Kind.PREDICT,
    owns=["container:user-running", "container:user-created", *(f"volume:{word}" for word in _VOLUMES)],
    values=_statuses,
    setup=_used,
    begin=_("Look for the containers that use each volume, then give a list of three status codes to the check."),
    hints={
        "": [
            _("In use means that a container refers to it."),
            _("GET /containers/json"),
            _("all=1, and the filter volume, for each of the three."),
            _('lab.get("/containers/json", all=True, filters={"volume": [lab.name("vol-a")]}): none, or any?'),
        ],
    },
    solution=Solution(
        [delete("/volumes/{name:" + word + "}", refused=True) for word in _VOLUMES],
        _("A container that was created and never started uses its volumes too: it could be started. Answer first, and "
          "then let the Engine answer."),
        answer="{right}",
    ),
    also=[Also("as text", answer='"{right}".strip("[]")')],
    wrong=[
        Wrong("only running containers count", answer="{only_running}", found="…only a running container…"),
        Wrong("all of them", answer="[204, 204, 204]", found="[204, 204, 204]…of 3…"),
        Wrong("none of them", answer="[409, 409, 409]", found="[409, 409, 409]…of 3…"),
        Wrong("the wrong way round", answer="{turned}", found="{turned}…"),
    ],
)  # fmt: skip
def predicted(c: Case) -> None:
    """There are three volumes: `{name:vol-a}`, `{name:vol-b}` and `{name:vol-c}`. What will `DELETE` of each answer, in
    this order? Look at who uses them; don't delete anything. The answer is a list of three status codes."""
    given = tuple(c.statuses(len(_VOLUMES)))
    users = [_users(c, c.draw.name(word)) for word in _VOLUMES]
    truth = tuple(409 if some else 204 for some in users)
    for word, some, use in zip(_VOLUMES, users, c.draw.choice("uses", _USES)):
        changed = _("The containers that use {volume} are others than at the beginning.", volume=c.draw.name(word))
        c.intact(bool(some) == (use != "unused"), changed)
    running = tuple(409 if any(user.get("State") == "running" for user in some) else 204 for some in users)
    others = {running: _("as if only a running container counted")}
    right = _("what DELETE answers for each of the three, in order")
    c.right(truth, given, right, 'GET /containers/json?all=1&filters={"volume": …}', others)


_TENANT_GOES = delete("/containers/{name:tenant}", v=True, force=True)
_FLAT_GOES = delete("/volumes/{name:flat}")


@exercise(
    "4.8",
    _("The tenant moves out"),
    Kind.MAKE,
    owns=["container:tenant", "volume:flat", "volume:cellar"],
    setup=[
        _volume("{name:flat}"),
        _volume("{name:cellar}"),
        *container("{name:tenant}", "sleep", "99999", HostConfig={
            "Binds": ["{name:flat}:/flat", "{name:cellar}:/cellar"],
            "Mounts": [{"Type": "volume", "Target": "/bin-bag", "VolumeOptions": {
                "Labels": {"docker-api-lab": "04", "tenant": "{name:tenant}"}}}]}),
    ],
    teardown=[post("/v1.41/volumes/prune", filters={"label": ["tenant={name:tenant}"]})],
    begin=_("See what the tenant has: GET /containers/{name:tenant}/json, Mounts"),
    hints={
        "": [
            _("A volume in use can't be deleted, so the container goes first. What has no name can go along with it."),
            _("DELETE /containers/{name:tenant}, then DELETE /volumes/{name:flat}"),
            _("The query v=1, and force=1 because it runs."),
            _('lab.delete("/containers/{name:tenant}", force=True, v=…), then lab.delete("/volumes/{name:flat}")'),
        ],
        "anonymous": [
            _("Find the volume that was left: the filters dangling and label, with tenant={name:tenant}."),
            _("With v=1 it would have gone along. Now it has to be deleted by its long name."),
        ],
        "cellar": [_("It has a name, so v=1 would have spared it. lab.reset begins again.")],
    },
    solution=Solution(
        [_TENANT_GOES, _FLAT_GOES],
        _("v=1 takes the anonymous volume along and spares those with a name; each of these is a decision of its own."),
    ),
    also=[Also("stopped first", [post("/containers/{name:tenant}/kill"), delete("/containers/{name:tenant}", v=True),
                                 _FLAT_GOES])],
    docker=[["docker", "rm", "-f", "-v", "{name:tenant}"], ["docker", "volume", "rm", "{name:flat}"]],
    wrong=[
        Wrong("only killed", [post("/containers/{name:tenant}/kill")],
              expected="no container {name:tenant}…", found="container {name:tenant}…"),
        Wrong("without v", [delete("/containers/{name:tenant}", force=True), _FLAT_GOES],
              expected="no anonymous volume of {name:tenant}", found="anonymous volume of {name:tenant}"),
        Wrong("the flat is left", [_TENANT_GOES], expected="no volume {name:flat}", found="volume {name:flat}"),
        Wrong("the cellar cleared too", [_TENANT_GOES, _FLAT_GOES, delete("/volumes/{name:cellar}")],
              expected="volume {name:cellar}", found="nothing"),
        Wrong("the cellar cleared, and made again", [
            _TENANT_GOES, _FLAT_GOES, delete("/volumes/{name:cellar}"), _volume("{name:cellar}")],
              expected="the volume {name:cellar} that was there"),
    ],
)  # fmt: skip
def tenant(c: Case) -> None:
    """The container `{name:tenant}` has moved out. Remove it, its volume `{name:flat}`, and the anonymous volume that
    it has. The volume `{name:cellar}`, which it used too, stays."""
    name = c.draw.name("tenant")
    c.gone("container", name)
    c.gone("volume", c.draw.name("flat"))
    answer = c.get("/volumes", filters={"label": [f"tenant={name}"]})
    left = answer.json().get("Volumes") or []
    where = _("GET /volumes with the label {label}", label=f"tenant={name}")
    c.expect(not left, Unexpected(where, "anonymous", _("anonymous volume of {container}", container=name)))
    c.stays("volume", "cellar", "cellar")


_DANGLING = get("/volumes", filters={"dangling": ["true"]})


def _tells(answer: Any) -> tuple[bool, set[str]]:
    """Return whether a response tells used volumes from unused ones, and the names of the unused ones.

    The list tells it by the filter ``dangling``; ``GET /system/df`` by the number of containers that use each.
    """
    body = answer.json() if answer.ok else {}
    volumes = (body.get("Volumes") if isinstance(body, dict) else None) or []
    if answer.request.path == "/system/df":
        counts = {str(v.get("Name")): dig(v, "UsageData", "RefCount") for v in volumes}
        return any(count is not None for count in counts.values()), {n for n, count in counts.items() if count == 0}
    asked = {str(value) for value in _filters(answer).get("dangling") or ()} & {"true", "1"}
    return bool(asked), {str(v.get("Name")) for v in volumes}


def _filters(answer: Any) -> dict[str, Any]:
    """Return the filters of a request that the Engine has taken: an object of lists, or of objects."""
    query = parse_qs(answer.request.target.partition("?")[2])
    return dict(json.loads(query.get("filters", ["{}"])[0] or "{}")) if answer.ok else {}


@exercise(
    "4.9",
    _("Used or unused"),
    Kind.EXPLAIN,
    owns=["container:worker", "volume:idle", "volume:busy"],
    setup=[_volume("{name:idle}"), _volume("{name:busy}"), _box("{name:worker}", "{name:busy}:/data")],
    begin=_('Find a request whose answer tells used volumes from unused ones, then lab.check("4.9", r).'),
    hints={
        "": [
            _("The Engine knows which volumes no container refers to, and lists them when asked."),
            _("GET /volumes"),
            _("A filter; its name is the word for what hangs loose."),
            _('r = lab.get("/volumes", filters={"dangling": [...]})'),
        ],
        "narrow": [_("The list must show {name:idle}: is another filter in the way?")],
        "busy": [_("{name:busy} is no longer in use. lab.reset begins again.")],
    },
    solution=Solution(
        [_DANGLING],
        _("The filter dangling lists the volumes that no container refers to: one of the two is in that list."),
        answer="r",
    ),
    also=[
        Also("in the map form", [get("/volumes", filters={"dangling": {"1": True}, "name": {"": True}})], "r"),
        Also("how many containers use each", [get("/system/df")], "r"),
    ],
    wrong=[
        Wrong("the whole list", [get("/volumes")], "r",
              expected="a response that tells used volumes from unused ones", found="GET …/volumes"),
        Wrong("those in use", [get("/volumes", filters={"dangling": ["false"]})], "r",
              expected="a response that tells used volumes from unused ones", found="GET …dangling…false…"),
        Wrong("one volume", [get("/volumes/{name:idle}")], "r",
              expected="which volumes no container uses", found="GET …/volumes/{name:idle}"),
        Wrong("with a name in the way", [get("/volumes", filters={"dangling": ["true"], "name": ["{name:busy}"]})], "r",
              expected="{name:idle}", found="…"),
        Wrong("one of the two alone", [
            get("/volumes", filters={"dangling": ["true"], "name": ["{name:idle}"]})], "r",
              expected="{name:busy}", found="{name:idle}"),
        Wrong("a filter that is none", [get("/volumes", filters="dangling")], "r", expected="200", found="…"),
        Wrong("the user was deleted", [delete("/containers/{name:worker}"), _DANGLING], "r",
              expected="no {name:busy}", found="{name:busy}"),
    ],
)  # fmt: skip
def evidence(c: Case) -> None:
    """Somebody says that nobody uses the volume `{name:idle}`, and that `{name:busy}` is in use. Produce one response
    in which the Engine itself lists the unused volumes: the first is among them, the other is not. Give it to the
    check."""
    answer = c.evidence(_("which volumes no container uses"), "/volumes", "/system/df")
    tells, unused = _tells(answer)
    where = _("the request that you gave")
    asked = f"{answer.request.method} {answer.request.target}"
    c.need(answer.ok, Mismatch(where, "", 200, answer.status))
    c.need(tells, Mismatch(where, "", _("a response that tells used volumes from unused ones"), asked))
    where = _("the unused volumes in that response")
    c.has(c.draw.name("idle"), sorted(unused), where, "narrow")
    c.lacks(c.draw.name("busy"), unused, where, "busy")
    if answer.request.path == "/volumes":  # a list that could not hold it says nothing about it
        rest = {name: value for name, value in _filters(answer).items() if name != "dangling"}
        listed = c.get("/volumes", filters=rest)
        every = [str(v.get("Name")) for v in (listed.json().get("Volumes") or [] if listed.ok else [])]
        where = _("what that request lists without dangling")
        c.has(c.draw.name("busy"), every, where, "narrow")


_YEARS = {"past-a": "2016", "past-b": "2016", "past-used": "2016", "now": "2026"}


def _prune(year: str) -> Call:
    return post("/v1.41/volumes/prune", filters={"label": [f"year={year}", "docker-api-lab={lab}"]})


@exercise(
    "4.10",
    _("Prune one year"),
    Kind.MAKE,
    owns=["container:historian", *(f"volume:{word}" for word in _YEARS)],
    setup=[
        *(_volume("{name:" + word + "}", year=year) for word, year in _YEARS.items()),
        _box("{name:historian}", "{name:past-used}:/data"),
    ],
    begin=_('List them first: lab.get("/volumes", filters={"label": ["year=2016"]})'),
    hints={
        "": [
            _("Prune takes the same filters as the list, and spares what is in use by itself."),
            _("POST /volumes/prune"),
            _("The filter label; for volumes with a name, from API 1.42 on, the filter all as well."),
            _('lab.post("/volumes/prune", filters={"label": ["year=…"], "all": ["true"]}); "all" from API 1.42 on'),
        ],
        "left": [_("Nothing was pruned? From API 1.42 on, volumes with a name are only pruned with all=true.")],
        "too much": [_("Prune deletes all that matches. lab.reset puts the volumes back; list with the filter first.")],
    },
    solution=Solution(
        [_prune("2016")],
        _("In the words of API 1.41, prune takes every unused volume that matches; from 1.42 on, all=true is needed."),
    ),
    also=[Also("one by one", [delete("/volumes/{name:past-a}"), delete("/volumes/{name:past-b}")])],
    docker=[["docker", "volume", "rm", "{name:past-a}", "{name:past-b}"]],
    wrong=[
        Wrong("one of them", [delete("/volumes/{name:past-a}")],
              expected="no volume {name:past-b}", found="volume {name:past-b}"),
        Wrong("the other of them", [delete("/volumes/{name:past-b}")],
              expected="no volume {name:past-a}", found="volume {name:past-a}"),
        Wrong("without the year", [post("/v1.41/volumes/prune", filters={"label": ["docker-api-lab={lab}"]})],
              expected="volume {name:now}", found="nothing"),
        Wrong("without the year, and made again", [
            *(delete(f"/volumes/{{name:{word}}}") for word in ("past-a", "past-b", "now")),
            _volume("{name:now}", year="2026")],
              expected="the volume {name:now} that was there"),
        Wrong("made room by force", [
            _prune("2016"), delete("/containers/{name:historian}"), delete("/volumes/{name:past-used}")],
              expected="volume {name:past-used}", found="nothing"),
    ],
)  # fmt: skip
def pruned(c: Case) -> None:
    """Volumes of the past have the label `year` with the value `2016`; those of today have another value. Prune all
    volumes of `2016` that no container uses: `{name:past-a}` and `{name:past-b}`. Volumes of another year stay, and so
    do those in use."""
    c.gone("volume", c.draw.name("past-a"), "left")
    c.gone("volume", c.draw.name("past-b"), "left")
    c.stays("volume", "now", "too much")
    c.stays("volume", "past-used", "too much")
