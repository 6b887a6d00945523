"""Commands about processes, users and the system."""

from __future__ import annotations

import re
import time
from collections.abc import Generator

from .files import File, Folder
from .options import number, options
from .process import RELEASE, SIGNALS, Exit, Process, Program, Wait, exited
from .programs import applet

KERNEL = "Linux"


@applet("true")
def true(_process: Process) -> Program:
    """Succeed."""
    yield from ()
    return 0


@applet("false")
def false(_process: Process) -> Program:
    """Fail."""
    yield from ()
    return 1


def _seconds(process: Process, words: list[str]) -> float:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    total = 0.0
    for word in words:
        if word in ("inf", "infinity"):
            return float(10**10)
        unit = units.get(word[-1:], 0)
        total += number(process, word[:-1] if unit else word, float) * (unit or 1)
    return total


@applet("sleep")
def sleep_(process: Process) -> Program:
    """Wait."""
    if len(process.argv) < 2:
        yield from process.err("sleep: missing operand")
        return 1
    yield Wait(until=process.now + _seconds(process, process.argv[1:]))
    return 0


@applet("usleep")
def usleep(process: Process) -> Program:
    """Wait for microseconds."""
    yield Wait(until=process.now + number(process, (process.argv[1:] or ["0"])[0]) / 1_000_000)
    return 0


@applet("ps")
def ps(process: Process) -> Program:
    """Print the container's processes."""
    lines = ["PID   USER     TIME  COMMAND"]
    for inner, other in sorted(process.space.alive.items()):
        minutes, seconds = divmod(other.spent, 60)
        user = user_name(process, other.uid)
        lines.append(f"{inner:>5} {user:<8} {minutes:>2}:{seconds:02d}  {' '.join(other.argv)}")
    yield from process.out("\n".join(lines) + "\n")
    return 0


@applet("pidof", "pgrep")
def pidof(process: Process) -> Program:
    """Print the numbers of processes by name."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    found = [str(inner) for inner, other in sorted(process.space.alive.items()) if other.name in words]
    if found:
        yield from process.out((" " if process.name == "pidof" else "\n").join(found) + "\n")
    return 0 if found else 1


@applet("kill", "killall", "pkill")
def kill(process: Process) -> Program:
    """Send a signal."""
    words, wanted = process.argv[1:], 15
    while words and words[0].startswith("-") and not words[0][1:].isspace():
        word = words.pop(0)[1:]
        if word == "s" and words:
            word = words.pop(0)
        if word == "l":
            yield from process.out(" ".join(SIGNALS) + "\n")
            return 0
        name = word.upper().removeprefix("SIG")
        if name.isdigit():
            wanted = int(name)
        elif name in SIGNALS:
            wanted = SIGNALS[name]
        else:
            yield from process.err(f"{process.name}: bad signal name '{word}'")
            return 1
    status = 0
    for word in words:
        by_name = process.name != "kill"
        targets = [p for n, p in process.space.alive.items() if (p.name == word if by_name else str(n) == word)]
        if not targets:
            yield from process.err(
                f"{process.name}: can't kill pid {word}: No such process"
                if not by_name
                else f"{word}: no process killed"
            )
            status = 1
        for target in targets:
            target.signal(wanted)
    return status


@applet("env", "printenv")
def env(process: Process) -> Program:
    """Print the environment, or run a command with a changed one."""
    words, changed = process.argv[1:], dict(process.env)
    if process.name == "printenv" and words:
        if words[0] in changed:
            yield from process.out(changed[words[0]] + "\n")
        return 0 if words[0] in changed else 1
    while words and (words[0] == "-i" or "=" in words[0]):
        word = words.pop(0)
        if word == "-i":
            changed = {}
        else:
            name, _equals, changed[name] = word.partition("=")
    if words:
        return (yield from _run(process, words, changed))
    yield from process.out("".join(f"{name}={value}\n" for name, value in changed.items()))
    return 0


def _run(process: Process, words: list[str], env: dict[str, str] | None = None) -> Program:
    """Run a command in a child, and return its exit code."""
    try:
        main = process.find(words[0])
    except OSError as error:
        yield from process.err(f"{process.name}: can't execute '{words[0]}': {error.strerror}")
        return 127 if isinstance(error, FileNotFoundError) else 126
    return (yield from exited(process.spawn(main, words, env=env or process.env)))


@applet("nice", "nohup", "setsid", "time")
def wrapper(process: Process) -> Program:
    """Run a command."""
    begin = process.now
    status = yield from _run(process, process.argv[1:] or ["true"])
    if process.name == "time":
        yield from process.err(f"real\t0m {process.now - begin:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s")
    return status


@applet("timeout")
def timeout(process: Process) -> Program:
    """Run a command, and end it after some time."""
    words, wanted = process.argv[1:], 15
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-s" and words:
            name = words.pop(0).upper().removeprefix("SIG")
            wanted = int(name) if name.isdigit() else SIGNALS.get(name, 15)
    if len(words) < 2:
        yield from process.err("timeout: missing operand")
        return 1
    until = process.now + _seconds(process, words[:1])
    try:
        child = process.spawn(process.find(words[1]), words[1:])
    except OSError as error:
        yield from process.err(f"timeout: can't execute '{words[1]}': {error.strerror}")
        return 127
    yield Wait(lambda: child.code is not None, until)
    if child.code is None:
        child.signal(wanted)
        yield from exited(child)
        return 143 if wanted == 15 else 128 + wanted
    return child.code


def _users(process: Process) -> Generator[tuple[str, int, int], None, None]:
    node = process.files.lookup("/etc/passwd")
    for line in (node.data if isinstance(node, File) else b"").decode("utf-8", "replace").splitlines():
        parts = line.split(":")
        if len(parts) > 3 and parts[2].isdigit() and parts[3].isdigit():
            yield parts[0], int(parts[2]), int(parts[3])


def user_name(process: Process, uid: int) -> str:
    """Return the name of a user, or the number where there is none."""
    return next((name for name, number_, _gid in _users(process) if number_ == uid), str(uid))


def user_of(process: Process, name: str) -> tuple[int, int] | None:
    """Return the numbers of a user and its group; None where there is none of that name."""
    return next(((uid, gid) for own, uid, gid in _users(process) if own == name), None)


@applet("id")
def id_(process: Process) -> Program:
    """Print who the process, or a user, is."""
    given, words = yield from options(process, "ugn")
    uid, gid = process.uid, process.gid
    if words:
        found = user_of(process, words[0])
        if found is None:
            yield from process.err(f"id: unknown user {words[0]}")
            return 1
        uid, gid = found
    name = user_name(process, uid)
    group_name = next((own for own, number_ in _groups(process) if number_ == gid), str(gid))
    if "-u" in given or "-g" in given:
        shown, called = (uid, name) if "-u" in given else (gid, group_name)
        yield from process.out((called if "-n" in given else str(shown)) + "\n")
        return 0
    user = f"{uid}({name})" if name != str(uid) else name
    group = f"{gid}({group_name})" if group_name != str(gid) else group_name
    yield from process.out(f"uid={user} gid={group} groups={group}\n")
    return 0


def _groups(process: Process) -> list[tuple[str, int]]:
    node = process.files.lookup("/etc/group")
    lines = (node.data if isinstance(node, File) else b"").decode("utf-8", "replace").splitlines()
    return [(parts[0], int(parts[2])) for line in lines if len(parts := line.split(":")) > 2 and parts[2].isdigit()]


@applet("whoami")
def whoami(process: Process) -> Program:
    """Print the user's name."""
    yield from process.out(user_name(process, process.uid) + "\n")
    return 0


@applet("su")
def su(process: Process) -> Program:
    """Refuse: a container's user is set by the API."""
    yield from process.err("su: must be suid to work properly")
    return 1


@applet("hostname")
def hostname(process: Process) -> Program:
    """Print the host's name, or with -i its address."""
    given, _words = yield from options(process, "isf")
    addresses = [i.address for i in process.host.interfaces]
    yield from process.out((" ".join(addresses) if "-i" in given else process.host.name) + "\n")
    return 0


@applet("uname")
def uname(process: Process) -> Program:
    """Print what system this is."""
    given, _words = yield from options(process, "asnrvmo")
    facts = {
        "-s": KERNEL,
        "-n": process.host.name,
        "-r": RELEASE,
        "-v": "#1 practice",
        "-m": "x86_64",
        "-o": "GNU/Linux",
    }
    chosen = [value for option, value in facts.items() if option in given or "-a" in given]
    yield from process.out(" ".join(chosen or [KERNEL]) + "\n")
    return 0


@applet("date")
def date(process: Process) -> Program:
    """Print the time."""
    words = [word for word in process.argv[1:] if word.startswith("+")]
    utc = time.gmtime(process.now)
    if not words:
        yield from process.out(time.strftime("%a %b %e %H:%M:%S UTC %Y", utc) + "\n")
        return 0
    form = words[0][1:].replace("%s", str(int(process.now))).replace("%N", f"{int(process.now % 1 * 1e9):09d}")
    yield from process.out(time.strftime(form, utc) + "\n")
    return 0


@applet("pwd")
def pwd(process: Process) -> Program:
    """Print the working folder."""
    yield from process.out(process.cwd + "\n")
    return 0


@applet("which")
def which(process: Process) -> Program:
    """Print where commands are."""
    status = 0
    for word in process.argv[1:]:
        folders = process.env.get("PATH", "/bin:/usr/bin").split(":")
        found = next((f"{f}/{word}" for f in folders if isinstance(process.files.lookup(f"{f}/{word}"), File)), None)
        if found:
            yield from process.out(found + "\n")
        else:
            status = 1
    return status


@applet("uptime")
def uptime(process: Process) -> Program:
    """Print how long PID 1 has run."""
    first = process.space.alive.get(1, process)
    yield from process.out(
        f" {time.strftime('%H:%M:%S', time.gmtime(process.now))} up {int(process.now - first.started) // 60} min\n"
    )
    return 0


@applet("nproc")
def nproc(process: Process) -> Program:
    """Print how many processors there are."""
    yield from process.out("2\n")
    return 0


@applet("free")
def free(process: Process) -> Program:
    """Print how much memory there is, in KiB."""
    used = 1024 * len(process.space.alive)
    yield from process.out(
        f"              total        used        free\nMem:        {2 * 1024 * 1024:>7}     "
        f"{used:>7}     {2 * 1024 * 1024 - used:>7}\n"
    )
    return 0


@applet("sync", "clear", "reset", "stty", "ulimit", "umask")
def nothing(_process: Process) -> Program:
    """Do nothing: there is nothing to do here."""
    yield from ()
    return 0


@applet("test", "[")
def test(process: Process) -> Program:
    """Test files, texts and numbers."""
    words = process.argv[1:]
    if process.name == "[":
        if words[-1:] != ["]"]:
            yield from process.err("sh: [: missing ]")
            return 2
        words = words[:-1]
    try:
        return 0 if _or(process, words) else 1
    except ValueError as error:
        yield from process.err(f"sh: {error}")
        return 2


def _or(process: Process, words: list[str]) -> bool:
    for name, join in (("-o", any), ("-a", all)):
        if name in words[1:-1]:
            at = words.index(name, 1)
            return join([_or(process, words[:at]), _or(process, words[at + 1 :])])
    if words[:1] == ["!"] and len(words) > 1:
        return not _or(process, words[1:])
    if len(words) > 2 and words[0] == "(" and words[-1] == ")":
        return _or(process, words[1:-1])
    return _primary(process, words)


def _primary(process: Process, words: list[str]) -> bool:
    if not words:
        return False
    if len(words) == 1:
        return bool(words[0])
    if len(words) == 2:
        return _unary(process, *words)
    if len(words) != 3:
        raise ValueError(f"{words[-1]}: unknown operand")
    left, operator, right = words
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    compare = {"-eq": "==", "-ne": "!=", "-lt": "<", "-le": "<=", "-gt": ">", "-ge": ">="}.get(operator)
    if compare is None:
        raise ValueError(f"{operator}: unknown operand")
    for word in (left, right):
        if not re.fullmatch(r"\s*-?\d+\s*", word):
            raise ValueError(f"{word}: bad number")
    a, b = int(left), int(right)
    return {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[compare]


def _unary(process: Process, operator: str, word: str) -> bool:
    node = process.files.lookup(word, process.cwd) if operator != "-n" else None
    if operator == "-t":
        stream = process.fds.get(int(word)) if word.isdigit() else None
        return bool(stream and stream.tty)
    tests = {
        "-n": bool(word),
        "-z": not word,
        "-e": node is not None,
        "-f": isinstance(node, File),
        "-d": isinstance(node, Folder),
        "-s": node is not None and node.size > 0,
        "-r": node is not None,
        "-w": node is not None,
        "-x": node is not None and bool(node.mode & 0o111),
        "-L": process.files.lookup(word, process.cwd, follow=False) is not node,
        "-h": process.files.lookup(word, process.cwd, follow=False) is not node,
    }
    if operator not in tests:
        raise ValueError(f"{operator}: unknown operand")
    return tests[operator]


@applet("reboot", "halt", "poweroff", "insmod", "mknod", "chroot", "unshare", "nsenter")
def refused(process: Process) -> Program:
    """Refuse what a container may not do."""
    yield from process.err(f"{process.name}: Operation not permitted")
    raise Exit(1)
