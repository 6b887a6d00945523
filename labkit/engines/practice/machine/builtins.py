"""Commands that the shell carries out itself."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from .process import SIGNALS, Exit, Wait, exited
from .programs import APPLETS, main_of
from .syntax import parse

if TYPE_CHECKING:
    from .shell import Shell

Running = Generator[Wait | None, None, int]


class Break(Exception):
    """``break`` and, where `again`, ``continue``, out of so many loops."""

    def __init__(self, levels: int, again: bool) -> None:
        super().__init__(levels)
        self.levels, self.again = levels, again


class Return(Exception):
    """``return`` from a function."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _number(words: list[str], default: int) -> int:
    return int(words[0]) if words and words[0].lstrip("-").isdigit() else default


def _cd(shell: Shell, words: list[str]) -> Running:
    target = words[0] if words else shell.variables.get("HOME", "/")
    if target == "-":
        target = shell.variables.get("OLDPWD", "/")
    process = shell.process
    try:
        process.files.folder(target, process.cwd)
        path = process.files.resolve(target, process.cwd)
    except OSError as error:
        yield from process.err(f"{shell.name}: cd: can't cd to {target}: {error.strerror}")
        return 1
    shell.assign("OLDPWD", process.cwd)
    process.cwd = path
    shell.assign("PWD", path)
    return 0


def _export(shell: Shell, words: list[str]) -> Running:
    if not words:
        for name in sorted(shell.exported):
            yield from shell.process.out(f"export {name}='{shell.variables.get(name, '')}'\n")
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            shell.assign(name, value)
        shell.exported.add(name)
    return 0


def _local(shell: Shell, words: list[str]) -> Running:
    yield from ()
    for word in words:
        name, _equals, value = word.partition("=")
        shell.assign(name, value)
    return 0


def _unset(shell: Shell, words: list[str]) -> Running:
    yield from ()
    for name in words:
        shell.variables.pop(name, None)
        shell.exported.discard(name)
        shell.functions.pop(name, None)
    return 0


def _set(shell: Shell, words: list[str]) -> Running:
    if not words:
        for name in sorted(shell.variables):
            yield from shell.process.out(f"{name}='{shell.variables[name]}'\n")
    while words and words[0][:1] in "-+" and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            shell.arguments = list(words)
            return 0
        if word in ("-o", "+o"):
            named = {"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}.get(
                words.pop(0) if words else "", ""
            )
            letters = {named} - {""}
        else:
            letters = set(word[1:])
        shell.options = shell.options | letters if word[0] == "-" else shell.options - letters
    if words:
        shell.arguments = list(words)
    return 0


def _exit(shell: Shell, words: list[str]) -> Running:
    yield from ()
    raise Exit(_number(words, shell.status) & 255)


def _return(shell: Shell, words: list[str]) -> Running:
    yield from ()
    raise Return(_number(words, shell.status))


def _break(_shell: Shell, words: list[str]) -> Running:
    yield from ()
    raise Break(_number(words, 1), False)


def _continue(_shell: Shell, words: list[str]) -> Running:
    yield from ()
    raise Break(_number(words, 1), True)


def _shift(shell: Shell, words: list[str]) -> Running:
    yield from ()
    del shell.arguments[: _number(words, 1)]
    return 0


def _read(shell: Shell, words: list[str]) -> Running:
    from .shell import read_line

    names = [word for word in words if not word.startswith("-")] or ["REPLY"]
    line = yield from read_line(shell.process)
    text = (line or b"").decode("utf-8", "surrogateescape").rstrip("\n")
    parts = text.split(None, len(names) - 1) if len(names) > 1 else [text.strip(" \t")]
    for n, name in enumerate(names):
        shell.assign(name, parts[n].strip() if n < len(parts) else "")
    return 0 if line is not None and line.endswith(b"\n") else 1


def _eval(shell: Shell, words: list[str]) -> Running:
    return (yield from shell.run_list(parse(" ".join(words))))


def _dot(shell: Shell, words: list[str]) -> Running:
    text = shell.process.files.read(words[0] if words else "", shell.process.cwd)
    return (yield from shell.run_list(parse(text.decode("utf-8", "surrogateescape"))))


def _wait(shell: Shell, words: list[str]) -> Running:
    wanted = [child for child in shell.background if not words or str(child.inner) in words]
    status = 0
    for child in wanted:
        if child.code is None:
            yield Wait(lambda child=child: child.code is not None or bool(shell.due))  # type: ignore[misc]
        if child.code is None:
            return 128 + 15  # a trap came in between
        status = yield from exited(child)
        shell.background.remove(child)
    return status


def _trap(shell: Shell, words: list[str]) -> Running:
    if len(words) < 2:
        return 0
    command, *names = words
    for name in names:
        number = 0 if name == "EXIT" else int(name) if name.isdigit() else SIGNALS.get(name.removeprefix("SIG"), -1)
        if number < 0:
            yield from shell.process.err(f"{shell.name}: trap: {name}: invalid signal specification")
            return 1
        shell.traps[number] = "" if command == "-" else command
        if command == "-":
            shell.process.handlers.pop(number, None)
        elif number:
            shell.process.handlers[number] = (lambda: shell.due.append(command)) if command else None
    return 0


def _type(shell: Shell, words: list[str]) -> Running:
    words = [word for word in words if word != "-v"]
    for word in words:
        if word in BUILTINS or word in shell.functions:
            yield from shell.process.out(f"{word}\n")
            continue
        folders = shell.variables.get("PATH", "/bin:/usr/bin").split(":")
        paths = [posixpath.join(folder, word) for folder in folders]
        found = next((p for p in paths if shell.process.files.lookup(p) is not None), None)
        if found is None:
            return 127
        yield from shell.process.out(found + "\n")
    return 0


def _of_applet(name: str) -> Callable[[Shell, list[str]], Running]:
    """Let an applet run inside the shell's own process, as a real shell does with ``echo``."""

    def run(shell: Shell, words: list[str]) -> Running:
        process = shell.process
        main = main_of(name, APPLETS)
        kept, process.argv = process.argv, [name, *words]
        try:
            return (yield from main(process)) if main else 127
        except Exit as left:
            if left.code > 128:
                raise
            return left.code
        finally:
            process.argv = kept

    return run


def _colon(_shell: Shell, _words: list[str]) -> Running:
    yield from ()
    return 0


BUILTINS: dict[str, Callable[[Shell, list[str]], Running]] = {
    ":": _colon,
    ".": _dot,
    "source": _dot,
    "break": _break,
    "cd": _cd,
    "command": _type,
    "continue": _continue,
    "eval": _eval,
    "exit": _exit,
    "export": _export,
    "read": _read,
    "return": _return,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
    "type": _type,
    "unset": _unset,
    "local": _local,
    "wait": _wait,
    **{name: _of_applet(name) for name in ("echo", "printf", "test", "[", "true", "false", "pwd", "kill")},
}
