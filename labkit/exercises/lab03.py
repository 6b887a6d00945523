"""Exercises of lab 3: images."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ..engines.base import LABEL
from ..errors import ConnectionFailed
from ..messages import _
from ..model import Endpoint
from ..session import Session
from .case import Case
from .conditions import Seen
from .draw import Draw
from .facts import Fault, Mismatch, Missing, Unexpected, dig, show
from .probe import seconds
from .record import Also, Call, Kind, Solution, Wrong, container, delete, exercise, get, post
from .stage import tar

_LOGIN = {"X-Registry-Auth": "{auth}"}
_WRONG_LOGIN = {"X-Registry-Auth": base64.urlsafe_b64encode(b'{"username": "student", "password": "guessed"}').decode()}
_PYTHON_LOGIN = 'auth_config={"username": "{user}", "password": open("{password_file}").read()}'
_FORMS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)


def _build(name: str, dockerfile: str, **files: str) -> Call:
    """A call that builds an image of text files, with the lab's label."""
    return post("/build", t=name, labels={LABEL: "03"}, forcerm=True, tar={"Dockerfile": dockerfile, **files})


def _image(repo: str, tag: str = "latest", text: str = "x", *, keep: str = "", **labels: str) -> Call:
    """A call that makes an image of one small file: faster than a build, and from nothing."""
    said = " ".join(f"{key}={value}" for key, value in {LABEL: "03", **labels}.items())
    changes = [f"LABEL {said}", 'CMD ["nothing"]']
    kept = f"{keep}=status" if keep else ""
    return post("/images/create", fromSrc="-", repo=repo, tag=tag, changes=changes, tar={"file": text}, keep=kept)


def _push(repo: str, tag: str) -> Call:
    return post(f"/images/{repo}/push", tag=tag, headers=_LOGIN)


def _held(x: Case, repository: str, tag: str) -> tuple[str, str]:
    """Return the digests of the manifest and of the config that the private registry has for a tag; empty for none.

    Raises `Fault` when the registry does not answer.

    Source: https://distribution.github.io/distribution/spec/api/#pulling-an-image-manifest
    """
    login = json.loads(base64.urlsafe_b64decode(x.fill("{auth}")))
    basic = base64.b64encode(f"{login['username']}:{login['password']}".encode()).decode()
    session = Session(Endpoint.parse(x.fill("tcp://{registry}")), version="")
    try:
        headers = {"Authorization": f"Basic {basic}", "Accept": ", ".join(_FORMS)}
        answer = session.request("GET", f"/v2/{repository}/manifests/{tag}", headers=headers, timeout=2.0)
        if not answer.ok:
            return "", ""
        return answer.header("Docker-Content-Digest"), str(dig(answer.json(), "config", "digest") or "")
    except ConnectionFailed as error:
        raise Fault(
            _("The lab registry does not answer. {why}", why=error.message),
            _("Nothing is counted. Type ./lab in a terminal: it starts the registry again. Then run this cell again."),
        ) from error
    finally:
        session.close()


def _parcel(draw: Draw) -> list[Call]:
    sizes = {"wrapping": (10_000, 19_000), "cargo": (30_000, 60_000), "card": (100, 900)}
    files = {name: "." * draw.number(name, *span) for name, span in sizes.items()}
    copies = "".join(f"COPY {name} /{name}\n" for name in sizes)
    return [
        _build("{name:parcel}", f"FROM busybox\n{copies}", **files),
        get("/images/{name:parcel}/json", keep="parcel"),
    ]


_HISTORY = get("/images/{name:parcel}/history")


@exercise(
    "3.1",
    _("The weight of the cargo"),
    Kind.FIND_OUT,
    owns=("image:parcel",),
    setup=_parcel,
    hints={
        "": (
            _("An image remembers the steps that it was made in, and how much each of them added."),
            _("GET /images/…/history"),
            _("CreatedBy says what the step did, Size how large its layer is, in bytes."),
            _('r = lab.get("/images/{name:parcel}/history"), and then [(s["CreatedBy"], s["Size"]) for s in r.json()]'),
        )
    },
    solution=Solution(
        [_HISTORY],
        _("Each COPY makes one layer, and its step in the history has the size of that layer alone."),
        'next(s["Size"] for s in r.json() if "/cargo" in s["CreatedBy"])',
    ),
    also=[Also("as text", [_HISTORY], 'str(next(s["Size"] for s in r.json() if "/cargo" in s["CreatedBy"]))')],
    wrong=[
        Wrong("the whole image", [get("/images/{name:parcel}/json")], 'r.json()["Size"]',
              found="… (the size of the whole image)"),
        Wrong("the wrapping", [_HISTORY], 'next(s["Size"] for s in r.json() if "/wrapping" in s["CreatedBy"])',
              found="… (the layer of another step)"),
        Wrong("the number of steps", [_HISTORY], "len(r.json())", found="… (the number of steps)"),
        Wrong("all steps of the Dockerfile together", [_HISTORY],
              'sum(s["Size"] for s in r.json() if "COPY" in s["CreatedBy"])', found="… (all the COPY steps together)"),
        Wrong("the oldest layer", [_HISTORY], 'max(s["Size"] for s in r.json())',
              found="… (the largest layer, which is that of busybox)"),
    ],
)  # fmt: skip
def cargo(x: Case) -> None:
    """The image `{name:parcel}` was built in steps. One of them copied the file `/cargo` into it.

    How large is the layer that this step made, in bytes? Give the number: `lab.check("3.1", answer)`.
    """
    given = x.number()
    x.staged("image", "parcel")
    steps = x.get(x.fill("/images/{name:parcel}/history")).json()
    sizes = {word: _step_size(steps, word) for word in ("/cargo", "/wrapping", "/card")}
    x.right(
        sizes["/cargo"],
        given,
        _("the size of the layer with /cargo"),
        x.fill("GET /images/{name:parcel}/history"),
        {
            dig(x.look("image", x.draw.name("parcel")), "Size"): _("the size of the whole image"),
            sizes["/wrapping"]: _("the layer of another step"),
            sizes["/card"]: _("the layer of another step"),
            len(steps): _("the number of steps"),
            sum(sizes.values()): _("all the COPY steps together"),
            max((step["Size"] for step in steps), default=0): _("the largest layer, which is that of busybox"),
        },
    )


def _step_size(steps: Sequence[dict[str, object]], word: str) -> int:
    return next((int(str(step["Size"])) for step in steps if word in str(step["CreatedBy"])), 0)


def _berth(draw: Draw) -> str:
    return f"/quay/{draw.number('berth', 11, 99)}"


@exercise(
    "3.2",
    _("Where the crane stands"),
    Kind.FIND_OUT,
    owns=("image:crane",),
    setup=lambda draw: [
        _build(
            "{name:crane}",
            f'FROM busybox\nENV HOME=/harbour\nCOPY rope /hold/\nWORKDIR {_berth(draw)}\nCMD ["ls"]\n',
            rope="a rope\n",
        ),
        get("/images/{name:crane}/json", keep="crane"),
    ],
    hints={
        "": (
            _("What a container will do stands in the description of its image."),
            _("GET /images/…/json"),
            _("Config holds Cmd, Env, WorkingDir and more."),
            _('r.json()["Config"]["WorkingDir"] after r = lab.get("/images/{name:crane}/json")'),
        )
    },
    solution=Solution(
        [get("/images/{name:crane}/json")],
        _("WORKDIR of the Dockerfile became Config.WorkingDir, where each container of the image begins."),
        'r.json()["Config"]["WorkingDir"]',
    ),
    wrong=[
        Wrong("the home folder", answer='"/harbour"', found="/harbour (the variable HOME)"),
        Wrong("where a file was copied to", answer='"/hold/"', found="/hold/ (where a file was copied to)"),
        Wrong("the command", [get("/images/{name:crane}/json")], 'r.json()["Config"]["Cmd"][0]',
              found="ls (the command)"),
        Wrong("the default of all images", answer='"/"', found="/ (the default, where an image says nothing)"),
    ],
)  # fmt: skip
def crane(x: Case) -> None:
    """In which folder does a container of the image `{name:crane}` start its program?

    Give its path: `lab.check("3.2", "/path")`.
    """
    given = x.text()
    config = dig(x.staged("image", "crane"), "Config")
    x.right(
        dig(config, "WorkingDir"),
        given if given == "/" else given.rstrip("/") if given.startswith("/quay") else given,
        _("the folder that containers start in"),
        x.fill("Config in GET /images/{name:crane}/json"),
        {
            "/harbour": _("the variable HOME"),
            "/hold": _("where a file was copied to"),
            "/hold/": _("where a file was copied to"),
            "ls": _("the command"),
            "/": _("the default, where an image says nothing"),
        },
    )


def _shop(base: str = "busybox", work: str = "WORKDIR /srv\n", env: str = "ENV COLOUR={secret:colour}\n",
          copy: str = "COPY prices /srv/\n") -> list[Call]:  # fmt: skip
    return [_build("{name:shop}", f"FROM {base}\n{copy}{work}{env}", prices="tea 2\n")]


_PYTHON_BUILD = """\
import io, tarfile
context = io.BytesIO()
with tarfile.open(fileobj=context, mode="w") as t:
    for name, text in (
        ("Dockerfile", b"FROM busybox\\nCOPY prices /srv/\\nWORKDIR /srv\\nENV COLOUR={secret:colour}\\n"),
        ("prices", b"tea 2\\n"),
    ):
        info = tarfile.TarInfo(name)
        info.size = len(text)
        t.addfile(info, io.BytesIO(text))
context.seek(0)
client.images.build(fileobj=context, custom_context=True, tag="{name:shop}", labels={"docker-api-lab": "03"})"""


@exercise(
    "3.3",
    _("A shop of your own"),
    Kind.MAKE,
    silent=True,
    owns=("image:shop", "image:{name:shop}-2", "container:forger"),
    hints={
        "": (
            _("A Dockerfile with four lines, and one more file beside it in the same tar."),
            _("POST /build, with the tar as the body and the name of the image as the parameter t."),
            _("FROM, COPY, WORKDIR, ENV. What the stream says at its end tells whether it worked: r.error."),
            _('data=context({"Dockerfile": "FROM busybox\\nCOPY prices /srv/\\nWORKDIR …\\nENV …\\n", '
              '"prices": "tea 2\\n"})'),
        ),
        "base": (_("The first line of the Dockerfile says what the image is built on: FROM busybox."),),
        "env": (_("ENV stays in the image. ARG is for the time of the build alone."),),
        "copy": (_("RUN makes a file inside. COPY takes one that came in the tar."),),
    },
    solution=Solution(_shop(), _("The context is the body; all else that the image knows stands in the Dockerfile.")),
    also=[
        Also("ADD, other order, more labels, a second step", [
            _build("{name:shop}", "FROM busybox\nENV COLOUR={secret:colour} SIZE=1\nWORKDIR /srv\nADD prices .\n"
                   "LABEL more=<b>\n", prices="tea 3\n"),
        ]),
    ],
    docker=[
        _PYTHON_BUILD,
    ],
    wrong=[
        Wrong("no folder to start in", _shop(work=""), expected="/srv", found="nothing"),
        Wrong("another colour", _shop(env="ENV COLOUR=blue\n"), expected="COLOUR={secret:colour}", found="COLOUR=blue"),
        Wrong("ARG instead of ENV", _shop(env="ARG COLOUR={secret:colour}\n"),
              expected="COLOUR={secret:colour}", found="nothing"),
        Wrong("a file that RUN made", _shop(copy="RUN echo tea > /prices\n"), expected="a step COPY",
              found="RUN echo…"),
        Wrong("a container's changes, committed", [
            *container("{name:forger}", "COPY", "prices", start=False),
            post("/commit", container="{name:forger}", repo="{name:shop}",
                 changes=["WORKDIR /srv", "ENV COLOUR={secret:colour}"]),
        ], expected="a step COPY", found="RUN COPY prices"),
        Wrong("RUN that says COPY", _shop(copy="RUN : '#(nop) COPY prices /srv/'\n"), expected="a step COPY",
              found="RUN :…"),
        Wrong("on top of another image", _shop(base="scratch"), expected="the layers of busybox"),
        Wrong("another name", [_build("{name:shop}-2", "FROM busybox\nCOPY prices /srv/\n", prices="x")],
              expected="image {name:shop}"),
    ],
)  # fmt: skip
def shop(x: Case) -> None:
    """Build an image `{name:shop}` on top of `busybox`.

    Its containers start in the folder `/srv`, and have the environment variable `COLOUR` with
    the value `{secret:colour}`. A file of the build context, whichever, was copied into it.
    """
    made = x.thing("image", x.draw.name("shop"))
    base = x.look("image", "busybox")
    x.intact(base is not None, _("The image busybox, which it is to be built on, is not there."))
    layers, below = dig(made, "RootFS", "Layers") or [], dig(base, "RootFS", "Layers") or []
    where = x.at(made, "RootFS", "Layers")
    x.expect(
        layers[: len(below)] == below, Mismatch(where, "base", _("the layers of busybox"), _("those of another image"))
    )
    x.field(made, "Config", "WorkingDir", equals="/srv")
    colours = tuple(value for value in dig(made, "Config", "Env") or [] if str(value).startswith("COLOUR="))
    wanted = x.fill("COLOUR={secret:colour}")
    x.expect(wanted in colours, Missing(x.at(made, "Config", "Env"), "env", wanted, colours))
    steps = tuple(_own_steps(x))
    copied = any(step.startswith(("COPY", "ADD")) for step in steps)
    history = x.fill("GET /images/{name:shop}/history")
    x.expect(copied, Missing(history, "copy", _("a step COPY"), tuple(s for s in steps if s.startswith("RUN"))))


def _own_steps(x: Case) -> Iterator[str]:
    """Yield what was done on top of busybox, as a Dockerfile says it."""
    history, below = (
        [str(step.get("CreatedBy") or "") for step in x.get(f"/images/{name}/history").json()]
        for name in (x.draw.name("shop"), "busybox")
    )
    for said in history[: -len(below)] if history[-len(below) :] == below else history:
        # A builder without BuildKit writes what is no RUN as a command of the shell that is a comment.  Of an image
        # that was committed, this is what its container ran.
        step = re.match(r"\S+ -\S+ #\(nop\)\s+(.*)", said, re.DOTALL)
        if step or said.endswith("# buildkit"):
            yield step[1].strip() if step else said.replace("RUN /bin/sh -c", "RUN", 1)
        else:
            yield f"RUN {said.removeprefix('/bin/sh -c ')}"


_PLATE = "FROM busybox\nCOPY no-such-file /x\n"
_EMPTY = [
    Call("POST", "/build", {"t": "{name:plate}"}, tar={"Dockerfile": _PLATE}, refused=True),
    post("/containers/create", json={"Image": "{name:plate}"}, refused=True),
    delete("/images/{name:plate}", refused=True),
]


@exercise(
    "3.4",
    _("An empty plate"),
    Kind.PREDICT,
    owns=("image:plate",),
    hints={
        "": (
            _("When is a status sent: before the work or after it? And what is left of a build that failed?"),
            _("POST /build answers with a stream. The other two look for an image of that name."),
            _("A step that fails is found in the middle of the stream; a name that nothing has is not found."),
            _("The first is what every stream begins with; the other two are the same, and begin with 4."),
        )
    },
    solution=Solution(
        _EMPTY,
        _("The build answers 200 and then fails in its stream. It leaves no image, so both others find nothing."),
        "[200, 404, 404]",
    ),
    also=[Also("as text", answer='"200, 404, 404"')],
    wrong=[
        Wrong("a failed build has a status of its own", answer="[400, 404, 404]",
              expected="the status of the build", found="400"),
        Wrong("the engine blames itself", answer="[500, 404, 404]", expected="the status of the build", found="500"),
        Wrong("a container is made of it", answer="[200, 201, 404]", expected="the status of create", found="201"),
        Wrong("a conflict", answer="[200, 409, 404]", expected="the status of create", found="409"),
        Wrong("there is something to delete", answer="[200, 404, 200]",
              expected="the status of the delete", found="200"),
    ],
)  # fmt: skip
def plate(x: Case) -> None:
    """Which status does each of these calls get, sent one after the other?

    1. `POST /build` with `t={name:plate}`; in the context is nothing but a Dockerfile that says
       `FROM busybox` and `COPY no-such-file /x`
    2. `POST /containers/create` with `{"Image": "{name:plate}"}`
    3. `DELETE /images/{name:plate}`

    Say it before you run them: `lab.check("3.4", [201, 201, 200])`.
    """
    build, create, gone = x.statuses(3)
    x.right(200, build, _("the status of the build"), "POST /build")
    x.right(404, create, _("the status of create"), "POST /containers/create")
    x.right(404, gone, _("the status of the delete"), x.fill("DELETE /images/{name:plate}"))


_KIOSK = "{registry}/{name:kiosk}"
_TAG_KIOSK = post("/images/{name:kiosk}/tag", repo=_KIOSK, tag="{secret:tag}")


@exercise(
    "3.5",
    _("Into the registry"),
    Kind.MAKE,
    silent=True,
    owns=(
        "image:kiosk", f"image:{_KIOSK}:{{secret:tag}}", f"image:{_KIOSK}:latest", f"image:{_KIOSK}-2:{{secret:tag}}",
    ),
    needs=("registry",),
    setup=[_image("{name:kiosk}", text="{now}", keep="kiosk")],
    hints={
        "": (
            _("Where a push goes is the first part of the image's name, so the image needs a second name first."),
            _("POST /images/{name:kiosk}/tag, then POST /images/…/push."),
            _("tag takes repo and tag. push takes tag, and the header X-Registry-Auth."),
            _('lab.post("/images/{registry}/{name:kiosk}/push", tag="…", '
              'headers={"X-Registry-Auth": lab.registry_auth()})'),
        ),
        "push": (
            _("A push can answer 200 and fail. What does r.error say? And which name and tag did the push have?"),
        ),
    },
    solution=Solution(
        [_TAG_KIOSK, _push(_KIOSK, "{secret:tag}")],
        _("The name says where, the header says who, and r.error says whether the registry took it."),
    ),
    docker=[
        ["docker", "tag", "{name:kiosk}", _KIOSK + ":{secret:tag}"],
        f'client.images.push("{_KIOSK}", tag="{{secret:tag}}", {_PYTHON_LOGIN})',
        ["docker", "rmi", _KIOSK + ":{secret:tag}"],
    ],
    wrong=[
        Wrong("with a wrong password", [
            _TAG_KIOSK, post(f"/images/{_KIOSK}/push", tag="{secret:tag}", headers=_WRONG_LOGIN, refused=True),
        ], expected=_KIOSK + ":{secret:tag}", found="nothing"),
        Wrong("as latest", [post("/images/{name:kiosk}/tag", repo=_KIOSK, tag="latest"), _push(_KIOSK, "latest")],
              expected=_KIOSK + ":{secret:tag}", found=_KIOSK + ":latest"),
        Wrong("into another repository", [
            post("/images/{name:kiosk}/tag", repo=_KIOSK + "-2", tag="{secret:tag}"),
            _push(_KIOSK + "-2", "{secret:tag}"),
        ], expected=_KIOSK + ":{secret:tag}", found=_KIOSK + "-2:{secret:tag}"),
        Wrong("another image under that name", [
            post("/images/busybox/tag", repo=_KIOSK, tag="{secret:tag}"), _push(_KIOSK, "{secret:tag}"),
        ], expected="the image {name:kiosk}", found="another image"),
    ],
)  # fmt: skip
def into_the_registry(x: Case) -> None:
    """Push the image `{name:kiosk}` to the private registry at `{registry}`.

    There it is called `{name:kiosk}`, too, with the tag `{secret:tag}`.
    """
    wanted = x.fill(_KIOSK + ":{secret:tag}")
    held = _held(x, x.draw.name("kiosk"), x.draw.secret("tag"))
    done = x.kept["kiosk"] in held
    # An Engine that has forgotten the push is no harm: the registry has it.
    pushed = () if done else tuple(str(dig(event, "Actor", "ID")) for event in x.events("image", "push"))
    where = x.fill("GET /v2/{name:kiosk}/manifests/{secret:tag} of {registry}")
    fact = (
        Mismatch(where, "", x.fill(_("the image {name:kiosk}")), _("another image"))
        if wanted in pushed
        else Missing(where, "push", wanted, pushed)
    )
    x.expect(done, fact)


_CRATE = "{registry}/{name:crate}"


def _crate(draw: Draw) -> list[Call]:
    """Push three tags, and ``stable`` twice: a different one for each learner was the first."""
    before, after = _crate_order(draw)
    calls = [
        *(_image(_CRATE, tag, f"{tag} {draw.secret('crate')}") for tag in _CRATES),
        *(_push(_CRATE, tag) for tag in _CRATES),
    ]
    for tag in (before, after):
        calls += [post(f"/images/{_CRATE}:{tag}/tag", repo=_CRATE, tag="stable"), _push(_CRATE, "stable")]
    return [*calls, *(delete(f"/images/{_CRATE}:{tag}") for tag in (*_CRATES, "stable"))]


_CRATES = ("red", "green", "blue")


def _crate_order(draw: Draw) -> tuple[str, str]:
    before, after = draw.choice("crate", [(a, b) for a in _CRATES for b in _CRATES if a != b])
    return before, after


def _seen_by(tag: str) -> Call:
    return Call("GET", f"/distribution/{_CRATE}:{tag}/json", headers=_LOGIN)


@exercise(
    "3.6",
    _("What stable is now"),
    Kind.FIND_OUT,
    owns=tuple(f"image:{_CRATE}:{tag}" for tag in (*_CRATES, "stable")),
    needs=("registry",),
    setup=_crate,
    values=lambda draw: dict(zip(("before", "after"), _crate_order(draw))),
    hints={
        "": (
            _("A tag is a pointer. Where it points now, only the registry can say."),
            _("GET or HEAD /v2/{name:crate}/manifests/stable, asked of the registry at {registry}."),
            _("The header Docker-Content-Digest of the answer. Send Authorization and Accept."),
            _('r = registry.head("/v2/{name:crate}/manifests/stable", headers=me | {"Accept": …}), and then r.headers'),
        )
    },
    solution=Solution(
        [_seen_by("stable")],
        _("This is the Engine's own way to ask a registry; part 4 asks it directly. Both give the manifest's digest."),
        'r.json()["Descriptor"]["digest"]',
    ),
    also=[Also("its first characters", [_seen_by("stable")], 'r.json()["Descriptor"]["digest"][7:19]')],
    wrong=[
        Wrong("what it was before", [_seen_by("{before}")], 'r.json()["Descriptor"]["digest"]',
              found="… (what stable pointed to before)"),
        Wrong("the size of the manifest", [_seen_by("stable")], 'str(r.json()["Descriptor"]["size"])',
              expected="the digest of the manifest of stable"),
        Wrong("too short to tell", [_seen_by("stable")], 'r.json()["Descriptor"]["digest"][:14]',
              found="sha256:…"),
        Wrong("the tag itself", answer='"stable"', found="stable"),
    ],
)  # fmt: skip
def stable_now(x: Case) -> None:
    """The private registry at `{registry}` holds the repository `{name:crate}`.

    Its tag `stable` was pushed twice. Which digest does the registry have for it now?
    Give it: `lab.check("3.6", "sha256:…")`.
    """
    name = x.draw.name("crate")
    before, _after = _crate_order(x.draw)
    truth, config = _held(x, name, "stable")
    x.intact(bool(truth), x.fill(_("The registry does not have the tag stable of {name:crate} any more.")))
    x.right_id(
        truth,
        _("the digest of the manifest of stable"),
        x.fill("Docker-Content-Digest in HEAD /v2/{name:crate}/manifests/stable"),
        {_held(x, name, before)[0]: _("what stable pointed to before"), config: _("the digest of the config")},
    )


_DISHES = "{registry}/{name:dishes}"
_KNOWN = ("soup", "stew", "cake", "tart", "rice")


def _menu(draw: Draw) -> tuple[str, ...]:
    return draw.choice("menu", list(combinations(_KNOWN, 3)))


def _three_tags(draw: Draw) -> list[Call]:
    tags = _menu(draw)
    made = [_image(_DISHES, tag, f"{tag} {draw.secret('dishes')}", dish=tag) for tag in tags]
    pushed = [_push(_DISHES, tag) for tag in tags]
    return [*made, *pushed, *(delete(f"/images/{_DISHES}:{tag}") for tag in tags)]


def _dish(tag: str) -> Call:
    return post("/images/create", fromImage=_DISHES, tag=tag, headers=_LOGIN)


@exercise(
    "3.7",
    _("The whole menu"),
    Kind.MAKE,
    silent=True,
    owns=tuple(f"image:{_DISHES}:{tag}" for tag in _KNOWN),
    needs=("registry",),
    setup=_three_tags,
    values=lambda draw: dict(zip(("one", "two", "three"), _menu(draw))),
    hints={
        "": (
            _("What did part 5 say about a pull that names no tag?"),
            _("POST /images/create"),
            _("fromImage with the registry before the name, no tag, and the header X-Registry-Auth."),
            _('lab.post("/images/create", fromImage="{registry}/{name:dishes}", '
              'headers={"X-Registry-Auth": lab.registry_auth()})'),
        ),
        "same": (_("Three names are not three images: each tag of the registry is an image of its own."),),
        "made": (_("Its id is another one than that in the registry: it was not pulled from there."),),
    },
    solution=Solution(
        [post("/images/create", fromImage=_DISHES, headers=_LOGIN)],
        _("Without a tag the API pulls all tags. It is the docker command that adds latest, unless it is told -a."),
    ),
    also=[Also("one after the other", [_dish("{one}"), _dish("{two}"), _dish("{three}")])],
    docker=[
        f'client.images.pull("{_DISHES}", all_tags=True, {_PYTHON_LOGIN})',
    ],
    wrong=[
        Wrong("the first one only", [_dish("{one}")], expected=_DISHES + ":{two}", found=_DISHES + ":{one}"),
        Wrong("the last one only", [_dish("{three}")], expected=_DISHES + ":{one}", found=_DISHES + ":{three}"),
        Wrong("one under all three names", [
            _dish("{one}"),
            *(post(f"/images/{_DISHES}:{{one}}/tag", repo=_DISHES, tag=tag) for tag in ("{two}", "{three}")),
        ], expected="dish={two}", found="dish={one}"),
        Wrong("busybox under all three names", [
            post("/images/busybox/tag", repo=_DISHES, tag=tag) for tag in ("{one}", "{two}", "{three}")
        ], expected="dish={one}", found="dish=nothing"),
        Wrong("made by hand, with the labels", [
            _image(_DISHES, tag, tag, dish=tag) for tag in ("{one}", "{two}", "{three}")
        ], expected="the image that the registry has", found="another one with dish={one}"),
    ],
)  # fmt: skip
def whole_menu(x: Case) -> None:
    """The private registry at `{registry}` holds the repository `{name:dishes}` with three tags.

    Bring all of them onto the Engine, under the names that they have there.
    """
    repo = x.fill(_DISHES)
    listed = x.get("/images/json", filters={"reference": [repo]}).json()
    here = {name: image for image in listed for name in image.get("RepoTags") or []}
    where = _("GET /images/json with the filter reference={repo}", repo=repo)
    wanted = {f"{repo}:{tag}": tag for tag in _menu(x.draw)}
    lacking = next((name for name in wanted if name not in here), "")
    x.expect(not lacking, Missing(where, "", lacking, tuple(sorted(here))))
    for name, tag in wanted.items():
        if name in here:
            dish = dig(here[name], "Labels", "dish")
            fact = Mismatch(f"Labels in GET /images/{name}/json", "same", f"dish={tag}", f"dish={show(dish)}")
            if dish == tag:
                said = _("another one with {label}", label=f"dish={tag}")
                fact = Mismatch(f"GET /images/{name}/json", "made", _("the image that the registry has"), said)
            x.expect(here[name].get("Id") in _held(x, x.draw.name("dishes"), tag), fact)


def _good(draw: Draw) -> str:
    return draw.choice("good", ("old", "new"))


def _bad(draw: Draw) -> str:
    return "old" if _good(draw) == "new" else "new"


def _till(draw: Draw) -> list[Call]:
    tested = {_good(draw): "yes", _bad(draw): "no"}
    images = [_image("{name:till}", tag, tag, keep=tag, tested=tested[tag]) for tag in ("old", "new")]
    return [*images, post(f"/images/{{name:till}}:{_bad(draw)}/tag", repo="{name:till}", tag="stable")]


def _move(source: str, tag: str) -> Call:
    return post(f"/images/{source}/tag", repo="{name:till}", tag=tag)


@exercise(
    "3.8",
    _("The wrong till"),
    Kind.REPAIR,
    owns=tuple(f"image:{{name:till}}:{tag}" for tag in ("old", "new", "stable", "more")),
    setup=_till,
    values=lambda draw: {"good": _good(draw), "bad": _bad(draw)},
    hints={
        "": (
            _("First find out which image is the tested one; then let the tag point to it."),
            _("GET /images/json to find it, POST /images/…/tag to move the tag."),
            _("The filters reference and label, together. A tag that exists is moved by tagging again."),
            _('lab.post("/images/{name:till}:…/tag", repo="{name:till}", tag="stable")'),
        ),
        "kept": (_("Each of the three tags is a pointer of its own: only stable was to be moved."),),
    },
    solution=Solution(
        [get("/images/json", filters={"reference": ["{name:till}"], "label": ["tested=yes"]}),
         _move("{name:till}:{good}", "stable")],
        _("Tagging moves a tag that is there already, in one call: nobody ever finds it missing."),
    ),
    also=[Also("removed first, and a name more", [
        delete("/images/{name:till}:stable"), _move("{name:till}:{good}", "stable"),
        _move("{name:till}:{good}", "more"),
    ])],
    docker=[["docker", "tag", "{name:till}:{good}", "{name:till}:stable"]],
    wrong=[
        Wrong("taken away only", [delete("/images/{name:till}:stable")], expected="image {name:till}:stable"),
        Wrong("busybox instead", [_move("busybox", "stable")],
              expected="the image with tested=yes", found="one with tested=nothing"),
        Wrong("the label put on another image", [_image("{name:till}", "stable", "forged", tested="yes")],
              expected="the image with tested=yes", found="another one with tested=yes"),
        Wrong("the wrong tag moved", [_move("{name:till}:{good}", "{bad}")],
              expected="the image with tested=yes", found="one with tested=no"),
        Wrong("all tags moved", [_move("{name:till}:{good}", "stable"), _move("{name:till}:{good}", "{bad}")],
              expected="the image that {name:till}:{bad} was", found="another one"),
        Wrong("the source removed", [_move("{name:till}:{good}", "stable"), delete("/images/{name:till}:{good}")],
              expected="the image that {name:till}:{good} was", found="nothing"),
    ],
)  # fmt: skip
def wrong_till(x: Case) -> None:
    """The tag `{name:till}:stable` points to the wrong image.

    The right one is `{name:till}:old` or `{name:till}:new`: the one that has the label `tested` with the
    value `yes`. Let `stable` point to it. Both others stay as they are.
    """
    name = x.draw.name("till")
    stable = x.thing("image", f"{name}:stable")
    good = x.kept[_good(x.draw)]
    tested = show(dig(stable, "Config", "Labels", "tested"))
    found = _("another one with tested={value}") if tested == "yes" else _("one with tested={value}")
    fact = Mismatch(x.at(stable, "Id"), "", _("the image with tested=yes"), found.replace("{value}", tested))
    x.expect(stable.get("Id") == good, fact)
    for tag in ("old", "new"):
        there = dig(x.look("image", f"{name}:{tag}"), "Id")
        meant = x.fill(_("the image that {name:till}:{tag} was").replace("{tag}", tag))
        found = _("another one") if there else ""
        x.expect(there == x.kept[tag], Mismatch(f"GET /images/{name}:{tag}/json", "kept", meant, found))


_SNACKS = "{registry}/{name:snacks}"
_SEARCH = get("/images/search", term="{registry}/s")


@exercise(
    "3.9",
    _("Everything with an s"),
    Kind.FIND_OUT,
    owns=(f"image:{_SNACKS}:1",),
    needs=("registry",),
    setup=[
        post("/images/busybox/tag", repo=_SNACKS, tag="1"), _push(_SNACKS, "1"), delete(f"/images/{_SNACKS}:1"),
    ],
    hints={
        "": (
            _("The Engine asks a registry; which one stands before the word."),
            _("GET /images/search"),
            _("The parameter term: address, slash, word."),
            _('len(r.json()) after r = lab.get("/images/search", term="{registry}/s")'),
        )
    },
    solution=Solution(
        [_SEARCH],
        _("With an address before the word, the Engine asks there; without one it would ask the Hub."),
        "len(r.json())",
    ),
    wrong=[
        Wrong("the official ones only", [_SEARCH], 'sum(f["is_official"] for f in r.json())',
              found="… (the number of official ones)"),
        Wrong("the others only", [_SEARCH], 'sum(not f["is_official"] for f in r.json())',
              found="… (the number of those that aren't official)"),
        Wrong("none", answer="0", found="0"),
        Wrong("stars", [_SEARCH], "1000 * len(r.json())", found="…000"),
    ],
)  # fmt: skip
def with_an_s(x: Case) -> None:
    """How many repositories does a search for the word `s` find in the lab registry at `{registry}`?

    Give the number: `lab.check("3.9", answer)`.
    """
    given = x.number()
    found = x.get("/images/search", term=x.fill("{registry}/s")).json()
    official = sum(bool(repository.get("is_official")) for repository in found)
    x.right(
        len(found),
        given,
        _("the number of repositories that are found"),
        x.fill("GET /images/search with term={registry}/s"),
        {
            official: _("the number of official ones"),
            len(found) - official: _("the number of those that aren't official"),
        },
    )


def _archive() -> str:
    """Return an image as ``docker save`` writes it, made by hand, as text.

    Its name and a label are drawn: ``{secret:box}`` and ``{secret:tin}`` are as long as
    the characters that take their place, so that the tar stays right.

    Source: https://github.com/moby/docker-image-spec/blob/main/v1.2.md
    """
    layer = tar(_LUNCH).decode()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": _PACKED,
        "config": {"Cmd": ["cat", "/lunch"], "Labels": {LABEL: "03", "tin": "{secret:tin}"}},
        "rootfs": {"type": "layers", "diff_ids": [_DIFF]},
        "history": [{"created": _PACKED, "created_by": "packed by hand"}],
    }
    listed = [{"Config": "config.json", "RepoTags": ["{secret:box}:latest"], "Layers": ["layer.tar"]}]
    files = {"manifest.json": json.dumps(listed), "config.json": json.dumps(config), "layer.tar": layer}
    return tar(files).decode()


_LUNCH = {"lunch": "bread and cheese\n"}
_PACKED = "2016-03-01T12:00:00Z"
_DIFF = f"sha256:{hashlib.sha256(tar(_LUNCH)).hexdigest()}"
_FILE = "{work}/lab03/lunchbox.tar"
_LOAD = post("/images/load", quiet=True, file=_FILE)


def _named(tag: str = "packed") -> Call:
    return post("/images/{secret:box}/tag", repo="{name:lunchbox}", tag=tag)


@exercise(
    "3.10",
    _("The lunchbox"),
    Kind.MAKE,
    silent=True,
    owns=("image:{secret:box}", "image:{name:lunchbox}:packed", "image:{name:lunchbox}:latest"),
    files={"lab03/lunchbox.tar": _archive()},
    hints={
        "": (
            _("An image that was saved comes back with one call, and brings its name with it."),
            _("POST /images/load with the file as the body, then POST /images/…/tag."),
            _('data=lab.work / "lab03" / "lunchbox.tar"; what the stream says at its end is the name.'),
            _('r = lab.post("/images/load", data=lab.work / "lab03" / "lunchbox.tar"); print(r.text)'),
        ),
        "name": (_("It was loaded under a name of its own; give it a second one, with the tag packed."),),
        "import": (_("POST /images/create with fromSrc makes a new image of the files; load brings the saved one."),),
    },
    solution=Solution(
        [_LOAD, _named()],
        _("load brings layers, description and name. create with fromSrc would have made one layer of the tar itself."),
    ),
    docker=[["docker", "load", "-q", "-i", _FILE], ["docker", "tag", "{secret:box}", "{name:lunchbox}:packed"]],
    wrong=[
        Wrong("loaded only", [_LOAD], expected="{name:lunchbox}:packed", found="{secret:box}:latest"),
        Wrong("another tag", [_LOAD, _named("latest")],
              expected="{name:lunchbox}:packed", found="…{name:lunchbox}:latest…"),
        Wrong("imported instead of loaded", [
            post("/images/create", fromSrc="-", repo="{name:lunchbox}", tag="packed", file=_FILE),
        ], expected="{secret:tin}", found="nothing"),
        Wrong("imported with its label", [
            post("/images/create", fromSrc="-", repo="{name:lunchbox}", tag="packed", tar=_LUNCH,
                 changes=["LABEL tin={secret:tin}"]),
        ], expected="2016-03-01T12:00:00Z", found="20…"),
        Wrong("built on it, with another label", [
            _LOAD, _build("{name:lunchbox}:packed", "FROM {secret:box}\nLABEL tin=empty\n"),
        ], expected="{secret:tin}", found="empty"),
        Wrong("built to look like it", [
            _build("{name:lunchbox}:packed", "FROM busybox\nLABEL tin={secret:tin}\n"),
        ], expected="the layer of the file", found="another one"),
    ],
)  # fmt: skip
def lunchbox(x: Case) -> None:
    """A colleague saved an image; the file is `{work}/lab03/lunchbox.tar`.

    Bring it onto the Engine, and see to it that it also has the name `{name:lunchbox}:packed`.
    """
    name = x.fill("{name:lunchbox}:packed")
    found = x.look("image", name)
    listed = x.get("/images/json", filters={"label": [x.fill("tin={secret:tin}")]}).json()
    tags = tuple(sorted(tag for image in listed for tag in image.get("RepoTags") or []))
    path = f"/images/{name}/json"
    x.need(found is not None, Missing(f"GET {path}", "name", name, tags))
    made = Seen(found or {}, path)
    tin, layers, created = dig(made, "Config", "Labels", "tin"), dig(made, "RootFS", "Layers"), str(made.get("Created"))
    fact = Mismatch(x.at(made, "Config", "Labels", "tin"), "import", x.draw.secret("tin"), tin)
    if tin == x.draw.secret("tin"):
        where = x.at(made, "RootFS", "Layers")
        fact = Mismatch(where, "import", _("the layer of the file"), _("another one"))
        if layers == [_DIFF]:
            fact = Mismatch(x.at(made, "Created"), "import", _PACKED, created)
    # What is loaded keeps its date, whatever its id is in this Engine's store; what is made on top of it has another.
    loaded = tin == x.draw.secret("tin") and layers == [_DIFF] and seconds(created) == seconds(_PACKED)
    x.expect(loaded, fact)


_OVEN = [
    _image("{name:oven}"),
    *(post("/containers/create", name=f"{{name:{word}}}", json={"Image": "{name:oven}"}, keep=word.replace("-", ""))
      for word in ("loaf-a", "loaf-b")),
    *container("{name:baker}", "sleep", "99999"),
]  # fmt: skip
_OVEN_USERS = {"ancestor": ["{name:oven}"]}


@exercise(
    "3.11",
    _("Who uses the oven"),
    Kind.EXPLAIN,
    owns=("container:loaf-a", "container:loaf-b", "container:baker", "image:oven"),
    setup=_OVEN,
    hints={
        "": (
            _("A container uses its image whether it runs or not."),
            _("GET /containers/json"),
            _("all=1 for those that don't run, and the filter ancestor with the name of the image."),
            _('r = lab.get("/containers/json", all=True, filters={"ancestor": [lab.name("oven")]})'),
        )
    },
    solution=Solution(
        [get("/containers/json", all=True, filters=_OVEN_USERS)],
        _("docker ps leaves out what doesn't run. A container that was never started holds its image as well."),
        "r",
    ),
    also=[Also("by their names", [
        get("/containers/json", all=1, filters={"name": ["{name:loaf-a}", "{name:loaf-b}"]}),
    ], "r")],
    wrong=[
        Wrong("running ones only", [get("/containers/json", filters=_OVEN_USERS)], "r",
              expected="{name:loaf-a}", found="nothing"),
        Wrong("one of two", [get("/containers/json", all=True, filters={"name": ["{name:loaf-a}"]})], "r",
              expected="{name:loaf-b}", found="{name:loaf-a}"),
        Wrong("a container of another image too", [
            get("/containers/json", all=True, filters={"name": ["{name:loaf-a}", "{name:loaf-b}", "{name:baker}"]}),
        ], "r", expected="no {name:baker}", found="{name:baker}"),
        Wrong("the image instead of the containers", [get("/images/{name:oven}/json")], "r",
              found="GET /images/{name:oven}/json"),
        Wrong("another image's containers", [
            get("/containers/json", all=True, filters={"name": ["{name:baker}"]}),
        ], "r", expected="{name:loaf-a}", found="{name:baker}"),
    ],
)  # fmt: skip
def oven(x: Case) -> None:
    """The image `{name:oven}` can't be deleted: 409. `docker ps` shows no container of it.

    Produce the response of a `GET /containers/json` that lists the containers which use it, all of them
    and no others. Hand in the response itself: `lab.check("3.11", r)`.
    """
    answer = x.evidence(x.fill(_("the containers that use {name:oven}")), "/containers/json")
    rows = answer.json() if answer.ok else []
    shown = {row["Id"]: _called(row) for row in rows}
    where = _("the request that you gave")
    every = x.get("/containers/json", all=True, filters=x.fill(_OVEN_USERS))
    users = {row["Id"]: _called(row) for row in (every.json() if every.ok else [])}  # the learner's own, too
    users |= {x.kept[word.replace("-", "")]: x.draw.name(word) for word in ("loaf-a", "loaf-b")}
    for id, name in sorted(users.items(), key=lambda user: user[1]):
        x.expect(id in shown, Missing(where, "", name, tuple(sorted(shown.values()))))
    others = sorted(name for id, name in shown.items() if id not in users)
    x.expect(not others, Unexpected(where, "", next(iter(others), "")))


def _called(container: Mapping[str, Any]) -> str:
    """Return the name of a container in a list, or the beginning of its id."""
    return str((container.get("Names") or ["/" + container["Id"][:12]])[0]).lstrip("/")


_STOVE = [
    _build("{name:stove}", "FROM busybox\n"),
    get("/images/{name:stove}/json", keep="stove"),
    *container("{name:pan}", "sleep", "99999", image="{name:stove}", keep="pan"),
    *container("{name:pot}", "sleep", "99999", image="{name:stove}", start=False, keep="pot"),
    *container("{name:cook}", "sleep", "99999", keep="cook"),
]


def _out(*words: str) -> list[Call]:
    return [delete(f"/containers/{{name:{word}}}", force=True) for word in words]


@exercise(
    "3.12",
    _("An image that won't go"),
    Kind.REPAIR,
    owns=(
        "container:pan", "container:pot", "container:cook", "container:wok", "image:stove", "image:{name:stove}:kept",
    ),
    setup=_STOVE,
    hints={
        "": (
            _("What holds the image? Remove that first, and force nothing on the image itself."),
            _("GET /containers/json, DELETE /containers/…, DELETE /images/…"),
            _("all=1 and the filter ancestor find the containers; force=1 removes one that runs."),
            _('lab.delete("/containers/…", force=True) for each of them, then lab.delete("/images/{name:stove}")'),
        ),
        "image": (_("An image goes with its last name. GET /images/json shows which names it has."),),
        "cook": (_("The container {name:cook} uses another image. Begin again: lab.reset(\"3.12\")."),),
    },
    solution=Solution(
        [get("/containers/json", all=True, filters={"ancestor": ["{name:stove}"]}), *_out("pan", "pot"),
         delete("/images/{name:stove}")],
        _("With its containers gone, nothing holds the image, and it goes without force."),
    ),
    also=[Also("with force, in the other order", [delete("/images/{name:stove}", force=True), *_out("pot", "pan"),
                                                  delete("/images/{kept:stove}", refused=True)])],
    docker=[["docker", "rm", "-f", "{name:pan}", "{name:pot}"], ["docker", "rmi", "{name:stove}"]],
    wrong=[
        Wrong("the image forced away", [delete("/images/{name:stove}", force=True)],
              expected="no container {name:pan}…", found="container {name:pan}…"),
        Wrong("the running one only", _out("pan"), expected="no container {name:pot}…", found="container {name:pot}…"),
        Wrong("a container renamed, the image forced away", [
            *_out("pan"), post("/containers/{name:pot}/rename", name="{name:wok}"),
            delete("/images/{name:stove}", force=True),
        ], expected="no container {name:wok}…", found="container {name:wok}…"),
        Wrong("the containers only", _out("pan", "pot"),
              expected="no {name:stove}:latest", found="{name:stove}:latest"),
        Wrong("renamed", [
            *_out("pan", "pot"), post("/images/{name:stove}/tag", repo="{name:stove}", tag="kept"),
            delete("/images/{name:stove}"),
        ], expected="no {name:stove}:kept", found="{name:stove}:kept"),
        Wrong("everybody's containers", [*_out("pan", "pot", "cook"), delete("/images/{name:stove}")],
              expected="container {name:cook}"),
        Wrong("the cook made anew", [
            *_out("pan", "pot", "cook"), delete("/images/{name:stove}"), *container("{name:cook}", "sleep", "99999"),
        ], expected="the container {name:cook} that was there"),
        Wrong("the cook stopped", [
            *_out("pan", "pot"), delete("/images/{name:stove}"), post("/containers/{name:cook}/kill"),
        ], expected="running", found="exited"),
    ],
)  # fmt: skip
def stove(x: Case) -> None:
    """The image `{name:stove}` has to go, and can't be deleted: 409.

    Remove it, and the containers that use it. `{name:cook}` uses another image, and goes on running.
    """
    for word in ("pan", "pot"):
        x.gone("container", x.kept[word])
    left = x.look("image", x.kept["stove"])
    names = ", ".join(dig(left, "RepoTags") or [])
    fact = Unexpected("GET /images/json", "image", names or _("an image without a name"))
    x.expect(left is None, fact)
    cook = x.stays("container", "cook", "cook")
    x.field(cook, "State", "Status", equals="running", about="cook")


_SHIFTS = ("early", "late", "early", "late")
_LATE = {"dangling": ["true"], "label": [f"{LABEL}=03", "shift=late"]}


@exercise(
    "3.13",
    _("The late shift"),
    Kind.MAKE,
    owns=("image:shift",),
    setup=[
        *(_image("{name:shift}", text=f"{shift} {n} {{now}}", keep=f"{shift}{n}", shift=shift)
          for n, shift in enumerate(_SHIFTS)),
        _image("{name:shift}", text="last {now}", shift="late", keep="shift"),
    ],
    teardown=[delete(f"/images/{{kept:{shift}{n}}}") for n, shift in enumerate(_SHIFTS)],
    hints={
        "": (
            _("Prune takes what has no name; filters say whose."),
            _("POST /images/prune"),
            _("filters is a JSON object of lists; the filter label takes name=value, and all of them must hold."),
            _('lab.post("/images/prune", filters={"dangling": ["true"], "label": ["docker-api-lab=03", "shift=…"]})'),
        ),
        "named": (_("dangling=false takes images with a name as well. Begin again: lab.reset(\"3.13\")."),),
        "early": (_("Two labels in the filter, not one: both must hold. Begin again: lab.reset(\"3.13\")."),),
    },
    solution=Solution(
        [post("/images/prune", filters=_LATE)],
        _("Filters of one kind must all hold. What has a name stays, because prune takes dangling images alone."),
    ),
    also=[Also("one by one", [delete("/images/{kept:late1}"), delete("/images/{kept:late3}")])],
    docker=[["docker", "image", "prune", "-f", "--filter", f"label={LABEL}=03", "--filter", "label=shift=late"]],
    wrong=[
        Wrong("the other shift", [post("/images/prune", filters={"label": [f"{LABEL}=03", "shift=early"]})],
              expected="0", found="2"),
        Wrong("one of two", [delete("/images/{kept:late1}")], expected="0", found="1"),
        Wrong("both shifts", [post("/images/prune", filters={"label": [f"{LABEL}=03", "shift"]})],
              expected="2", found="0"),
        Wrong("named ones too", [post("/images/prune", filters={**_LATE, "dangling": ["false"]})],
              expected="image {name:shift}"),
        Wrong("its name given to another one", [
            post("/images/prune", filters=_LATE), post("/images/busybox/tag", repo="{name:shift}", tag="latest"),
        ], expected="the image {name:shift} that was there"),
    ],
)  # fmt: skip
def late_shift(x: Case) -> None:
    """Four dangling images have the label `shift`: two with the value `early`, two with `late`.

    Remove those of the late shift. Those of the early one stay, and so does `{name:shift}`, which has a name.
    """
    left = {
        shift: sum(x.look("image", x.kept[f"{shift}{n}"]) is not None for n, s in enumerate(_SHIFTS) if s == shift)
        for shift in ("early", "late")
    }
    where = "GET /images/json"
    x.expect(left["late"] == 0, Mismatch(where, "", 0, left["late"]))
    x.expect(left["early"] == 2, Mismatch(where, "early", 2, left["early"]))
    x.stays("image", "shift", "named")
