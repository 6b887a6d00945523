"""Commands about text."""

from __future__ import annotations

import base64
import errno
import hashlib
import re
import sys
from collections.abc import Callable, Generator

from . import sed
from .expression import Expression, ExpressionFault
from .options import cannot, number, options
from .process import Exit, Process, Program, Wait, exited, sleep
from .programs import applet
from .streams import Stream

Text = Generator[Wait | None, None, bytes]
_PIECE = 4096
"""What is put out at once, in bytes, as the C library buffers it."""
MAX_LINES = 8 * 1024 * 1024
"""A text that is worked on line by line has at most so many bytes."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "e": "\x1b"}


def _unescape(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found.group(1)
        if code[0] == "x":
            return chr(int(code[1:], 16))
        if code[0].isdigit():
            return chr(int(code, 8) & 255)
        return _ESCAPES.get(code, "\\" + code)

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", one, text, flags=re.S)


def _pieces(process: Process, paths: list[str], take: Callable[[bytes], object]) -> Program:
    """Give what the named files hold, or stdin where none is named, piece by piece."""
    for path in paths or ["-"]:
        try:
            source = process.fds[0] if path == "-" else process.open(path)
        except OSError as error:
            yield from cannot(process, "open", path, error)
            raise Exit(1) from error
        while True:
            if not source.readable():
                yield Wait(source.readable)
            data = source.read(65536)
            if not data:
                break
            take(data)
            yield None
    return 0


def _input(process: Process, paths: list[str]) -> Text:
    """Return all that the named files hold, or stdin where none is named."""
    pieces: list[bytes] = []
    yield from _pieces(process, paths, lambda data: pieces.append(process.hold(data)))
    return b"".join(pieces)


def _lines(process: Process, data: bytes) -> list[str]:
    """Return a text line by line; one that is too long for that ends the process."""
    if len(data) > MAX_LINES:
        process.fds[2].write(f"{process.name}: out of memory\n".encode())
        raise Exit(1)
    return data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if data else []


@applet("echo")
def echo(process: Process) -> Program:
    """Print the arguments."""
    words, end, escapes = process.argv[1:], "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        letters = words.pop(0)
        end = "" if "n" in letters else end
        escapes = escapes or "e" in letters
    text = " ".join(words)
    yield from process.out((_unescape(text) if escapes else text) + end)
    return 0


@applet("printf")
def printf(process: Process) -> Program:
    """Print by a format, which is used again while arguments are left."""
    if len(process.argv) < 2:
        yield from process.err("printf: usage: printf FORMAT [ARG]...")
        return 1
    form, words = process.argv[1], process.argv[2:]
    while True:
        before = len(words)

        def one(found: re.Match[str]) -> str:
            flags, kind = found.group(1), found.group(2)
            if kind == "%":
                return "%"
            word = words.pop(0) if words else ""
            if kind in "dioxXu":
                return ("%" + flags + kind.replace("i", "d").replace("u", "d")) % int(number(process, word or "0"))
            if kind in "feg":
                return ("%" + flags + kind) % number(process, word or "0", float)
            text = _unescape(word) if kind == "b" else word[:1] if kind == "c" else word
            return ("%" + flags + "s") % text

        yield from process.out(re.sub(r"%([-+ 0#]*\d{0,4}(?:\.\d{1,4})?)([%a-zA-Z])", one, _unescape(form)))
        yield None
        if not words or len(words) == before:
            return 0


@applet("yes")
def yes(process: Process) -> Program:
    """Print a line for ever."""
    line = (" ".join(process.argv[1:]) or "y") + "\n"
    while True:
        yield from process.out(line)
        yield None


@applet("seq")
def seq(process: Process) -> Program:
    """Print numbers."""
    words = [int(number(process, word)) for word in process.argv[1:]] or [0]
    first, step, last = {1: (1, 1, words[-1]), 2: (words[0], 1, words[-1])}.get(
        len(words), (words[0], words[1 % len(words)], words[-1])
    )
    if step == 0:
        return 1
    wanted = range(first, last + (1 if step > 0 else -1), step)
    for at in range(0, len(wanted) if last - first < sys.maxsize else sys.maxsize, 100):
        yield from process.out("".join(f"{number}\n" for number in wanted[at : at + 100]))
        yield None
    return 0


@applet("head")
def head(process: Process) -> Program:
    """Print the first lines, or bytes."""
    process.argv = _old_count(process.argv)
    given, paths = yield from options(process, "n:c:q")
    by_bytes = "-c" in given
    left = int(number(process, given.get("-c", given.get("-n", "10"))))
    for path in paths or ["-"]:
        source = process.fds[0] if path == "-" else process.open(path)
        try:
            yield from _first(process, source, left, by_bytes=by_bytes)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.ENOSPC):
                raise
            yield from process.err("head: standard output: I/O error")
            return 1
    return 0


def _first(process: Process, source: Stream, left: int, *, by_bytes: bool) -> Generator[Wait | None, None, None]:
    """Pass the first lines on, or bytes: in large pieces, but at once where more is not there yet."""
    piece = bytearray()
    while left > 0:
        if not source.readable():
            yield from process.out(bytes(piece))
            piece.clear()
            yield Wait(source.readable)
        # Byte by byte where a line may end, so that nothing is taken from who reads next.
        data = source.read(left if by_bytes else 1)
        if not data:
            break
        left -= len(data) if by_bytes else data == b"\n"
        piece += data
        if len(piece) >= _PIECE:
            yield from process.out(bytes(piece))
            piece.clear()
    yield from process.out(bytes(piece))


def _old_count(argv: list[str]) -> list[str]:
    """Write ``-5`` as ``-n 5``."""
    return [argv[0], *(w for word in argv[1:] for w in (["-n", word[1:]] if re.fullmatch(r"-\d+", word) else [word]))]


@applet("tail")
def tail(process: Process) -> Program:
    """Print the last lines; with -f go on with what is added."""
    process.argv = _old_count(process.argv)
    given, paths = yield from options(process, "n:c:fFq")
    data = yield from _input(process, [p for p in paths if p != "/dev/null"]) if paths != ["/dev/null"] else _nothing()
    count = given.get("-n", "10")
    lines = data.splitlines(keepends=True)
    last = (
        lines[int(number(process, count[1:])) - 1 :] if count.startswith("+") else lines[-int(number(process, count)) :]
    )
    yield from process.out(b"".join(last) if count != "0" else b"")
    while {"-f", "-F"} & given.keys():
        yield from sleep(process, 1)
        now = yield from _input(process, paths)
        if len(now) > len(data):
            yield from process.out(now[len(data) :])
        data = now
    return 0


def _nothing() -> Text:
    yield from ()
    return b""


@applet("wc")
def wc(process: Process) -> Program:
    """Count lines, words and bytes."""
    given, paths = yield from options(process, "lwcm")
    counts = {"-l": 0, "-w": 0, "-c": 0, "-m": 0}
    inside = False

    def count(data: bytes) -> None:
        nonlocal inside
        counts["-l"] += data.count(b"\n")
        counts["-w"] += sum(1 for _word in re.finditer(rb"\S+", data)) - (inside and not data[:1].isspace())
        counts["-c"] += len(data)
        counts["-m"] += sum(byte & 0xC0 != 0x80 for byte in data) if "-m" in given else 0
        inside = not data[-1:].isspace()

    yield from _pieces(process, paths, count)
    chosen = [str(counts[o]) for o in ("-l", "-w", "-c", "-m") if o in given] or [
        f"{counts[o]:>9}" for o in ("-l", "-w", "-c")
    ]
    yield from process.out(" ".join([*chosen, *paths[:1]]) + "\n")
    return 0


@applet("grep", "egrep", "fgrep")
def grep(process: Process) -> Program:
    """Print the lines that match."""
    given, words = yield from options(process, "ivcqnoEFe:hHlrwxsm:")
    if "-e" in given:
        words.insert(0, given["-e"])
    if not words:
        yield from process.err("grep: missing pattern")
        return 2
    pattern, *paths = words
    try:
        wanted = Expression(
            pattern,
            literal="-F" in given or process.name == "fgrep",
            ignore="-i" in given,
            extended="-E" in given or process.name == "egrep",
            whole="line" if "-x" in given else "word" if "-w" in given else "",
        )
        return (yield from _matching(process, given, wanted, paths))
    except ExpressionFault as error:
        yield from process.err(f"{process.name}: {error}")
        return 2


def _matching(process: Process, given: dict[str, str], wanted: Expression, paths: list[str]) -> Program:
    count, most = 0, int(number(process, given.get("-m", "1000000000")))
    for path in paths or ["-"]:
        lines = _lines(process, (yield from _input(process, [path])))
        prefix = f"{path}:" if len(paths) > 1 and "-h" not in given else ""
        here = 0
        for n, line in enumerate(lines, 1):
            if n % sed.TURN == 0:
                yield None
            if wanted.found(line) == ("-v" in given):
                continue
            here, count = here + 1, count + 1
            if "-q" in given:
                return 0
            if "-l" in given:
                yield from process.out(path + "\n")
                break
            if "-c" not in given:
                head = prefix + (f"{n}:" if "-n" in given else "")
                for shown in (piece for piece in wanted.all(line) if piece) if "-o" in given else [line]:
                    yield from process.out(head + shown + "\n")
            if here == most:
                break
    if "-c" in given:
        yield from process.out(f"{count}\n")
    return 0 if count else 1


@applet("sed")
def sed_(process: Process) -> Program:
    """Change text by a script; -i changes the file."""
    given, words = yield from options(process, "ine:Er")
    scripts = [given["-e"]] if "-e" in given else words[:1]
    paths = words if "-e" in given else words[1:]
    if not scripts:
        yield from process.err("sed: no script")
        return 1
    for path in paths or ["-"]:
        lines = _lines(process, (yield from _input(process, [path])))
        try:
            changed = yield from sed.edit(
                scripts, lines, quiet="-n" in given, extended=bool({"-E", "-r"} & given.keys())
            )
        except (sed.SedFault, ExpressionFault) as error:
            yield from process.err(f"sed: {error}")
            return 1
        if "-i" in given and path != "-":
            process.files.write(path, changed.encode("utf-8", "surrogateescape"), process.cwd, now=process.now)
        else:
            yield from process.out(changed)
    return 0


@applet("sort")
def sort(process: Process) -> Program:
    """Sort lines."""
    given, paths = yield from options(process, "rnuk:t:")
    lines = _lines(process, (yield from _input(process, paths)))
    keyed: list[tuple[float, str]] = []
    for n, line in enumerate(dict.fromkeys(lines) if "-u" in given else lines):
        if n % sed.TURN == 0:
            yield None
        found = re.match(r"[ \t]*-?\d{1,300}(\.\d+)?", line) if "-n" in given else None
        keyed.append((float(found.group()) if found else 0.0, line))
    keyed.sort(reverse="-r" in given)
    yield from process.out("".join(line + "\n" for _number, line in keyed))
    return 0


@applet("uniq")
def uniq(process: Process) -> Program:
    """Print each of equal neighbours once."""
    from itertools import groupby

    given, paths = yield from options(process, "cdu")
    lines = _lines(process, (yield from _input(process, paths)))
    for n, (line, group) in enumerate(groupby(lines)):
        if n % sed.TURN == 0:
            yield None
        count = len(list(group))
        if ("-d" in given and count == 1) or ("-u" in given and count > 1):
            continue
        yield from process.out((f"{count:>7} " if "-c" in given else "") + line + "\n")
    return 0


@applet("cut")
def cut(process: Process) -> Program:
    """Print parts of lines."""
    given, paths = yield from options(process, "d:f:c:b:s")
    lines = _lines(process, (yield from _input(process, paths)))
    wanted = given.get("-f") or given.get("-c") or given.get("-b") or "1"
    for turn, line in enumerate(lines):
        if turn % sed.TURN == 0:
            yield None
        parts = line.split(given.get("-d", "\t")) if "-f" in given else list(line)
        chosen = [p for n, p in enumerate(parts, 1) if any(_within(n, r) for r in wanted.split(","))]
        joined = (given.get("-d", "\t") if "-f" in given else "").join(chosen)
        yield from process.out((line if "-f" in given and len(parts) == 1 else joined) + "\n")
    return 0


def _within(n: int, span: str) -> bool:
    first, dash, last = span.partition("-")
    return int(first or 1) <= n <= (int(last) if last else 10**9 if dash else int(first))


@applet("tr")
def tr(process: Process) -> Program:
    """Change or delete characters."""
    given, words = yield from options(process, "dcs")
    sets = [_characters(word) for word in words]
    data = yield from process.read_all()
    if len(data) > MAX_LINES:
        yield from process.err("tr: out of memory")
        return 1
    text = data.decode("utf-8", "surrogateescape")
    if not sets:
        return 1
    if "-d" in given:
        text = "".join(c for c in text if (c in sets[0]) == ("-c" in given))
    elif len(sets) > 1:
        table = {c: sets[1][min(n, len(sets[1]) - 1)] for n, c in enumerate(sets[0])}
        text = "".join(table.get(c, c) for c in text)
    yield from process.out(text)
    return 0


def _characters(word: str) -> str:
    word = word.replace("[:lower:]", "a-z").replace("[:upper:]", "A-Z").replace("[:digit:]", "0-9")
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m.group(1)), ord(m.group(2)) + 1))), _unescape(word))


@applet("tee")
def tee(process: Process) -> Program:
    """Print stdin, and write it to files."""
    given, paths = yield from options(process, "a")
    files = [process.open(path, "a" if "-a" in given else "w") for path in paths]
    while data := (yield from process.read()):
        for file in files:
            file.write(data)
        yield from process.out(data)
    return 0


@applet("xargs")
def xargs(process: Process) -> Program:
    """Run a command with the words of stdin."""
    given, command = yield from options_first(process)
    words = " ".join(_lines(process, (yield from process.read_all()))).split()
    size = int(given.get("-n", "0")) or max(len(words), 1)
    status = 0
    for at in range(0, max(len(words), 1), size):
        argv = [*(command or ["echo"]), *words[at : at + size]]
        try:
            main = process.find(argv[0])
        except OSError as error:
            yield from process.err(f"xargs: {argv[0]}: {error.strerror}")
            return 127
        code = yield from exited(process.spawn(main, argv))
        status = 123 if code else status
    return status


def options_first(process: Process) -> Generator[Wait | None, None, tuple[dict[str, str], list[str]]]:
    """Return the options before the first other argument, and the rest untouched."""
    yield from ()
    words, given = process.argv[1:], {}
    while words and words[0].startswith("-"):
        option = words.pop(0)
        given[option[:2]] = option[2:] or (words.pop(0) if words and option in ("-n", "-I", "-w", "-W") else "1")
    return given, words


@applet("tac")
def tac(process: Process) -> Program:
    """Print lines, the last one first."""
    _given, paths = yield from options(process, "")
    lines = _lines(process, (yield from _input(process, paths)))
    yield from process.out("".join(line + "\n" for line in reversed(lines)))
    return 0


@applet("rev")
def rev(process: Process) -> Program:
    """Print each line backwards."""
    _given, paths = yield from options(process, "")
    lines = _lines(process, (yield from _input(process, paths)))
    yield from process.out("".join(line[::-1] + "\n" for line in lines))
    return 0


@applet("nl")
def nl(process: Process) -> Program:
    """Print lines with their numbers."""
    _given, paths = yield from options(process, "b:")
    for n, line in enumerate(_lines(process, (yield from _input(process, paths))), 1):
        if n % sed.TURN == 0:
            yield None
        yield from process.out(f"{n:>6}\t{line}\n")
    return 0


@applet("cksum")
def cksum(process: Process) -> Program:
    """Print checksum and size (POSIX.1-2017, cksum)."""
    _given, paths = yield from options(process, "")
    for path in paths or ["-"]:
        crc = size = 0

        def count(data: bytes) -> None:
            nonlocal crc, size
            crc, size = _posix_crc(data, crc), size + len(data)

        yield from _pieces(process, [path], count)
        crc = _posix_crc(size.to_bytes((size.bit_length() + 7) // 8, "little"), crc) ^ 0xFFFFFFFF
        yield from process.out(f"{crc} {size}{'' if path == '-' else ' ' + path}\n")
    return 0


def _posix_crc(data: bytes, crc: int) -> int:
    for byte in data:
        crc ^= byte << 24
        for _bit in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


@applet("md5sum", "sha1sum", "sha256sum", "sha512sum")
def digest(process: Process) -> Program:
    """Print digests."""
    _given, paths = yield from options(process, "c")
    for path in paths or ["-"]:
        made = hashlib.new(process.name.removesuffix("sum"))
        yield from _pieces(process, [path], made.update)
        yield from process.out(f"{made.hexdigest()}  {path}\n")
    return 0


@applet("base64")
def base64_(process: Process) -> Program:
    """Encode, or decode with -d."""
    given, paths = yield from options(process, "dw:")
    data = yield from _input(process, paths)
    yield from process.out(base64.b64decode(data) if "-d" in given else base64.encodebytes(data))
    return 0


@applet("dd")
def dd(process: Process) -> Program:
    """Copy blocks: ``if=``, ``of=``, ``bs=``, ``count=``."""
    words = dict(word.split("=", 1) for word in process.argv[1:] if "=" in word)
    units = {"k": 1024, "K": 1024, "M": 1024**2, "G": 1024**3}
    bs = words.get("bs", "512")
    size = int(number(process, bs.rstrip("kKMG") or "1")) * units.get(bs[-1:], 1)
    count = int(number(process, words.get("count", "-1")))
    source = process.open(words["if"]) if "if" in words else process.fds[0]
    target = process.open(words["of"], "w") if "of" in words else process.fds[1]
    done = total = 0
    while done != count:
        if not source.readable():
            yield Wait(source.readable)
        data = source.read(min(size, 1024 * 1024))
        if not data:
            break
        for _part in range(max(size // (1024 * 1024), 1)):
            target.write(data)
            total += len(data)
            yield None
        done += 1
    yield from process.err(f"{done}+0 records in\n{done}+0 records out\n{total} bytes copied")
    return 0


@applet("hexdump", "xxd", "od")
def hexdump(process: Process) -> Program:
    """Print bytes as numbers, sixteen a line, with their characters."""
    _given, paths = yield from options(process, "Cvx")
    data = yield from _input(process, paths)
    for at in range(0, len(data), 16):
        if at % 4096 == 0:
            yield None
        row = data[at : at + 16]
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        left, right = (" ".join(f"{b:02x}" for b in part) for part in (row[:8], row[8:]))
        yield from process.out(f"{at:08x}  {left:<23}  {right:<23}  |{shown}|\n")
    yield from process.out(f"{len(data):08x}\n")
    return 0
