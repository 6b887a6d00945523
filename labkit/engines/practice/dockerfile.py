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
    if not found:
        raise Fault(
            400 if not old else 500,
            "the Dockerfile (Dockerfile) cannot be empty" if old else "file with no instructions",
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
    flags = []
    while name in ("FROM", "COPY", "ADD", "RUN", "HEALTHCHECK") and (match := re.match(r"--([a-z-]+)=(\S+)\s+", rest)):
        flags.append((match.group(1), match.group(2)))
        rest = rest[match.end() :]
    if not rest:
        said = (
            f"{name} requires at least one argument"
            if name != "FROM"
            else "FROM requires either one or three arguments"
        )
        raise Fault(400, f"dockerfile parse error {'' if old else 'on '}line {number}: {said}")
    words = None
    if rest.startswith("["):
        try:
            value = json.loads(rest)
            words = value if isinstance(value, list) and all(isinstance(w, str) for w in value) else None
        except ValueError:
            words = None
    return Instruction(name, rest, number, words, tuple(flags))


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
