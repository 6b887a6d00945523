"""What was removed, as it is said."""

from __future__ import annotations

import pytest

from labkit.cleanup import Removed, Thing


def _thing(kind: str, name: str = "x") -> Thing:
    return Thing(kind, name, "0123456789ab")


def test_nothing_is_said_to_be_nothing() -> None:
    """Where there was nothing to remove, a sentence stands in the place of an empty table."""
    assert repr(Removed([])) == "There was nothing to remove."


def test_what_was_removed_is_counted_by_kind() -> None:
    """The sentence counts, and the names are folded beneath it."""
    removed = Removed([(_thing("container", "b"), 204), (_thing("container", "a"), 404), (_thing("network", "n"), 204)])
    assert repr(removed) == "Removed: containers 2, networks 1."
    assert len(removed) == 3
    html = removed._repr_mimebundle_()["text/html"]
    assert html.index("container a") < html.index("container b") < html.index("network n")


@pytest.mark.parametrize("status", [409, 500])
def test_what_the_engine_kept_is_named(status: int) -> None:
    """What could not be removed is named with the Engine's status, and not counted."""
    removed = Removed([(_thing("image", "mine"), status), (_thing("volume"), 204)])
    assert repr(removed) == f"Removed: volumes 1.\nNot removed: image mine; the Engine answered {status}."
    assert [thing.name for thing, _status in removed.refused] == ["mine"]


def test_hostile_names_stay_text() -> None:
    """A name with markup or an escape sequence is shown, and does nothing."""
    removed = Removed([(_thing("image", "<script>\x1b[31m"), 500)])
    bundle = removed._repr_mimebundle_()
    assert "\x1b" not in bundle["text/plain"]
    assert "<script>" not in bundle["text/html"]
