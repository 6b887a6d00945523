"""The commands about images, registries and builds.

Source: https://docs.docker.com/reference/cli/docker/image/
"""

from __future__ import annotations

import json
from typing import Any

from ..messages import _
from .asked import Asked, Command, Family, pairs, reference, texts


def _list(asked: Asked) -> Command:
    asked.flag("all", "--all")
    asked.flag("digests", "--digests")
    asked.filter()
    return asked.command("images")


def _pull(asked: Asked) -> Command | None:
    asked.value("platform", "--platform")
    source, tag = asked.one("fromSrc"), asked.one("tag")
    if source:
        asked.options += [("--change", change) for change in asked.query.pop("changes", [])]
        asked.value("message", "--message")
        into = [name for name in (reference(asked.one("repo"), tag),) if name]
        return asked.command("import", source, *into, source=asked.request.body_file if source == "-" else None)
    name = asked.one("fromImage")
    if not name:
        return None
    if not tag and ":" not in name.rpartition("/")[2] and "@" not in name:
        asked.options.append(("--all-tags",))
    return asked.command("pull", reference(name, tag))


def _inspect(asked: Asked) -> Command:
    return asked.command("image inspect", asked.name)


def _history(asked: Asked) -> Command:
    asked.value("platform", "--platform")
    return asked.command("history", asked.name)


def _push(asked: Asked) -> Command:
    tag = asked.one("tag")
    if not tag:
        asked.options.append(("--all-tags",))
    asked.value("platform", "--platform")
    return asked.command("push", reference(asked.name, tag))


def _tag(asked: Asked) -> Command:
    return asked.command("tag", asked.name, reference(asked.one("repo"), asked.one("tag")))


def _remove(asked: Asked) -> Command:
    asked.flag("force", "--force")
    asked.flag("noprune", "--no-prune")
    return asked.command("rmi", asked.name)


def _search(asked: Asked) -> Command:
    asked.value("limit", "--limit")
    asked.filter()
    return asked.command("search", asked.one("term"))


def _prune(asked: Asked) -> Command:
    asked.options.append(("--force",))
    filters = asked.filters()
    if any(value.lower() in ("false", "0") for value in filters.get("dangling", [])):
        asked.options.append(("--all",))
    for key, values in filters.items():
        if key != "dangling":
            asked.options += [("--filter", f"{key}={value}") for value in values]
    return asked.command("image prune")


def _commit(asked: Asked) -> Command:
    asked.options += [("--change", change) for change in asked.query.pop("changes", [])]
    asked.value("author", "--author")
    asked.value("comment", "--message")
    if not asked.on("pause", default=True):
        asked.options.append(("--pause=false",))
    into = reference(asked.one("repo"), asked.one("tag"))
    return asked.command("commit", asked.one("container"), *([into] if into else []))


def _save(asked: Asked) -> Command:
    names = asked.query.pop("names", []) if not asked.name else [asked.name]
    asked.value("platform", "--platform")
    # Several names come in one parameter or in several.
    return asked.command("save", *(part for name in names for part in name.split(",")), target="images.tar")


def _load(asked: Asked) -> Command:
    asked.flag("quiet", "--quiet")
    asked.value("platform", "--platform")
    return asked.command("load", source=asked.request.body_file or "images.tar")


_BUILD_FLAGS = {
    "nocache": "--no-cache",
    "pull": "--pull",
    "forcerm": "--force-rm",
    "q": "--quiet",
    "squash": "--squash",
}
_BUILD_VALUES = {
    "dockerfile": "--file",
    "target": "--target",
    "platform": "--platform",
    "networkmode": "--network",
    "memory": "--memory",
    "memswap": "--memory-swap",
    "cpushares": "--cpu-shares",
    "cpusetcpus": "--cpuset-cpus",
    "cpusetmems": "--cpuset-mems",
    "cpuperiod": "--cpu-period",
    "cpuquota": "--cpu-quota",
    "shmsize": "--shm-size",
}


def _build(asked: Asked) -> Command:
    asked.options += [("--tag", name) for name in asked.query.pop("t", [])]
    for key, option in _BUILD_VALUES.items():
        asked.value(key, option)
    asked.options += [("--build-arg", f"{name}={said}") for name, said in pairs(_json(asked, "buildargs"))]
    asked.options += [("--label", f"{name}={said}") for name, said in pairs(_json(asked, "labels"))]
    asked.options += [("--cache-from", name) for name in texts(_json(asked, "cachefrom"))]
    asked.options += [("--add-host", host) for host in texts(asked.query.pop("extrahosts", None))]
    for key, option in _BUILD_FLAGS.items():
        asked.flag(key, option)
    if not asked.on("rm", default=True):
        asked.options.append(("--rm=false",))
    kit = asked.one("version") == "2"
    # The classic builder is what POST /build means where no version is asked for.
    variables = (("DOCKER_BUILDKIT", "1" if kit else "0"),)
    if remote := asked.one("remote"):
        return asked.command("build", remote, variables=variables)
    return asked.command("build", "-", variables=variables, source=asked.request.body_file or "context.tar")


def _build_prune(asked: Asked) -> Command:
    asked.options.append(("--force",))
    asked.flag("all", "--all")
    asked.value("keep-storage", "--keep-storage")
    asked.filter()
    return asked.command("builder prune")


def _login(asked: Asked) -> Command | None:
    body = asked.body
    user, server = body.pop("username", ""), body.pop("serveraddress", "")
    if not user or "password" not in body:
        return None
    body.pop("password")
    asked.options += [("--username", str(user)), ("--password-stdin",)]
    asked.remarks.append(_("Set the shell variable PASSWORD first. docker login also keeps it for later commands."))
    return asked.command("login", *([str(server)] if server else []), before="""printf %s "$PASSWORD\"""")


def _json(asked: Asked, key: str) -> Any:
    """Take a parameter that is written as JSON; one that is not stays, and is named."""
    try:
        value = json.loads(asked.query[key][0])
    except (KeyError, ValueError):
        return None
    del asked.query[key]
    return value


FAMILY: Family = {
    "GET /images/json": _list,
    "POST /images/create": _pull,
    "GET /images/{name}/json": _inspect,
    "GET /images/{name}/history": _history,
    "POST /images/{name}/push": _push,
    "POST /images/{name}/tag": _tag,
    "DELETE /images/{name}": _remove,
    "GET /images/search": _search,
    "POST /images/prune": _prune,
    "POST /commit": _commit,
    "GET /images/{name}/get": _save,
    "GET /images/get": _save,
    "POST /images/load": _load,
    "POST /build": _build,
    "POST /build/prune": _build_prune,
    "POST /auth": _login,
}
