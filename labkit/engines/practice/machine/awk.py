"""A small awk: patterns, print and printf, fields, variables and arithmetic; no loops, arrays or functions.

Source: POSIX.1-2017, awk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .expression import ExpressionFault, compiled
from .options import options
from .process import Process, Program
from .programs import applet
from .sed import TURN

Value = str | float
_TOKEN = re.compile(
    r'\s*(?:(\d+(?:\.\d+)?)|"((?:\\.|[^"\\])*)"|([A-Za-z_]\w*)|(&&|\|\||[=!<>]=|!~|\+\+|[-+*/%]=|[-+*/%~<>=!$(){},;])|(\n))'
)
_REGEX = re.compile(r"\s*/((?:\\.|[^/\\\n])*)/")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_LEVELS = (("||",), ("&&",), ("~", "!~"), ("<", "<=", "==", "!=", ">", ">="), (" ",), ("+", "-"), ("*", "/", "%"))


class AwkError(Exception):
    """The program can't be understood."""


@dataclass
class Room:
    """What a running program has: its variables and the fields of the line."""

    variables: dict[str, Value] = field(default_factory=dict)
    fields: list[str] = field(default_factory=lambda: [""])

    def take(self, line: str) -> None:
        """Take a line apart."""
        separator = str(self.variables.get("FS", " "))
        if separator == " ":
            parts = line.split()
        elif len(separator) == 1:
            parts = line.split(separator) if line else []
        else:
            parts = compiled(separator, extended=True).split(line) if line else []
        self.fields = [line, *parts]
        self.variables["NF"] = float(len(parts))
        self.variables["NR"] = _number(self.variables.get("NR", 0.0)) + 1


def _number(value: Value) -> float:
    if isinstance(value, float):
        return value
    found = re.match(r"\s*[-+]?\d+(?:\.\d+)?", str(value))
    return float(found.group()) if found else 0.0


def _text(value: Value) -> str:
    return (str(int(value)) if value == int(value) else f"{value:.6g}") if isinstance(value, float) else str(value)


def _true(value: Value) -> bool:
    return bool(value) if isinstance(value, float) else value != ""


Expression = Callable[[Room], Value]
Statement = Callable[[Room], str]


class _Parser:
    """Turns a program's text into rules: a pattern and what is done where it fits."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def peek(self) -> str:
        """Return the next word as it is written; empty at the end."""
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            rest = self.text[self.at :].strip()
            if rest and not rest.startswith("/"):
                raise AwkError(rest[:10])
            return rest[:1]
        return found.group().strip(" \t")

    def next(self) -> str:
        """Return the next word, and go on behind it."""
        word = self.peek()
        found = _TOKEN.match(self.text, self.at)
        self.at = found.end() if found else len(self.text)
        return word

    def expect(self, word: str) -> None:
        """Go on behind a word that has to come now."""
        if self.next() != word:
            raise AwkError(word)

    def skip(self, *tokens: str) -> None:
        """Go on behind all tokens of some kinds."""
        while self.peek() in tokens and self.peek():
            self.next()

    def rules(self) -> list[tuple[str, Expression | None, list[Statement]]]:
        """Return the rules: ``BEGIN``, ``END`` or nothing; the pattern; the statements."""
        found = []
        self.skip("\n", ";")
        while self.peek():
            when = self.next() if self.peek() in ("BEGIN", "END") else ""
            pattern = None if when or self.peek() == "{" else self.expression()
            found.append((when, pattern, self.block() if self.peek() == "{" else [lambda room: room.fields[0] + "\n"]))
            self.skip("\n", ";")
        return found

    def block(self) -> list[Statement]:
        """Return the statements between braces."""
        self.expect("{")
        found = []
        self.skip("\n", ";")
        while self.peek() != "}":
            found.append(self.statement())
            self.skip("\n", ";")
        self.expect("}")
        return found

    def statement(self) -> Statement:
        """Return one statement."""
        kind = self.peek()
        if kind not in ("print", "printf"):
            work = self.expression()
            return lambda room: (work(room), "")[1]
        self.next()
        given = []
        if self.peek() not in ("}", ";", "\n", ""):
            given.append(self.expression())
            while self.peek() == ",":
                self.next()
                given.append(self.expression())
        if kind == "print":
            return lambda room: _print(room, given)
        if not given:
            raise AwkError("printf")
        return lambda room: _printf([value(room) for value in given])

    def expression(self) -> Expression:
        """Return an expression: an assignment, or what has a value."""
        start = self.at
        name = self.next()
        operator = self.peek()
        if re.fullmatch(r"[A-Za-z_]\w*", name) and operator in ("=", "+=", "-=", "*=", "/=", "%=", "++"):
            self.next()
            value = (lambda _room: 1.0) if operator == "++" else self.expression()
            return _assigning(name, operator, value)
        self.at = start
        return self.level(0)

    def level(self, depth: int) -> Expression:
        """Return an expression of operators that bind at least so tightly."""
        if depth == len(_LEVELS):
            return self.unary()
        left = self.level(depth + 1)
        while True:
            word = self.peek()
            if _LEVELS[depth] == (" ",):  # two values side by side are put together
                if not re.match(r"[\w\"$(]", word):
                    return left
                left = _binary(" ", left, self.level(depth + 1))
            elif word in _LEVELS[depth]:
                self.next()
                left = _binary(word, left, self.level(depth + 1))
            else:
                return left

    def unary(self) -> Expression:
        """Return a value, a field, a regular expression, or what stands in brackets."""
        if regex := _REGEX.match(self.text, self.at):
            self.at = regex.end()
            pattern = compiled(regex.group(1).replace("\\/", "/"), extended=True)
            made: Expression = lambda room: float(pattern.found(room.fields[0]))  # noqa: E731
            made.__doc__ = regex.group(1)
            return made
        word = self.next()
        if word in ("!", "-", "+"):
            value = self.unary()
            if word == "!":
                return lambda room: float(not _true(value(room)))
            return lambda room: _number(value(room)) * (-1 if word == "-" else 1)
        if word == "$":
            place = self.unary()
            return lambda room: _field(room, place)
        if word == "(":
            value = self.expression()
            self.expect(")")
            return value
        if word.startswith('"'):
            said = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group(1)), word[1:-1])
            return lambda _room: said
        if re.fullmatch(r"\d+(\.\d+)?", word):
            return lambda _room: float(word)
        if word == "length":
            self.skip("(", ")")
            return lambda room: float(len(room.fields[0]))
        if re.fullmatch(r"[A-Za-z_]\w*", word):
            return lambda room: room.variables.get(word, "")
        raise AwkError(word)


def _field(room: Room, place: Expression) -> Value:
    number = int(_number(place(room)))
    return room.fields[number] if 0 <= number < len(room.fields) else ""


def _print(room: Room, words: list[Expression]) -> str:
    parts = [_text(word(room)) for word in words] or [room.fields[0]]
    return str(room.variables.get("OFS", " ")).join(parts) + str(room.variables.get("ORS", "\n"))


def _printf(values: list[Value]) -> str:
    form, rest = _text(values[0]), list(values[1:])

    def one(found: re.Match[str]) -> str:
        if found.group(2) == "%":
            return "%"
        value = rest.pop(0) if rest else ""
        kind = found.group(2)
        given: object = _text(value) if kind == "s" else int(_number(value)) if kind in "dixc" else _number(value)
        return f"%{found.group(1)}{kind}" % given

    return re.sub(r"%([-+ 0]*\d{0,3}(?:\.\d{1,3})?)([sdixfge%])", one, form)


def _assigning(name: str, operator: str, value: Expression) -> Expression:
    def assign(room: Room) -> Value:
        new = value(room)
        if operator != "=":
            new = _calculate(operator[0], _number(room.variables.get(name, "")), _number(new))
        room.variables[name] = new
        return new

    return assign


def _calculate(operator: str, a: float, b: float) -> float:
    if operator in "/%" and b == 0:
        raise AwkError("division by zero")
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / (b or 1), "%": a % (b or 1)}[operator]


def _binary(operator: str, left: Expression, right: Expression) -> Expression:
    def value(room: Room) -> Value:
        a = left(room)
        if operator in ("&&", "||"):
            return float(_true(right(room)) if _true(a) == (operator == "&&") else _true(a))
        if operator in ("~", "!~"):
            pattern = right.__doc__ or _text(right(room))
            return float(compiled(pattern, extended=True).found(_text(a)) == (operator == "~"))
        b = right(room)
        if operator == " ":
            return _text(a) + _text(b)
        if operator in "+-*/%":
            return _calculate(operator, _number(a), _number(b))
        numbers = all(isinstance(v, float) or re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", v) for v in (a, b))
        x, y = (_number(a), _number(b)) if numbers else (_text(a), _text(b))
        order = (x > y) - (x < y)  # type: ignore[operator]
        return float({"<": order < 0, "<=": order <= 0, "==": order == 0, "!=": order != 0,
                      ">": order > 0, ">=": order >= 0}[operator])  # fmt: skip

    return value


@applet("awk")
def awk(process: Process) -> Program:
    """Run a program on each line of files, or of what comes on stdin."""
    given, words = yield from options(process, "F:v:")
    if not words:
        yield from process.err("awk: missing program")
        return 1
    room = Room()
    if "-F" in given:
        room.variables["FS"] = given["-F"]
    if "-v" in given:
        name, _equals, value = given["-v"].partition("=")
        room.variables[name] = value
    try:
        rules = _Parser(words[0]).rules()
        yield from _phase(process, room, rules, "BEGIN")
        if any(when != "BEGIN" for when, _pattern, _body in rules):
            for path in words[1:] or ["-"]:
                data = (yield from process.read_all()) if path == "-" else process.files.read(path, process.cwd)
                for n, line in enumerate(data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")):
                    if not data:
                        break
                    if n % TURN == 0:
                        yield None
                    room.take(line)
                    yield from _phase(process, room, rules, "")
            yield from _phase(process, room, rules, "END")
    except ExpressionFault as error:
        yield from process.err(f"awk: {error}")
        return 1
    except AwkError as error:
        yield from process.err(
            f"awk: cmd. line:1: Unexpected word near {str(error)!r} (this practice awk is a small one)"
        )
        return 1
    return 0


def _phase(
    process: Process, room: Room, rules: list[tuple[str, Expression | None, list[Statement]]], when: str
) -> Program:
    for phase, pattern, body in rules:
        if phase == when and (pattern is None or _true(pattern(room))):
            for statement in body:
                yield from process.out(statement(room))
    return 0
