"""Exercises of lab 1: connection and TLS."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

from .. import certs
from ..engines.base import LABEL, EngineRecord, Paths
from ..errors import EngineError
from ..messages import _
from ..model import TLS, version_number
from .case import Case
from .daemonsteps import client, daemon, forget, identity, mode, names_shown, reload, restart, server, shows_another
from .draw import Draw
from .facts import Fault, Mismatch, Missing, dig
from .record import Also, Call, Kind, Solution, Wrong, exercise, get, post


def _places(draw: Draw) -> Mapping[str, Any]:
    """Where the daemon may listen, and where the certificates are."""
    try:
        record = EngineRecord.load(Paths.find().record)
        tcp, tls = record.tcp_port, record.tls_port
    except EngineError:  # none runs: the words are shown all the same
        tcp, tls = 2375, 2376
    return {
        "tcp": f"tcp://127.0.0.1:{tcp}",
        "tls": f"tcp://127.0.0.1:{tls}",
        "other_tls": f"tcp://127.0.0.2:{tls}",
        "by_name": f"tcp://localhost:{tls}",
        "folder": str(certs.folder()),
        "third": f"{draw.name('docker')}.example",
    }


def _refused(path: str) -> Call:
    return Call("GET", path, refused=True)


_GHOST = "http://{mirror}/v2/library/{name:ghost}"


@exercise(
    "1.1",
    _("An error of the registry"),
    Kind.FIND_OUT,
    needs=("registry",),
    hints={
        "": (
            _("The registry has an API of its own; its paths begin with /v2/."),
            _("GET /v2/NAME/tags/list, at the registry's address and not at the Engine's."),
            _("The answer to an error is a list, errors, whose entries have a code and a message."),
            _('registry.get("/v2/library/{name:ghost}/tags/list").json()["errors"][0]["code"]'),
        ),
        "engine": (
            _("That is how the Engine words an error. Ask the registry: registry.get, not lab.get."),
        ),
    },
    solution=Solution(
        [_refused(_GHOST + "/tags/list")],
        _("The status says that something is wrong, the code what: programs look at both, and never at the message."),
        'r.json()["errors"][0]["code"]',
    ),
    also=[Also("in small letters", [_refused(_GHOST + "/tags/list")],
               'r.json()["errors"][0]["code"].lower()')],
    wrong=[
        Wrong("the status", answer='"404"', found="404 (the status)"),
        Wrong("its message", [_refused(_GHOST + "/tags/list")], 'r.json()["errors"][0]["message"]',
              found="… (the message)"),
        Wrong("that of an image that is not there", [_refused(_GHOST + "/manifests/latest")],
              '"MANIFEST_UNKNOWN"', found="MANIFEST_UNKNOWN"),
        Wrong("the Engine's words", [_refused("/images/{name:ghost}/json")], "r.error",
              found="… (the Engine's words)"),
        Wrong("the phrase of the status", answer='"Not Found"', found="Not Found"),
    ],
)  # fmt: skip
def registry_error(x: Case) -> None:
    """The registry does not have the repository `library/{name:ghost}`. Ask it for that repository's tags.

    Which code, one word, does its error have? `lab.check("1.1", "THE_CODE")`.
    """
    given = x.text()
    path = x.fill("/v2/library/{name:ghost}/tags/list")
    answer = x.fetch(int(x.fill("{mirror}").rpartition(":")[2]), path)
    error = dig(answer.json(), "errors", 0) if answer and answer.status == 404 else None
    if not error:
        raise Fault(_("The lab registry does not answer."), _("Type ./lab in a terminal, then run this cell again."))
    engine = x.get(x.fill("/images/{name:ghost}/json")).error
    code = str(error["code"])
    x.right(
        code,
        code if given.upper() == code else given,
        _("the code of the registry's error"),
        x.fill("GET http://{mirror}") + path,
        {"404": _("the status"), error["message"]: _("the message"), engine: _("the Engine's words")},
        "engine" if given == engine else "",
    )


_FACTS = {
    "Driver": _("the storage driver (what lays the layers of an image over each other)"),
    "LoggingDriver": _("the logging driver (what keeps the output of containers)"),
    "CgroupDriver": _("the driver of control groups (what limits and counts memory and processor time)"),
    "DefaultRuntime": _("the default runtime (the program that starts a container's process)"),
    "OSType": _("the kind of operating system that containers run on"),
    "KernelVersion": _("the version of the kernel that all containers share"),
    "Architecture": _("the machine's architecture (the kind of processor that programs must be made for)"),
}
"""Fields of /info, and what each is."""


def _fact(draw: Draw) -> list[str]:
    """Return the field that is asked for, and then all others."""
    names = list(_FACTS)
    first = names.index(draw.choice("fact", names))
    return names[first:] + names[:first]


def _fact_values(draw: Draw) -> Mapping[str, Any]:
    fields = _fact(draw)
    return {"fact": _FACTS[fields[0]], **{f"field_{letter}": field for letter, field in zip("abcdefg", fields)}}


def _other_fact(letter: str) -> Wrong:
    place = f"{{field_{letter}}}"
    return Wrong(f"another field, {letter}", [get("/info")], f'r.json()["{place}"]', found=f"… (that is {place})")


@exercise(
    "1.2",
    _("What the Engine runs on"),
    Kind.FIND_OUT,
    values=_fact_values,
    hints={
        "": (
            _("One call describes the Engine as a whole."),
            _("GET /info"),
            _("The field is called {field_a}."),
            _('lab.get("/info").json()["{field_a}"]'),
        )
    },
    solution=Solution([get("/info")], _("Each field of /info is one fact about the Engine."), 'r.json()["{field_a}"]'),
    also=[Also("with space around it", [get("/info")], '" " + r.json()["{field_a}"] + " "')],
    wrong=[
        *map(_other_fact, "bcde"),
        Wrong("the name of the field", answer='"{field_a}"', found="{field_a}"),
    ],
)  # fmt: skip
def engine_fact(x: Case) -> None:
    """Ask the Engine for one fact about itself: {fact}.

    Give its value: `lab.check("1.2", "value")`.
    """
    info = x.get("/info").json()
    field, *others = _fact(x.draw)
    meanings = {info.get(other): _("that is {field}", field=other) for other in others}
    x.right(info.get(field), x.text(), _(_FACTS[field]), "GET /info", meanings)


_CREATE = "/containers/create"
_REDIS = {"Image": "redis"}
_REQUESTS: dict[int, tuple[str, Call]] = {
    201: (
        _('the body `{"Image": "redis"}`, with `Content-Type: application/json`'),
        post(_CREATE, name="{name:guess}", json=_REDIS),
    ),
    400: (
        _('the body `{"Image": "redis"}`, with `Content-Type: text/plain`'),
        post(_CREATE, name="{name:guess}", json=_REDIS, headers={"Content-Type": "text/plain"}, refused=True),
    ),
    404: (
        _('the body `{"Image": "no-such-image"}`, with `Content-Type: application/json`'),
        post(_CREATE, name="{name:guess}", json={"Image": "no-such-image"}, refused=True),
    ),
}


def _order(draw: Draw) -> tuple[int, ...]:
    return draw.choice("order", list(permutations(_REQUESTS)))


def _predictions(draw: Draw) -> Mapping[str, Any]:
    order = _order(draw)
    wrong = list(order)
    wrong[order.index(400)] = 201
    return {
        "asked": "\n".join(f"{n}. {_REQUESTS[status][0]}" for n, status in enumerate(order, 1)),
        "truth": str(list(order)),
        "lenient": str(wrong),
        "lenient_at": str(order.index(400) + 1),
    }


@exercise(
    "1.3",
    _("Three ways to ask"),
    Kind.PREDICT,
    owns=("container:guess",),
    values=_predictions,
    hints={
        "": (
            _("Ask of each request: can the Engine read it, and is there what it asks for?"),
            _("POST /containers/create makes something; which status says that?"),
            _("Made: 201. The request itself is at fault: 400. What it names is not there: 404."),
            _("Each of the three occurs once."),
        )
    },
    solution=Solution(
        lambda draw: [_REQUESTS[status][1] for status in _order(draw)],
        _("The Engine reads a body only when its header says that it is JSON, and looks for the image after that."),
        "{truth}",
    ),
    also=[Also("as text", answer='"{truth}".strip("[]")')],
    wrong=[
        Wrong("the header does not matter", answer="{lenient}",
              expected="the status of request {lenient_at}", found="201"),
        Wrong("everything is refused", answer="[400, 400, 400]", found="400"),
        Wrong("200 for what was made", answer="[200 if s == 201 else s for s in {truth}]", found="200"),
        Wrong("500 for an image that is not there", answer="[500 if s == 404 else s for s in {truth}]", found="500"),
    ],
)  # fmt: skip
def three_requests(x: Case) -> None:
    """Three requests `POST /containers/create?name={name:guess}`, sent one after the other:

    {asked}

    There is no container of that name before. Which status code does each get? Say it before
    you send them: `lab.check("1.3", [200, 200, 200])`.
    """
    given = x.statuses(3)
    for n, (status, code) in enumerate(zip(_order(x.draw), given), 1):
        x.right(status, code, _("the status of request {n}", n=n), "POST /containers/create")


def _api(**body: Any) -> list[Call]:
    return [post(_CREATE, name="{name:api}", json={"Image": "redis", **body})]


@exercise(
    "1.4",
    _("A container that calls itself cache"),
    Kind.MAKE,
    owns=("container:api",),
    hints={
        "": (
            _("Making something is a POST, and what is to be made stands in its body."),
            _("POST /containers/create; the container's name goes into the query: name=…"),
            _("Image and Hostname are both at the top level of the body."),
            _('lab.post("/containers/create", name=lab.name("api"), json={"Image": "redis", "Hostname": …})'),
        ),
        "hostname": (
            _("Without a Hostname in its place, a container calls itself by the first 12 digits of its id."),
            _("Hostname stands beside Image, not inside another object."),
        ),
        "own label": (
            _("A label is a name and a value; the lab finds again by its own what it made."),
            _('"Labels": lab.labels, beside "Image". A container keeps the labels that it was created with.'),
        ),
    },
    solution=Solution(
        _api(Hostname="cache"),
        _("The name under which the Engine knows it is in the query, the one that it calls itself is in the body."),
    ),
    also=[Also("with the image's tag, and started", [
        post(_CREATE, name="{name:api}", json={"Image": "redis:latest", "Hostname": "cache"}),
        post("/containers/{name:api}/start"),
    ])],
    docker=[
        ["docker", "create", "--name", "{name:api}", "--hostname", "cache", "--label", f"{LABEL}={{lab}}", "redis"],
    ],
    wrong=[
        Wrong("another image", [post(_CREATE, name="{name:api}", json={"Image": "nginx", "Hostname": "cache"})],
              expected="redis", found="nginx"),
        Wrong("Hostname in HostConfig", _api(HostConfig={"Hostname": "cache"}), expected="cache", found="…"),
        Wrong("the name as Hostname", _api(Hostname="{name:api}"), expected="cache", found="{name:api}"),
        Wrong("Domainname", _api(Hostname="redis", Domainname="cache"), expected="cache", found="redis"),
        Wrong("without the label", _api(Hostname="cache", Labels={LABEL: None}),
              expected=f"{LABEL}={{lab}}", found="nothing"),
    ],
)  # fmt: skip
def named_cache(x: Case) -> None:
    """Create a container `{name:api}` from the image `redis` that calls itself `cache`. It has the label of this lab,
    `docker-api-lab` with the value `{lab}`.

    It need not run. The name `{name:api}` is what `lab.name("api")` gives.
    """
    made = x.container("api")
    image = x.look("image", "redis") or {}
    used = dig(made, "Config", "Image")
    x.expect(made.get("Image") == image.get("Id"), Mismatch(x.at(made, "Config", "Image"), "", "redis", used))
    x.field(made, "Config", "Hostname", equals="cache", about="hostname")
    x.labelled(made)


# The daemon's own exercises.  Their starting state is made in one restart, whatever was before, and left alone when
# the notebook's own cells have made it.

_NO_TLS = {"labels": None, "tls": None, "tlsverify": None, "tlscacert": None, "tlscert": None, "tlskey": None}
_TLS = {
    "hosts": ["{tls}"],
    "tls": None,
    "tlsverify": True,
    "tlscacert": "{folder}/ca.pem",
    "tlscert": "{folder}/server-cert.pem",
    "tlskey": "{folder}/server-key.pem",
}
_CERTIFICATE = {"tlscert": _TLS["tlscert"], "tlskey": _TLS["tlskey"]}
_ONE_DOOR = restart({"hosts": ["{tcp}"], **_NO_TLS})


def _listens_on_tcp() -> bool:
    return any(host.startswith("tcp://") for host in daemon().config().get("hosts", []))


@exercise(
    "1.5",
    _("Two ports and a label"),
    Kind.MAKE,
    needs=("configure",),
    values=_places,
    setup=lambda _draw: [] if _listens_on_tcp() else [_ONE_DOOR],
    teardown=[reload({"hosts": []})],  # in the file alone: the setup that follows restarts the daemon
    hints={
        "": (
            _("Where a daemon listens is said by its configuration, not by a request."),
            _("The key of daemon.json is hosts, a list of addresses."),
            _("The list that you give replaces the former one: both addresses have to be in it."),
            _('lab.daemon.restart({"hosts": ["{tcp}", …], "labels": ["room=…"]})'),
        ),
        "restart": (
            _("Some keys take effect at a reload; hosts is not one of them."),
            _("lab.daemon.restart with the same list."),
        ),
        "tls": (
            _("The daemon wants TLS on its ports; this exercise comes before that. None takes a key out of the file."),
            _('Begin again with lab.reset("1.5"), or give None for tlsverify, tlscacert, tlscert and tlskey.'),
        ),
        "label": (
            _("A daemon's labels are a key of daemon.json beside hosts."),
            _('"labels": ["room={secret:room}"]'),
        ),
    },
    solution=Solution(
        [restart({"hosts": ["{tcp}", "{tls}"], "labels": ["room={secret:room}"]})],
        _("hosts is a list, and every address in it is one more door to the same daemon."),
    ),
    also=[Also("in the other order, with one more label", [
        restart({"hosts": ["{tls}", "{tcp}"], "labels": ["floor=2", "room={secret:room}"]}),
    ])],
    wrong=[
        Wrong("the second port alone", [restart({"hosts": ["{tls}"]})],
              expected="this Engine at {tcp}", found="…{tcp}…"),
        Wrong("a reload", [reload({"hosts": ["{tcp}", "{tls}"]})],
              expected="this Engine at {tls}", found="…{tls}… (daemon.json names it)"),
        Wrong("another address of loopback", [restart({"hosts": ["{tcp}", "{other_tls}"]})],
              expected="this Engine at {tls}", found="…{tls}…"),
        Wrong("with TLS on both", [
            server("localhost"), client("learner"), restart({**_TLS, "hosts": ["{tcp}", "{tls}"]}),
        ], expected="this Engine at {tcp}", found="400 Client sent an HTTP request to an HTTPS server."),
        Wrong("no label", [restart({"hosts": ["{tcp}", "{tls}"]})], expected="room={secret:room}", found="nothing"),
    ],
)  # fmt: skip
def two_ports(x: Case) -> None:
    """The daemon listens on `{tcp}` and on `{tls}`, both in plain TCP, and has the label `room={secret:room}`.

    These are the addresses with the ports `lab.record.tcp_port` and `lab.record.tls_port`. A daemon's
    labels are the list `labels` in `daemon.json`; `GET /info` shows them.
    """
    info = x.get("/info").json()
    own = info.get("ID")
    listed = daemon().config().get("hosts", [])
    x.identity += listed
    for url in (x.fill("{tcp}"), x.fill("{tls}")):
        answer = found = identity(url)
        about = "tls" if found.startswith("400") else ""
        if url in listed and not about:
            found, about = _("{said} (daemon.json names it)", said=found), "restart"
        # What passes connections on to the daemon is no port of the daemon's.
        named = any(host.rpartition(":")[2] == url.rpartition(":")[2] for host in listed)
        if answer == own and not named:
            found = _("this Engine, and daemon.json does not name the port")
        where = _("GET /info at {url}", url=url)
        x.need(answer == own and named, Mismatch(where, about, _("this Engine at {url}", url=url), found))
    x.has(x.fill("room={secret:room}"), info.get("Labels") or [], _("Labels in GET /info"), "label")


_LEARNER = [server("localhost"), client("learner")]


def _verifies() -> bool:
    return bool(daemon().config().get("tlsverify")) and (certs.folder() / "server-cert.pem").exists()


def _of_learner(x: Case) -> TLS:
    return TLS(*(x.fill(f"{{folder}}/{name}.pem") for name in ("ca", "cert", "key")))


def _lets_in(x: Case, host: str, about: str) -> None:
    """State that the learner's certificate opens the daemon at a host's name."""
    url = x.fill("{tls}").replace("127.0.0.1", host)
    found = identity(url, _of_learner(x))
    own = x.get("/info").json().get("ID")
    if found != own and shows_another(url, Path(x.fill("{folder}/server-cert.pem"))):
        found = _("another certificate than that in server-cert.pem; {said}", said=found)
    x.expect(found == own, Mismatch(_("GET /info at {url}", url=url), about, _("this Engine at {url}", url=url), found))


def _keeps_out(x: Case) -> None:
    """State that the daemon refuses a client without a certificate."""
    url = x.fill("{by_name}")
    own = x.get("/info").json().get("ID")
    open_to_all = identity(url, TLS(ca=_of_learner(x).ca)) == own
    where = _("GET /info at {url}, without a client's certificate", url=url)
    x.expect(not open_to_all, Mismatch(where, "verify", _("a refusal"), _("this Engine's answer")))


@exercise(
    "1.6",
    _("Three names"),
    Kind.MAKE,
    needs=("configure",),
    values=_places,
    setup=lambda _draw: [] if _verifies() else [*_LEARNER, restart(_TLS)],
    teardown=[forget()],
    hints={
        "": (
            _("A client compares the host that it called with the names in the server's certificate."),
            _("Nothing has to be asked of the API: issue a certificate, and restart the daemon with it."),
            _("ca.server takes several names; the daemon reads tlscert and tlskey when it starts."),
            _('server = ca.server("localhost", …), then lab.daemon.restart({"tlscert": server.cert, "tlskey": …})'),
        ),
        "name": (
            _("Issue the certificate for all names at once: it replaces the former one."),
            _("A daemon that runs goes on with the certificate that it read at its start."),
        ),
        "verify": (
            _("Whoever has no certificate must be refused: that is what tlsverify says."),
            _('lab.daemon.restart({"tlsverify": True})'),
        ),
    },
    solution=Solution(
        [server("localhost", "127.0.0.1", "{third}"), restart(_CERTIFICATE)],
        _("An address is a name of its own: it has to be among the names of the certificate."),
    ),
    also=[Also("with further names", [
        server("127.0.0.1", "{third}", "localhost", "192.0.2.1"), restart(_CERTIFICATE),
    ])],
    wrong=[
        Wrong("without localhost", [server("127.0.0.1", "{third}"), restart(_CERTIFICATE)],
              expected="this Engine at {by_name}", found="… Hostname mismatch…"),
        Wrong("without a restart", [server("localhost", "127.0.0.1", "{third}")],
              expected="this Engine at {tls}", found="another certificate than that in server-cert.pem; … {tls} …"),
        Wrong("of another authority", [server("localhost", "127.0.0.1", "{third}", authority="other"), restart({
            "tlscert": "{folder}/other/server-cert.pem", "tlskey": "{folder}/other/server-key.pem",
        })], expected="this Engine at {by_name}",
              found="another certificate than that in server-cert.pem; … {by_name} …"),
        Wrong("expired", [server("localhost", "127.0.0.1", "{third}", days=-1), restart(_CERTIFICATE)],
              expected="this Engine at {by_name}", found="… certificate has expired."),
        Wrong("without verification", [
            server("localhost", "127.0.0.1", "{third}"), restart({"tlsverify": False, "tls": True}),
        ], expected="a refusal", found="this Engine's answer"),
        Wrong("without the third name", [server("localhost", "127.0.0.1"), restart(_CERTIFICATE)],
              expected="{third}", found="localhost, 127.0.0.1"),
    ],
)  # fmt: skip
def three_names(x: Case) -> None:
    """Clients that trust your authority reach the daemon as `{by_name}` and as `{tls}`.

    Its certificate is also good for `{third}`, by which colleagues will call the machine. The daemon still
    asks every client for a certificate. Your authority and your client's certificate are those in the
    folder that `certs.folder()` gives.
    """
    _lets_in(x, "localhost", "name")
    _lets_in(x, "127.0.0.1", "name")
    _keeps_out(x)
    names = [name.lower() for name in names_shown(x.fill("{tls}"))]  # a host's name is the same in any case
    x.has(x.fill("{third}"), names, _("the names in the certificate that the daemon shows"), "name")


@exercise(
    "1.7",
    _("Three faults"),
    Kind.REPAIR,
    needs=("configure",),
    values=_places,
    setup=[
        server("{third}"), client("learner"), mode("key.pem", 0o644),
        restart({**_TLS, "tlsverify": False, "tls": True}),
    ],
    hints={
        "": (
            _("Try what should work, and what should not, and read the messages: who refuses, and who does not?"),
            _("Look at lab.daemon.config(), at certs.read(server.cert), and at the modes of the files."),
            _("There are three: the names in the server's certificate, tlsverify, and who may read key.pem."),
            _('Issue the server a new certificate, lab.daemon.restart({"tlsverify": True, …}), and chmod 600 key.pem.'),
        ),
        "server": (
            _("The client refuses. What is wrong with the server's certificate? The message says it."),
            _("Issue a new one with ca.server, and restart the daemon so that it reads it."),
        ),
        "verify": (
            _("Ping the daemon without a client's certificate. Should that succeed?"),
            _("With tlsverify false the connection is encrypted all the same, but nobody is asked who it is."),
        ),
        "mode": (
            _("Who may read a private key may use it. Look at its mode: ls -l, or file.stat().st_mode."),
            _('(certs.folder() / "key.pem").chmod(0o600)'),
        ),
    },
    solution=Solution(
        [server("localhost"), restart({"tlsverify": True, **_CERTIFICATE}), mode("key.pem", 0o600)],
        _("The first fault is seen at once, as something fails. The two others are seen only by who looks for them."),
    ),
    also=[Also("everything anew", [*_LEARNER, restart(_TLS)])],
    wrong=[
        Wrong("the certificate alone", [server("localhost"), restart(_CERTIFICATE), mode("key.pem", 0o600)],
              expected="a refusal", found="this Engine's answer"),
        Wrong("verification alone", [restart({"tlsverify": True}), mode("key.pem", 0o600)],
              expected="this Engine at {by_name}", found="… Hostname mismatch…"),
        Wrong("the key still open", [server("localhost"), restart({"tlsverify": True})],
              expected="0600", found="0644"),
        Wrong("a certificate that has expired", [server("localhost", days=-1), restart({"tlsverify": True})],
              expected="this Engine at {by_name}", found="… certificate has expired."),
        Wrong("the port closed", [restart({"hosts": []})],
              expected="this Engine at {by_name}", found="…{by_name}…"),
    ],
)  # fmt: skip
def three_faults(x: Case) -> None:
    """Three things are wrong with the daemon's TLS and its files. Mend them all:

    clients that trust your authority reach the daemon as `{by_name}`, clients without a certificate
    are refused, and nobody but their owner can read the private keys in `certs.folder()`.
    """
    _lets_in(x, "localhost", "server")
    _keeps_out(x)
    for file in sorted(Path(x.fill("{folder}")).glob("*key.pem")):
        bits = f"{stat.S_IMODE(file.stat().st_mode):04o}"
        where = _("the mode of {file}", file=file.name)
        x.expect(not file.stat().st_mode & 0o044, Mismatch(where, "mode", "0600", bits))


_READING = ("/version", "/info", "/containers/json", "/images/json", "/networks", "/volumes")


def _asked_path(draw: Draw) -> Mapping[str, Any]:
    first = draw.choice("path", _READING)
    return {"path": first, "other_path": next(path for path in _READING if path != first)}


@exercise(
    "1.8",
    _("Too old"),
    Kind.EXPLAIN,
    values=_asked_path,
    hints={
        "": (
            _("Pretend to be a client of an age that this Engine no longer knows."),
            _("GET {path}, with another version before the path."),
            _("GET /version says in MinAPIVersion which is the oldest that it speaks: ask for one below that."),
            _('r = lab.get("{path}", version=…), with 1.1 or another number that is low enough'),
        ),
        "new": (
            _("An Engine also refuses what is too new. Read the message: which of the two is it?"),
        ),
    },
    solution=Solution(
        [_refused("/v1.1{path}")],
        _("400, and the message names the oldest version that the Engine accepts."),
        "r",
    ),
    also=[Also("another version that is low enough", [_refused("/v1.2{path}")], "r")],
    wrong=[
        Wrong("too new", [_refused("/v1.99{path}")], "r", expected="a version below …", found="1.99"),
        Wrong("answered", [get("{path}")], "r", expected="a version below …", found="…"),
        Wrong("another path", [_refused("/v1.1{other_path}")], "r", expected="an answer to GET {path}",
              found="GET {other_path}"),
        Wrong("another method", [post("/v1.1/containers/create", json=_REDIS, refused=True)], "r",
              found="POST /containers/create"),
        Wrong("the number instead of the response", answer='"1.1"', expected="a response…", found="a text"),
    ],
)  # fmt: skip
def too_old(x: Case) -> None:
    """Produce the response in which this Engine refuses a `GET {path}` because the client is too old.

    Hand in the response itself: `lab.check("1.8", r)`.
    """
    path = x.fill("{path}")
    r = x.evidence(_("an answer to GET {path}", path=path), path)
    oldest = x.get("/version").json().get("MinAPIVersion", "")
    asked = r.request.version or ""
    below = bool(asked) and version_number(asked) < version_number(oldest)
    x.expect(
        below and r.status == 400,
        Mismatch("MinAPIVersion in GET /version", "new", _("a version below {oldest}, refused", oldest=oldest), asked),
    )


_SECOND = "http://{name:mirror}.example:5000"


def _mirrors() -> list[str]:
    return list(daemon().config().get("registry-mirrors", []))


def _one_mirror(_draw: Draw) -> list[Call]:
    # It leaves an event in any case: what an Engine does not remember was before its last start.
    return [reload({"registry-mirrors": _mirrors() or ["http://{mirror}"]})]


@exercise(
    "1.9",
    _("A second mirror"),
    Kind.MAKE,
    needs=("configure", "registry"),
    setup=_one_mirror,
    teardown=[reload({"registry-mirrors": ["http://{mirror}"]})],
    hints={
        "": (
            _("Mirrors are a matter of the daemon's configuration, and GET /info shows which are in force."),
            _("The key of daemon.json is registry-mirrors, a list of addresses in the order in which they are asked."),
            _("The list that you give replaces the former one; the lab's mirror is http://{mirror}."),
            _('lab.daemon.reload({"registry-mirrors": [f"http://{lab.registry.mirror}", …]})'),
        ),
        "reload": (
            _("A restart stops what runs. This key is one of those that take effect while the daemon goes on."),
            _("lab.daemon.reload with the same list; the Engine writes a reload into its events."),
        ),
    },
    solution=Solution(
        [reload({"registry-mirrors": ["http://{mirror}", _SECOND]})],
        _("At a reload the daemon takes the new list over, and no container notices."),
    ),
    also=[
        Also("with slashes at the end", [reload({"registry-mirrors": ["http://{mirror}/", _SECOND + "/"]})]),
        Also("and a third one", [reload({"registry-mirrors": [
            "http://{mirror}", _SECOND, "http://{name:mirror}.example:5001"]})]),
    ],
    wrong=[
        Wrong("another one between them", [reload({"registry-mirrors": [
            "http://{mirror}", "http://{name:mirror}.example:5001", _SECOND]})],
              found='…{name:mirror}.example:5001…'),
        Wrong("the second one alone", [reload({"registry-mirrors": [_SECOND]})],
              expected='["http://{mirror}", "http://{name:mirror}.example:5000"]', found='["http://{name:mirror}.example:5000"]'),
        Wrong("the other way round", [reload({"registry-mirrors": [_SECOND, "http://{mirror}"]})],
              found='["http://{name:mirror}.example:5000", "http://{mirror}"]'),
        Wrong("without its port", [reload({"registry-mirrors": ["http://{mirror}", "http://{name:mirror}.example"]})],
              found='["http://{mirror}", "http://{name:mirror}.example"]'),
        Wrong("by a restart", [restart({"registry-mirrors": ["http://{mirror}", _SECOND]})],
              expected="an event reload of the daemon", found="nothing"),
    ],
)  # fmt: skip
def second_mirror(x: Case) -> None:
    """The Engine asks the lab's mirror `http://{mirror}` first, and `http://{name:mirror}.example:5000` after it.

    Do it by a reload: a restart would stop the containers of others.
    """
    config = x.get("/info").json().get("RegistryConfig") or {}
    mirrors = [address.rstrip("/") for address in config.get("Mirrors") or []]
    wanted = x.fill(["http://{mirror}", _SECOND])
    x.expect(mirrors[:2] == wanted, Mismatch(_("RegistryConfig.Mirrors in GET /info"), "", wanted, mirrors))
    where = _("GET /events since this exercise began")
    late = 0.5 if mirrors[:2] == wanted else 0.0  # the list is in force before the event is written
    reloaded = bool(x.events("daemon", "reload", late=late))
    x.expect(reloaded, Missing(where, "reload", _("an event reload of the daemon")))
    if reloaded:
        x.intact(not x.restarted(), _("The daemon was started again since this exercise began."))
