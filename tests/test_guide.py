"""The field guide: what fields of answers mean."""

from __future__ import annotations

import pytest

from labkit.guide import meaning


@pytest.mark.parametrize(
    ("template", "path", "wanted"),
    [
        ("/containers/json", ("[]", "Names"), "each with a slash before it"),
        ("/containers/json", ("[]", "Names", "[]"), "each with a slash before it"),
        ("/containers/{id}/json", ("State", "ExitCode"), "0 for success"),
        ("/containers/{id}/json", ("Config", "Labels", "any.name/at all"), "One label"),
        ("/containers/{id}/json", ("Config", "Labels"), "Labels of the container"),
        ("/containers/{id}/json", ("NetworkSettings", "Networks", "front", "IPAddress"), "on this network"),
        ("/containers/{id}/json", ("NetworkSettings", "Ports", "80/tcp", "[]", "HostPort"), "as text"),
        ("/containers/{id}/json", ("HostConfig", "Memory"), "in bytes"),
    ],
)
def test_meaning(template: str, path: tuple[str, ...], wanted: str) -> None:
    """A field is found by its path, through lists and through keys of the learner's own."""
    assert wanted in meaning(template, path)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/containers/json", ()),
        ("/containers/json", ("Names",)),
        ("/containers/json", ("[]", "names")),
        ("/containers/json", ("[]", "Names", "[]", "x")),
        ("/containers/json", ("[]", "<b>")),
        ("/nothing", ("[]", "Id")),
        ("", ("Id",)),
    ],
)
def test_unknown(template: str, path: tuple[str, ...]) -> None:
    """What isn't known has no meaning, and that is no error."""
    assert meaning(template, path) == ""
