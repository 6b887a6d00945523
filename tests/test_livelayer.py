"""What freshly run output adds to an exchange, in a real Chromium: tabs, copy buttons, a search."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import FLAGS
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from samples import HOSTILE, container, exchange, inspected

from labkit import livelayer, render

pytestmark = pytest.mark.browser

SHOWN = exchange("GET", "/v1.41/containers/web/json", inspected())
FRESH = render.bundle(SHOWN)["text/html"]
SANITIZED = re.sub(r' (onclick|oninput|data-[\w-]+|aria-label)="[^"]*"', "", FRESH.replace(livelayer.STYLE, ""))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that shows an exchange as freshly run output does; a script of an Engine's would be noted."""
    with browser.new_context(viewport={"width": 1000, "height": 800}) as context:
        opened = context.new_page()
        opened.set_content(f"<!doctype html><body>{FRESH}</body>")
        yield opened


def summary(page: Page, part: str) -> Locator:
    """Return what opens a part."""
    return page.locator(f".labkit-{part} > summary")


def open_parts(page: Page) -> list[str]:
    """Return the names of the parts that are open."""
    return [
        str(name) for name in page.locator(".labkit-parts > details[open]").evaluate_all("e => e.map(x => x.className)")
    ]


def test_parts_are_tabs(page: Page) -> None:
    """The parts stand side by side; opening one closes the other, and shows it over the whole width."""
    tops = [summary(page, part).bounding_box() for part in ("json", "headers", "curl", "python", "docker")]
    assert len({box["y"] for box in tops if box}) == 1
    summary(page, "json").click()
    summary(page, "python").click()
    assert open_parts(page) == ["labkit-python"]
    assert page.locator(".labkit-python pre").is_visible()
    assert not page.locator(".labkit-json ul").first.is_visible()
    row, box = tops[0], page.locator(".labkit-python pre").bounding_box()
    assert row
    assert box
    assert box["x"] < 40
    assert box["y"] > row["y"]


def test_the_keyboard_does_it_all(page: Page) -> None:
    """Each part opens and closes with Enter or the space bar, and a field unfolds its meaning."""
    summary(page, "headers").focus()
    page.keyboard.press("Enter")
    assert open_parts(page) == ["labkit-headers"]
    page.keyboard.press("Space")
    assert open_parts(page) == []
    summary(page, "json").focus()
    for key in ("Enter", "Tab", "Tab", "Enter"):  # the search, then the first field
        page.keyboard.press(key)
    assert page.get_by_text("The container's id: 64 hexadecimal digits").is_visible()
    assert page.get_by_text('lab.get("/containers/').first.is_visible()


def test_a_copy_button_copies_what_stands_beside_it(page: Page) -> None:
    """It gives the text to the clipboard; without a clipboard it selects the text."""
    page.evaluate("() => { window.got = []; navigator.clipboard; }")
    write = "{writeText: text => { window.got.push(text); return Promise.resolve(); }}"
    page.evaluate(f"() => Object.defineProperty(navigator, 'clipboard', {{value: {write}, configurable: true}})")
    page.locator("input[type=button]").first.click()
    summary(page, "docker").click()
    page.locator(".labkit-docker input").click()
    curl, docker = page.evaluate("window.got")
    assert curl.replace(" \\\n ", "") == SHOWN.curl
    assert docker == SHOWN.docker
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.locator(".labkit-docker input").click()
    assert page.evaluate("getSelection().toString()").strip() == SHOWN.docker


def test_the_search_shows_what_it_finds(page: Page) -> None:
    """It opens what leads to a key or a value, hides the rest, and gives all back when it is emptied."""
    summary(page, "json").click()
    search, items = page.get_by_label("Search keys and values"), page.locator(".labkit-json li:visible")
    all_of_it = items.count()
    search.fill("ExitCode")
    keys = page.locator(".labkit-json li:visible > details > summary > strong")
    assert keys.all_inner_texts() == ["State", "ExitCode"]
    search.fill("no such thing")
    assert items.count() == 0
    search.fill("")
    assert items.count() == all_of_it


def test_without_the_live_layer_no_control_is_seen(page: Page) -> None:
    """Sanitized, all parts open by themselves, and no control is visible."""
    page.set_content(f"<!doctype html><body>{SANITIZED}</body>")
    for part in ("json", "headers", "curl", "python", "docker"):
        summary(page, part).click()
    assert len(open_parts(page)) == 5
    assert page.locator("input:visible").count() == 0
    assert page.locator(".labkit-docker pre").is_visible()


def test_without_scripts_no_control_is_seen(browser: Browser) -> None:
    """Where a page may run no script, the controls stay away, and the parts open."""
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.set_content(f"<!doctype html><body>{FRESH}</body>")
        summary(opened, "python").click()
        assert opened.locator(".labkit-python pre").is_visible()
        assert opened.locator("input:visible").count() == 0


def test_hostile_text_runs_nothing(page: Page) -> None:
    """Opened, searched and copied, names of others stay text."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    for text in HOSTILE:
        listed = [container(Names=["/" + text], Labels={text: text})]
        shown = exchange("GET", "/v1.41/containers/json", listed, sent=text.encode(), notes=(text,))
        page.set_content(f"<!doctype html><body>{render.bundle(shown)['text/html']}</body>")
        for part in ("headers", "curl", "python", "docker", "json"):
            summary(page, part).click()
        page.get_by_label("Search keys and values").fill(text)
    assert asked == []
