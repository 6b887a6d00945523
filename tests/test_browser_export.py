"""A notebook as a page of nbconvert, opened in a real Chromium without a network."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from browser import FLAGS
from nbconvert import HTMLExporter
from playwright.sync_api import sync_playwright
from samples import exchange, inspected

from labkit import render

FONTS = "all => [...new Set(all.map(one => getComputedStyle(one).fontFamily))]"


@pytest.mark.browser
def test_lines_of_a_shell_are_in_a_font_of_equal_widths(tmp_path: Path) -> None:
    """Whatever is to be typed is monospaced, though the page's own style gives <pre> another font."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/web/json", inspected()))
    outputs = [nbformat.v4.new_output("display_data", data=shown)]
    cell = nbformat.v4.new_code_cell("r", outputs=outputs)
    made, _resources = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (tmp_path / "page.html").write_text(made)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_context(offline=True).new_page()
        page.goto((tmp_path / "page.html").as_uri())
        texts = page.locator(".jp-OutputArea-output pre > code")
        assert texts.count() == 5
        assert all(font.endswith("monospace") for font in texts.evaluate_all(FONTS))
        browser.close()
