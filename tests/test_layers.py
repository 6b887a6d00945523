"""labkit.layers: an image's history as a picture."""

from __future__ import annotations

import re

import pytest

from labkit.layers import WIDTH, layers

CLASSIC = [
    {"CreatedBy": "/bin/sh -c #(nop)  LABEL docker-api-lab=03", "Size": 0, "Tags": ["site:1"]},
    {"CreatedBy": '/bin/sh -c #(nop)  CMD ["httpd" "-f"]', "Size": 0, "Tags": None},
    {"CreatedBy": "/bin/sh -c head -c 300000 /dev/zero > /data", "Size": 300_000, "Tags": None},
    {"CreatedBy": f"/bin/sh -c #(nop) COPY file:{'5d' * 32} in /www/index.html ", "Size": 12, "Tags": None},
    {"CreatedBy": "", "Comment": "Imported from -", "Size": 2_000_000, "Tags": ["busybox:latest"]},
]


def test_text_has_a_line_a_step() -> None:
    """The text names the steps as a Dockerfile does, with sizes, the newest first."""
    title, *rows = repr(layers(CLASSIC)).splitlines()
    assert title == "5 steps, 3 of them with content, 2.3 MB in all"
    assert [re.sub(r" +[▏▎▍▌▋▊▉█]* +", " | ", row.strip(), count=0) for row in rows] == [
        "0 B | LABEL docker-api-lab=03",
        '0 B | CMD ["httpd" "-f"]',
        "300 kB | RUN head -c 300000 /dev/zero > /data",
        "12 B | COPY file in /www/index.html",
        "2.0 MB | Imported from -",
    ]


def test_bars_are_in_proportion() -> None:
    """The largest layer fills the width, half of it half, a tiny one still shows, none shows nothing."""
    steps = [{"CreatedBy": "x", "Size": size} for size in (1_000_000, 500_000, 1, 0)]
    bars = [re.sub(r"[^▏▎▍▌▋▊▉█]", "", row) for row in repr(layers(steps)).splitlines()[1:]]
    assert bars == ["█" * WIDTH, "█" * (WIDTH // 2), "▏", ""]


def test_buildkit_steps_read_the_same() -> None:
    """Steps of both builders lose what the builder put around them."""
    both = [
        {"CreatedBy": "RUN /bin/sh -c apk add git # buildkit", "Size": 1},
        {"CreatedBy": "/bin/sh -c apk add git", "Size": 1},
        {"CreatedBy": "COPY page.html /www/ # buildkit", "Size": 1},
    ]
    assert [s.made_by for s in layers(both).steps] == ["RUN apk add git", "RUN apk add git", "COPY page.html /www/"]


def test_html_is_escaped_and_sanitizer_safe() -> None:
    """What an image's maker wrote becomes text, and the HTML holds nothing that a sanitizer would take out."""
    html = layers([{"CreatedBy": "<script>alert(1)</script>\x1b[31m & more", "Size": 5}])._repr_mimebundle_()[
        "text/html"
    ]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;␛[31m &amp; more" in html
    assert not re.search(r"<(script|style|svg)|\bon\w+=|\bid=|data-", html)
    # What JupyterLab 4.6 lets through: it looks at the values too.
    allowed = r"text-align: (left|right)|width: \d+(em|%)|height: 1em|background-color: #[0-9a-f]{6}"
    styles = [style for found in re.findall(r'style="([^"]*)"', html) for style in found.split("; ")]
    assert styles
    assert all(re.fullmatch(allowed, style) for style in styles)


def test_long_steps_are_cut() -> None:
    """A step longer than a line is cut, with a mark that it was."""
    (step,) = layers([{"CreatedBy": "/bin/sh -c " + "a" * 500, "Size": 1}]).steps
    assert step.made_by.endswith("…")
    assert len(step.made_by) == 60


@pytest.mark.parametrize(
    ("history", "title"),
    [
        ([], "0 steps, 0 of them with content, 0 B in all"),
        ([{}], "1 steps, 0 of them with content, 0 B in all"),
        ([{"CreatedBy": None, "Size": None, "Comment": None}], "1 steps, 0 of them with content, 0 B in all"),
    ],
)
def test_bare_histories_are_drawn(history: list[dict[str, object]], title: str) -> None:
    """A history with nothing in it, or without the fields that others have, is drawn all the same."""
    assert repr(layers(history)).splitlines()[0] == title
