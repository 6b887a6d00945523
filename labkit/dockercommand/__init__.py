"""The docker command that comes to the same as a request, or nothing where there is none.

It goes to the same endpoint with the same effect; on its way the command may ask other things
too (the version, whether a container has a terminal).  What no option says is named beside it.
To add a command: write a function of what is `Asked` in the module of its family.

Source: https://docs.docker.com/reference/cli/docker/
"""

from __future__ import annotations

from dataclasses import replace

from .. import api
from ..messages import _
from ..model import Endpoint, Request
from ..shell import word
from . import containers, images, networks, system, volumes
from .asked import Asked, Command

__all__ = ["Command", "command", "docker", "lines", "why_not"]

WIDTH = 80
"""A command that is broader is written with one option a line, in characters."""

_LONG = 16
"""No word counts for more: else the lines would fall otherwise where the course lies in another folder."""

_FAMILIES = {**containers.FAMILY, **images.FAMILY, **networks.FAMILY, **volumes.FAMILY, **system.FAMILY}
_OWN_HEADERS = frozenset(("content-type", "connection", "upgrade"))  # the command sets them itself
_WHY_NOT = {
    "GET /_ping": _("Each docker command sends it first, to agree on a version of the API."),
    "HEAD /_ping": _("Each docker command sends it first, to agree on a version of the API."),
    "POST /exec/{id}/start": _("docker exec makes and starts an exec in one: see POST /containers/…/exec."),
    "HEAD /containers/{id}/archive": _("docker cp sends it before it copies, and doesn't show the answer."),
}
_LOGIN_HEADERS = frozenset(("x-registry-auth", "x-registry-config"))


def command(request: Request) -> Command | None:
    """Return the docker command of a request; None where no docker command does this."""
    template = api.template(request.method, request.path)
    family = _FAMILIES.get(f"{request.method} {template}")
    asked = Asked.of(request, template) if template and family else None
    if family is None or asked is None:
        return None
    try:
        found = family(asked)
    except (AttributeError, TypeError, ValueError):  # a body that is not as the API has it
        return None
    if found is None:
        return None
    names = [name for name, _value in request.headers if name.lower() not in _OWN_HEADERS]
    login = [name for name in names if name.lower() in _LOGIN_HEADERS]
    said = [_("{name}: docker takes it from docker login, done once before.", name=name) for name in login]
    left = [*asked.left(), *(name for name in names if name not in login)]
    said += [_("docker has no option for {name}.", name=name) for name in left]
    return replace(found, remarks=(*found.remarks, *said))


def docker(request: Request) -> str:
    """Return the docker command as text for a shell, what it can't say as comments behind it."""
    found = command(request)
    if found is None:
        return f"# {why_not(request)}"
    return "\n".join([*lines(request, found), *(f"# {line}" for line in found.remarks)])


def why_not(request: Request) -> str:
    """Return that there is no docker command, with the reason where there is one to tell."""
    said = _WHY_NOT.get(f"{request.method} {api.template(request.method, request.path)}", "")
    return f"{_('No docker command does this.')} {said}".rstrip()


def lines(request: Request, found: Command) -> list[str]:
    """Return the lines to paste: one that names the endpoint, and the command."""
    endpoint = request.endpoint
    variables = [("DOCKER_HOST", str(endpoint))]
    if request.version:
        variables.append(("DOCKER_API_VERSION", request.version))
    export = " ".join(["export", *(f"{name}={word(value)}" for name, value in (*variables, *found.variables))])
    first = [f"{found.before} | docker" if found.before else "docker"]
    tls = _tls(endpoint)
    groups = [first, *tls, list(found.words)] if tls else [[*first, *found.words]]
    groups += [[word(part) for part in option] for option in found.options]
    operands = [word(part) for part in found.operands]
    if any(part.startswith("-") and part != "-" for part in found.operands[: _names(found)]):
        operands.insert(0, "--")  # what comes behind is no option, whatever it begins with
    if found.source:
        operands += ["<", word(found.source)]
    if found.target:
        operands += [">", found.target]
    groups.append(operands)
    said = [" ".join(group) for group in groups if group]
    broad = sum(min(len(part), _LONG) + 1 for group in groups for part in group) > WIDTH
    return [export, (" \\\n  " if broad else " ").join(said)]


def _names(found: Command) -> int | None:
    """Return how many operands could be taken for options; None for all."""
    # Behind the first one, these take everything for the words of a program.
    return 1 if found.words[0] in ("create", "exec", "top") else None


def _tls(endpoint: Endpoint) -> list[list[str]]:
    if endpoint.tls is None:
        return []
    files = {"--tlscacert": endpoint.tls.ca, "--tlscert": endpoint.tls.cert, "--tlskey": endpoint.tls.key}
    return [["--tlsverify"], *([option, word(path)] for option, path in files.items() if path)]
