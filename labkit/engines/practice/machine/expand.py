"""What the shell makes of a word: variables, substitutions, fields and file names.

Source: POSIX.1-2017, Shell Command Language, section 2.6.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from .arithmetic import ArithmeticFault, evaluate
from .files import Folder
from .process import Wait
from .syntax import Arithmetic, Literal, ShellFault, Substitution, Variable, Word

if TYPE_CHECKING:
    from .shell import Shell

MAX_TEXT = 1024 * 1024
"""No word grows beyond this, in characters: a loop that doubles a variable meets an error."""

_GLOB = re.compile(r"[*?\[]")

Piece = tuple[str, bool]
"""Some text, and whether it was quoted."""
Expanding = Generator[Wait | None, None, list[list[Piece]]]


def fields(shell: Shell, words: Iterable[Word]) -> Generator[Wait | None, None, list[str]]:
    """Return the fields that words become: expanded, split, file names filled in."""
    found: list[str] = []
    for word in words:
        for pieces in (yield from _split_word(shell, word)):
            found += _file_names(shell, pieces)
    return found


def text(shell: Shell, word: Word) -> Generator[Wait | None, None, str]:
    """Return what a word becomes where it is not split: an assignment, a redirection."""
    pieces = yield from _pieces(shell, word)
    return "".join(piece for group in pieces for piece, _quoted in group)


def pattern(shell: Shell, word: Word) -> Generator[Wait | None, None, str]:
    """Return a word as a pattern: what was quoted stands for itself."""
    pieces = yield from _pieces(shell, word)
    return "".join(
        re.sub(r"([*?\[])", r"[\1]", piece) if quoted else piece for group in pieces for piece, quoted in group
    )


def _pieces(shell: Shell, word: Word) -> Expanding:
    """Return the pieces of each part; ``"$@"`` alone gives more than one group."""
    groups: list[list[Piece]] = [[]]
    for n, part in enumerate(word.parts):
        if isinstance(part, Literal):
            literal = _home(shell, part.text) if n == 0 and not part.quoted else part.text
            groups[-1].append((literal, part.quoted or literal != part.text))
        elif isinstance(part, Variable) and part.name == "@" and part.quoted and not part.operator:
            if not shell.arguments:
                groups[-1].append(("", False))
            for at, argument in enumerate(shell.arguments):
                if at:
                    groups.append([])
                groups[-1].append((argument, True))
        else:
            value = yield from _value(shell, part)
            if len(value) > MAX_TEXT:
                raise ShellFault("out of memory")
            groups[-1].append((value, part.quoted))
    return groups


def _home(shell: Shell, literal: str) -> str:
    if literal == "~" or literal.startswith("~/"):
        return shell.variables.get("HOME", "/root") + literal[1:]
    return literal


def _value(shell: Shell, part: Variable | Substitution | Arithmetic | Literal) -> Generator[Wait | None, None, str]:
    if isinstance(part, Substitution):
        printed = yield from shell.capture(part.body)
        return printed.rstrip("\n")
    if isinstance(part, Arithmetic):
        expression = yield from text(shell, part.word)
        try:
            return str(evaluate(expression, lambda name: shell.variables.get(name, ""), shell.assign))
        except ArithmeticFault as error:
            raise ShellFault(str(error)) from error
    if isinstance(part, Variable):
        return (yield from _variable(shell, part))
    return part.text


def _variable(shell: Shell, part: Variable) -> Generator[Wait | None, None, str]:
    value = shell.value(part.name)
    operator = part.operator
    if operator == "length":
        return str(len(value or ""))
    if not operator or part.word is None:
        if value is None and "u" in shell.options:
            raise ShellFault(f"{part.name}: parameter not set")
        return value or ""
    missing = value is None or (operator.startswith(":") and value == "")
    if operator.lstrip(":") == "+":
        return "" if missing else (yield from text(shell, part.word))
    if operator.lstrip(":") in ("-", "=", "?"):
        if not missing:
            return value or ""
        other = yield from text(shell, part.word)
        if operator.endswith("?"):
            raise ShellFault(f"{part.name}: {other or 'parameter not set'}")
        if operator.endswith("="):
            shell.assign(part.name, other)
        return other
    wanted = yield from pattern(shell, part.word)
    return _cut(value or "", operator, wanted)


def _cut(value: str, operator: str, wanted: str) -> str:
    """Take the shortest (``#``, ``%``) or longest (``##``, ``%%``) match off the front or the end."""
    matches = re.compile(fnmatch.translate(wanted)).match
    lengths = range(len(value) + 1) if len(operator) == 1 else range(len(value), -1, -1)
    if operator.startswith("#"):
        return next((value[n:] for n in lengths if matches(value[:n])), value)
    return next((value[: len(value) - n] for n in lengths if matches(value[len(value) - n :])), value)


def _split_word(shell: Shell, word: Word) -> Expanding:
    separators = shell.variables.get("IFS", " \t\n")
    found: list[list[Piece]] = []
    for group in (yield from _pieces(shell, word)):
        current: list[Piece] | None = None
        for n, (piece, quoted) in enumerate(group):
            if quoted or (n < len(word.parts) and isinstance(word.parts[n], Literal)):
                current = [*(current or []), (piece, quoted)]
                continue
            for at, bit in enumerate(re.split(f"[{re.escape(separators)}]+", piece) if separators else [piece]):
                if at and current is not None:
                    found.append(current)
                    current = None
                if bit:
                    current = [*(current or []), (bit, False)]
        if current is not None:
            found.append(current)
    return found


def _file_names(shell: Shell, pieces: list[Piece]) -> list[str]:
    plain = "".join(piece for piece, _quoted in pieces)
    if "f" in shell.options or not any(not quoted and _GLOB.search(piece) for piece, quoted in pieces):
        return [plain]
    wanted = "".join(re.sub(r"([*?\[])", r"[\1]", piece) if quoted else piece for piece, quoted in pieces)
    bases = ["/" if wanted.startswith("/") else ""]
    for part in wanted.strip("/").split("/"):
        bases = [posixpath.join(base, name) for base in bases for name in _matching(shell, base, part)]
    return sorted(bases) or [plain]


def _matching(shell: Shell, base: str, part: str) -> list[str]:
    folder = shell.process.files.lookup(base or ".", shell.process.cwd)
    if not isinstance(folder, Folder):
        return []
    if not _GLOB.search(part):
        return [part] if folder.get(part) is not None else []
    return [
        n for n in folder.names() if fnmatch.fnmatchcase(n, part) and (part.startswith(".") or not n.startswith("."))
    ]
