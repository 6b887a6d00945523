"""The commands about containers, and about what runs inside them.

Source: https://docs.docker.com/reference/cli/docker/container/
"""

from __future__ import annotations

from ..messages import _
from .asked import Asked, Command, Family, texts
from .create import create, update


def _list(asked: Asked) -> Command:
    asked.flag("all", "--all")
    if asked.query.get("limit", ["0"])[0] not in ("0", "-1", ""):
        asked.value("limit", "--last")
    asked.flag("size", "--size")
    asked.filter()
    return asked.command("ps")


def _inspect(asked: Asked) -> Command:
    asked.flag("size", "--size")
    return asked.command("container inspect", asked.name)


def _top(asked: Asked) -> Command:
    return asked.command("top", asked.name, *asked.one("ps_args").split())


def _logs(asked: Asked) -> Command:
    out, err = asked.on("stdout"), asked.on("stderr")
    asked.flag("follow", "--follow")
    asked.flag("timestamps", "--timestamps")
    asked.flag("details", "--details")
    if asked.query.get("tail") == ["all"]:
        asked.one("tail")
    for key in ("since", "until", "tail"):
        asked.value(key, f"--{key}")
    if not out and not err:
        asked.remarks.append(_("docker logs always asks for stdout and stderr; this request asks for neither."))
    elif not err:
        asked.remarks.append(_("docker logs asks for stderr too; 2>/dev/null behind it hides that."))
    elif not out:
        asked.remarks.append(_("docker logs asks for stdout too; >/dev/null behind it hides that."))
    return asked.command("logs", asked.name)


def _changes(asked: Asked) -> Command:
    return asked.command("diff", asked.name)


def _export(asked: Asked) -> Command:
    return asked.command("export", asked.name, target="container.tar")


def _stats(asked: Asked) -> Command:
    if not asked.on("stream", default=True):
        asked.options.append(("--no-stream",))
    return asked.command("stats", asked.name)


def _start(asked: Asked) -> Command:
    asked.value("checkpoint", "--checkpoint")
    asked.value("checkpoint-dir", "--checkpoint-dir")
    asked.value("detachKeys", "--detach-keys")
    return asked.command("start", asked.name)


def _stop(asked: Asked) -> Command:
    asked.value("signal", "--signal")
    asked.value("t", "-t")  # the one form that every release of the command knows
    return asked.command("stop", asked.name)


def _restart(asked: Asked) -> Command:
    asked.value("signal", "--signal")
    asked.value("t", "-t")
    return asked.command("restart", asked.name)


def _kill(asked: Asked) -> Command:
    asked.value("signal", "--signal")
    return asked.command("kill", asked.name)


def _rename(asked: Asked) -> Command:
    return asked.command("rename", asked.name, asked.one("name"))


def _pause(asked: Asked) -> Command:
    return asked.command("pause", asked.name)


def _unpause(asked: Asked) -> Command:
    return asked.command("unpause", asked.name)


def _attach(asked: Asked) -> Command | None:
    if not asked.on("stream"):
        return None
    if not asked.on("stdin"):
        asked.options.append(("--no-stdin",))
    asked.value("detachKeys", "--detach-keys")
    if not (asked.on("stdout") and asked.on("stderr")):
        asked.remarks.append(_("docker attach always asks for stdout and stderr."))
    return asked.command("attach", asked.name)


def _wait(asked: Asked) -> Command:
    if asked.query.get("condition") == ["not-running"]:
        asked.one("condition")  # what is waited for where nothing is said
    return asked.command("wait", asked.name)


def _remove(asked: Asked) -> Command:
    asked.flag("force", "--force")
    asked.flag("v", "--volumes")
    asked.flag("link", "--link")
    return asked.command("rm", asked.name)


def _copy_out(asked: Asked) -> Command:
    return asked.command("cp", f"{asked.name}:{asked.one('path')}", "-", target="archive.tar")


def _copy_in(asked: Asked) -> Command:
    asked.flag("copyUIDGID", "--archive")
    asked.on("noOverwriteDirNonDir")  # the command always asks for that
    return asked.command(
        "cp", "-", f"{asked.name}:{asked.one('path')}", source=asked.request.body_file or "archive.tar"
    )


def _prune(asked: Asked) -> Command:
    asked.options.append(("--force",))  # else it asks first, as the API does not
    asked.filter()
    return asked.command("container prune")


def _exec(asked: Asked) -> Command | None:
    body = asked.body
    words = texts(body.pop("Cmd", None))
    if not words:
        return None
    for key, option in (("AttachStdin", "--interactive"), ("Tty", "--tty"), ("Privileged", "--privileged")):
        if body.pop(key, False):
            asked.options.append((option,))
    out, err = body.pop("AttachStdout", False), body.pop("AttachStderr", False)
    for key, option in (("DetachKeys", "--detach-keys"), ("User", "--user"), ("WorkingDir", "--workdir")):
        if value := body.pop(key, ""):
            asked.options.append((option, str(value)))
    asked.options += [("--env", item) for item in texts(body.pop("Env", None))]
    if not (out or err):
        asked.options.append(("--detach",))
    elif not (out and err):
        asked.remarks.append(_("docker exec asks for stdout and stderr."))
    asked.remarks.append(_("docker exec also starts it at once, as POST /exec/…/start does."))
    return asked.command("exec", asked.name, *words)


FAMILY: Family = {
    "GET /containers/json": _list,
    "POST /containers/create": create,
    "GET /containers/{id}/json": _inspect,
    "GET /containers/{id}/top": _top,
    "GET /containers/{id}/logs": _logs,
    "GET /containers/{id}/changes": _changes,
    "GET /containers/{id}/export": _export,
    "GET /containers/{id}/stats": _stats,
    "POST /containers/{id}/start": _start,
    "POST /containers/{id}/stop": _stop,
    "POST /containers/{id}/restart": _restart,
    "POST /containers/{id}/kill": _kill,
    "POST /containers/{id}/update": update,
    "POST /containers/{id}/rename": _rename,
    "POST /containers/{id}/pause": _pause,
    "POST /containers/{id}/unpause": _unpause,
    "POST /containers/{id}/attach": _attach,
    "POST /containers/{id}/wait": _wait,
    "DELETE /containers/{id}": _remove,
    "GET /containers/{id}/archive": _copy_out,
    "PUT /containers/{id}/archive": _copy_in,
    "POST /containers/prune": _prune,
    "POST /containers/{id}/exec": _exec,
}
