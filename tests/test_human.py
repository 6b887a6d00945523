"""Sizes, ages, ids and times as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import human

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (3400, "3.4 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (12_000_000, "12.0 MB"),
        (25_300_000_000, "25.3 GB"),
        (10**18, "1000 PB"),
        (-1500, "-1.5 kB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    """Sizes are decimal, as the docker command writes them, with at most three digits before the point."""
    assert human.size(count) == said


@given(st.integers(0, 10**15))
def test_sizes_have_one_form(count: int) -> None:
    """One pattern finds every size."""
    assert re.fullmatch(r"\d{1,3}(\.\d)? (B|kB|MB|GB|TB|PB)", human.size(count))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 seconds ago"),
        (0.9, "0 seconds ago"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
        (86400 * 13, "1 week ago"),
        (86400 * 800, "2 years ago"),
    ],
)
def test_ages(seconds: float, said: str) -> None:
    """Ages are in their largest whole unit; a clock that is behind makes nothing negative."""
    assert human.age(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01T00:00:00.123456789Z", NOW + timedelta(microseconds=123456)),
        ("2026-03-01T02:00:00+02:00", NOW),
        ("2026-02-28T23:30:00-00:30", NOW),
        ("2026-03-01T00:00:00.5Z", NOW + timedelta(milliseconds=500)),
        (int(NOW.timestamp()), NOW),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (0, None),
        ("yesterday", None),
    ],
)
def test_moments(written: object, moment: datetime | None) -> None:
    """Times of the API are read with their zone; year 1 and 0 are never."""
    assert human.moment(written) == moment


def test_durations() -> None:
    """Below a second in milliseconds, above in seconds."""
    assert human.took(0.0012) == "1.2 ms"
    assert human.took(3.44) == "3.4 s"


def test_short_ids() -> None:
    """Full ids and digests become 12 digits; names stay."""
    assert human.short("sha256:" + "a" * 64) == "a" * 12
    assert human.short("b" * 64) == "b" * 12
    assert human.short("busybox:latest") == "busybox:latest"
    assert human.short(None) == ""
