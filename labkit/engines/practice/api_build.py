"""The classic builder, and commit.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageBuild
"""

from __future__ import annotations

import copy as copying
import errno
import json
import posixpath
from collections.abc import Generator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from . import api_images, dockerfile, lifecycle, settings, transfer
from .api_inside import visible
from .dockerfile import Instruction
from .layers import TAR_FAULT, Layer, difference, digest, unpack
from .machine.files import File, FileSystem, Folder, Node, Space, copy
from .machine.process import Wait
from .state import Container, Image, familiar, timestamp
from .wire import Answer, Channel, Fault, Reply, Request, Streaming, Working, dumps, json_reply, parse_json

if TYPE_CHECKING:
    from .core import Core

_ALWAYS = {
    name for proxy in ("HTTP", "HTTPS", "FTP", "NO", "ALL") for name in (f"{proxy}_PROXY", f"{proxy.lower()}_proxy")
}
"""Arguments of a build that no ``ARG`` has to declare."""
Step = Generator[Wait | None, None, None]


def commit(core: Core, request: Request) -> Reply:
    """``POST /commit``."""
    if not request.query.get("container"):
        raise Fault(400, 'invalid name or ID supplied: ""')
    container = core.state.container(request.query["container"])
    if request.query.get("repo"):
        api_images.check_name(core, familiar(request.query["repo"]))
    if request.body.strip():
        parse_json(request, old=core.profile.old, struct="ContainerConfigWrapper")
    config = copying.deepcopy(container.config)
    for change in request.many.get("changes", []):
        if (name := change.split(" ")[0]).upper() not in dockerfile.KNOWN:
            raise Fault(400, f"{name.lower()} is not a valid change command")
        dockerfile.set_config(config, dockerfile.parse_line(change))
    created_by = " ".join([container.path, *container.args])
    image = _committed(
        core, container, config, created_by, request.query.get("comment", ""), request.query.get("author", "")
    )
    if request.query.get("repo"):
        transfer.retag(core, image, f"{familiar(request.query['repo'])}:{request.query.get('tag') or 'latest'}")
    core.event(
        "container",
        "commit",
        container.id,
        {**lifecycle.event_attributes(container), "comment": request.query.get("comment", "")},
    )
    return json_reply({"Id": image.id}, 201)


def _committed(
    core: Core, container: Container, config: dict[str, Any], created_by: str, comment: str = "", author: str = ""
) -> Image:
    """Make an image of what a container holds now."""
    layer = Layer(difference(container.image.tree, visible(container)))
    kept = {k: v for k, v in config.items() if k not in ("Hostname", "_cmd_set") and v}
    return _child(
        core, container.image, kept, created_by, layer if layer.tree.entries else None, comment, author, container.id
    )


def _child(
    core: Core,
    parent: Image | None,
    config: dict[str, Any],
    created_by: str,
    layer: Layer | None,
    comment: str = "",
    author: str = "",
    container: str = "",
) -> Image:
    """Make an image on top of another one."""
    base = parent.config if parent else {}
    layers = [*(parent.layers if parent else []), *([layer] if layer else [])]
    entry = {
        "created": timestamp(core.now),
        "created_by": created_by,
        "comment": comment,
        **({} if layer else {"empty_layer": True}),
    }
    made = {
        "created": timestamp(core.now),
        "architecture": "amd64",
        "os": "linux",
        "author": author,
        "config": config,
        "docker_version": core.profile.version,
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        "history": [*(base.get("history") or []), {k: v for k, v in entry.items() if v}],
    }
    image = Image(made, layers, parent=parent.id if parent else "", container=container)
    return core.state.images.setdefault(image.id, image)


@dataclass
class Build:
    """A build that runs.

    Parameters
    ----------
    context: the tree that was sent.
    stages: name or number, and the image of each finished stage; `stage` is the name of this one.
    variables: what ``ARG`` has declared and has a value; `declared` holds all.
    """

    core: Core
    request: Request
    context: Folder
    channel: Channel
    arguments: dict[str, str]
    image: Image | None = None
    config: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, Image] = field(default_factory=dict)
    containers: list[Container] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    stage: str = ""
    declared: set[str] = field(default_factory=set)

    def say(self, **fields: Any) -> None:
        """Write a line of the build's stream."""
        self.channel.write(dumps(fields) + b"\r\n")

    def stream(self, text: str) -> None:
        """Write what the build prints."""
        self.say(stream=text)


def build(core: Core, request: Request) -> Answer:
    """``POST /build``: a broken Dockerfile is refused, a failing step is an error inside a 200."""
    old = core.profile.old
    if request.query.get("remote"):
        raise Fault(501, "The practice engine builds from the tar archive that a request carries.")
    if request.query.get("version") == "2":
        raise Fault(
            501, "The practice engine has the classic builder alone. The docker command uses it with DOCKER_BUILDKIT=0."
        )
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind not in ("application/x-tar", "application/tar", "application/octet-stream", ""):
        raise (
            Fault(400, "Content-Type must be application/x-tar")
            if kind == "application/json"
            else Fault(400, f"unsupported context: {kind}")
        )
    try:
        context = unpack(request.body)
    except Fault as fault:
        if old and fault.status == 400:
            raise Fault(500, fault.message.removeprefix(TAR_FAULT)) from fault
        raise
    name = request.query.get("dockerfile") or "Dockerfile"
    source = FileSystem(context, Space(0)).lookup(name)
    if not isinstance(source, File):
        raise Fault(500, f"Cannot locate specified Dockerfile: {name}")
    steps = dockerfile.parse(source.data.decode("utf-8", "replace"), old=old)
    first = next((s for s in steps if s.name != "ARG"), None)
    if first is None or first.name != "FROM":
        raise Fault(
            400,
            "no build stage in current context" if old else "dockerfile parse error: no build stage in current context",
        )
    ignore = FileSystem(context, Space(0)).lookup(".dockerignore")
    if isinstance(ignore, File):
        patterns = [
            p.strip()
            for p in ignore.data.decode("utf-8", "replace").splitlines()
            if p.strip() and not p.startswith("#")
        ]
        _drop_ignored(context, "", [p for p in patterns if p not in (name, ".dockerignore")])
    try:
        arguments = {str(k): str(v) for k, v in json.loads(request.query.get("buildargs") or "{}").items()}
        labels = json.loads(request.query.get("labels") or "{}")
    except (ValueError, AttributeError) as error:
        raise Fault(400, f"error reading build args: {error}") from error
    steps += [Instruction("LABEL", f"{k}={v}", 0, [str(k), str(v)]) for k, v in sorted(labels.items())]
    job = Build(core, request, context, Channel(), arguments)
    core.begin(_run(job, steps))
    return Streaming(job.channel, 200, {"Content-Type": "application/json"})


def _drop_ignored(folder: Folder, at: str, patterns: list[str]) -> None:
    for name, node in list(folder.entries.items()):
        path = f"{at}{name}"
        if isinstance(node, Folder):
            _drop_ignored(node, path + "/", patterns)
        if dockerfile.ignored(path, patterns) and not (isinstance(node, Folder) and node.entries):
            del folder.entries[name]


def _run(job: Build, steps: list[Instruction]) -> Working:
    core, request = job.core, job.request
    try:
        for n, step in enumerate(steps, 1):
            job.stream(f"Step {n}/{len(steps)} : {step.shown}")
            job.stream("\n")
            if (
                step.name == "FROM"
                and job.image is not None
                and request.query.get("target", "").lower() == job.stage != ""
            ):
                break
            yield from _step(job, step)
            job.stream(f" ---> {job.image.id[7:19] if job.image else ''}\n")
            yield None
        if job.image is None:
            raise Fault(500, "No image was generated. Is your Dockerfile empty?")
    except Fault as fault:
        failed = job.containers[-1].id if job.containers else ""
        _clean(job, request.flag("forcerm"))
        if fault.status >= 1000 and request.flag("forcerm"):
            job.stream(f"Removing intermediate container {failed[:12]}\n")
        code = {"code": fault.status - 1000} if fault.status >= 1000 else {}
        said = {"errorDetail": {**code, "message": fault.message}, "error": fault.message}
        job.say(**(said if core.profile.old else dict(sorted(said.items()))))
        job.channel.end()
        return Reply()
    _clean(job, request.flag("rm", default=True))
    if job.image is not None:
        job.say(aux={"ID": job.image.id})
        if unused := sorted(set(job.arguments) - job.declared - _ALWAYS):
            job.stream(f"[Warning] One or more build-args [{' '.join(unused)}] were not consumed\n")
        job.stream(f"Successfully built {job.image.id[7:19]}\n")
        for label in request.many.get("t", []):
            full = familiar(label) if ":" in label.rpartition("/")[2] else f"{familiar(label)}:latest"
            transfer.retag(core, job.image, full)
            job.stream(f"Successfully tagged {full}\n")
    job.channel.end()
    return Reply()


def _clean(job: Build, remove: bool) -> None:
    for container in job.containers if remove else []:
        if container.id in job.core.state.containers:
            lifecycle.remove(job.core, container, volumes=True)
    job.containers.clear()


def _step(job: Build, step: Instruction) -> Step:
    values = {**job.variables, **dict(e.partition("=")[::2] for e in job.config.get("Env") or [])}
    text = (
        step.text
        if step.name in ("RUN", "CMD", "ENTRYPOINT", "ONBUILD", "SHELL")
        else dockerfile.expand(step.text, values)
    )
    expanded = Instruction(step.name, text, step.line, step.words, step.flags)
    if step.name == "FROM":
        yield from _from(job, expanded)
    elif step.name == "ARG":
        name, equals, default = text.partition("=")
        job.declared.add(name)
        if name in job.arguments or equals:
            job.variables[name] = job.arguments.get(name, default.strip('"'))
        if job.image is not None:
            _configured(job, f"/bin/sh -c #(nop)  ARG {text}")
    elif step.name == "RUN":
        yield from _execute(job, expanded)
    elif step.name in ("COPY", "ADD"):
        _copy(job, expanded)
    else:
        if step.name == "STOPSIGNAL":
            lifecycle.signal_number(text)
        dockerfile.set_config(job.config, expanded)
        if step.name == "WORKDIR":
            _with_folder(job, f"/bin/sh -c #(nop) WORKDIR {job.config['WorkingDir']}")
        else:
            _configured(job, f"/bin/sh -c #(nop)  {step.name} {dockerfile.operand(job.config, expanded)}")


def _from(job: Build, step: Instruction) -> Step:
    words = step.text.split()
    if job.image is not None:
        _finish_stage(job)
    name = words[0]
    if name == "scratch":
        job.image, job.config = None, {}
    elif name in job.stages:
        job.image = job.stages[name]
        job.config = copying.deepcopy(job.image.run_config)
    else:
        if job.core.state.find_image(name) is None:
            yield from _pull(job, name)
        job.image = job.core.state.find_image(name)
        if job.image is None:
            raise Fault(
                404,
                f"pull access denied for {name}, repository does not exist or may require 'docker login': "
                "denied: requested access to the resource is denied",
            )
        job.config = copying.deepcopy(job.image.run_config)
    job.stage = words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else ""


def _finish_stage(job: Build) -> None:
    """Keep the image of a stage under its number and, where it has one, its name."""
    if job.image is None:
        return
    job.stages[str(sum(key.isdigit() for key in job.stages))] = job.image
    if job.stage:
        job.stages[job.stage] = job.image


def _pull(job: Build, name: str) -> Step:
    head, _slash, last = name.rpartition("/")
    repository, _colon, tag = last.partition(":")
    answer = transfer.pull(job.core, job.request, f"{head}/{repository}" if head else repository, tag or "latest")
    while not answer.channel.ended or answer.channel.outgoing:
        if not answer.channel.outgoing:
            yield Wait(lambda: bool(answer.channel.outgoing) or answer.channel.ended)
        job.channel.write(answer.channel.take())


def _cached(job: Build, created_by: str, extra: str = "") -> bool:
    """Take an image that the same step made on the same parent, where there is one."""
    if job.request.flag("nocache") or job.image is None:
        return False
    wanted = created_by + extra
    for image in job.core.state.images.values():
        history = image.config.get("history") or [{}]
        if (
            image.parent == job.image.id
            and history[-1].get("created_by") == wanted
            and image.config.get("config") == _kept(job)
        ):
            job.image = image
            job.stream(" ---> Using cache\n")
            return True
    return False


def _kept(job: Build) -> dict[str, Any]:
    """Return the configuration as the image of this step holds it: an old Engine also names the image below."""
    below = {"Image": job.image.id} if job.image and job.core.profile.old else {}
    return {**{k: v for k, v in job.config.items() if k != "_cmd_set"}, **below}


def _configured(job: Build, created_by: str) -> None:
    """Add a step that changes the configuration alone."""
    if not _cached(job, created_by):
        container = _passing(job)
        job.image = _child(job.core, job.image, _kept(job), created_by, None, container=container)


def _passing(job: Build) -> str:
    """Tell of the container that the builder makes for a step and never starts; return its id."""
    identity = job.core.ids.new()
    job.stream(f" ---> Running in {identity[:12]}\n")
    if job.request.flag("rm", default=True):
        job.stream(f"Removing intermediate container {identity[:12]}\n")
    return identity


def _with_folder(job: Build, created_by: str) -> None:
    if _cached(job, created_by):
        return
    container = _passing(job)
    tree = _tree(job)
    FileSystem(tree, Space(lifecycle.WRITE_LIMIT)).make_folders(job.config["WorkingDir"], now=job.core.now)
    _layered(job, tree, created_by, container)


def _tree(job: Build) -> Folder:
    made = copy(job.image.tree) if job.image else Folder()
    return made if isinstance(made, Folder) else Folder()


def _layered(job: Build, tree: Folder, created_by: str, container: str = "") -> None:
    layer = Layer(difference(job.image.tree if job.image else Folder(), tree))
    made = layer if layer.tree.entries else None
    job.image = _child(job.core, job.image, _kept(job), created_by, made, container=container or job.core.ids.new())


def _execute(job: Build, step: Instruction) -> Step:
    core = job.core
    command = step.words if step.words is not None else [*(job.config.get("Shell") or ["/bin/sh", "-c"]), step.text]
    used = dict(job.variables)
    prefix = f"|{len(used)} " + "".join(f"{k}={v} " for k, v in sorted(used.items())) if used else ""
    created_by = prefix + " ".join(command)
    if job.image is None:
        error = FileNotFoundError(errno.ENOENT, "no such file or directory")
        raise Fault(400, lifecycle.refused(command[0], error, core.profile.old))
    if _cached(job, created_by):
        return
    env = [*(job.config.get("Env") or []), *(f"{k}={v}" for k, v in used.items())]
    body: dict[str, Any] = {
        "Image": job.image.id,
        "Cmd": command,
        "Entrypoint": [""],
        "Env": env,
        "Labels": {},
        "HostConfig": {},
        "User": job.config.get("User") or "",
    }
    container = settings.build(core, core.ids.new()[:12], body, job.image)
    core.state.containers[container.id] = container
    job.containers.append(container)
    core.event("container", "create", container.id, lifecycle.event_attributes(container))
    job.stream(f" ---> Running in {container.id[:12]}\n")
    lifecycle.start(core, container)
    if container.run is not None:
        container.run.outputs.append(
            lambda stream, data: job.stream(
                ("\x1b[91m" if stream == 2 else "")
                + data.decode("utf-8", "replace")
                + ("\x1b[0m" if stream == 2 else "")
            )
        )
        container.run.ready.append(lambda: job.channel.ready)
    yield Wait(lambda: not container.running or job.channel.closed)
    if job.channel.closed and container.run is not None:
        yield from lifecycle.kill(core, container, "KILL")
        raise Fault(499, "context canceled")
    if container.code:
        raise Fault(
            1000 + container.code, f"The command '{' '.join(command)}' returned a non-zero code: {container.code}"
        )
    layer = Layer(difference(job.image.tree, visible(container)))
    job.image = _child(
        core, job.image, _kept(job), created_by, layer if layer.tree.entries else None, container=container.id
    )
    if job.request.flag("rm", default=True):
        lifecycle.remove(core, container, volumes=True)
        job.containers.remove(container)
        job.stream(f"Removing intermediate container {container.id[:12]}\n")


def _copy(job: Build, step: Instruction) -> None:
    words = step.words or step.text.split()
    if len(words) < 2:
        raise Fault(
            400,
            f"{step.name} requires at least two arguments, but only one was "
            "provided. Destination could not be determined.",
        )
    *sources, target = words
    if len(sources) > 1 and not target.endswith("/"):
        raise Fault(
            400,
            f"When using {step.name} with more than one source file, the destination must be a directory "
            "and end with a /",
        )
    origin, flags = job.context, dict(step.flags)
    if "from" in flags:
        stage = job.stages.get(flags["from"]) or job.core.state.find_image(flags["from"])
        if stage is None and flags["from"].isdigit():
            raise Fault(400, f"invalid from flag value {flags['from']}: index out of bounds")
        if stage is None:
            raise Fault(400, f"invalid from flag value {flags['from']}: pull access denied")
        origin = stage.tree
    found: list[tuple[str, Node]] = []
    for source in sources:
        if source.startswith(("http://", "https://")):
            raise Fault(501, "The practice engine adds files of the context alone.")
        matches = _matching(origin, source)
        if not matches:
            raise Fault(
                404,
                f"{step.name} failed: file not found in build context or excluded by .dockerignore: stat "
                f"{source.lstrip('./')}: file does not exist",
            )
        found += matches
    said = digest(repr(sorted((name, _fingerprint(node)) for name, node in found)).encode())[7:]
    created_by = f"/bin/sh -c #(nop) {step.name} {'multi' if len(found) > 1 else 'file'}:{said} in {target} "
    if _cached(job, created_by):
        return
    tree = _tree(job)
    files = FileSystem(tree, Space(lifecycle.WRITE_LIMIT))
    at = posixpath.join(job.config.get("WorkingDir") or "/", target)
    into_folder = target.endswith("/") or len(found) > 1 or isinstance(files.lookup(at), Folder)
    for name, node in found:
        _place(job, files, at, name, node, into_folder=into_folder, unpacks=step.name == "ADD")
    _layered(job, tree, created_by)


def _fingerprint(node: Node) -> str:
    if isinstance(node, File):
        return f"{node.mode:o}{digest(node.data)}"
    if isinstance(node, Folder):
        return repr(sorted((name, _fingerprint(below)) for name, below in node.entries.items()))
    return repr(node)


def _matching(origin: Folder, source: str) -> list[tuple[str, Node]]:
    """Return what a source means in the context; nothing outside it can be meant."""
    path = posixpath.normpath("/" + source).strip("/")
    if not path:
        return [("", origin)]
    levels: list[tuple[str, Node]] = [("", origin)]
    for part in path.split("/"):
        levels = [
            (name, below)
            for _n, folder in levels
            if isinstance(folder, Folder)
            for name, below in sorted(folder.entries.items())
            if name == part or fnmatchcase(name, part)
        ]
    return levels


def _place(job: Build, files: FileSystem, at: str, name: str, node: Node, *, into_folder: bool, unpacks: bool) -> None:
    now = job.core.now
    if isinstance(node, Folder):
        files.make_folders(at, now=now)
        for below, entry in node.entries.items():
            there = posixpath.join(at, below)
            if isinstance(entry, Folder):
                _place(job, files, there, below, entry, into_folder=True, unpacks=False)
            else:
                files.put(there, copy(entry))
        return
    if unpacks and isinstance(node, File) and name.endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
        _place(job, files, at, "", unpack(node.data), into_folder=True, unpacks=False)
        return
    target = posixpath.join(at, name) if into_folder else at
    files.make_folders(posixpath.dirname(target), now=now)
    files.put(target, copy(node))


def prune(_core: Core, _request: Request) -> Reply:
    """``POST /build/prune``: the classic builder has no cache of its own."""
    return json_reply({"CachesDeleted": None, "SpaceReclaimed": 0})
