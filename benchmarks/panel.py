"""What the display of an exchange costs: its HTML in the kernel, its JSON tree in the browser."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measure import Row, turns
from playwright.sync_api import Page, sync_playwright

from labkit import render, tables
from labkit.exchange import Exchange

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from browser import FLAGS
from samples import container, exchange, inspected

# Until the page has drawn what a click has opened.
_OPEN = """async () => {
  const fold = document.querySelector('.labkit-json'), begin = performance.now();
  fold.querySelector('summary').click();
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const taken = performance.now() - begin;
  fold.open = false;
  return taken;
}"""


def rows() -> Iterator[Row]:
    """Measure in this process, and in a Chromium of the benchmark's own."""
    usual = exchange("GET", "/v1.41/containers/web/json", inspected())
    many = exchange("GET", "/v1.41/containers/json?all=1", [container()] * 1000)
    yield _display("display of an inspect", usual, 30)
    yield _display("display of 1000 containers", many, 150)
    megabyte = exchange("GET", "/v1.41/containers/json?all=1", _megabyte())
    assert len(megabyte.response.body) > 10**6
    yield from _browser("JSON of a list of 1 MB opens in Chromium", megabyte)
    wide = exchange("GET", "/v1.41/info", {f"key {n}": {"a": "x" * 400, "b": [n] * 9} for n in range(2300)})
    assert len(wide.response.body) > 10**6
    yield from _browser("JSON of an object of 1 MB opens in Chromium", wide)


def _megabyte() -> list[dict[str, object]]:
    one = container(Labels={f"label {n}": "x" * 100 for n in range(10)})
    return [one] * (10**6 // len(json.dumps(one)) + 1)


def _display(what: str, shown: Exchange, bound: float) -> Row:
    render.bundle(shown)  # the field guide is read once a kernel
    whole, text = turns(31, partial(_timed, lambda: render.bundle(shown)), partial(_timed, lambda: _text(shown)))
    extra = (whole - text) * 1000
    return Row(what, "its text form alone", whole * 1000, text * 1000, "ms", extra, bound, "ms more")


def _text(shown: Exchange) -> object:
    grid = tables.grid(shown)
    return render.headline(shown), shown.curl, tables.draw.plain(grid, render.rows(grid))


def _timed(call: object) -> float:
    begin = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - begin


def _browser(what: str, shown: Exchange) -> Iterator[Row]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            page = browser.new_page()
            page.set_content(f"<!doctype html><body>{render.bundle(shown)['text/html']}</body>")
            (median,) = turns(11, partial(_opened, page))
            yield Row(what, "–", median, None, "ms", median, 300, "ms")
        finally:
            browser.close()


def _opened(page: Page) -> float:
    return float(page.evaluate(_OPEN))
