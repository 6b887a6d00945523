"""``lab.get`` beside plain requests, and what table and HTML cost; on a private engine of the benchmark's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import requests
from docker.transport import UnixHTTPAdapter
from measure import Row, turns
from root import own_root

from labkit.client import Client
from labkit.engines import setup
from labkit.engines.base import LABEL
from labkit.session import Session

COUNTS = (0, 100, 1000)
LABELS = {LABEL: "benchmark"}
PATH = "/containers/json"


def rows() -> Iterator[Row]:
    """Measure with 0, 100 and 1000 containers that were never started."""
    with own_root() as paths:
        record = setup.start(paths)
        try:
            client = Client(Session(record.endpoint))
            plain = requests.Session()
            plain.mount("http+docker://", UnixHTTPAdapter(f"http+unix://{record.endpoint.socket}"))
            url = f"http+docker://localhost/v{client.version}{PATH}?all=1"
            made = 0
            for count in COUNTS:
                for _n in range(count - made):
                    client.post("/containers/create", json={"Image": "busybox", "Labels": LABELS}).raise_for_status()
                made = count
                ours, theirs = partial(client.get, PATH, all=True), partial(plain.get, url)
                assert len(ours().json()) == len(theirs().json()) == count
                yield _call(count, ours, theirs)
            yield _views(partial(client.get, PATH, all=True))
            client.close()
        finally:
            setup.stop(paths)


def _call(count: int, ours: Callable[[], object], theirs: Callable[[], object]) -> Row:
    # Short calls are measured several at a time, so that the clock is not what is measured.
    times = 20 if count == 0 else 1
    mine, plain = turns(61 if count < 1000 else 31, partial(_timed, ours, times), partial(_timed, theirs, times))
    what = f"`lab.get` of {count} containers, display off"
    return Row(what, "plain requests on the same socket", mine * 1000, plain * 1000, "ms", mine / plain, 1.15)


def _views(get: Callable[[], object]) -> Row:
    def whole() -> float:
        begin = time.perf_counter()
        exchange = get()
        _ = exchange.table._repr_html_(), exchange._repr_mimebundle_()  # type: ignore[attr-defined]
        return time.perf_counter() - begin

    whole()  # pandas is loaded once a kernel, and not counted here
    with_views, bare = turns(15, whole, partial(_timed, get, 1))
    what = "table and HTML for 1000 containers"
    extra = (with_views - bare) * 1000
    return Row(what, "the bare response", with_views * 1000, bare * 1000, "ms", extra, 150, "ms more")


def _timed(call: Callable[[], object], times: int) -> float:
    begin = time.perf_counter()
    for _n in range(times):
        call()
    return (time.perf_counter() - begin) / times
