"""The endpoints of exec: a further command in a running container.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Exec
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import checks, lifecycle
from .api_streams import MULTIPLEXED, RAW, frame, take_input
from .machine.digits import whole
from .state import Exec
from .wire import Answer, Channel, Fault, Reply, Request, Streaming, empty, json_reply, parse_json

if TYPE_CHECKING:
    from .core import Core


def create(core: Core, request: Request, name: str) -> Reply:
    """``POST /containers/{id}/exec``."""
    body = parse_json(request, old=core.profile.old, struct="ExecConfig")
    command = body.get("Cmd")
    if not command or not all(isinstance(word, str) for word in command):
        raise Fault(400, "No exec command specified")
    container = core.state.container(name)
    if not container.running:
        raise Fault(409, lifecycle.not_running(core, container))
    if container.status == "paused":
        raise Fault(
            409,
            f"{'C' if core.profile.old else 'c'}ontainer {name} is paused, unpause the container before exec",
        )
    keys = str(body.get("DetachKeys") or "")
    if not checks.detach_keys(keys):
        raise Fault(500 if core.profile.old else 400, f"Invalid escape keys ({keys}) provided")
    entry = Exec(core.ids.new(), container, {**body, "Cmd": command})
    container.execs.append(entry)
    core.state.execs[entry.id] = entry
    core.event(
        "container",
        "exec_create: " + " ".join(command),
        container.id,
        {**lifecycle.event_attributes(container), "execID": entry.id},
    )
    return json_reply({"Id": entry.id}, 201)


def _find(core: Core, name: str) -> Exec:
    if name not in core.state.execs:
        raise Fault(404, f"No such exec instance: {name}")
    return core.state.execs[name]


def start(core: Core, request: Request, name: str) -> Answer:
    """``POST /exec/{id}/start``: what goes wrong is said in the stream."""
    body = parse_json(request, old=core.profile.old, struct="ExecStartCheck")
    entry = _find(core, name)
    if not entry.container.running:
        raise Fault(409, lifecycle.not_running(core, entry.container))
    if entry.container.status == "paused":
        raise Fault(409, f"Container {entry.container.id} is paused, unpause the container before exec")
    tty, channel = bool(body.get("Tty")), Channel()
    upgraded = "upgrade" in request.headers
    kind = MULTIPLEXED if upgraded and not tty and request.version >= (1, 42) else RAW
    answer = Streaming(channel, 101 if upgraded else 200, {"Content-Type": kind}, upgrade=True)

    def output(stream: int, data: bytes) -> None:
        if tty:
            channel.write(data)
        elif entry.config.get("AttachStdout" if stream == 1 else "AttachStderr"):
            channel.write(frame(stream, data))

    def say(text: str) -> Answer:
        channel.write(text.encode() if tty else frame(1, text.encode()))
        channel.end()
        return answer

    if entry.started:
        said = (
            f"Exec command {entry.id} has already run"
            if core.profile.old
            else f"exec command {entry.id} has already run"
        )
        if body.get("Detach"):
            raise Fault(409, f"Error: {said}" if core.profile.old else said)
        return say(f"Error: {said}\r\n" if core.profile.old else f"{said}\r\n")
    fault = lifecycle.start_exec(core, entry, output, lambda: channel.ready, tty=tty)
    if body.get("Detach"):
        if fault:
            raise Fault(400, fault)
        return empty(200)
    if fault:
        return say(fault + "\r\n")
    run = entry.run
    if run is None:
        channel.end()
        return answer
    run.process.on_exit.append(lambda _code: channel.end())
    take_input(channel, run, output if tty else None)
    if run.stdin is not None:
        channel.on_input_end = run.stdin.end
    return answer


def resize(core: Core, request: Request, name: str) -> Reply:
    """``POST /exec/{id}/resize``."""
    entry = _find(core, name)
    if any(whole(request.query.get(size, "")) is None for size in ("h", "w")):
        raise Fault(400, 'strconv.Atoi: parsing "": invalid syntax')
    if entry.run is None:
        raise Fault(
            500,
            f"exec {name} is not running"
            if not core.profile.old
            else f"no running task found: exec {name} not found: not found",
        )
    return empty(200 if core.profile.old else 201)


def inspect(core: Core, _request: Request, name: str) -> Reply:
    """``GET /exec/{id}/json``."""
    entry = _find(core, name)
    config = entry.config
    command = [str(word) for word in config["Cmd"]]
    return json_reply(
        {
            "ID": entry.id,
            "Running": entry.run is not None,
            "ExitCode": entry.code,
            "ProcessConfig": {
                "tty": bool(config.get("Tty")),
                "entrypoint": command[0],
                "arguments": command[1:],
                "privileged": bool(config.get("Privileged")),
                **({"user": config["User"]} if config.get("User") else {}),
            },
            "OpenStdin": bool(config.get("AttachStdin")),
            "OpenStderr": bool(config.get("AttachStderr")),
            "OpenStdout": bool(config.get("AttachStdout")),
            "CanRemove": False,
            "ContainerID": entry.container.id,
            "DetachKeys": config.get("DetachKeys") or "",
            "Pid": entry.pid,
        }
    )
