"""Text from an Engine is made harmless."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HOSTILE

from labkit.safe import decode, escape, harmless, without_secrets


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    """Of control characters, only tab and newline stay; all else stays as it is."""
    made = harmless(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", made)
    made.encode()
    if text.isprintable():
        assert made == text


@given(st.text())
def test_making_harmless_twice_changes_nothing(text: str) -> None:
    """What is harmless stays as it is."""
    assert harmless(harmless(text)) == harmless(text)


@given(st.binary())
def test_any_bytes_become_text(data: bytes) -> None:
    """Any bytes can be read as harmless text."""
    assert decode(data) == harmless(data.decode("utf-8", "replace"))


def test_pictures() -> None:
    """Escapes become pictures of themselves; line ends of a terminal become plain ones."""
    assert harmless("\x1b[31mred\x1b[0m\r\n\x00\x7f") == "␛[31mred␛[0m\n␀␡"
    assert harmless("\r50 %\r100 %") == "␍50 %␍100 %"


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_is_no_markup(text: str) -> None:
    """Escaped text has none of the characters that begin a tag or end an attribute."""
    assert not set(escape(text)) & set("<>\"'\x1b\u202e")


def test_escape_takes_anything() -> None:
    """A number or None is written as text."""
    assert escape(None) == "None"
    assert escape(5) == "5"


def test_tokens_are_hidden() -> None:
    """Tokens that a login hands out are hidden, what else an answer has is not."""
    answer = {"Status": "ok", "IdentityToken": "s", "token": "t", "expires_in": 60, "access_token": ""}
    assert without_secrets(answer) == answer | {"IdentityToken": "***", "token": "***"}
