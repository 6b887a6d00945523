"""A solution as it is shown: as labkit calls, as curl lines, and as docker commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from .. import curl, encode, pythoncall
from ..advice import ARGUMENTS
from ..model import Endpoint, Request
from . import daemonsteps
from .fill import Fill
from .record import Call, Drawn, Exercise, drawn
from .stage import elsewhere, filled, tar

_KEPT = re.compile(r"KEPT([A-Z0-9]+)KEPT")


class _Later(dict[str, str]):
    """Stands for ids that are only known once a call was answered."""

    def __contains__(self, word: object) -> bool:
        return True

    def __missing__(self, word: str) -> str:
        return f"KEPT{word.upper()}KEPT"


def _prepared(exercise: Exercise, calls: Drawn, fill: Fill) -> list[Call]:
    later = Fill(fill.draw, fill.values, _Later())
    return [filled(call, exercise, later) for call in drawn(calls, fill.draw)]


def labkit_lines(exercise: Exercise, calls: Drawn, fill: Fill) -> list[str]:
    """Return one line of Python a call; the last answer is called ``r``."""
    lines = []
    for call in _prepared(exercise, calls, fill):
        if call.method in daemonsteps.VERBS:
            lines += daemonsteps.python_lines(call)
            continue
        server, path = elsewhere(call.path)
        words = [_python_text(path)]
        plain = {k: v for k, v in call.params.items() if k.isidentifier() and k not in ARGUMENTS}
        if len(plain) < len(call.params):  # such a parameter is written in the path
            words = [_python_text(encode.target(path, call.params))]
            plain = {}
        words += [f"{name}={_python(value)}" for name, value in plain.items()]
        if call.json is not None:
            words.append(f"json={_python(call.json)}")
        if call.tar is not None:
            words.append(f"data={_tar_name(call)}")
            lines += [*_python_tar(call)]
        if call.file:
            words.append(f"data=Path({_python_text(call.file)})")
            lines.append("from pathlib import Path")
        if call.headers:
            words.append(f"headers={_python_headers(call)}")
        where = f'lab.at({_python_text(server)}, version="")' if server else "lab"
        lines.append(f"r = {where}.{call.method.lower()}({', '.join(words)})")
        if call.keep:
            word, _equals, path = call.keep.partition("=")
            keys = "".join(f"[{int(k)}]" if k.isdigit() else f'["{k}"]' for k in (path or "Id").split("."))
            lines.append(f"{word} = r.json(){keys}")
    return lines


def _tar_name(call: Call) -> str:
    return "archive.getvalue()" if call.tar else "b''"


def _python_tar(call: Call) -> list[str]:
    lines = ["import io, tarfile", "archive = io.BytesIO()", 'with tarfile.open(fileobj=archive, mode="w") as t:']
    for name, text in (call.tar or {}).items():
        lines += [
            f"    text, info = {text.encode()!r}, tarfile.TarInfo({name!r})",
            "    info.size = len(text)",
            "    t.addfile(info, io.BytesIO(text))",
        ]
    return lines


def _python_headers(call: Call) -> str:
    """Return the headers; the login of a registry is never written out."""
    given = {name: value for name, value in call.headers.items() if name.lower() != "x-registry-auth"}
    login = [] if len(given) == len(call.headers) else ['"X-Registry-Auth": lab.registry_auth()']
    return "{" + ", ".join([*login, *(f"{_python(name)}: {_python(value)}" for name, value in given.items())]) + "}"


def _python(value: Any) -> str:
    return pythoncall.one_line(value, _python_text)


def _python_text(text: str) -> str:
    quoted = pythoncall.text(text)
    if not _KEPT.search(text):
        return quoted
    braced = quoted.replace("{", "{{").replace("}", "}}")
    return "f" + _KEPT.sub(lambda m: "{" + m.group(1).lower() + "}", braced)


def curl_lines(
    exercise: Exercise, calls: Drawn, fill: Fill, endpoint: Endpoint, version: str, bodies: Path
) -> list[str]:
    """Return one line of shell a call.  Bodies of bytes are written to `bodies`, where the line finds them.

    An id that a later call needs is caught in a shell variable.
    """
    lines = []
    for call in _prepared(exercise, calls, fill):
        if call.method in daemonsteps.VERBS:
            lines += daemonsteps.shell_lines(call)
            continue
        fields = dict(call.headers)
        body = file = None
        if call.json is not None:
            fields.setdefault("Content-Type", "application/json")
            body = encode.to_json(call.json).encode()
        if call.tar is not None:
            body = tar(call.tar)
            bodies.mkdir(parents=True, exist_ok=True)
            path = bodies / f"{exercise.id}.tar"
            path.write_bytes(body)
            file = str(path)
        if call.file:
            there = Path(call.file)  # the learner may have removed it; the line is the same
            body, file = there.read_bytes() if there.exists() else b"", call.file
        server, bare = elsewhere(call.path)
        target = encode.target(bare, call.params, "" if server else version)
        where = Endpoint.parse(server) if server else endpoint
        request = Request(call.method, target, where, encode.headers(fields), body, file)
        line = _variables(curl.curl(request))
        lines.append(f"{call.keep}=$({line} | grep -o '[0-9a-f]\\{{64\\}}')" if call.keep else line)
    return lines


def _variables(line: str) -> str:
    """Put shell variables in the places of ids that are kept, within quotes or without."""

    def one(match: re.Match[str]) -> str:
        inside = line[: match.start()].count("'") % 2
        variable = f'"${match.group(1).lower()}"'
        return f"'{variable}'" if inside else variable

    return _KEPT.sub(one, line)


def docker_lines(exercise: Exercise, fill: Fill) -> list[str]:
    """Return the commands of the docker client; lines of Python as they are."""
    return [entry if isinstance(entry, str) else shlex.join(entry) for entry in map(fill, exercise.docker)]
