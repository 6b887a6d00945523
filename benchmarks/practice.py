"""The practice engine beside Docker: calls, a container's life, logs, its start, its memory, and sixty at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import psutil
import requests
from docker.transport import UnixHTTPAdapter
from measure import Row, turns
from root import own_root

from labkit.engines import setup
from labkit.engines.base import LABEL, EngineRecord, Paths
from labkit.engines.practice.kind import PracticeEngine
from labkit.errors import EngineError

COUNTS = (0, 100, 1000)
ENGINES = 60
LOG_LINES = 20_000
URL = "http+docker://localhost"
WRITER = ["sh", "-c", f"yes 0123456789012345678901234567890123456789 | head -n {LOG_LINES}"]


def rows() -> Iterator[Row]:
    """Measure each on both engines by turns, then the practice engine alone."""
    with own_root() as real_paths, own_root() as paths:
        yield from _starts(paths)
        practice, real = setup.start(paths, "practice"), setup.start(real_paths, "private")
        try:
            ours, theirs = _session(practice), _session(real)
            yield _calls("ping", ours, theirs, "/_ping", 50)
            yield from _lists(ours, theirs, paths)
            yield _lives(ours, theirs)
            yield _logs(ours, theirs)
            yield _follows(ours, theirs)
        finally:
            setup.stop(paths)
            setup.stop(real_paths)
    yield from _class()


def _session(record: EngineRecord) -> requests.Session:
    session = requests.Session()
    session.mount("http+docker://", UnixHTTPAdapter(f"http+unix://{record.endpoint.socket}"))
    return session


def _timed(work: Callable[[], object], times: int) -> float:
    begin = time.perf_counter()
    for _n in range(times):
        work()
    return (time.perf_counter() - begin) / times


def _calls(what: str, ours: requests.Session, theirs: requests.Session, path: str, times: int) -> Row:
    mine, docker = turns(
        21,
        partial(_timed, partial(ours.get, URL + path), times),
        partial(_timed, partial(theirs.get, URL + path), times),
    )
    name = f"practice engine: {what} ({1 / mine:.0f} requests/s)"
    return Row(name, f"Docker ({1 / docker:.0f} requests/s)", mine * 1000, docker * 1000, "ms", mine / docker, 3)


def _lists(ours: requests.Session, theirs: requests.Session, paths: Paths) -> Iterator[Row]:
    made = 0
    for count in COUNTS:
        for session in (ours, theirs):
            for _n in range(count - made):
                body = {"Image": "busybox", "Labels": {LABEL: "benchmark"}}
                session.post(f"{URL}/containers/create", json=body).raise_for_status()
        made = count
        if count != 100:
            size = _resident(paths)
            yield Row(
                f"practice engine: memory with {count} containers",
                "–",
                size,
                None,
                "MB",
                size,
                60 if count == 0 else 150,
                "MB",
            )
        yield _calls(f"list of {count}", ours, theirs, "/containers/json?all=1", 20 if count == 0 else 2)
    for session in (ours, theirs):
        session.post(f"{URL}/containers/prune").raise_for_status()


def _life(session: requests.Session) -> float:
    begin = time.perf_counter()
    made = session.post(f"{URL}/containers/create", json={"Image": "busybox", "Cmd": ["sleep", "100"]}).json()["Id"]
    session.post(f"{URL}/containers/{made}/start").raise_for_status()
    session.delete(f"{URL}/containers/{made}?force=1").raise_for_status()
    return time.perf_counter() - begin


def _lives(ours: requests.Session, theirs: requests.Session) -> Row:
    mine, docker = turns(11, partial(_life, ours), partial(_life, theirs))
    what = "practice engine: create, start, remove"
    return Row(what, "Docker", mine * 1000, docker * 1000, "ms", docker / mine, 10, "× faster", least=True)


def _logs(ours: requests.Session, theirs: requests.Session) -> Row:
    def stream(session: requests.Session) -> Callable[[], float]:
        made = session.post(f"{URL}/containers/create", json={"Image": "busybox", "Cmd": WRITER}).json()["Id"]
        session.post(f"{URL}/containers/{made}/start").raise_for_status()
        session.post(f"{URL}/containers/{made}/wait").raise_for_status()

        def read() -> float:
            begin, size = time.perf_counter(), 0
            with session.get(f"{URL}/containers/{made}/logs?stdout=1", stream=True) as answer:
                for piece in answer.iter_content(65536):
                    size += len(piece)
            assert size >= LOG_LINES * 41
            return (time.perf_counter() - begin) / size * 1e6

        return read

    mine, docker = turns(7, stream(ours), stream(theirs))
    return Row("practice engine: reading a log", "Docker", 1 / mine, 1 / docker, "MB/s", docker / mine, 0.5, least=True)


def _follows(ours: requests.Session, theirs: requests.Session) -> Row:
    def stream(session: requests.Session) -> Callable[[], float]:
        def read() -> float:
            made = session.post(f"{URL}/containers/create", json={"Image": "busybox", "Cmd": WRITER}).json()["Id"]
            session.post(f"{URL}/containers/{made}/start").raise_for_status()
            begin, size = time.perf_counter(), 0
            with session.get(f"{URL}/containers/{made}/logs?stdout=1&follow=1", stream=True) as answer:
                for piece in answer.iter_content(65536):
                    size += len(piece)
            took = time.perf_counter() - begin
            session.delete(f"{URL}/containers/{made}?force=1").raise_for_status()
            # A real Engine under load was seen to end such a stream too early; what came counts.
            assert size >= LOG_LINES * 41 or session is theirs, f"{size} bytes came"
            return took / size * 1e6

        return read

    mine, docker = turns(5, stream(ours), stream(theirs))
    what = "practice engine: following a log while it is written"
    return Row(what, "Docker", 1 / mine, 1 / docker, "MB/s", docker / mine, 0.1, least=True)


def _processes(paths: Paths) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if str(paths.root) in (p.info["cmdline"] or [])]


def _resident(paths: Paths) -> float:
    return sum(p.memory_info().rss for p in _processes(paths)) / 1e6


def _starts(paths: Paths) -> Iterator[Row]:
    engine, times, spent = PracticeEngine(paths), list[float](), list[float]()
    for _n in range(11):
        begin = time.perf_counter()
        engine.start(lambda _said, _share: None)
        times.append(time.perf_counter() - begin)
        spent.append(sum(sum(p.cpu_times()[:2]) for p in _processes(paths)))
        memory = _resident(paths)
        engine.stop(lambda _said, _share: None)
    best = statistics.median(times[1:]) * 1000  # the first one compiles
    yield Row("practice engine: start", "–", best, None, "ms", best, 150, "ms")
    own = statistics.median(spent[1:]) * 1000  # what does not hang on what else the machine does
    yield Row("practice engine: processor time of a start", "–", own, None, "ms", own, 150, "ms")
    yield Row("practice engine: memory at the start", "–", memory, None, "MB", memory, 60, "MB")
    yield _resets(engine)


def _resets(engine: PracticeEngine) -> Row:
    """Measure how long it takes until an engine is as at its beginning, with twenty containers and volumes in it."""
    record, times = engine.start(lambda _said, _share: None), []
    try:
        session = _session(record)
        for _n in range(7):
            for number in range(20):
                body = {"Image": "busybox", "Cmd": ["sleep", "100"], "HostConfig": {"Binds": [f"kept{number}:/kept"]}}
                made = session.post(f"{URL}/containers/create", json=body).json()["Id"]
                session.post(f"{URL}/containers/{made}/start").raise_for_status()
            begin = time.perf_counter()
            engine.reset()
            times.append((time.perf_counter() - begin) * 1000)
    finally:
        engine.stop(lambda _said, _share: None)
    best = statistics.median(times)
    return Row("practice engine: reset of twenty containers", "–", best, None, "ms", best, 50, "ms")


def _own(process: psutil.Process) -> float:
    """Return what a process has of memory, with its share of what it shares, in MB."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _class() -> Iterator[Row]:
    """One engine for each of sixty students, all on this machine; fewer where ports for so many are not free."""
    with ExitStack() as stack:
        everybody = [stack.enter_context(own_root()) for _n in range(ENGINES)]
        for paths in everybody:
            stack.callback(PracticeEngine(paths).stop, lambda _said, _share: None)
        sessions = []
        with suppress(EngineError):  # ports of this machine may be taken by other courses
            for paths in everybody:
                sessions.append(_session(PracticeEngine(paths).start(lambda _said, _share: None)))
        everybody, count = everybody[: len(sessions)], len(sessions)
        each = [sum(_own(p) for p in _processes(paths)) for paths in everybody]
        worst = max(each)
        yield Row(
            f"{count} practice engines: memory of each",
            "–",
            statistics.median(each),
            None,
            "MB",
            worst,
            40,
            "MB at most",
        )
        waits = [_timed(partial(session.get, f"{URL}/containers/json?all=1"), 3) * 1000 for session in sessions]
        lives = [_life(session) * 1000 for session in sessions]
        yield Row(
            f"{count} practice engines: a list",
            "–",
            statistics.median(waits),
            None,
            "ms",
            max(waits),
            100,
            "ms at most",
        )
        yield Row(
            f"{count} practice engines: create, start, remove",
            "–",
            statistics.median(lives),
            None,
            "ms",
            max(lives),
            500,
            "ms at most",
        )
