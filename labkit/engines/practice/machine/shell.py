"""The shell: runs a tree of commands in a process.

Source: POSIX.1-2017, Shell Command Language, sections 2.8 to 2.14.
"""

from __future__ import annotations

import errno
import fnmatch
from collections.abc import Generator, Iterable

from . import expand
from .builtins import BUILTINS, Break, Return
from .expand import MAX_TEXT
from .files import failure
from .process import Exit, Main, Process, Program, Wait, exited
from .programs import applet
from .streams import NOTHING, Stream, pipe
from .syntax import (
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Item,
    List,
    Loop,
    Pipeline,
    Redirected,
    Redirection,
    ShellFault,
    ShellSyntaxError,
    Simple,
    parse,
)
from .tail import ending

MAX_CALLS = 60
"""A function may call itself so many times."""

Running = Generator[Wait | None, None, int]


class Shell:
    """One shell: its variables, functions and options.

    Parameters
    ----------
    process: the process that it runs in.
    arguments: ``$1`` and so on; `name` is ``$0``.
    """

    def __init__(self, process: Process, name: str = "sh", arguments: Iterable[str] = ()) -> None:
        self.process = process
        self.name = name
        self.arguments = list(arguments)
        self.variables: dict[str, str] = {"IFS": " \t\n", "PWD": process.cwd, **process.env}
        self.exported = set(process.env)
        self.functions: dict[str, Command] = {}
        self.options: set[str] = set()
        self.status = 0
        self.substituted = 0  # the status of the last command substitution
        self.background: list[Process] = []
        self.traps: dict[int, str] = {}
        self.due: list[str] = []
        self.tested = 0  # deeper than 0 inside a condition, where -e does not end the shell
        self.calls = 0

    def copy(self, process: Process) -> Shell:
        """Return a shell with the same state for a subshell's process."""
        other = Shell(process, self.name, self.arguments)
        other.variables, other.exported = dict(self.variables), set(self.exported)
        other.functions, other.options, other.status = dict(self.functions), set(self.options), self.status
        other.tested, other.calls = self.tested, self.calls
        return other

    def value(self, name: str) -> str | None:
        """Return a variable or a special parameter; None when it is not set."""
        special = {"?": str(self.status), "#": str(len(self.arguments)), "0": self.name, "-": "".join(self.options)}
        if name in special:
            return special[name]
        if name == "$":
            return str(self.process.inner)
        if name == "!":
            return str(self.background[-1].inner) if self.background else ""
        if name in "@*":
            return " ".join(self.arguments)
        if name.isdigit():
            return self.arguments[int(name) - 1] if int(name) <= len(self.arguments) else None
        return self.variables.get(name)

    def assign(self, name: str, value: str) -> None:
        """Set a variable.  Raises `ShellFault` for one that is too long."""
        if len(value) > MAX_TEXT:
            raise ShellFault("out of memory")
        self.variables[name] = value

    def environment(self) -> dict[str, str]:
        """Return what a child is given."""
        return {name: self.variables[name] for name in self.variables if name in self.exported}

    # Trees

    def run_list(self, commands: List) -> Running:
        """Run a list; return the status of its last command."""
        for item in commands.items:
            yield None
            yield from self._run_traps()
            self.status = yield from (self._in_background(item) if item.background else self._item(item))
        return self.status

    def _run_traps(self) -> Running:
        while self.due:
            kept = self.status
            yield from self.run_list(parse(self.due.pop(0)))
            self.status = kept
        return 0

    def _item(self, item: Item) -> Running:
        self.tested += bool(item.rest)
        status = yield from self._pipeline(item.first)
        last = not item.rest
        for n, (operator, pipeline) in enumerate(item.rest):
            last = False
            if n == len(item.rest) - 1:
                self.tested -= 1
            if (status == 0) == (operator == "&&"):
                self.status = status
                status = yield from self._pipeline(pipeline)
                last = n == len(item.rest) - 1
        pipelines = [item.first, *(p for _o, p in item.rest)]
        if status and last and "e" in self.options and not self.tested and not pipelines[-1].negated:
            raise Exit(status)
        return status

    def _in_background(self, item: Item) -> Running:
        yield from ()
        quiet = Item(item.first, item.rest, False)
        child = self._fork(List((quiet,)), {0: NOTHING})
        self.background.append(child)
        return 0

    def _pipeline(self, pipeline: Pipeline) -> Running:
        if len(pipeline.commands) == 1:
            self.tested += pipeline.negated
            status = yield from self.run(pipeline.commands[0])
            self.tested -= pipeline.negated
        else:
            children, source = [], None
            for n, command in enumerate(pipeline.commands):
                fds: dict[int, Stream] = {0: source} if source else {}
                if n < len(pipeline.commands) - 1:
                    source, fds[1] = pipe()
                children.append(self._fork(List((Item(Pipeline((command,), False), (), False),)), fds))
            status = 0
            for child in children:
                status = yield from exited(child)
        return int(not status) if pipeline.negated else status

    def _fork(self, body: List, fds: dict[int, Stream]) -> Process:
        """Start a subshell; it owns the given descriptors and shares the others."""

        def main(process: Process) -> Program:
            shell = self.copy(process)
            return (yield from shell.run_guarded(ending(body)))

        return self._spawn(main, [self.name], fds)

    def _spawn(self, main: Main, argv: list[str], fds: dict[int, Stream]) -> Process:
        shared = {n: s.share() for n, s in self.process.fds.items() if n not in fds}
        try:
            return self.process.spawn(main, argv, env=self.environment(), cwd=self.process.cwd, fds={**shared, **fds})
        except OSError as error:
            for stream in [*shared.values(), *fds.values()]:
                stream.close()
            raise ShellFault("can't fork: Resource temporarily unavailable") from error

    def run_guarded(self, body: List) -> Running:
        """Run a program; what ends it becomes its status, with what the shell says."""
        try:
            status = yield from self.run_list(body)
        except ShellFault as error:
            yield from self.process.err(f"{self.name}: {error}")
            status = 2
        except Return as left:
            status = left.code
        except Break:
            status = self.status
        except Exit as left:
            if left.code > 128:  # a signal leaves no time for more
                raise
            status = left.code
        if trap := self.traps.pop(0, ""):
            try:
                yield from self.run_list(parse(trap))
            except ShellFault as error:
                yield from self.process.err(f"{self.name}: {error}")
        return status

    def capture(self, body: List) -> Generator[Wait | None, None, str]:
        """Return what a program prints: command substitution."""
        read, write = pipe()
        child = self._fork(body, {1: write})
        pieces, size = [], 0
        while True:
            if not read.readable():
                yield Wait(read.readable)
            data = read.read(65536)
            if not data:
                break
            size += len(data)
            if size > MAX_TEXT:
                self.process.scheduler.end(child, 137)
                raise ShellFault("out of memory")
            pieces.append(data)
        read.close()
        self.substituted = yield from exited(child)
        return b"".join(pieces).decode("utf-8", "surrogateescape").replace("\0", "")

    def run(self, command: Command) -> Running:
        """Run one command; return its status."""
        if isinstance(command, Simple):
            return (yield from self._simple(command))
        if isinstance(command, Redirected):
            return (yield from self._redirected(command))
        if isinstance(command, Group):
            if not command.subshell or (command.last and not self._trapping):
                return (yield from self.run_list(command.body))
            return (yield from exited(self._fork(command.body, {})))
        if isinstance(command, If):
            for condition, body in command.branches:
                if condition is None or (yield from self._test(condition)) == 0:
                    return (yield from self.run_list(body))
            return 0
        if isinstance(command, Loop):
            return (yield from self._loop(command))
        if isinstance(command, For):
            return (yield from self._for(command))
        if isinstance(command, Case):
            return (yield from self._case(command))
        if isinstance(command, Function):
            self.functions[command.name] = command.body
        return 0

    def _test(self, condition: List) -> Running:
        self.tested += 1
        try:
            return (yield from self.run_list(condition))
        finally:
            self.tested -= 1

    def _loop(self, loop: Loop) -> Running:
        status = 0
        while ((yield from self._test(loop.condition)) == 0) != loop.until:
            status, leave = yield from self._body(loop.body)
            if leave:
                break
            yield None
        return status

    def _for(self, loop: For) -> Running:
        status = 0
        words = self.arguments if loop.words is None else (yield from expand.fields(self, loop.words))
        for word in list(words):
            self.assign(loop.name, word)
            status, leave = yield from self._body(loop.body)
            if leave:
                break
            yield None
        return status

    def _body(self, body: List) -> Generator[Wait | None, None, tuple[int, bool]]:
        """Run a loop's body; return its status, and whether the loop is left."""
        try:
            return (yield from self.run_list(body)), False
        except Break as left:
            if left.levels > 1:
                raise Break(left.levels - 1, left.again) from None
            return 0, not left.again

    def _case(self, case: Case) -> Running:
        value = yield from expand.text(self, case.word)
        for patterns, body in case.branches:
            for word in patterns:
                if fnmatch.fnmatchcase(value, (yield from expand.pattern(self, word))):
                    return (yield from self.run_list(body))
        return 0

    # Commands with descriptors

    def _redirected(self, command: Redirected) -> Running:
        return (yield from self._with(command.redirections, self.run(command.body)))

    def _with(self, redirections: tuple[Redirection, ...], work: Running) -> Running:
        """Do some work with other descriptors, then put the old ones back."""
        try:
            opened = yield from self._open(redirections)
        except OSError as error:
            yield from self.process.err(f"{self.name}: {_opening(error)}")
            return 1
        kept = self.process.fds
        self.process.fds = {**kept, **opened}
        try:
            return (yield from work)
        finally:
            self.process.fds = kept
            for stream in opened.values():
                stream.close()

    def _open(self, redirections: tuple[Redirection, ...]) -> Generator[Wait | None, None, dict[int, Stream]]:
        opened: dict[int, Stream] = {}
        for redirection in redirections:
            target = yield from expand.text(self, redirection.word)
            operator, fd = redirection.operator, redirection.fd
            if operator == "<<":
                read, write = pipe()
                write.pipe.buffer += target.encode("utf-8", "surrogateescape")
                write.close()
                opened[fd] = read
            elif operator in (">&", "<&"):
                source = {**self.process.fds, **opened}.get(int(target)) if target.isdigit() else None
                if target != "-" and source is None:
                    raise failure(errno.EBADF, target)
                opened[fd] = source.share() if source else NOTHING
            else:
                mode = {"<": "r", ">>": "a"}.get(operator, "w")
                opened[fd] = self.process.open(target, mode)
                if operator == "&>":
                    opened[2] = opened[1].share()
        return opened

    def _simple(self, command: Simple) -> Running:
        self.substituted = 0
        words = yield from expand.fields(self, command.words)
        values = []
        for name, word in command.assignments:
            values.append((name, (yield from expand.text(self, word))))
        if not words:
            status = self.substituted
            for name, value in values:
                self.assign(name, value)
            if command.redirections:
                status = yield from self._with(command.redirections, _nothing())
            return status
        if "x" in self.options:
            yield from self.process.err("+ " + " ".join(words))
        name = words[0]
        if name == "exec":
            return (yield from self._exec(words[1:], command.redirections))
        if name in self.functions:
            return (yield from self._with(command.redirections, self._call(words)))
        if name in BUILTINS:
            for key, value in values:
                self.assign(key, value)
            return (yield from self._with(command.redirections, BUILTINS[name](self, words[1:])))
        if command.last and not self._trapping:
            for key, value in values:
                self.assign(key, value)
                self.exported.add(key)
            return (yield from self._exec(words, command.redirections))
        return (yield from self._external(words, dict(values), command.redirections))

    @property
    def _trapping(self) -> bool:
        """Whether a command waits for a signal or for the end: then this shell has to stay."""
        return any(self.traps.values())

    def _call(self, words: list[str]) -> Running:
        if self.calls >= MAX_CALLS:
            raise ShellFault("maximum function recursion depth reached")
        kept, self.arguments = self.arguments, words[1:]
        self.calls += 1
        try:
            return (yield from self.run(self.functions[words[0]]))
        except Return as left:
            return left.code
        finally:
            self.arguments = kept
            self.calls -= 1

    def _find(self, name: str) -> tuple[Main | None, int, str]:
        try:
            self.process.env = self.environment()
            return self.process.find(name), 0, ""
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None, 127, f"{self.name}: {name}: not found"
            return None, 126, f"{self.name}: {name}: {error.strerror}"

    def _external(self, words: list[str], values: dict[str, str], redirections: tuple[Redirection, ...]) -> Running:
        try:
            opened = yield from self._open(redirections)
        except OSError as error:
            yield from self.process.err(f"{self.name}: {_opening(error)}")
            return 1
        main, status, said = self._find(words[0])
        if main is None:
            opened.get(2, self.process.fds.get(2, NOTHING)).write(said.encode() + b"\n")
            for stream in opened.values():
                stream.close()
            return status
        child = self._spawn(main, words, opened)
        child.env.update(values)
        return (yield from exited(child))

    def _exec(self, words: list[str], redirections: tuple[Redirection, ...]) -> Running:
        try:
            self.process.fds.update((yield from self._open(redirections)))
        except OSError as error:
            yield from self.process.err(f"{self.name}: {_opening(error)}")
            raise Exit(1) from error
        if not words:
            return 0
        main, status, said = self._find(words[0])
        if main is None:
            yield from self.process.err(said)
            raise Exit(status)
        self.process.argv = words
        self.process.handlers = {number: None for number, known in self.process.handlers.items() if known is None}
        raise Exit((yield from main(self.process)))


def _nothing() -> Running:
    yield from ()
    return 0


def _opening(error: OSError) -> str:
    verb = "can't create" if error.errno not in (errno.ENOENT, errno.EBADF) else "can't open"
    said = "no such file" if error.errno == errno.ENOENT else error.strerror
    return f"{verb} {error.filename}: {said}"


@applet("sh", "ash")
def sh(process: Process) -> Program:
    """Run ``-c TEXT``, a script, or what comes on stdin."""
    args = process.argv[1:]
    shell = Shell(process)
    while args and args[0][:1] in "-+" and len(args[0]) > 1 and args[0] not in ("-c", "--"):
        letters = args.pop(0)
        if "c" in letters:
            args.insert(0, "-c")
        shell.options |= set(letters[1:]) & set("euxf")
    if args[:1] == ["-c"]:
        if len(args) < 2:
            yield from process.err("sh: -c requires an argument")
            return 2
        shell.name, shell.arguments = (args[2] if len(args) > 2 else "sh"), args[3:]
        return (yield from run_text(shell, args[1], whole=True))
    if args:
        shell.name, shell.arguments = args[0], args[1:]
        try:
            script = process.files.read(args[0], process.cwd)
        except OSError:
            yield from process.err(f"sh: can't open '{args[0]}': No such file or directory")
            return 2
        return (yield from run_text(shell, script.decode("utf-8", "surrogateescape")))
    return (yield from _interactive(shell))


def run_text(shell: Shell, program: str, *, whole: bool = False) -> Program:
    """Run a program's text; `whole` where the shell has nothing else to do."""
    try:
        body = parse(program)
    except ShellSyntaxError as error:
        yield from shell.process.err(f"{shell.name}: {error}")
        return 2
    return (yield from shell.run_guarded(ending(body) if whole else body))


def _interactive(shell: Shell) -> Program:
    """Read commands line by line; with a terminal, prompt for them."""
    process = shell.process
    tty = process.fds.get(0, NOTHING).tty
    prompt = "/ # " if tty else ""
    buffer = ""
    while True:
        if prompt:
            where = process.cwd
            yield from process.out(f"{where} {'#' if process.uid == 0 else '$'} " if not buffer else "> ")
        line = yield from read_line(process)
        if line is None:
            break
        buffer += line.decode("utf-8", "surrogateescape")
        try:
            body = parse(buffer)
        except ShellSyntaxError as error:
            unfinished = any(w in str(error) for w in ("end of file", "unterminated", "missing"))
            if unfinished:
                continue
            yield from process.err(f"sh: {error}")
            buffer, shell.status = "", 2
            continue
        buffer = ""
        try:
            yield from shell.run_list(body)
        except ShellFault as error:
            yield from process.err(f"sh: {error}")
            shell.status = 2
        except (Break, Return):
            pass
    if buffer:
        return (yield from run_text(shell, buffer))
    return shell.status


def read_line(process: Process, fd: int = 0) -> Generator[Wait | None, None, bytes | None]:
    """Return one line with its end, read byte by byte so that nothing is taken from others; None at the end."""
    line = bytearray()
    while True:
        byte = yield from process.read(fd, 1)
        if not byte:
            return bytes(line) if line else None
        line += byte
        if byte == b"\n":
            return bytes(line)
        if len(line) > MAX_TEXT:
            raise ShellFault("out of memory")
