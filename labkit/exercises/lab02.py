"""Exercises of lab 2: containers."""

from __future__ import annotations

import os
import re

from ..engines.base import LABEL
from ..messages import _
from .case import Case
from .conditions import Seen
from .draw import Draw
from .facts import Mismatch, Missing, dig
from .predictions import Predictions
from .record import (
    Also,
    Call,
    Kind,
    Solution,
    Wrong,
    container,
    delete,
    exercise,
    get,
    post,
    put,
)

# A first process that ends when it is told to: sleep alone, as process 1, would not.
WAITING = ("sh", "-c", "trap exit TERM; sleep 99999 & wait")


def _crates(draw: Draw) -> list[Call]:
    label = {"crate": draw.name("crate")}
    stopped = [
        post(
            "/containers/create",
            name=f"{draw.name('crate')}-{n}",
            json={"Image": "busybox", "Labels": label},
            keep=f"crate{n}",
        )
        for n in range(draw.number("crates", 2, 5))
    ]
    other = post("/containers/create", name="{name:barrel}", json={"Image": "busybox", "Labels": {"crate": "other"}})
    return [*container("{name:crate}", *WAITING, Labels=label, keep="crate"), *stopped, other]


@exercise(
    "2.1",
    _("Count the crates"),
    Kind.FIND_OUT,
    owns=("container:crate", *(f"container:{{name:crate}}-{n}" for n in range(5)), "container:barrel"),
    setup=_crates,
    hints={
        "": (
            _("A list shows running containers only, unless it is asked for all."),
            _("GET /containers/json takes the parameters all and filters."),
            _('The filter is called label, and its value is a list: {"label": ["name=value"]}.'),
            _('r = lab.get("/containers/json", all=True, filters={"label": ["crate=…"]}) and then len(r.json())'),
        )
    },
    solution=Solution(
        [get("/containers/json", all=True, filters={"label": ["crate={name:crate}"]})],
        _("all=1 brings the stopped ones in, and the filter leaves every other container out."),
        "len(r.json())",
    ),
    also=[
        Also("the map form of filters, and the answer as text", [
            get("/containers/json", all=True, filters={"label": {"crate={name:crate}": True}}),
        ], "str(len(r.json()))"),
    ],
    wrong=[
        Wrong("without all=1", [get("/containers/json", filters={"label": ["crate={name:crate}"]})], "len(r.json())",
              found="1 (the number of those that run)"),
        Wrong("the label's name alone", [
            get("/containers/json", all=True, filters={"label": ["crate"]}),
        ], "len(r.json())", found="… (the number of those with any label crate)"),
        Wrong("only the stopped ones", [
            get("/containers/json", filters={"label": ["crate={name:crate}"], "status": ["created"]}),
        ], "len(r.json())", found="… (the number of those that were never started)"),
        Wrong("the newest only", [get("/containers/json", limit=1, filters={"label": ["crate={name:crate}"]})],
              "0 * len(r.json())", found="0"),
    ],
)  # fmt: skip
def crates(x: Case) -> None:
    """How many containers carry the label `crate` with the value `{name:crate}`, running or not?

    Give the number: `lab.check("2.1", answer)`.
    """
    given = x.number()
    for word in ("crate", *(f"crate{n}" for n in range(x.draw.number("crates", 2, 5)))):
        there = x.look("container", x.kept[word]) is not None
        x.intact(there, _("A container of this exercise is not there any more."))
    mine = {"label": [x.fill("crate={name:crate}")]}
    every = len(x.get("/containers/json", all=True, filters=mine).json())
    running = len(x.get("/containers/json", filters=mine).json())
    any_value = len(x.get("/containers/json", all=True, filters={"label": ["crate"]}).json())
    x.right(
        every,
        given,
        _("the number of containers with that label and value"),
        _("GET /containers/json with all and filters"),
        {
            running: _("the number of those that run"),
            any_value: _("the number of those with any label crate"),
            every - running: _("the number of those that were never started"),
        },
    )


# What the first half of a create call says about ports and folders.
_PAGE = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "{port:page}"}]}
_EXPOSED: dict[str, dict[str, str]] = {"80/tcp": {}}


def _web(word: str, image: str = "nginx", start: bool = True, cmd: tuple[str, ...] = (), **host: object) -> list[Call]:
    return container(f"{{name:{word}}}", *cmd, image=image, start=start, ExposedPorts=_EXPOSED, HostConfig=host)


@exercise(
    "2.2",
    _("A page and a folder"),
    Kind.MAKE,
    owns=("container:page", "volume:page"),
    files={"lab02/page/hello.txt": "{secret:page}\n"},
    needs=("bind",),
    hints={
        "": (
            _("Everything about ports and folders is fixed when a container is created; then it is started."),
            _("POST /containers/create?name=…, then POST /containers/…/start."),
            _("HostConfig holds both: PortBindings for the port, Binds or Mounts for the folder."),
            _('json={"Image": "nginx", "ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PortBindings": {"80/tcp": '
              '[{"HostIp": "127.0.0.1", "HostPort": "{port:page}"}]}, "Binds": ["…:/data"]}}'),
        ),
        "port": (
            _("Which port is open on this machine is the HostPort, and which one inside, the key."),
            _('"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "{port:page}"}]}'),
        ),
        "mount": (
            _("A bind has a source on this machine and a target in the container; look at both."),
            _('"Binds": ["{work}/lab02/page:/data"]'),
        ),
        "page": (
            _("Something must listen on port 80 inside: look at what the container runs, with its image and Cmd."),
        ),
        "own label": (
            _("The lab finds again by its label what it made; a container keeps the labels that it was created with."),
            _('"Labels": lab.labels, beside "Image"'),
        ),
    },
    solution=Solution(
        _web("page", PortBindings=_PAGE, Binds=["{work}/lab02/page:/data"]),
        _("A container's ports and folders belong to the host that it runs on, so they stand in HostConfig."),
    ),
    also=[
        Also("Mounts instead of Binds, on every address", _web(
            "page", PortBindings={"80/tcp": [{"HostPort": "{port:page}"}]},
            Mounts=[{"Type": "bind", "Source": "{work}/lab02/page/", "Target": "/data"}],
        )),
        Also("a volume that is the folder", [
            post("/volumes/create", json={"Name": "{name:page}", "DriverOpts": {
                "type": "none", "o": "bind", "device": "{work}/lab02/page"}}),
            *_web("page", PortBindings=_PAGE, Binds=["{name:page}:/data"]),
        ]),
        Also("another server, more labels, a second port", container(
            "{name:page}", "httpd", "-f", "-p", "80", "-h", "/data", Labels={"more": "<b>"}, ExposedPorts=_EXPOSED,
            HostConfig={"PortBindings": {**_PAGE, "81/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
                        "Binds": ["{work}/lab02/page:/data:ro"]},
        )),
    ],
    docker=[
        ["docker", "run", "-d", "--name", "{name:page}", "--label", f"{LABEL}={{lab}}",
         "-p", "127.0.0.1:{port:page}:80", "-v", "{work}/lab02/page:/data", "nginx"],
    ],
    wrong=[
        Wrong("created and not started", _web(
            "page", start=False, PortBindings=_PAGE, Binds=["{work}/lab02/page:/data"],
        ), expected="true", found="false"),
        Wrong("no port published", _web("page", Binds=["{work}/lab02/page:/data"]),
              expected="{port:page}", found="nothing"),
        Wrong("another host port", _web(
            "page", PortBindings={"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "{port:spare}"}]},
            Binds=["{work}/lab02/page:/data"],
        ), expected="{port:page}", found="{port:spare}"),
        Wrong("no folder", _web("page", PortBindings=_PAGE), expected="/data", found="nothing"),
        Wrong("the folder at another place", _web("page", PortBindings=_PAGE, Binds=["{work}/lab02/page:/date"]),
              expected="/data", found="/date"),
        Wrong("another folder", _web("page", PortBindings=_PAGE, Binds=["{work}:/data"]),
              expected="{work}/lab02/page", found="{work}"),
        Wrong("a volume instead of the folder", _web("page", PortBindings=_PAGE, Binds=["{name:page}:/data"]),
              expected="{work}/lab02/page", found="…/volumes/{name:page}/_data"),
        Wrong("nothing listens inside", container(
            "{name:page}", *WAITING, ExposedPorts=_EXPOSED,
            HostConfig={"PortBindings": _PAGE, "Binds": ["{work}/lab02/page:/data"]},
        ), expected="a web page", found="nothing"),
        Wrong("without the label", container(
            "{name:page}", image="nginx", ExposedPorts=_EXPOSED, Labels={LABEL: None},
            HostConfig={"PortBindings": _PAGE, "Binds": ["{work}/lab02/page:/data"]},
        ), expected=f"{LABEL}={{lab}}", found="nothing"),
    ],
)  # fmt: skip
def page(x: Case) -> None:
    """Run a container `{name:page}` with a web server in it, such as nginx.

    Its port 80/tcp is published on port {port:page} of this machine, and the folder
    `{work}/lab02/page` is at `/data` in it. It has the label of this lab, `docker-api-lab`
    with the value `{lab}`.
    """
    made = x.container("page")
    running = dig(made, "State", "Running")
    x.need(running is True, Mismatch(x.at(made, "State", "Running"), "", True, running))
    _mounted(x, made, "{work}/lab02/page")
    _published(x, made, "page")
    answer = x.fetch(x.draw.port("page"), of=made)
    x.expect(answer is not None, Missing(x.fill("http://127.0.0.1:{port:page}/"), "page", _("a web page")))
    x.labelled(made)


def _published(x: Case, made: dict[str, object], word: str) -> None:
    bindings = dig(made, "NetworkSettings", "Ports", "80/tcp") or []
    ports = [binding.get("HostPort") for binding in bindings]
    where = _("NetworkSettings.Ports['80/tcp'] in GET /containers/{name}/json", name=x.draw.name(word))
    port = str(x.draw.port(word))
    x.need(port in ports, Missing(where, "port", port, tuple(ports)))


def _mounted(x: Case, made: dict[str, object], source: str) -> None:
    mounts = {str(mount["Destination"]): mount for mount in dig(made, "Mounts") or []}
    where = _("Mounts in GET /containers/{name}/json", name=str(made["Name"]).lstrip("/"))
    x.need("/data" in mounts, Missing(where, "mount", "/data", tuple(mounts)))
    there = mounts["/data"]
    folder, wanted = str(there.get("Source") or there.get("Type")), x.fill(source)
    if there.get("Type") == "volume":  # one that is a folder of the machine, by the options of its driver
        options = dig(x.look("volume", str(there.get("Name"))), "Options") or {}
        bound = "bind" in re.split("[, ]+", str(options.get("o") or "")) or options.get("type") == "bind"
        folder = str(options.get("device")) if bound else folder
    # The engine writes a path as it was given, whatever links are in it.
    x.expect(os.path.realpath(folder) == os.path.realpath(wanted), Mismatch(where, "mount", wanted, folder))


_TRAP = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "{port:trap}"}]}
_REMOVE_TRAP = delete("/containers/{name:trap}", force=True)


def _mended(mount: str = "", port: str = "{port:trap}", **top: object) -> list[Call]:
    ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
    body = {"Image": "nginx", "ExposedPorts": _EXPOSED, **top}
    body["HostConfig"] = {"PortBindings": ports, **({"Binds": [mount]} if mount else {})}
    create = post("/containers/create", name="{name:trap}", json=body)
    return [_REMOVE_TRAP, create, post("/containers/{name:trap}/start")]


@exercise(
    "2.3",
    _("The folder that is not there"),
    Kind.REPAIR,
    owns=("container:trap",),
    files={"lab02/trap/hello.txt": "{secret:trap}\n"},
    needs=("bind",),
    setup=container(
        "{name:trap}", image="nginx", ExposedPorts=_EXPOSED, HostConfig={"PortBindings": _TRAP},
        Mounts=[{"Source": "{work}/lab02/trap", "Destination": "/data"}],
    ),
    hints={
        "": (
            _("The engine ignores fields that it does not know. Compare what was asked for with what it understood."),
            _("GET /containers/{name:trap}/json shows what it understood; a mount cannot be added to a container "
              "that is there already."),
            _("Delete the container, and create it anew with HostConfig.Binds or HostConfig.Mounts."),
            _('"HostConfig": {"PortBindings": …, "Binds": ["{work}/lab02/trap:/data"]}'),
        ),
        "port": (
            _("The new container has to publish the same port as the old one: {port:trap} to 80/tcp."),
        ),
    },
    solution=Solution(
        _mended("{work}/lab02/trap:/data"),
        _("Mounts at the top level is not a field of the API. It was ignored, and the answer was still 201."),
    ),
    also=[Also("Mounts in its right place", [
        _REMOVE_TRAP,
        *container("{name:trap}", image="nginx", ExposedPorts=_EXPOSED, HostConfig={
            "PortBindings": _TRAP,
            "Mounts": [{"Type": "bind", "Source": "{work}/lab02/trap", "Target": "/data", "ReadOnly": True}],
        }),
    ])],
    docker=[
        ["docker", "rm", "-f", "{name:trap}"],
        ["docker", "run", "-d", "--name", "{name:trap}", "-p", "127.0.0.1:{port:trap}:80",
         "-v", "{work}/lab02/trap:/data", "nginx"],
    ],
    wrong=[
        Wrong("only restarted", [post("/containers/{name:trap}/restart", t=0)], expected="/data", found="nothing"),
        Wrong("the other spelling, still at the top", _mended(
            Mounts=[{"Source": "{work}/lab02/trap", "Target": "/data", "Type": "bind"}, ], Volumes={"/date": {}},
        ), expected="/data", found="/date"),
        Wrong("without the port", _mended("{work}/lab02/trap:/data", port="{port:spare}"),
              expected="{port:trap}", found="{port:spare}"),
        Wrong("another folder", _mended("{work}/lab02:/data"), expected="{work}/lab02/trap", found="{work}/lab02"),
        Wrong("not started", [call for call in _mended("{work}/lab02/trap:/data") if not call.path.endswith("/start")],
              expected="true", found="false"),
        Wrong("removed for good", [_REMOVE_TRAP], expected="container {name:trap}", found="nothing"),
    ],
)  # fmt: skip
def trap(x: Case) -> None:
    """The container `{name:trap}` should have the folder `{work}/lab02/trap` at `/data`, and it has not.

    It was created with this body, and the answer was 201: `{"Image": "nginx", "ExposedPorts": …,
    "HostConfig": {"PortBindings": …}, "Mounts": [{"Source": "{work}/lab02/trap", "Destination": "/data"}]}`.
    Find out what went wrong, and mend it: in the end a container of that name runs, has the
    folder, and publishes 80/tcp on port {port:trap} as before.
    """
    made = x.container("trap")
    running = dig(made, "State", "Running")
    x.need(running is True, Mismatch(x.at(made, "State", "Running"), "", True, running))
    _mounted(x, made, "{work}/lab02/trap")
    _published(x, made, "trap")


_PREDICTIONS = Predictions(
    "order",
    {
        304: ("POST /containers/{name:runner}/start", "POST /containers/{name:resting}/stop"),
        404: ("POST /containers/{name:nobody}/start", "DELETE /containers/{name:nobody}"),
        409: ("DELETE /containers/{name:runner}", "POST /containers/{name:resting}/kill"),
        204: ("POST /containers/{name:resting}/start", "DELETE /containers/{name:resting}"),
    },
)


def _prediction_values(draw: Draw) -> dict[str, str]:
    truth = _PREDICTIONS.statuses(draw)
    return {"asked": _PREDICTIONS.text(draw), "truth": str(truth), "second": str([truth[0], 200, *truth[2:]])}


@exercise(
    "2.4",
    _("Four calls, four answers"),
    Kind.PREDICT,
    owns=("container:runner", "container:resting"),
    setup=[*container("{name:runner}", *WAITING), *container("{name:resting}", *WAITING, start=False)],
    values=_prediction_values,
    hints={
        "": (
            _("Ask of each call: is the container there, is it so already, and is the call allowed in that state?"),
            _("GET /containers/{name:runner}/json and GET /containers/{name:resting}/json show both states."),
            _("Not there: 404. So already: 304. Not in this state: 409. Done, and nothing to say: 204."),
            _("Each of the four occurs once. The last one is the call that succeeds."),
        )
    },
    solution=Solution(
        _PREDICTIONS.solution,
        _("304 is no error: what was asked for is so already. 409 says that the state forbids the call."),
        "{truth}",
    ),
    also=[Also("as text", answer='"{truth}".strip("[]")')],
    wrong=[
        Wrong("200 for what is so already", answer="[200, 404, 409, 204]", found="200"),
        Wrong("every call succeeds", answer="[204, 204, 204, 204]", found="204"),
        Wrong("the second one wrong", answer="{second}", expected="the status of call 2", found="200"),
        Wrong("the third one wrong", answer="[*{truth}[:2], 500, 204]", expected="the status of call 3", found="500"),
        Wrong("the last one wrong", answer="[*{truth}[:3], 304]", expected="the status of call 4", found="304"),
    ],
)  # fmt: skip
def four_calls(x: Case) -> None:
    """`{name:runner}` runs, `{name:resting}` was created and never started, and there is no `{name:nobody}`.

    Which status code does each of these calls get, sent one after the other?

    {asked}

    Say it before you run them: `lab.check("2.4", [200, 200, 200, 200])`.
    """
    given = x.statuses(4)
    for n, ((status, call), code) in enumerate(zip(_PREDICTIONS.drawn(x.draw), given), 1):
        x.right(status, code, _("the status of call {n}", n=n), x.fill(call))


@exercise(
    "2.5",
    _("Into the harbour"),
    Kind.MAKE,
    owns=("container:ferry", "container:harbour"),
    setup=container("{name:ferry}", *WAITING, start=False, keep="ferry"),
    hints={
        "": (
            _("Three calls: only a running container can be paused, and a name can be changed in any state."),
            _("POST /containers/…/start, POST /containers/…/rename, POST /containers/…/pause."),
            _("rename takes the new name as the parameter name; its answers are 204 and 409."),
            _('lab.post("/containers/{name:ferry}/rename", name="{name:harbour}") before or after the pause'),
        ),
        "state": (
            _("A container's state is in State.Status: created, running, paused, restarting, removing, exited, dead."),
            _("POST /containers/{name:harbour}/pause, while it is running."),
        ),
    },
    solution=Solution(
        [post("/containers/{name:ferry}/start"), post("/containers/{name:ferry}/rename", name="{name:harbour}"),
         post("/containers/{name:harbour}/pause")],
        _("A rename keeps the id, and so everything else; a pause freezes all processes and keeps their memory."),
    ),
    also=[Also("by its id, paused before it is renamed", [
        post("/containers/{kept:ferry}/start"), post("/containers/{kept:ferry}/pause"),
        post("/containers/{kept:ferry}/rename", name="{name:harbour}"),
    ])],
    docker=[["docker", "start", "{name:ferry}"], ["docker", "rename", "{name:ferry}", "{name:harbour}"],
            ["docker", "pause", "{name:harbour}"]],
    wrong=[
        Wrong("renamed only", [post("/containers/{name:ferry}/rename", name="{name:harbour}")],
              expected="paused", found="created"),
        Wrong("not paused", [
            post("/containers/{name:ferry}/start"), post("/containers/{name:ferry}/rename", name="{name:harbour}"),
        ], expected="paused", found="running"),
        Wrong("stopped instead of paused", [
            post("/containers/{name:ferry}/start"), post("/containers/{name:ferry}/rename", name="{name:harbour}"),
            post("/containers/{name:harbour}/kill"),
        ], expected="paused", found="exited"),
        Wrong("another container under that name", [
            *container("{name:harbour}", *WAITING), post("/containers/{name:harbour}/pause"),
        ], expected="the id of the container that was {name:ferry}"),
        Wrong("started and not renamed", [
            post("/containers/{name:ferry}/start"), post("/containers/{name:ferry}/pause"),
        ], expected="container {name:harbour}", found="paused, still {name:ferry}"),
    ],
)  # fmt: skip
def harbour(x: Case) -> None:
    """`{name:ferry}` was created and never started.

    Bring this same container so far that it is called `{name:harbour}` and is paused.
    """
    ferry = x.look("container", x.kept["ferry"])
    there = x.look("container", x.draw.name("harbour"))
    still = (
        _("{status}, still {name}", status=dig(ferry, "State", "Status"), name=x.draw.name("ferry")) if ferry else None
    )
    named = _("container {name}", name=x.draw.name("harbour"))
    where = x.fill("/containers/{name:harbour}/json")
    x.need(there is not None, Mismatch(f"GET {where}", "", named, still))
    made = Seen(there or {}, where)
    x.right(
        x.kept["ferry"], made.get("Id"), x.fill(_("the id of the container that was {name:ferry}")), x.at(made, "Id")
    )
    x.field(made, "State", "Status", equals="paused", about="state")


_SPEAK = ("sh", "-c", "echo good {secret:out}; echo bad {secret:err} >&2; echo good again")


@exercise(
    "2.6",
    _("Only what went wrong"),
    Kind.EXPLAIN,
    owns=("container:speaker", "container:twin"),
    setup=[
        *container("{name:speaker}", *_SPEAK, keep="speaker"), *container("{name:twin}", "sh", "-c", "echo twin >&2"),
        post("/containers/{name:speaker}/wait"), post("/containers/{name:twin}/wait"),
    ],
    hints={
        "": (
            _("What a container writes goes to two streams, and the engine keeps them apart."),
            _("GET /containers/{name:speaker}/logs"),
            _("Its parameters stdout and stderr choose the streams; one that is left out is off."),
            _('r = lab.get("/containers/{name:speaker}/logs", stderr=True) and then lab.check("2.6", r)'),
        ),
        "stdout": (
            _("A stream that was not asked for is not sent: leave stdout out."),
        ),
    },
    solution=Solution(
        [get("/containers/{name:speaker}/logs", stderr=True)],
        _("The first byte of each frame names its stream: 2 is stderr. Asked for it alone, only those frames come."),
        "r",
    ),
    also=[Also("by id, stdout=0, with times", [
        get("/containers/{kept:speaker}/logs", stderr=1, stdout=0, timestamps=True),
    ], "r")],
    wrong=[
        Wrong("stdout instead", [get("/containers/{name:speaker}/logs", stdout=True)], "r",
              expected="bad {secret:err}", found="good {secret:out}, good again"),
        Wrong("both streams", [get("/containers/{name:speaker}/logs", stdout=True, stderr=True)], "r",
              expected="nothing from stdout", found="good {secret:out}, good again"),
        Wrong("the logs of another container", [get("/containers/{name:twin}/logs", stderr=True)], "r",
              expected="the logs of {name:speaker}", found="GET /containers/{name:twin}/logs"),
        Wrong("no line at all", [get("/containers/{name:speaker}/logs", stderr=True, tail=0)], "r",
              expected="bad {secret:err}", found="nothing"),
        Wrong("inspect", [get("/containers/{name:speaker}/json")], "r", found="GET /containers/{name:speaker}/json"),
        Wrong("neither stream", [get("/containers/{name:speaker}/logs")], "r", expected="200", found="400"),
    ],
)  # fmt: skip
def only_stderr(x: Case) -> None:
    """`{name:speaker}` wrote to stdout and to stderr, and has ended.

    Produce the response that holds everything that it wrote to stderr, and nothing of
    what it wrote to stdout. Hand in the response itself: `lab.check("2.6", r)`.
    """
    what = x.fill(_("the logs of {name:speaker}"))
    r = x.evidence(what, "/containers/{id}/logs")
    asked = f"GET {r.request.path}"
    where = _("the request that you gave")
    of = x.look("container", r.request.path.split("/")[2])
    x.need(dig(of, "Id") == x.kept["speaker"], Mismatch(where, "", what, asked))
    x.need(r.ok, Mismatch(asked, "", 200, r.status))
    lines = {n: [line for frame in r.frames if frame.stream == n for line in frame.text.splitlines()] for n in (1, 2)}
    complaint = x.fill("bad {secret:err}")
    everything = [*lines[1], *lines[2]]
    x.expect(any(line.endswith(complaint) for line in lines[2]), Missing(asked, "", complaint, tuple(everything)))
    silence = Mismatch(asked, "stdout", _("nothing from stdout"), ", ".join(lines[1]))
    x.expect(not lines[1], silence)


def _run(script: str, name: str = "{name:clerk}") -> list[Call]:
    return [
        post(f"/containers/{name}/exec", json={"Cmd": ["sh", "-c", script], "AttachStdout": True}, keep="exec"),
        post("/exec/{kept:exec}/start", json={"Detach": False}),
    ]


@exercise(
    "2.7",
    _("A stamp from inside"),
    Kind.MAKE,
    owns=("container:clerk",),
    setup=container("{name:clerk}", *WAITING, keep="clerk"),
    hints={
        "": (
            _("A second process can be run in a container that runs already."),
            _("POST /containers/{name:clerk}/exec makes it ready, POST /exec/…/start runs it."),
            _('The first takes {"Cmd": [...], "AttachStdout": true} and answers an Id; redirecting needs a shell.'),
            _('"Cmd": ["sh", "-c", "echo {secret:stamp} > /tmp/stamp"]'),
        ),
        "text": (
            _("Compare character by character: GET /containers/{name:clerk}/archive?path=/tmp/stamp shows the file."),
        ),
    },
    solution=Solution(
        _run("echo {secret:stamp} > /tmp/stamp"),
        _("The exec call only prepares the process; start runs it. '>' belongs to the shell, so there is one."),
    ),
    also=[
        Also("a file put into it as a tar", [
            put("/containers/{name:clerk}/archive", path="/tmp", tar={"stamp": "{secret:stamp}"}),
        ]),
        Also("a link to it", _run("echo {secret:stamp} > /tmp/text; ln -s text /tmp/stamp")),
    ],
    docker=[["docker", "exec", "{name:clerk}", "sh", "-c", "echo {secret:stamp} > /tmp/stamp"]],
    wrong=[
        Wrong("no shell for the redirection", [
            post("/containers/{name:clerk}/exec", keep="exec",
                 json={"Cmd": ["echo", "{secret:stamp}", ">", "/tmp/stamp"], "AttachStdout": True}),
            post("/exec/{kept:exec}/start", json={"Detach": False}),
        ], expected="/tmp/stamp", found="nothing"),
        Wrong("another text", _run("echo stamp > /tmp/stamp"), expected="{secret:stamp}", found="stamp"),
        Wrong("appended twice", _run("echo {secret:stamp} > /tmp/stamp; echo x >> /tmp/stamp"),
              expected="{secret:stamp}", found="{secret:stamp}␊x"),
        Wrong("a folder", _run("mkdir -p /tmp/stamp/{secret:stamp}"), expected="a file", found="something else…"),
        Wrong("another container of that name", [
            delete("/containers/{name:clerk}", force=True), *container("{name:clerk}", *WAITING),
            *_run("echo {secret:stamp} > /tmp/stamp"),
        ], expected="the id that {name:clerk} had"),
        Wrong("the container is gone", [
            *_run("echo {secret:stamp} > /tmp/stamp"), delete("/containers/{name:clerk}", force=True),
        ], expected="container {name:clerk}", found="nothing"),
        Wrong("the container is stopped now", [
            *_run("echo {secret:stamp} > /tmp/stamp"), post("/containers/{name:clerk}/kill"),
        ], expected="running", found="exited"),
    ],
)  # fmt: skip
def stamp(x: Case) -> None:
    """The container `{name:clerk}` runs.

    Bring about that there is a file `/tmp/stamp` in it with the text `{secret:stamp}`. The
    container stays the same one, and goes on running.
    """
    clerk = x.container("clerk")
    x.right(x.kept["clerk"], clerk.get("Id"), x.fill(_("the id that {name:clerk} had")), x.at(clerk, "Id"))
    x.field(clerk, "State", "Status", equals="running")
    name, where = x.draw.name("clerk"), x.fill("GET /containers/{name:clerk}/archive?path=/tmp/stamp")
    there = x.get(f"/containers/{name}/archive", path="/tmp/stamp").status == 200
    x.need(there, Missing(where, "", "/tmp/stamp"))
    text = x.file(name, "/tmp/stamp")
    x.need(text is not None, Mismatch(where, "", _("a file"), _("something else, such as a folder")))
    x.same(x.fill("{secret:stamp}"), text, where, about="text")


# Programs that the busybox of the Hub and that of Debian both have.
_APPLETS = ("yes", "tac", "nl", "wc", "sort")


@exercise(
    "2.8",
    _("What is missing"),
    Kind.FIND_OUT,
    owns=("container:thief",),
    values=lambda draw: {"loot": draw.choice("loot", _APPLETS)},
    setup=[
        *container("{name:thief}", "sh", "-c", "rm /bin/{loot}; echo {secret:note} > /tmp/note; echo x >> /etc/passwd",
                   keep="thief"),
        post("/containers/{name:thief}/wait"),
    ],
    hints={
        "": (
            _("The engine knows how a container's files differ from those of its image."),
            _("GET /containers/{name:thief}/changes"),
            _("Each entry has a Path and a Kind: 0 changed, 1 added, 2 deleted."),
            _('[c["Path"] for c in r.json() if c["Kind"] == 2]'),
        )
    },
    solution=Solution(
        [get("/containers/{name:thief}/changes")],
        _("Kind 2 marks what was deleted. The image still has it: only this container's own layer hides it."),
        '[c["Path"] for c in r.json() if c["Kind"] == 2][0]',
    ),
    also=[Also("without the first slash", answer='"bin/{loot}"'), Also("as a list", answer='["/bin/{loot}"]')],
    wrong=[
        Wrong("what was added", answer='"/tmp/note"', found="/tmp/note (added)"),
        Wrong("what was changed", answer='"/etc/passwd"', found="/etc/passwd (changed)"),
        Wrong("the folder that it was in", answer='"/bin"', found="/bin (changed)"),
        Wrong("the name alone", answer='"{loot}"', found="{loot}"),
        Wrong("all changes", answer='["/bin/{loot}", "/tmp/note"]', expected="one path", found="2"),
    ],
)  # fmt: skip
def thief(x: Case) -> None:
    """The container `{name:thief}` has ended. Before, it deleted one file that its image has.

    Which one? Give its whole path: `lab.check("2.8", "/bin/…")`.
    """
    given = x.several()
    x.need(len(given) == 1, Mismatch(_("what lab.check was given"), "", _("one path"), len(given)))
    path = "/" + given[0].lstrip("/")
    x.staged("container", "thief")
    kinds = {c["Path"]: c["Kind"] for c in x.get(x.fill("/containers/{name:thief}/changes")).json()}
    gone = x.fill("/bin/{loot}")
    others = [path for path, kind in kinds.items() if kind == 2 and path != gone]
    x.intact(kinds.get(gone) == 2 and not others, x.fill(_("Files of {name:thief} were changed since.")))
    words = {path: (_("changed"), _("added"), _("deleted"))[kind] for path, kind in kinds.items()}
    shown = path if path in words else given[0]
    x.right(
        gone, shown, _("the path of the file that was deleted"), x.fill("GET /containers/{name:thief}/changes"), words
    )


@exercise(
    "2.9",
    _("Nothing left behind"),
    Kind.MAKE,
    owns=("container:hog", "container:gone"),
    setup=[
        *container("{name:hog}", *WAITING, Volumes={"/cache": {}}, keep="hog"),
        get("/containers/{name:hog}/json", keep="cache=Mounts.0.Name"),
        post("/volumes/create", json={}, keep="other"),
    ],
    teardown=[delete("/volumes/{kept:cache}"), delete("/volumes/{kept:other}")],
    hints={
        "": (
            _("A running container is not deleted just like that, and what it stored may stay behind."),
            _("DELETE /containers/{name:hog}"),
            _("It takes force, to kill it first, and v, to take its anonymous volumes along."),
            _('lab.delete("/containers/{name:hog}", force=True, v=True)'),
        ),
        "volume": (
            _("The volume has no name of its own, and outlived its container: it can still be deleted by itself."),
            _("GET /volumes lists it; DELETE /volumes/{kept:cache} removes it."),
        ),
        "others": (
            _("Another volume went as well. Prune takes all that nobody uses: lab.reset begins again."),
        ),
    },
    solution=Solution(
        [delete("/containers/{name:hog}", force=True, v=True)],
        _("force=1 kills a running container first. v=1 takes along the volumes that were made for it without a name."),
    ),
    also=[Also("step by step", [
        post("/containers/{name:hog}/stop", t=0), delete("/containers/{name:hog}"), delete("/volumes/{kept:cache}"),
    ])],
    docker=[["docker", "rm", "-f", "-v", "{name:hog}"]],
    wrong=[
        Wrong("killed, and not deleted", [post("/containers/{name:hog}/kill")],
              expected="no container {name:hog}, exited", found="container {name:hog}, exited"),
        Wrong("paused", [post("/containers/{name:hog}/pause")], found="container {name:hog}, paused"),
        Wrong("renamed", [post("/containers/{name:hog}/rename", name="{name:gone}")],
              found="container {name:gone}, running"),
        Wrong("others pruned as well", [
            delete("/containers/{name:hog}", force=True, v=True),
            post("/v1.41/volumes/prune", filters={"label": ["docker-api-lab={lab}"]}),
        ], expected="volume …", found="nothing"),
        Wrong("without v=1", [delete("/containers/{name:hog}", force=True)],
              expected="no volume {kept:cache}", found="volume {kept:cache}"),
    ],
)  # fmt: skip
def hog(x: Case) -> None:
    """The container `{name:hog}` runs, and keeps data in a volume without a name.

    Delete the container, and this volume with it. Other volumes stay.
    """
    x.gone("container", x.kept["hog"])
    x.gone("volume", x.kept["cache"], about="volume")
    x.thing("volume", x.kept["other"], about="others")


@exercise(
    "2.10",
    _("Cause of death"),
    Kind.EXPLAIN,
    owns=("container:victim", "container:witness"),
    setup=[
        *container("{name:victim}", *WAITING, keep="victim"), *container("{name:witness}", "true", keep="witness"),
        post("/containers/{name:victim}/kill", signal="SIGKILL"), post("/containers/{name:victim}/wait"),
        post("/containers/{name:witness}/wait"),
    ],
    hints={
        "": (
            _("Inspect shows how things are now. How they came about is in the engine's diary."),
            _("GET /events with since and until; with until it has an end."),
            _("The event is called die, and has the exit code among its Attributes; filters choose what is shown."),
            _('r = lab.get("/events", since=0, until=time.time(), filters={"container": ["{name:victim}"]})'),
        ),
        "others": (
            _('A filter on the container leaves the others out: {"container": ["{name:victim}"]}.'),
        ),
    },
    solution=Solution(
        [get("/events", since=0, until="{now}", filters={"container": ["{name:victim}"], "event": ["kill", "die"]})],
        _("The kill event names the signal, 9, and the die event the exit code: 137 is 128 + 9."),
        "r",
    ),
    also=[Also("by id, all its events", [
        get("/events", since=1, until="{now}", filters={"container": {"{kept:victim}": True}}),
    ], "r")],
    wrong=[
        Wrong("inspect", [get("/containers/{name:victim}/json")], "r", found="GET /containers/{name:victim}/json"),
        Wrong("no filter", [get("/events", since=0, until="{now}")], "r",
              expected="events of {name:victim} alone", found="…"),
        Wrong("the death of another one", [
            get("/events", since=0, until="{now}", filters={"container": ["{name:witness}"], "event": ["die"]}),
        ], "r", expected="an event die of {name:victim}", found="die"),
        Wrong("the kill, not the death", [
            get("/events", since=0, until="{now}",
                filters={"container": ["{name:victim}"], "event": ["kill", "start"]}),
        ], "r", expected="an event die of {name:victim}", found="start, kill"),
        Wrong("a time before it", [get("/events", since=0, until=1, filters={"container": ["{name:victim}"]})], "r",
              expected="an event die of {name:victim}", found="nothing"),
        Wrong("the death, not the kill", [
            get("/events", since=0, until="{now}", filters={"container": ["{name:victim}"], "event": ["die"]}),
        ], "r", expected="an event kill of {name:victim}", found="die"),
    ],
)  # fmt: skip
def death(x: Case) -> None:
    """`{name:victim}` ran, and is dead.

    Produce the response that shows that it was killed, by which signal, and with which
    exit code it died; and that holds nothing about other containers. Hand it in:
    `lab.check("2.10", r)`.
    """
    what = x.fill(_("events of {name:victim} alone"))
    r = x.evidence(what, "/events")
    x.events("container", "die", x.kept["victim"], since=0)  # or else the engine has forgotten it
    asked = _("the events in the response that you gave")
    events = r.lines if r.ok else []
    own = [e for e in events if dig(e, "Actor", "ID") == x.kept["victim"]]
    others = [e for e in events if _container_of(e) not in ("", x.kept["victim"])]
    actions = tuple(dict.fromkeys(str(e.get("Action")) for e in [*own, *others]))
    for action in ("die", "kill"):
        fact = Missing(asked, "", x.fill(_("an event {action} of {{name:victim}}", action=action)), actions)
        x.expect(any(e.get("Action") == action for e in own), fact)
    strangers = {str(dig(e, "Actor", "Attributes", "name") or dig(e, "Actor", "ID"))[:40] for e in others}
    strangers.discard(x.draw.name("victim"))  # an earlier one of that name
    x.expect(not strangers, Mismatch(asked, "others", what, ", ".join(sorted(strangers))))


def _container_of(event: dict[str, object]) -> str:
    """Return the id of the container that an event is about; an event of a network or a volume may name one."""
    if event.get("Type", "container") == "container":
        return str(dig(event, "Actor", "ID") or "")
    return str(dig(event, "Actor", "Attributes", "container") or "")


@exercise(
    "2.11",
    _("How many are at work"),
    Kind.FIND_OUT,
    owns=("container:works",),
    values=lambda draw: {"extra": draw.number("extra", 2, 6), "more": draw.number("extra", 2, 6) + 2},
    setup=[
        *container("{name:works}", "sh", "-c", "i=0; while [ $i -lt {extra} ]; do sleep 99999 & i=$((i+1)); done; "
                   "touch /tmp/ready; wait", keep="works"),
        *_run("until [ -e /tmp/ready ]; do sleep 0.01; done", "{name:works}"),
    ],
    hints={
        "": (
            _("A container is made of processes of the host, and the engine can list them."),
            _("GET /containers/{name:works}/top"),
            _("Processes holds one list for each process; the first process, the shell, is one of them."),
            _('len(lab.get("/containers/{name:works}/top").json()["Processes"])'),
        )
    },
    solution=Solution(
        [get("/containers/{name:works}/top")],
        _("Every process counts, the shell that started the others too."),
        'len(r.json()["Processes"])',
    ),
    also=[Also("as text", [get("/containers/{name:works}/top", ps_args="-o pid")], 'str(len(r.json()["Processes"]))')],
    wrong=[
        Wrong("without the first process", answer="{extra}", found="{extra} (all but the first process)"),
        Wrong("with the line of titles", answer="{more}", found="{more} (the line of titles counted too)"),
        Wrong("one container", answer="1", found="1 (the number of containers)"),
        Wrong("none", answer="0", found="0"),
    ],
)  # fmt: skip
def works(x: Case) -> None:
    """How many processes run in the container `{name:works}`, all counted?

    Give the number: `lab.check("2.11", answer)`.
    """
    given = x.number()
    running = dig(x.staged("container", "works"), "State", "Status") == "running"
    x.intact(running, x.fill(_("The container {name:works} does not run any more.")))
    count = len(x.get(x.fill("/containers/{name:works}/top")).json()["Processes"])
    others = {
        count - 1: _("all but the first process"),
        count + 1: _("the line of titles counted too"),
        1: _("the number of containers"),
    }
    x.right(count, given, _("the number of processes"), x.fill("GET /containers/{name:works}/top"), others)


_MIB = 1024 * 1024


def _limits(draw: Draw) -> dict[str, int]:
    mib = draw.number("limit", 20, 90)
    return {"limit": mib * _MIB, "mib": mib, "reserved": (mib - 8) * _MIB}


@exercise(
    "2.12",
    _("What it may use"),
    Kind.FIND_OUT,
    owns=("container:lodger",),
    values=_limits,
    setup=lambda draw: container(
        "{name:lodger}", *WAITING, start=False, keep="lodger",
        HostConfig={"Memory": _limits(draw)["limit"], "MemoryReservation": _limits(draw)["reserved"]},
    ),
    hints={
        "": (
            _("Limits tie a container to its host: which half of its settings is that?"),
            _("GET /containers/{name:lodger}/json"),
            _("HostConfig.Memory is the limit, in bytes; HostConfig.MemoryReservation is what is kept for it."),
            _('r = lab.get("/containers/{name:lodger}/json") and then r.json()["HostConfig"]["Memory"]'),
        )
    },
    solution=Solution(
        [get("/containers/{name:lodger}/json")],
        _("The limit is a number of bytes. 0 would mean that there is none."),
        'r.json()["HostConfig"]["Memory"]',
    ),
    also=[Also("as text", [get("/containers/{name:lodger}/json")], 'str(r.json()["HostConfig"]["Memory"])')],
    wrong=[
        Wrong("in MiB", answer="{mib}", found="{mib} (the same in MiB)"),
        Wrong("what is reserved", answer="{reserved}", found="{reserved} (what is reserved for it)"),
        Wrong("no limit", answer="0", found="0 (no limit)"),
        Wrong("in kB", answer="{limit} // 1000", found="…"),
    ],
)  # fmt: skip
def lodger(x: Case) -> None:
    """How many bytes of memory may the container `{name:lodger}` use at most?

    Give the number: `lab.check("2.12", answer)`.
    """
    given = x.number()
    name = x.draw.name("lodger")
    host = dig(x.staged("container", "lodger"), "HostConfig")
    limit = _limits(x.draw)["limit"]
    x.intact(dig(host, "Memory") == limit, _("The limits of {name} were changed since.", name=name))
    others = {
        dig(host, "MemoryReservation"): _("what is reserved for it"),
        limit // _MIB: _("the same in MiB"),
        0: _("no limit"),
    }
    x.right(limit, given, _("its limit in bytes"), _("HostConfig in GET /containers/{name}/json", name=name), others)


@exercise(
    "2.13",
    _("A note in a drawer"),
    Kind.FIND_OUT,
    owns=("container:drawer",),
    setup=[
        *container("{name:drawer}", "sh", "-c", "mkdir /drawer; echo {secret:note} > /drawer/note; "
                   "echo {secret:decoy} > /drawer/copy; echo {secret:said}", keep="drawer"),
        post("/containers/{name:drawer}/wait"),
    ],
    hints={
        "": (
            _("A container that has ended still has its files, but nothing can be run in it."),
            _("GET /containers/{name:drawer}/archive"),
            _("The parameter path names a file; the answer is a tar, which tarfile opens from io.BytesIO."),
            _('r = lab.get("/containers/{name:drawer}/archive", path="/drawer/note"), then '
              'tarfile.open(fileobj=io.BytesIO(r.response.body)).extractfile("note").read().decode()'),
        )
    },
    solution=Solution(
        [get("/containers/{name:drawer}/archive", path="/drawer/note")],
        _("archive reads files of a container in any state, as a tar; exec needs one that runs."),
        '"{secret:note}"',
    ),
    also=[Also("opened as a tar", [get("/containers/{name:drawer}/archive", path="/drawer/note")],
        '__import__("tarfile").open(fileobj=__import__("io").BytesIO(r.response.body)).extractfile("note").read().decode()',
    )],
    wrong=[
        Wrong("the other file", answer='"{secret:decoy}"', found="{secret:decoy} (what is in /drawer/copy)"),
        Wrong("the logs", answer='"{secret:said}"', found="{secret:said} (what it wrote to stdout)"),
        Wrong("the name of the file", answer='"note"', found="note"),
        Wrong("the whole tar", [get("/containers/{name:drawer}/archive", path="/drawer/note")],
              'r.text.replace(chr(10), "")[:200]', found="note…"),
    ],
)  # fmt: skip
def drawer(x: Case) -> None:
    """The container `{name:drawer}` has ended. Which text is in its file `/drawer/note`?

    Give the text: `lab.check("2.13", answer)`.
    """
    given, name, note = x.text(), x.draw.name("drawer"), x.draw.secret("note")
    x.staged("container", "drawer")
    x.intact(x.file(name, "/drawer/note") == note, x.fill(_("Files of {name:drawer} were changed since.")))
    others = {
        x.fill("{secret:decoy}"): _("what is in /drawer/copy"),
        x.fill("{secret:said}"): _("what it wrote to stdout"),
    }
    where = x.fill("GET /containers/{name:drawer}/archive?path=/drawer/note")
    x.right(note, given, _("the text of that file"), where, others)
