"""A stream editor: addresses, blocks, and the commands ``s d p n q = a i c y !``.

Source: POSIX.1-2017, sed.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import lru_cache

from .expression import compiled

Address = int | str | None
"""A line's number, ``$``, or an expression behind a slash; None for none."""

TURN = 256
"""After so many lines, others have their turn."""
MAX_SPACE = 16 * 1024 * 1024
"""A line, or what has been put together, has at most so many characters."""


class SedFault(Exception):
    """A script that can't be run; the message is what sed says."""


@dataclass
class Command:
    """One command with its addresses; `body` is that of a block."""

    name: str
    first: Address = None
    last: Address = None
    negated: bool = False
    pattern: str = ""
    text: str = ""
    flags: str = ""
    body: list[Command] = field(default_factory=list)
    inside: bool = False


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def commands(self, *, block: bool = False) -> list[Command]:
        found: list[Command] = []
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t\n;":
                self.at += 1
            if self.at >= len(self.text):
                if block:
                    raise SedFault("unmatched '{'")
                return found
            if self.text[self.at] == "}":
                if not block:
                    raise SedFault("unexpected '}'")
                self.at += 1
                return found
            found.append(self._command())

    def _command(self) -> Command:
        first = self._address()
        last = None
        if first is not None and self._take(","):
            last = self._address()
        self._blanks()
        negated = self._take("!")
        self._blanks()
        if self.at >= len(self.text):
            raise SedFault("missing command")
        name = self.text[self.at]
        self.at += 1
        made = Command(name, first, last, negated)
        if name == "{":
            made.body = self.commands(block=True)
        elif name in "sy":
            made.pattern, made.text = self._parts()
            start = self.at
            while self.at < len(self.text) and self.text[self.at] in "gpIi0123456789":
                self.at += 1
            made.flags = self.text[start : self.at]
        elif name in "aic":
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            made.text = self.text[self.at : end].lstrip("\\").strip()
            self.at = end
        elif name not in "dpnqNDPhHgGx=":
            raise SedFault(f"unsupported command {name}")
        return made

    def _blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def _take(self, char: str) -> bool:
        if self.text[self.at : self.at + 1] == char:
            self.at += 1
            return True
        return False

    def _address(self) -> Address:
        if self._take("$"):
            return "$"
        if number := re.compile(r"\d+").match(self.text, self.at):
            self.at = number.end()
            return int(number.group())
        if self._take("/"):
            return "/" + self._until("/")
        return None

    def _until(self, end: str) -> str:
        piece = ""
        while self.at < len(self.text) and self.text[self.at] != end:
            if self.text[self.at] == "\\" and self.at + 1 < len(self.text):
                escaped = self.text[self.at + 1]
                piece += escaped if escaped == end else "\\" + escaped
                self.at += 2
            else:
                piece += self.text[self.at]
                self.at += 1
        if self.at >= len(self.text):
            raise SedFault("unterminated expression")
        self.at += 1
        return piece

    def _parts(self) -> tuple[str, str]:
        end = self.text[self.at : self.at + 1]
        self.at += 1
        return self._until(end), self._until(end)


def parse(script: str) -> list[Command]:
    """Return the commands of a script.  Raises `SedFault`."""
    return _Parser(script).commands()


@lru_cache(maxsize=64)
def target(text: str) -> list[str | int]:
    """Return what ``s`` puts in the place of a match: texts, and the numbers of groups."""
    found: list[str | int] = [""]
    for escaped, plain in re.findall(r"\\(.)|([^\\])", text, re.S):
        piece: str | int = plain
        if escaped:
            piece = int(escaped) if escaped.isdigit() else {"n": "\n", "t": "\t"}.get(escaped, escaped)
        elif plain == "&":
            piece = 0
        if isinstance(piece, str) and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


Turns = Generator[None, None, bool]
"""Work between whose parts others have their turn."""


class _Quit(Exception):
    pass


@dataclass
class Editor:
    """A script at work.

    Parameters
    ----------
    quiet: print only what a command says (``-n``).
    extended: expressions are extended ones (``-E``).
    """

    commands: list[Command]
    quiet: bool
    extended: bool
    _lines: list[str] = field(default_factory=list)
    _number: int = 0
    _space: str = ""
    _hold: str = ""
    _after: list[str] = field(default_factory=list)

    def run(self, lines: list[str]) -> Generator[None, None, str]:
        """Return what the script makes of lines.  Raises `SedFault` or `ExpressionFault`."""
        self._lines = lines
        out: list[str] = []
        try:
            while self._next():
                if self._number % TURN == 0:
                    yield None
                kept = yield from self._cycle(self.commands, out)
                if kept and not self.quiet:
                    out.append(self._space)
                self._flush(out)
        except _Quit:
            if not self.quiet:
                out.append(self._space)
            self._flush(out)
        return "".join(line + "\n" for line in out)

    def _flush(self, out: list[str]) -> None:
        out += self._after
        self._after.clear()

    def _next(self) -> bool:
        if self._number >= len(self._lines):
            return False
        self._space = self._lines[self._number]
        self._number += 1
        return True

    def _matches(self, address: Address) -> bool:
        if isinstance(address, int):
            return self._number == address
        if address == "$":
            return self._number == len(self._lines)
        return compiled((address or "/")[1:], extended=self.extended).found(self._space)

    def _selected(self, command: Command) -> bool:
        if command.first is None:
            return not command.negated
        if command.last is None:
            return self._matches(command.first) != command.negated
        if command.inside:
            command.inside = not self._matches(command.last)
            return not command.negated
        if self._matches(command.first):
            command.inside = not (isinstance(command.last, int) and command.last <= self._number)
            return not command.negated
        return command.negated

    def _cycle(self, commands: list[Command], out: list[str]) -> Turns:
        """Run commands on the line at hand; return whether it is still there."""
        for command in commands:
            if self._selected(command):
                kept = yield from self._one(command, out)
                if len(self._space) + len(self._hold) > MAX_SPACE:
                    raise SedFault("the practice engine holds no line that long")
                if not kept:
                    return False
        return True

    def _one(self, command: Command, out: list[str]) -> Turns:
        name = command.name
        if name == "{":
            return (yield from self._cycle(command.body, out))
        if name == "d":
            return False
        if name == "p":
            out.append(self._space)
        elif name == "q":
            raise _Quit
        elif name == "=":
            out.append(str(self._number))
        elif name in "nN":
            return self._further(name, out)
        elif name == "s":
            yield from self._substitute(command, out)
        elif name == "y":
            self._space = self._space.translate(str.maketrans(command.pattern, command.text))
        elif name == "a":
            self._after.append(command.text)
        elif name == "i":
            out.append(command.text)
        elif name == "c":
            out.append(command.text)
            return False
        else:
            self._holding(name)
        return True

    def _further(self, name: str, out: list[str]) -> bool:
        before = self._space
        if name == "n" and not self.quiet:
            out.append(before)
        if not self._next():
            self._space = before
            return name == "N" or self.quiet
        if name == "N":
            self._space = f"{before}\n{self._space}"
        return True

    def _holding(self, name: str) -> None:
        if name == "x":
            self._space, self._hold = self._hold, self._space
        elif name in "hH":
            self._hold = self._space if name == "h" else f"{self._hold}\n{self._space}"
        elif name in "gG":
            self._space = self._hold if name == "g" else f"{self._space}\n{self._hold}"

    def _substitute(self, command: Command, out: list[str]) -> Turns:
        found = compiled(command.pattern, extended=self.extended, ignore=bool(set("Ii") & set(command.flags)))
        digits = "".join(flag for flag in command.flags if flag.isdigit())
        self._space, count = yield from found.replace(
            self._space, target(command.text), first=int(digits or 1), every="g" in command.flags
        )
        if count and "p" in command.flags:
            out.append(self._space)
        return True


def edit(scripts: list[str], lines: list[str], *, quiet: bool, extended: bool) -> Generator[None, None, str]:
    """Return what scripts, one line after the other, make of other lines.  Raises `SedFault` or `ExpressionFault`."""
    return (yield from Editor(parse("\n".join(scripts)), quiet, extended).run(lines))
