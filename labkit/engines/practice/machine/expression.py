"""Regular expressions as POSIX has them, for grep, sed and awk.

RE2 does the matching: the time that it takes grows with the text, and never beyond.  One
expression of a learner cannot hold up the engine, as one in Python's ``re`` can.  What RE2
lacks are back references inside an expression.

Sources: POSIX.1-2017, chapter 9; https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import lru_cache
from typing import Any

MEMORY = 256 * 1024
"""What one compiled expression may take, in bytes; a larger one is refused."""
MAX_WORK = 16_000_000
"""At most so many steps for one text: its length times the size of the expression."""
TURN = 64
"""After so many matches in one text, others have their turn."""

_CLASS = re.compile(r"\[:[a-z]+:\]")
_REPEAT = re.compile(r"\{(\d{1,4})?(,)?(\d{1,4})?\}")
_SPACES = {"n": "\\n", "t": "\\t"}
_KEPT = {"b": "\\b", "B": "\\B", "w": "\\w", "W": "\\W", "s": "\\s", "S": "\\S", "<": "\\b", ">": "\\b"}
_ENDS = {"`": "\\A", "'": "\\z"}


class ExpressionFault(Exception):
    """An expression that can't be used; the message is what the command says."""


class _Translator:
    """From an expression of POSIX to one of RE2."""

    def __init__(self, text: str, *, extended: bool) -> None:
        self.text, self.extended, self.at = text, extended, 0
        self.out: list[str] = []
        self.groups: list[int] = []  # where each open group begins in `out`
        self.atom: int | None = None  # where what a repetition would repeat begins
        self.repeated = False

    def translate(self) -> str:
        """Return the expression.  Raises `ExpressionFault`."""
        while self.at < len(self.text):
            self._one()
        if self.groups:
            raise ExpressionFault("Unmatched ( or \\(")
        return "".join(self.out)

    def _one(self) -> None:
        char = self.text[self.at]
        self.at += 1
        special = self.extended
        if char == "\\":
            if self.at >= len(self.text):
                raise ExpressionFault("Trailing backslash")
            char = self.text[self.at]
            self.at += 1
            if self.extended or char not in "(){}+?|":
                self._escaped(char)
                return
            special = True
        if char == "[":
            self._add(self._bracket())
        elif char == ".":
            self._add(".")
        elif char == "*" and self.atom is not None:
            self._repeat("*")
        elif char == "^" and self._begins():
            self.out.append("^")
        elif char == "$" and self._ends():
            self.out.append("$")
            self.atom = None
        elif special and char in "(){|+?":
            self._special(char)
        else:
            self._add(re.escape(char))

    def _begins(self) -> bool:
        return self.extended or not self.out or self.out[-1] in ("(", "|")

    def _ends(self) -> bool:
        return self.extended or self.at == len(self.text) or self.text.startswith(("\\)", "\\|"), self.at)

    def _add(self, piece: str) -> None:
        self.atom, self.repeated = len(self.out), False
        self.out.append(piece)

    def _repeat(self, piece: str) -> None:
        if self.atom is None:  # nothing stands before it: it means itself
            self._add(re.escape(piece))
            return
        if self.repeated:  # behind another repetition RE2 would read it in a sense of its own
            self.out[self.atom :] = ["(?:" + "".join(self.out[self.atom :]) + ")"]
        self.out.append(piece)
        self.repeated = True

    def _special(self, char: str) -> None:
        if char == "(":
            self.groups.append(len(self.out))
            self.out.append("(")
            self.atom = None
        elif char == ")":
            if not self.groups:
                if not self.extended:
                    raise ExpressionFault("Unmatched ) or \\)")
                self._add("\\)")
                return
            begin = self.groups.pop()
            self.out.append(")")
            self.atom, self.repeated = begin, False
        elif char == "|":
            self.out.append("|")
            self.atom = None
        elif char in "+?":
            self._repeat(char)
        elif char == "{":
            self._braces()
        else:
            self._add("\\}")

    def _braces(self) -> None:
        rest = self.text[self.at - 1 :] if self.extended else "{" + self.text[self.at :].replace("\\}", "}", 1)
        found = _REPEAT.match(rest)
        if found is None or not (found.group(1) or found.group(2)):
            if not self.extended:
                raise ExpressionFault("Invalid content of \\{\\}")
            self._add("\\{")
            return
        self.at += len(found.group()) - 1 + (not self.extended)
        first, comma, last = found.groups()
        self._repeat("{" + (first or "0") + (comma or "") + (last or "") + "}")

    def _escaped(self, char: str) -> None:
        if char in "123456789":
            raise ExpressionFault("the practice engine knows no back references in an expression")
        if char in _ENDS or char in _KEPT:
            self.out.append(_ENDS.get(char) or _KEPT[char])
            self.atom, self.repeated = (len(self.out) - 1, False) if char in "wWsS" else (None, False)
        else:
            self._add(_SPACES.get(char) or re.escape(char))

    def _bracket(self) -> str:
        """Return a set of characters; in POSIX a backslash there means itself."""
        made, start = "[", self.at
        if self.text.startswith("^", self.at):
            made, self.at = "[^", self.at + 1
            start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "]" and self.at > start:
                self.at += 1
                return made + "]"
            if found := _CLASS.match(self.text, self.at):
                made += found.group()
                self.at = found.end()
                continue
            following = self.text[self.at + 1 : self.at + 2]
            if char == "\\" and following in ("n", "t"):
                made += "\\" + following
                self.at += 2
                continue
            made += "\\" + char if char in "[]\\^" else char
            self.at += 1
        raise ExpressionFault("Unmatched [, [^, [:, [., or [=")


class Expression:
    """An expression that is ready to be used.  Raises `ExpressionFault` for one that can't be.

    Parameters
    ----------
    text: as it was typed.
    extended: ``( ) { } + ? |`` are special without a backslash.
    ignore: upper and lower case are the same.
    literal: nothing in it is special.
    whole: what is found has to be a whole ``"word"`` or a whole ``"line"``.
    """

    def __init__(
        self, text: str, *, extended: bool = False, ignore: bool = False, literal: bool = False, whole: str = ""
    ) -> None:
        import re2  # here, since few engines ever need it, and all of them start

        options = re2.Options()
        options.max_mem, options.log_errors = MEMORY, False
        options.longest_match, options.dot_nl, options.case_sensitive = True, True, not ignore
        made = re.escape(text) if literal else _Translator(text, extended=extended).translate()
        if whole:
            made = f"\\b(?:{made})\\b" if whole == "word" else f"^(?:{made})$"
        try:
            self._compiled: Any = re2.compile(_bytes(made), options)
        except re2.error as error:
            said = error.args[0].decode("utf-8", "replace") if error.args else ""
            raise ExpressionFault(f"bad regex '{text[:80]}': {said}") from error
        self._size: int = self._compiled.programsize

    def _checked(self, text: str) -> bytes:
        data = _bytes(text)
        if len(data) * self._size > MAX_WORK:
            raise ExpressionFault("the practice engine finds a line too long for this expression")
        return data

    def found(self, text: str) -> bool:
        """Whether it is somewhere in a text.  Raises `ExpressionFault`."""
        return self._compiled.search(self._checked(text)) is not None

    def all(self, text: str) -> Iterator[str]:
        """Yield each piece of a text that it matches."""
        for match in self._compiled.finditer(self._checked(text)):
            yield _text(match.group())

    def replace(
        self, text: str, target: list[str | int], *, first: int = 1, every: bool = False
    ) -> Generator[None, None, tuple[str, int]]:
        """Return a text in which matches are replaced, and how many were; others have their turn meanwhile.

        Parameters
        ----------
        target: what comes there: texts, and the numbers of groups, 0 for all that was matched.
        first: the number of the first match that is replaced.
        every: replace those behind it, too.
        """
        data = self._checked(text)
        pieces: list[bytes] = []
        end = count = number = 0
        last = -1
        for turn, match in enumerate(self._compiled.finditer(data), 1):
            if turn % TURN == 0:
                yield None
            if match.start() == match.end() == last:
                continue  # nothing, right behind a match, is no match of its own
            number, last = number + 1, match.end()
            if number < first:
                continue
            pieces.append(data[end : match.start()])
            for part in target:
                if isinstance(part, str):
                    pieces.append(_bytes(part))
                elif part <= self._compiled.groups:
                    pieces.append(match.group(part) or b"")
                else:
                    raise ExpressionFault("invalid reference to a group")
            end, count = match.end(), count + 1
            if not every:
                break
        return _text(b"".join([*pieces, data[end:]])), count

    def split(self, text: str) -> list[str]:
        """Return what stands between its matches."""
        data, end = self._checked(text), 0
        parts = []
        for match in self._compiled.finditer(data):
            if match.end() > match.start():
                parts.append(data[end : match.start()])
                end = match.end()
        return [_text(part) for part in [*parts, data[end:]]]


@lru_cache(maxsize=64)
def compiled(text: str, *, extended: bool = False, ignore: bool = False) -> Expression:
    """Return an expression that may have been used before.  Raises `ExpressionFault`."""
    return Expression(text, extended=extended, ignore=ignore)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
