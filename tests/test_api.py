"""What is known of the API's endpoints."""

from __future__ import annotations

import pytest

from labkit import api


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/containers/json", "/containers/json"),
        ("GET", "/containers/web/json", "/containers/{id}/json"),
        ("GET", "/images/json", "/images/json"),
        ("GET", "/images/search", "/images/search"),
        ("GET", "/images/a.b:5000/library/busybox:1/json", "/images/{name}/json"),
        ("DELETE", "/images/library/busybox", "/images/{name}"),
        ("POST", "/images/127.0.0.1:5000/a/push", "/images/{name}/push"),
        ("GET", "/networks/front", "/networks/{id}"),
        ("GET", "/containers/a/b/json", None),
        ("PATCH", "/containers/json", None),
    ],
)
def test_endpoint_of_a_path(method: str, path: str, wanted: str | None) -> None:
    """The endpoint of a path is found; an image's name may hold slashes, an id may not."""
    assert api.template(method, path) == wanted


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/container/json", "/containers/json"),
        ("GET", "/containers/web/jsn", "/containers/web/json"),
        ("POST", "/containers/web/strat", "/containers/web/start"),
        ("GET", "/volume", "/volumes"),
        ("GET", "/containers/create", "POST /containers/create"),
        ("GET", "/containers/web/start", "POST /containers/web/start"),
        ("POST", "/infos", "/info"),
        ("GET", "/nothing/like/it/at/all/here", None),
    ],
)
def test_nearest_path(method: str, path: str, wanted: str | None) -> None:
    """For a typo the nearest path is offered, with the learner's own names in it; for a wrong method, the right one."""
    assert api.nearest_call(method, path) == wanted


@pytest.mark.parametrize(
    ("path", "query", "wanted"),
    [
        ("/events", {}, True),
        ("/events", {"until": "1"}, False),
        ("/containers/x/stats", {}, True),
        ("/containers/x/stats", {"stream": "false"}, False),
        ("/containers/x/logs", {"stdout": "1"}, False),
        ("/containers/x/logs", {"follow": "true"}, True),
        ("/containers/x/logs", {"follow": "yes"}, True),
        ("/containers/x/logs", {"follow": "None"}, False),
        ("/containers/x/attach", {"stream": "1"}, True),
        ("/containers/x/attach", {"logs": "1"}, False),
        ("/info", {}, False),
    ],
)
def test_answers_without_an_end(path: str, query: dict[str, str], wanted: bool) -> None:
    """Which answers go on until somebody stops them."""
    assert api.endless(path, query) is wanted


@pytest.mark.parametrize(
    ("method", "path", "offered"),
    [
        ("GET", "/images/busybox", "/images/busybox/json"),
        ("POST", "/networks/back", "/networks/back/connect"),
        ("POST", "/containers/web", "/containers/web/start"),
        ("GET", "/volumes/data/json", "/volumes/data"),
        ("GET", "/networks/back/json", "/networks/back"),
    ],
)
def test_a_name_with_too_little_or_too_much_behind_it(method: str, path: str, offered: str) -> None:
    """What is offered is of the same kind of thing, and holds the name that was asked for."""
    assert api.nearest_call(method, path) == offered
