"""The grammar of the shell: text in, a tree of commands out.

What the course uses of it: pipes, lists, redirections, here-documents, quotes,
expansions, ``if``, ``while``, ``until``, ``for``, ``case``, functions, groups and
subshells.  Source: POSIX.1-2017, Shell Command Language, section 2.10.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_DEPTH = 60
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_BLANK = " \t"
_META = " \t\n;&|<>()"
_OPERATORS = ("&&", "||", ";;", "<<-", "<<", ">>", ">&", "<&", "<>", "&>", ";", "&", "|", "<", ">", "(", ")", "\n")
_REDIRECTIONS = {"<", ">", ">>", "<<", "<<-", ">&", "<&", "<>", "&>"}
_RESERVED = {
    "if",
    "then",
    "elif",
    "else",
    "fi",
    "while",
    "until",
    "for",
    "do",
    "done",
    "case",
    "esac",
    "in",
    "{",
    "}",
    "!",
}


class ShellFault(Exception):
    """What ends the program that runs; the message is what the shell says."""


class ShellSyntaxError(ShellFault):
    """Text that is no shell program; the message is what the shell says."""


@dataclass(eq=False, repr=False)
class Literal:
    """Characters as they stand."""

    text: str
    quoted: bool = False


@dataclass(eq=False, repr=False)
class Variable:
    """``$name`` or ``${name…}``: `operator` is one of ``:- - := = :+ + :? ? # ## % %% length``, or empty."""

    name: str
    operator: str = ""
    word: Word | None = None
    quoted: bool = False


@dataclass(eq=False, repr=False)
class Substitution:
    """``$(…)``: what a program prints."""

    body: List
    quoted: bool = False


@dataclass(eq=False, repr=False)
class Arithmetic:
    """``$((…))``."""

    word: Word
    quoted: bool = False


@dataclass(eq=False, repr=False)
class Word:
    """Parts without a blank between them."""

    parts: tuple[Literal | Variable | Substitution | Arithmetic, ...]

    @property
    def plain(self) -> str | None:
        """The text of a word that is one unquoted literal; else None."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Literal) and not self.parts[0].quoted:
            return self.parts[0].text
        return None


@dataclass(eq=False, repr=False)
class Redirection:
    """``2>file`` and its like; for ``<<`` the word is the text itself."""

    fd: int
    operator: str
    word: Word


@dataclass(eq=False, repr=False)
class Simple:
    """A command with its arguments."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]
    last: bool = False  # see ``tail``


@dataclass(eq=False, repr=False)
class If:
    """Pairs of condition and body; a body without a condition is the else."""

    branches: tuple[tuple[List | None, List], ...]


@dataclass(eq=False, repr=False)
class Loop:
    """``while`` and ``until``."""

    condition: List
    body: List
    until: bool


@dataclass(eq=False, repr=False)
class For:
    """``for name in words``; no words at all stand for the arguments."""

    name: str
    words: tuple[Word, ...] | None
    body: List


@dataclass(eq=False, repr=False)
class Case:
    """``case``: patterns and body of each branch."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], List], ...]


@dataclass(eq=False, repr=False)
class Group:
    """``{ … }`` or ``( … )``."""

    body: List
    subshell: bool
    last: bool = False  # see ``tail``


@dataclass(eq=False, repr=False)
class Function:
    """``name() command``."""

    name: str
    body: Command


@dataclass(eq=False, repr=False)
class Redirected:
    """A compound command with redirections."""

    body: Command
    redirections: tuple[Redirection, ...]


Command = Simple | If | Loop | For | Case | Group | Function | Redirected


@dataclass(eq=False, repr=False)
class Pipeline:
    """Commands joined by ``|``."""

    commands: tuple[Command, ...]
    negated: bool


@dataclass(eq=False, repr=False)
class Item:
    """Pipelines joined by ``&&`` and ``||``."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]
    background: bool


@dataclass(eq=False, repr=False)
class List:
    """Items, one after the other."""

    items: tuple[Item, ...]


@dataclass
class _Heredoc:
    end: str
    literal: bool
    tabs: bool
    text: Word | None = None


@dataclass
class Parser:
    """A recursive descent parser.

    Parameters
    ----------
    text: the program.
    """

    text: str
    at: int = 0
    depth: int = 0

    def program(self) -> List:
        """Return the whole program.  Raises `ShellSyntaxError`."""
        found = self._list(lambda: False)
        if self.at < len(self.text):
            raise self._unexpected()
        return found

    # Tokens

    def _unexpected(self) -> ShellSyntaxError:
        rest = self._peek() or self._peek_word()
        said = "newline" if rest == "\n" else rest or "end of file"
        return ShellSyntaxError(
            f"syntax error: unexpected {said if said in ('newline', 'end of file') else repr(said)}".replace("'", '"')
        )

    def _skip(self) -> None:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _BLANK:
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _peek(self) -> str:
        """Return the operator that comes next; empty for a word or the end."""
        self._skip()
        return next((o for o in _OPERATORS if self.text.startswith(o, self.at)), "")

    def _take(self, operator: str) -> bool:
        if self._peek() != operator:
            return False
        self.at += len(operator)
        return True

    def _peek_word(self) -> str:
        """Return the reserved word, or the plain text, that comes next."""
        self._skip()
        end = self.at
        while end < len(self.text) and self.text[end] not in _META:
            end += 1
        return self.text[self.at : end]

    def _take_word(self, word: str) -> bool:
        if self._peek_word() != word:
            return False
        self.at += len(word)
        return True

    def _expect_word(self, word: str) -> None:
        self._newlines()
        if not self._take_word(word):
            raise self._unexpected()

    def _newlines(self) -> None:
        while self._take("\n"):
            pass

    # Commands

    def _list(self, ends: Callable[[], bool]) -> List:
        items = []
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ShellSyntaxError("syntax error: nested too deep")
        while True:
            self._newlines()
            self._skip()
            if self.at >= len(self.text) or ends():
                break
            item = self._item()
            items.append(item)
            if item.background or self._take(";") or self._take("\n"):
                continue
            break
        self.depth -= 1
        return List(tuple(items))

    def _until(self, *words: str) -> List:
        """Parse a list that one of `words` ends."""
        found = self._list(lambda: self._peek_word() in words or self._peek() in (")", ";;"))
        if not found.items:
            raise self._unexpected()
        return found

    def _item(self) -> Item:
        first, rest = self._pipeline(), []
        while (operator := self._peek()) in ("&&", "||"):
            self._take(operator)
            self._newlines()
            rest.append((operator, self._pipeline()))
        return Item(first, tuple(rest), self._take("&"))

    def _pipeline(self) -> Pipeline:
        negated = self._take_word("!")
        commands = [self._command()]
        while self._take("|"):
            self._newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        compound = self._compound()
        if compound is None:
            return self._simple()
        redirections = []
        while redirection := self._redirection():
            redirections.append(redirection)
        return Redirected(compound, tuple(redirections)) if redirections else compound

    def _compound(self) -> Command | None:
        if self._take("("):
            body = self._list(lambda: self._peek() == ")")
            if not self._take(")") or not body.items:
                raise self._unexpected()
            return Group(body, True)
        word = self._peek_word()
        if word == "{":
            self._take_word("{")
            body = self._until("}")
            self._expect_word("}")
            return Group(body, False)
        if word == "if":
            return self._if()
        if word in ("while", "until"):
            self._take_word(word)
            condition = self._until("do")
            return Loop(condition, self._do(), word == "until")
        if word == "for":
            return self._for()
        if word == "case":
            return self._case()
        name = _NAME.match(word)
        if name and word == name.group() and re.match(r"[ \t]*\([ \t]*\)", self.text[self.at + len(word) :]):
            self.at = self.text.index(")", self.at) + 1
            self._newlines()
            return Function(word, self._command())
        if word in _RESERVED:
            raise self._unexpected()
        return None

    def _do(self) -> List:
        self._expect_word("do")
        body = self._until("done")
        self._expect_word("done")
        return body

    def _if(self) -> If:
        branches: list[tuple[List | None, List]] = []
        self._take_word("if")
        while True:
            condition = self._until("then")
            self._expect_word("then")
            branches.append((condition, self._until("elif", "else", "fi")))
            if not self._take_word("elif"):
                break
        if self._take_word("else"):
            branches.append((None, self._until("fi")))
        self._expect_word("fi")
        return If(tuple(branches))

    def _for(self) -> For:
        self._take_word("for")
        name = self._peek_word()
        if not _NAME.fullmatch(name):
            raise self._unexpected()
        self.at += len(name)
        self._newlines()
        words: list[Word] | None = None
        if self._take_word("in"):
            words = []
            while not self._peek() and self.at < len(self.text):
                words.append(self._word())
        self._take(";")
        return For(name, None if words is None else tuple(words), self._do())

    def _case(self) -> Case:
        self._take_word("case")
        self._skip()
        word = self._word()
        self._expect_word("in")
        branches = []
        self._newlines()
        while not self._take_word("esac"):
            self._take("(")
            patterns = [self._word()]
            while self._take("|"):
                self._skip()
                patterns.append(self._word())
            if not self._take(")"):
                raise self._unexpected()
            branches.append((tuple(patterns), self._list(lambda: self._peek() == ";;" or self._peek_word() == "esac")))
            self._take(";;")
            self._newlines()
        return Case(word, tuple(branches))

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            if redirection := self._redirection():
                redirections.append(redirection)
                continue
            if self._peek() or self.at >= len(self.text):
                break
            found = _ASSIGNMENT.match(self.text, self.at)
            if found and not words:
                self.at = found.end()
                empty = self.at >= len(self.text) or self.text[self.at] in _META
                assignments.append((found.group(1), Word(()) if empty else self._word()))
            else:
                words.append(self._word())
        if not (assignments or words or redirections):
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirection(self) -> Redirection | None:
        self._skip()
        digit = self.text[self.at : self.at + 1]
        start = self.at
        if digit.isdigit() and self.text[self.at + 1 : self.at + 2] in ("<", ">"):
            self.at += 1
        operator = self._peek()
        if operator not in _REDIRECTIONS:
            self.at = start
            return None
        self.at += len(operator)
        fd = int(digit) if digit.isdigit() else 0 if operator.startswith("<") else 1
        self._skip()
        if self._peek() or self.at >= len(self.text):
            raise self._unexpected()
        word = self._word()
        if not operator.startswith("<<"):
            return Redirection(fd, operator, word)
        end = "".join(p.text for p in word.parts if isinstance(p, Literal))
        heredoc = _Heredoc(end, any(isinstance(p, Literal) and p.quoted for p in word.parts), operator == "<<-")
        self._find_heredoc(heredoc)
        return Redirection(fd, "<<", heredoc.text or Word(()))

    def _find_heredoc(self, heredoc: _Heredoc) -> None:
        """Read the text of a here-document, which begins behind the end of this line."""
        line_end = self.text.find("\n", self.at)
        if line_end < 0:
            raise ShellSyntaxError(f'syntax error: unexpected end of file (expecting "{heredoc.end}")')
        lines, at = [], line_end + 1
        while True:
            end = self.text.find("\n", at)
            line = self.text[at:] if end < 0 else self.text[at:end]
            bare = line.lstrip("\t") if heredoc.tabs else line
            at = len(self.text) if end < 0 else end + 1
            if bare == heredoc.end or (end < 0 and not line):
                break
            lines.append(bare + "\n")
        self.text = self.text[: line_end + 1] + self.text[at:]
        body = "".join(lines)
        heredoc.text = (
            Word((Literal(body, True),)) if heredoc.literal else Parser(body, depth=self.depth)._quoted_to_end()
        )

    # Words

    def _word(self) -> Word:
        parts: list[Literal | Variable | Substitution | Arithmetic] = []
        while self.at < len(self.text) and self.text[self.at] not in _META:
            parts += self._part()
        if not parts:
            raise self._unexpected()
        return Word(tuple(parts))

    def _part(self) -> list[Literal | Variable | Substitution | Arithmetic]:
        char = self.text[self.at]
        if char == "'":
            end = self.text.find("'", self.at + 1)
            if end < 0:
                raise ShellSyntaxError("syntax error: unterminated quoted string")
            text = self.text[self.at + 1 : end]
            self.at = end + 1
            return [Literal(text, True)]
        if char == '"':
            self.at += 1
            parts = self._quoted('"')
            self.at += 1
            return parts
        if char == "\\":
            self.at += 2
            escaped = self.text[self.at - 1 : self.at]
            return [] if escaped == "\n" else [Literal(escaped or "\\", True)]
        if char in "$`":
            return [self._expansion(quoted=False)]
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _META + "'\"\\$`":
            self.at += 1
        return [Literal(self.text[start : self.at])]

    def _quoted(self, end: str) -> list[Literal | Variable | Substitution | Arithmetic]:
        """Read up to `end`, which is left to be read; empty for the end of the text."""
        parts: list[Literal | Variable | Substitution | Arithmetic] = []
        text = ""
        while True:
            if self.at >= len(self.text):
                if not end:
                    break
                raise ShellSyntaxError("syntax error: unterminated quoted string")
            char = self.text[self.at]
            if char == end:
                break
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                escaped = self.text[self.at + 1]
                text += "" if escaped == "\n" else escaped
                self.at += 2
            elif char in "$`":
                parts += [Literal(text, True)] if text else []
                text = ""
                parts.append(self._expansion(quoted=True))
            else:
                text += char
                self.at += 1
        return [*parts, Literal(text, True)] if text or not parts else parts

    def _quoted_to_end(self) -> Word:
        return Word(tuple(self._quoted("")))

    def _expansion(self, *, quoted: bool) -> Literal | Variable | Substitution | Arithmetic:
        if self.text[self.at] == "`":
            end = self.text.find("`", self.at + 1)
            if end < 0:
                raise ShellSyntaxError("syntax error: EOF in backquote substitution")
            body = self.text[self.at + 1 : end].replace("\\`", "`").replace("\\$", "$")
            self.at = end + 1
            return Substitution(Parser(body, depth=self.depth + 1).program(), quoted)
        if self.text.startswith("$((", self.at):
            return self._arithmetic(quoted)
        if self.text.startswith("$(", self.at):
            self.at += 2
            body_list = self._list(lambda: self._peek() == ")")
            if not self._take(")"):
                raise self._unexpected()
            return Substitution(body_list, quoted)
        if self.text.startswith("${", self.at):
            return self._braces(quoted)
        found = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])").match(self.text, self.at)
        if not found:
            self.at += 1
            return Literal("$", quoted)
        self.at = found.end()
        return Variable(found.group(1), quoted=quoted)

    def _arithmetic(self, quoted: bool) -> Arithmetic:
        start, depth = self.at + 3, 0
        for at in range(start, len(self.text)):
            if self.text[at] == "(":
                depth += 1
            elif self.text[at] == ")":
                if depth == 0 and self.text.startswith("))", at):
                    inner = Parser(self.text[start:at], depth=self.depth + 1)._quoted_to_end()
                    self.at = at + 2
                    return Arithmetic(inner, quoted)
                depth -= 1
        raise ShellSyntaxError("syntax error: missing '))'")

    def _braces(self, quoted: bool) -> Variable:
        found = re.compile(r"\$\{(#?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(:[-=+?]|[-=+?]|##|#|%%|%|)").match(
            self.text, self.at
        )
        if not found:
            raise ShellSyntaxError("syntax error: bad substitution")
        self.at = found.end()
        length, name, operator = found.groups()
        parts: list[Literal | Variable | Substitution | Arithmetic] = []
        while self.text[self.at : self.at + 1] != "}":
            if self.at >= len(self.text):
                raise ShellSyntaxError("syntax error: missing '}'")
            if self.text[self.at] in _META and self.text[self.at] != "}":
                parts.append(Literal(self.text[self.at], quoted))
                self.at += 1
            else:
                parts += self._inside_braces(quoted)
        self.at += 1
        if parts and not operator:
            raise ShellSyntaxError("syntax error: bad substitution")
        return Variable(name, "length" if length else operator, Word(tuple(parts)) if operator else None, quoted)

    def _inside_braces(self, quoted: bool) -> list[Literal | Variable | Substitution | Arithmetic]:
        if self.text[self.at] in "'\"\\$`":
            return self._part() if self.text[self.at] not in "$`" else [self._expansion(quoted=quoted)]
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _META + "'\"\\$`}":
            self.at += 1
        return [Literal(self.text[start : self.at], quoted)]


def parse(text: str) -> List:
    """Return the program that `text` holds.  Raises `ShellSyntaxError` with what the shell says."""
    return Parser(text).program()
