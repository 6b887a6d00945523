"""Dockerfiles: text in, instructions out, and what each does to a configuration.

Source: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .wire import Fault

KNOWN = (
    "FROM",
    "RUN",
    "CMD",
    "LABEL",
    "EXPOSE",
    "ENV",
    "ADD",
    "COPY",
    "ENTRYPOINT",
    "VOLUME",
    "USER",
    "WORKDIR",
    "ARG",
    "ONBUILD",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "SHELL",
    "MAINTAINER",
)
_FLAGS = {
    "FROM": ("platform",),
    "COPY": ("from", "chown"),
    "ADD": ("chown",),
    "RUN": (),
    "HEALTHCHECK": ("interval", "timeout", "start-period", "retries"),
}
_PORT = re.compile(r"\d{1,5}(-\d{1,5})?(/(tcp|udp|sctp))?")
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\}|([A-Za-z_]\w*))")


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Parameters
    ----------
    text: its arguments as they stand; `words` is the JSON form, where it has one.
    flags: such as ``--from=builder``.
    """

    name: str
    text: str
    line: int
    words: list[str] | None = None
    flags: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> str:
        """As the build's progress shows it."""
        return f"{self.name} {''.join(f'--{k}={v} ' for k, v in self.flags)}{self.text}"


def parse(text: str, *, old: bool) -> list[Instruction]:
    """Return the instructions of a Dockerfile.  Raises `Fault` (400) with the line."""
    found: list[Instruction] = []
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("#") or (not line.strip() and not pending):
            continue
        start = start or number
        pending += line.rstrip() if not pending else line.strip()
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        found.append(_instruction(pending.strip(), start, old=old))
        pending, start = "", 0
    if pending.strip():
        found.append(_instruction(pending.strip(), start, old=old))
    if not text.strip():
        raise Fault(400, "the Dockerfile (Dockerfile) cannot be empty")
    if not found:
        raise Fault(
            400, f"{'failed to parse Dockerfile' if old else 'dockerfile parse error'}: file with no instructions"
        )
    return found


def parse_line(text: str) -> Instruction:
    """Return the one instruction of a ``changes`` parameter.  Raises `Fault` (400)."""
    return _instruction(text.strip(), 1, old=True)


def _instruction(line: str, number: int, *, old: bool) -> Instruction:
    name, _space, rest = line.partition(" ")
    name, rest = name.upper(), rest.strip()
    if name not in KNOWN:
        near = next((k for k in KNOWN if sorted(k) == sorted(name) or len(set(k) ^ set(name)) <= 1), "")
        hint = f" (did you mean {near}?)" if near and not old else ""
        raise Fault(
            400, f"dockerfile parse error {'' if old else 'on '}line {number}: unknown instruction: {name}{hint}"
        )
    where = f"dockerfile parse error {'' if old else 'on '}line {number}: "
    flags = []
    while name in _FLAGS and (match := re.match(r"--([a-z-]+)=(\S+)(?:\s+|$)", rest)):
        if match.group(1) not in _FLAGS[name]:
            raise Fault(400, f"{where}Unknown flag: {match.group(1)}")
        flags.append((match.group(1), match.group(2)))
        rest = rest[match.end() :]
    words = None
    if rest.startswith("["):
        try:
            value = json.loads(rest)
            words = value if isinstance(value, list) and all(isinstance(w, str) for w in value) else None
        except ValueError:
            words = None
    if said := _wrong(name, rest, words):
        raise Fault(400, said if said.startswith("failed") else where + said)
    return Instruction(name, rest, number, words, tuple(flags))


def _wrong(name: str, rest: str, words: list[str] | None) -> str:
    """Return what is wrong with an instruction's arguments; nothing where they are right."""
    given = rest.split() if words is None else words
    first = given[0].upper() if given else ""
    if name in ("COPY", "ADD") and len(given) < 2:
        return f"{name} requires at least two arguments, but only one was provided. Destination could not be determined"
    if name == "FROM" and not (len(given) == 1 or (len(given) == 3 and given[1].upper() == "AS")):
        return "FROM requires either one or three arguments"
    if not given and name in ("USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER"):
        return f"{name} requires exactly one argument"
    if not given and name not in ("CMD", "ENTRYPOINT"):
        return f"{name} requires at least one argument"
    if name in ("ENV", "LABEL") and len(given) == 1 and "=" not in given[0]:
        return f"failed to parse Dockerfile: {name} must have two arguments"
    if name == "SHELL" and words is None:
        return "SHELL requires the arguments to be in JSON form"
    if name == "HEALTHCHECK" and first not in ("CMD", "NONE"):
        return f'Unknown type "{first}" in HEALTHCHECK (try CMD)'
    if name == "ONBUILD" and first == "ONBUILD":
        return "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
    if name == "ONBUILD" and first in ("FROM", "MAINTAINER"):
        return f"{first} isn't allowed as an ONBUILD trigger"
    return ""


def expand(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables filled in."""

    def one(found: re.Match[str]) -> str:
        name, operator, other = found.group(1) or found.group(4), found.group(2), found.group(3)
        value = values.get(name, "")
        if operator == "-":
            return value or other
        if operator == "+":
            return other if value else ""
        return value

    return _VARIABLE.sub(one, text).replace("\\$", "$")


def pairs(text: str) -> dict[str, str]:
    """Return the pairs of ENV and LABEL: ``a=1 b="2 3"`` or the old ``a 1``."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Fault(400, f'Syntax error - can\'t find = in "{text}". Must be of the form: name=value') from error
    if words and "=" not in words[0]:
        name, _space, value = text.partition(" ")
        return {name: value.strip()}
    return dict(word.partition("=")[::2] for word in words)


def set_config(config: dict[str, Any], instruction: Instruction) -> None:
    """Change an image's configuration by an instruction that touches no file.  Raises `Fault` (400)."""
    name, text, words = instruction.name, instruction.text, instruction.words
    if name in ("CMD", "ENTRYPOINT"):
        config[name.title()] = words if words is not None else [*(config.get("Shell") or ["/bin/sh", "-c"]), text]
        if name == "ENTRYPOINT" and not config.pop("_cmd_set", False):
            config.pop("Cmd", None)
        if name == "CMD":
            config["_cmd_set"] = True
    elif name == "ENV":
        for key, value in _given(instruction).items():
            kept = [item for item in config.get("Env") or [] if item.partition("=")[0] != key]
            config["Env"] = [*kept, f"{key}={value}"]
    elif name == "LABEL":
        config["Labels"] = dict(sorted({**(config.get("Labels") or {}), **_given(instruction)}.items()))
    elif name == "MAINTAINER":
        config["Labels"] = {**(config.get("Labels") or {}), "maintainer": text}
    elif name == "EXPOSE":
        for port in text.split():
            if not _PORT.fullmatch(port):
                raise Fault(400, f"Invalid containerPort: {port}")
        ports: dict[str, Any] = {p if "/" in p else f"{p}/tcp": {} for p in text.split()}
        config["ExposedPorts"] = {**(config.get("ExposedPorts") or {}), **ports}
    elif name == "VOLUME":
        config["Volumes"] = {**(config.get("Volumes") or {}), **{v: {} for v in (words or text.split())}}
    elif name == "USER":
        config["User"] = text
    elif name == "WORKDIR":
        config["WorkingDir"] = posixpath.normpath(posixpath.join(config.get("WorkingDir") or "/", text))
    elif name == "STOPSIGNAL":
        config["StopSignal"] = text
    elif name == "SHELL":
        config["Shell"] = words
    elif name == "ONBUILD":
        config["OnBuild"] = [*(config.get("OnBuild") or []), text]
    elif name == "HEALTHCHECK":
        config["Healthcheck"] = {"Test": ["NONE"] if text == "NONE" else ["CMD-SHELL", text.removeprefix("CMD ")]}
    else:
        raise Fault(400, f"{name} is not a valid change command")


def operand(config: Mapping[str, Any], instruction: Instruction) -> str:
    """Return what an image's history says of an instruction, behind its name; `config` is what it has led to."""
    name, text = instruction.name, instruction.text
    if name in ("CMD", "ENTRYPOINT"):
        return f"[{' '.join(json.dumps(word) for word in config[name.title()])}]"
    if name in ("ENV", "LABEL"):
        return " ".join(f"{key}={value}" for key, value in _given(instruction).items())
    if name == "EXPOSE":
        return " ".join(sorted(text.split()))
    if name in ("VOLUME", "SHELL"):
        return f"[{' '.join(instruction.words or text.split())}]"
    return text


def _given(instruction: Instruction) -> dict[str, str]:
    """Return the pairs of ENV and LABEL; words are one pair that is not to be taken apart."""
    words = instruction.words
    return {words[0]: words[1]} if words is not None else pairs(instruction.text)


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether a ``.dockerignore`` leaves a path of the context out."""
    result = False
    for pattern in patterns:
        bare = pattern.lstrip("!").strip("/")
        if fnmatchcase(path, bare) or path.startswith(bare + "/") or fnmatchcase(path, bare.replace("**/", "")):
            result = not pattern.startswith("!")
    return result
