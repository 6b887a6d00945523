"""The shell's integer arithmetic: ``$((…))``.

Source: POSIX.1-2017, Shell Command Language, section 2.6.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|&&|\|\||<<|>>|[<>=!]=|[-+*/%<>!~&|^()?:=])")
_LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a or b))},
    {"&&": lambda a, b: int(bool(a and b))},
    {"|": lambda a, b: a | b},
    {"^": lambda a, b: a ^ b},
    {"&": lambda a, b: a & b},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<": lambda a, b: int(a < b),
        ">": lambda a, b: int(a > b),
        "<=": lambda a, b: int(a <= b),
        ">=": lambda a, b: int(a >= b),
    },
    {"<<": lambda a, b: a << (b & 63), ">>": lambda a, b: a >> (b & 63)},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: _divide(a, b), "%": lambda a, b: a - b * _divide(a, b)},
)


class ArithmeticFault(Exception):
    """An expression that has no value; the message is what the shell says."""


def evaluate(text: str, variable: Callable[[str], str], assign: Callable[[str, str], None]) -> int:
    """Return the value of an expression, as a signed number of 64 bits.

    Parameters
    ----------
    variable: returns a variable's text; empty counts as 0.
    assign: sets a variable (``x = 1``).

    Raises `ArithmeticFault`.
    """
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise ArithmeticFault("arithmetic syntax error")
        tokens.append(found.group(1))
        at = found.end()
    if not tokens:
        return 0
    reader = _Reader(tokens, variable, assign)
    value = reader.ternary()
    if reader.left:
        raise ArithmeticFault("arithmetic syntax error")
    return value


class _Reader:
    def __init__(self, tokens: list[str], variable: Callable[[str], str], assign: Callable[[str, str], None]) -> None:
        self.left = tokens[::-1]
        self._variable, self._assign = variable, assign
        self._depth = 0

    def _next(self) -> str:
        if not self.left:
            raise ArithmeticFault("arithmetic syntax error")
        return self.left.pop()

    def ternary(self) -> int:
        if len(self.left) > 1 and self.left[-2] == "=" and (self.left[-1][0].isalpha() or self.left[-1][0] == "_"):
            name = self._next()
            self._next()
            value = self.ternary()
            self._assign(name, str(value))
            return value
        condition = self._level(0)
        if not self.left or self.left[-1] != "?":
            return condition
        self._next()
        yes = self.ternary()
        if self._next() != ":":
            raise ArithmeticFault("arithmetic syntax error")
        no = self.ternary()
        return yes if condition else no

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while self.left and self.left[-1] in _LEVELS[level]:
            work = _LEVELS[level][self._next()]
            value = _wrap(work(value, self._level(level + 1)))
        return value

    def _unary(self) -> int:
        token = self._next()
        self._depth += 1
        if self._depth > 200:
            raise ArithmeticFault("arithmetic syntax error")
        try:
            if token == "(":  # noqa: S105 - a token of a grammar
                value = self.ternary()
                if self._next() != ")":
                    raise ArithmeticFault("arithmetic syntax error")
                return value
            if token in ("-", "+", "!", "~"):
                value = self._unary()
                return _wrap({"-": -value, "+": value, "!": int(not value), "~": ~value}[token])
            if token[0].isdigit():
                return _number(token)
            if token[0].isalpha() or token[0] == "_":
                return _number(self._variable(token).strip() or "0")
            raise ArithmeticFault("arithmetic syntax error")
        finally:
            self._depth -= 1


def _number(text: str) -> int:
    try:
        sign = -1 if text.startswith("-") else 1
        bare = text.lstrip("+-")
        octal = len(bare) > 1 and bare.startswith("0") and bare.isdigit()
        return _wrap(sign * int(bare, 8 if octal else 0))
    except ValueError as error:
        raise ArithmeticFault("arithmetic syntax error") from error


def _divide(a: int, b: int) -> int:
    if b == 0:
        raise ArithmeticFault("divide by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _wrap(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63
