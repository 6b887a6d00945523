"""How far a pull, push or build has come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.bars import Bars


def bars(*lines: dict[str, Any]) -> Bars:
    """Return the bars after these lines."""
    made = Bars()
    for line in lines:
        made.feed(line)
    return made


def layer(name: str, status: str, current: int | None = None, total: int | None = None) -> dict[str, Any]:
    """Return a line on one layer."""
    return {
        "id": name,
        "status": status,
        "progressDetail": {} if total is None else {"current": current, "total": total},
    }


def test_a_layer_goes_from_nothing_to_all() -> None:
    """A layer's bar follows its bytes, begins again with each stage, and is full when it is done."""
    made = bars()
    parts = []
    for line in (
        layer("a", "Pulling fs layer"),
        layer("a", "Downloading", 25, 100),
        layer("a", "Download complete"),
        layer("a", "Extracting", 50, 100),
        layer("a", "Pull complete"),
    ):
        made.feed(line)
        parts.append(made.all["a"].part)
    assert parts == [0.0, 0.25, 0.0, 0.5, 1.0]


def test_the_total_counts_each_layer() -> None:
    """The bar of all is the mean of the layers, whatever their sizes."""
    assert bars(layer("a", "Pull complete"), layer("b", "Downloading", 1, 2)).part == 0.75
    assert bars().part == 0.0


@pytest.mark.parametrize("status", ["Already exists", "Pushed", "Layer already exists", "Mounted from a/b"])
def test_what_need_not_be_done_is_done(status: str) -> None:
    """A layer that is there already is done."""
    assert bars(layer("a", status)).all["a"].done


def test_what_is_said_of_no_layer_has_no_bar() -> None:
    """Lines on the whole, and the name of a tag, are no layers."""
    made = bars({"status": "Pulling from a", "id": "latest"}, {"status": "Digest: x"}, {"aux": {}}, {"stream": "text"})
    assert made.all == {}


def test_a_build_counts_its_steps() -> None:
    """A build has one bar, of its steps."""
    (bar,) = bars({"stream": "Step 1/4 : FROM a"}, {"stream": " ---> x"}, {"stream": "Step 3/4 : RUN b\n"}).all.values()
    assert (bar.current, bar.total, bar.status) == (3, 4, "Step 3/4 : RUN b")


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "id": st.none() | st.text(max_size=3) | st.integers(),
                "status": st.none() | st.text(max_size=5),
                "stream": st.none() | st.sampled_from(["Step 0/0 : x", "Step 9/3 : x", ""]),
                "progressDetail": st.none()
                | st.text(max_size=2)
                | st.fixed_dictionaries({"current": st.none() | st.integers(), "total": st.floats() | st.integers()}),
            },
        ),
        max_size=5,
    )
)
def test_whatever_is_told_a_bar_stays_a_bar(lines: list[dict[str, Any]]) -> None:
    """No line breaks a bar, and it is never below nothing or above all."""
    made = bars(*lines)
    assert all(0.0 <= bar.part <= 1.0 for bar in made.all.values())
    assert 0.0 <= made.part <= 1.0
