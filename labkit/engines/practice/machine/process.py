"""Processes as Python generators, and the scheduler that runs them.

A program is a generator: it yields a `Wait` when it can't go on, and returns its
exit code.  Nothing runs by itself: `Scheduler.run` is given the time, runs what can
run, and says when it wants to be called again.  No code of a container or an image
is ever executed: a program is one of ours, chosen by what a file says (``programs``).
"""

from __future__ import annotations

import errno
import posixpath
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .files import Device, File, FileSystem, Folder, failure
from .streams import NOTHING, OpenDevice, OpenFile, Stream

if TYPE_CHECKING:
    from .network import Host

RELEASE = "6.1.0-practice"
"""Of the kernel that the containers see."""
MACHINE = "practice"
"""What the machine is called that the engine plays."""
SIGNALS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "TRAP": 5,
    "ABRT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "WINCH": 28,
    "RTMIN": 34,
    "RTMIN+3": 37,
}
KILL, PIPE, TERM = 9, 13, 15
_HARMLESS = {17, 18, 23, 28}  # their default is to do nothing
_TURN = 64  # steps that one process may take before the next one has its turn
_RUN_SECONDS = 0.02  # so long may processes run before requests have their turn
STEP_SECONDS = 20e-6
"""A step counts as so much of a processor's time."""
PROCESSORS = 2
"""So many has the machine that the engine plays."""


class Wait:
    """What a program waits for.

    Parameters
    ----------
    ready: whether it can go on; None when only time lets it.
    until: a time at which it goes on in any case, in seconds; None for never.
    """

    def __init__(self, ready: Callable[[], bool] | None = None, until: float | None = None) -> None:
        self.ready, self.until = ready, until


Program = Generator[Wait | None, None, int]
Main = Callable[["Process"], Program]


class Exit(Exception):
    """Raised in a program to end its process with that code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Closable(Protocol):
    """What a process holds open."""

    def close(self) -> None:
        """Let it go; a second time does nothing."""


class Limits:
    """What the processes of one container may use.

    Parameters
    ----------
    memory: what they hold of what they have read, in bytes.
    """

    def __init__(self, processes: int = 256, memory: int = 64 * 1024 * 1024) -> None:
        self.processes, self.memory = processes, memory


@dataclass(eq=False, repr=False)
class Process:
    """One process.

    Parameters
    ----------
    pid: as the host counts; `inner` as the container does.
    handlers: signal number and what is called for it; None to ignore it.
    space: the container's processes, this one among them, by inner pid.
    owner: for a thread, the process that it belongs to.
    held: what is closed with it, beside its descriptors: listeners and connections.
    memory: how much of what it has read it holds, in bytes.
    """

    pid: int
    inner: int
    argv: list[str]
    env: dict[str, str]
    cwd: str
    files: FileSystem
    fds: dict[int, Stream]
    scheduler: Scheduler
    space: ProcessSpace
    host: Host
    parent: Process | None = None
    uid: int = 0
    gid: int = 0
    started: float = 0.0
    steps: int = 0
    code: int | None = None
    wait: Wait | None = None
    handlers: dict[int, Callable[[], None] | None] = field(default_factory=dict)
    pending: deque[int] = field(default_factory=deque)
    program: Program | None = None
    on_exit: list[Callable[[int], None]] = field(default_factory=list)
    threads: list[Process] = field(default_factory=list)
    owner: Process | None = None
    held: list[Closable] = field(default_factory=list)
    memory: int = 0

    @property
    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self.scheduler.now

    @property
    def name(self) -> str:
        """The command, without its folder and without what it says of itself behind it."""
        words = self.argv[0].split() if self.argv else []
        return posixpath.basename(words[0].rstrip(":")) if words else "?"

    # Input and output

    def out(self, text: str | bytes, fd: int = 1) -> Program:
        """Write to a descriptor, waiting where the reader is slow (``yield from``)."""
        stream = self.fds.get(fd, NOTHING)
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        for at in range(0, len(data), 65536):
            if not stream.writable():
                yield Wait(stream.writable)
            try:
                stream.write(data[at : at + 65536])
            except OSError as error:
                if error.errno == errno.EPIPE:
                    raise Exit(128 + PIPE) from error
                raise
        return 0

    def err(self, text: str) -> Program:
        """Write a line to stderr (``yield from``)."""
        yield from self.out(text + "\n", 2)
        return 0

    def read(self, fd: int = 0, size: int = 65536) -> Generator[Wait | None, None, bytes]:
        """Return some bytes of a descriptor; empty at the end (``yield from``)."""
        stream = self.fds.get(fd, NOTHING)
        if not stream.readable():
            yield Wait(stream.readable)
        return stream.read(size)

    def read_all(self, fd: int = 0) -> Generator[Wait | None, None, bytes]:
        """Return all bytes of a descriptor up to its end (``yield from``)."""
        pieces: list[bytes] = []
        while data := (yield from self.read(fd)):
            pieces.append(self.hold(data))
            yield None
        return b"".join(pieces)

    def hold(self, data: bytes) -> bytes:
        """Return what is kept for longer.  Raises `Exit` where the container's processes keep too much."""
        self.memory += len(data)
        self.space.memory += len(data)
        if self.space.memory > self.space.limits.memory:
            self.fds.get(2, NOTHING).write(f"{self.name}: out of memory\n".encode())
            raise Exit(1)
        return data

    def open(self, path: str, mode: str = "r") -> Stream:
        """Open a file: ``r``, ``w`` or ``a``.  Raises `OSError`."""
        node = self.files.lookup(path, self.cwd)
        if node is None and mode != "r":
            node = self.files.write(path, b"", self.cwd, now=self.now, owner=self.uid)
        if node is None:
            raise failure(errno.ENOENT, path)
        if isinstance(node, Device):
            return OpenDevice(node)
        if isinstance(node, Folder) or not isinstance(node, File):
            raise failure(errno.EISDIR, path)
        if not self.may(node, 4 if mode == "r" else 2):
            raise failure(errno.EACCES, path)
        if mode == "r":
            return OpenFile(self.files.space_of(path, self.cwd), node, path, lambda: self.now)
        at = self.files.resolve(path, self.cwd)
        self.files.writable(at)
        if mode == "w":
            self.files.write(path, b"", self.cwd, now=self.now)
        space = self.files.space_of(path, self.cwd)
        return OpenFile(space, node, path, lambda: self.now, append=mode == "a")

    def may(self, node: File | Folder | Device, want: int) -> bool:
        """Whether the process' user may read (4), write (2) or run (1) what a node holds."""
        if self.uid == 0:
            return want != 1 or bool(node.mode & 0o111) or isinstance(node, Folder)
        shift = 6 if node.uid == self.uid else 3 if node.gid == self.gid else 0
        return bool(node.mode >> shift & want)

    @property
    def spent(self) -> int:
        """The processor's time that it has spent, in seconds: not more than there was since its start."""
        return int(min(self.steps * STEP_SECONDS, self.now - self.started))

    # Other processes

    def spawn(
        self,
        main: Main,
        argv: list[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        fds: Mapping[int, Stream] | None = None,
    ) -> Process:
        """Start a process below this one.  Raises `OSError` (EAGAIN) where there are too many."""
        return self.space.start(main, argv, parent=self, env=env, cwd=cwd, fds=fds)

    def find(self, command: str) -> Main:
        """Return the program that a command names.

        Raises `OSError`: ENOENT, EACCES (126 to a shell), ENOEXEC.
        """
        from .programs import program_of

        if "/" in command:
            return program_of(self, command)
        for folder in self.env.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(":"):
            path = posixpath.join(folder or ".", command)
            node = self.files.lookup(path, self.cwd)
            if isinstance(node, File) and node.mode & 0o111:
                return program_of(self, path)
        raise failure(errno.ENOENT, command)

    def signal(self, number: int) -> None:
        """Send a signal; 0 does nothing."""
        if number and self.code is None:
            self.pending.append(number)

    def _deliver(self) -> int | None:
        """Take the signals that have come; return the one that ends the process, if any."""
        while self.pending:
            number = self.pending.popleft()
            if number == KILL:
                return number
            if number in self.handlers:
                if handler := self.handlers[number]:
                    handler()
                continue
            if number in _HARMLESS or self.inner == 1:  # the kernel spares PID 1 what it has no handler for
                continue
            return number
        return None

    def finish(self, code: int) -> None:
        """End: close everything, tell those who wait, give children to PID 1."""
        if self.code is not None:
            return
        self.code = code
        self.space.memory -= self.memory
        for held in self.held:
            held.close()
        if self.owner is not None:  # a thread has nothing of its own
            self.owner.threads.remove(self)
            return
        for thread in list(self.threads):
            self.scheduler.end(thread, code)
        for stream in self.fds.values():
            stream.close()
        self.fds = {}
        self.space.ended(self)
        for call in self.on_exit:
            call(code)


def exited(child: Process) -> Generator[Wait | None, None, int]:
    """Wait for a process; return its exit code (``yield from``)."""
    if child.code is None:
        yield Wait(lambda: child.code is not None)
    return child.code if child.code is not None else 0


def sleep(process: Process, seconds: float) -> Generator[Wait | None, None, None]:
    """Wait for some seconds (``yield from``)."""
    yield Wait(until=process.now + seconds)


class ProcessSpace:
    """The processes of one container: its PID namespace."""

    def __init__(self, scheduler: Scheduler, files: FileSystem, host: Host, limits: Limits | None = None) -> None:
        self.scheduler = scheduler
        self.files = files
        self.host = host
        self.limits = limits or Limits()
        self.alive: dict[int, Process] = {}
        self.frozen = False
        self.memory = 0  # what its processes hold, in bytes
        self.steps = 0  # not yet counted in `spent`
        self.spent = 0.0  # of the processors' time, in seconds
        self._last = 0

    def start(
        self,
        main: Main,
        argv: list[str],
        *,
        parent: Process | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        fds: Mapping[int, Stream] | None = None,
        user: tuple[int, int] | None = None,
    ) -> Process:
        """Start a process; what is not given comes from its parent.

        Raises `OSError` (EAGAIN) where the container has too many processes.
        """
        if len(self.alive) >= self.limits.processes:
            raise failure(errno.EAGAIN, "fork")
        self._last += 1
        uid, gid = user or ((parent.uid, parent.gid) if parent else (0, 0))
        given = fds if fds is not None else {n: s.share() for n, s in parent.fds.items()} if parent else {}
        process = Process(
            pid=self.scheduler.next_pid(),
            inner=self._last,
            argv=list(argv),
            env=dict(env if env is not None else parent.env if parent else {}),
            cwd=cwd or (parent.cwd if parent else "/"),
            files=self.files,
            fds=dict(given),
            scheduler=self.scheduler,
            space=self,
            host=self.host,
            parent=parent,
            uid=uid,
            gid=gid,
            started=self.scheduler.now,
        )
        process.program = main(process)
        self.alive[process.inner] = process
        self.scheduler.add(process)
        return process

    def thread(self, owner: Process, program: Program, held: Closable) -> None:
        """Run a program beside that of a process, with which it ends; what it holds is closed then."""
        thread = Process(
            pid=self.scheduler.next_pid(),
            inner=owner.inner,
            argv=owner.argv,
            env=owner.env,
            cwd=owner.cwd,
            files=owner.files,
            fds=owner.fds,
            scheduler=self.scheduler,
            space=self,
            host=owner.host,
            owner=owner,
            held=[held],
        )
        thread.program = program
        owner.threads.append(thread)
        self.scheduler.add(thread)

    def ended(self, process: Process) -> None:
        """Forget a process; when PID 1 ends, all others are killed."""
        self.alive.pop(process.inner, None)
        first = self.alive.get(1)
        for other in list(self.alive.values()):
            if other.parent is process:
                other.parent = first
            if process.inner == 1:
                self.scheduler.end(other, 128 + KILL)

    def freeze(self, frozen: bool) -> None:
        """Stop all processes where they are, or let them go on."""
        self.frozen = frozen


class Scheduler:
    """Runs processes, one step after the other, for as long as any can.

    `watch` tells how long that has taken; where there is one, `run` stops after `_RUN_SECONDS`.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.watch: Callable[[], float] = lambda: 0.0
        self._processes: dict[int, Process] = {}
        self._counted = 0.0
        self._busy: list[ProcessSpace] = []
        self._last_pid = 1000

    def next_pid(self) -> int:
        """Return a number that no process has had."""
        self._last_pid += 1
        return self._last_pid

    def add(self, process: Process) -> None:
        """Take a process in."""
        self._processes[process.pid] = process

    def run(self, now: float, steps: int = 20_000) -> float | None:
        """Run what can run.

        Parameters
        ----------
        now: the time, in seconds since 1970.
        steps: after so many steps it stops, though some could go on.

        Returns when to call again: a time, `now` itself where there is more to do,
        None where nothing will happen until something comes from outside.
        """
        self.now = now
        left, moved, end = steps, True, self.watch() + _RUN_SECONDS
        while moved and left > 0 and self.watch() < end:
            moved = False
            for process in list(self._processes.values()):
                turn = min(_TURN, left)
                while turn > 0 and self._can(process):
                    self._step(process)
                    moved = True
                    turn -= 1
                    left -= 1
        self._count(now)
        self._busy = [p.space for p in self._processes.values() if self._can(p)] if moved else []
        if moved:
            return now
        waits = [
            p.wait.until for p in self._processes.values() if p.wait and p.wait.until is not None and not p.space.frozen
        ]
        return min(waits, default=None)

    def _count(self, now: float) -> None:
        """Count what the containers have spent since the last time.

        Whatever was left in the middle then has been busy since, on a processor of its own while there
        are enough of them: how many steps Python takes meanwhile says nothing.
        """
        passed, self._counted = now - self._counted, now
        part = passed * min(1.0, PROCESSORS / max(len(self._busy), 1))
        for space in {p.space for p in self._processes.values()}:
            busy = self._busy.count(space)
            space.spent += part * busy if busy else min(space.steps * STEP_SECONDS, passed)
            space.steps = 0

    def _can(self, process: Process) -> bool:
        if process.code is not None:
            return False
        if KILL in process.pending:
            return True
        if process.space.frozen:
            return False
        wait = process.wait
        if wait is None or process.pending:
            return True
        if wait.until is not None and wait.until <= self.now:
            return True
        return wait.ready is not None and wait.ready()

    def _step(self, process: Process) -> None:
        process.steps += 1
        process.space.steps += 1
        number = process._deliver()
        if number is not None:
            self.end(process, 128 + number)
            return
        wait = process.wait
        if wait is not None and not (
            (wait.until is not None and wait.until <= self.now) or (wait.ready is not None and wait.ready())
        ):
            return  # it was only woken by a signal
        program = process.program
        if program is None:
            return
        try:
            process.wait = next(program)
        except StopIteration as stop:
            self._close(process, int(stop.value or 0) & 255)
        except Exit as stop:
            self._close(process, stop.code & 255)
        except OSError as error:
            self._say(process, f"{process.name}: {error.filename or ''}: {error.strerror}".replace(": : ", ": "))
            self._close(process, 1)
        except RecursionError:
            self._say(process, f"{process.name}: nested too deep")
            self._close(process, 2)
        except Exception as error:  # a fault of this machine's own ends one process, not the engine
            self._say(process, f"{process.name}: the practice engine failed here: {type(error).__name__}")
            self._close(process, 2)

    def _say(self, process: Process, text: str) -> None:
        try:
            process.fds.get(2, NOTHING).write(text.encode("utf-8", "replace") + b"\n")
        except OSError:
            pass  # nobody reads it

    def end(self, process: Process, code: int) -> None:
        """End a process from outside."""
        if process.program is not None:
            try:
                process.program.close()
            except (RuntimeError, ValueError, OSError, Exit):
                pass  # a program that yields while it is closed has no more say
        self._close(process, code)

    def _close(self, process: Process, code: int) -> None:
        self._processes.pop(process.pid, None)
        process.program = None
        process.finish(code)
