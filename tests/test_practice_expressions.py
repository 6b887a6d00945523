"""Regular expressions in the practice engine's containers: what they match, and that none holds the engine up."""

from __future__ import annotations

import pytest
from practicehelp import SLOW_SECONDS, Clock, slowest_turn


@pytest.fixture(scope="module")
def engine() -> Clock:
    """One engine for all."""
    return Clock()


# What Debian's busybox prints for the same.
@pytest.mark.parametrize(
    ("script", "printed"),
    [
        (r"printf 'foobar\n' | grep -oE 'foo|foobar'", "foobar\n"),
        (r"printf 'baaac\n' | sed 's/a*/x/g'", "xbxcx\n"),
        (r"printf 'abc abd\n' | sed -E 's/(a)(b)/\2\1/g'", "bac bad\n"),
        (r"printf 'abc abd\n' | sed 's/\(a\)\(b\)/[\2&\1]/2'", "abc [baba]d\n"),
        (r"printf 'a+b\naab\n' | grep 'a+b'", "a+b\n"),
        (r"printf 'a+b\naab\n' | grep 'a\+b'", "aab\n"),
        (r"printf 'a*b\n' | grep '*b'", "a*b\n"),
        (r"printf 'a]b\n' | grep 'a[]]b'", "a]b\n"),
        (r"printf 'a\\b\n' | grep 'a[\]b'", "a\\b\n"),
        (r"printf 'x{1\n' | grep -E 'x{1'", "x{1\n"),
        (r"printf 'xxxx\n' | grep -oE 'x{,3}'", "xxx\nx\n"),
        (r"printf 'xxx\n' | grep -o 'x\{2,\}'", "xxx\n"),
        (r"printf 'onetwo\n' | grep -w 'two'; echo $?", "1\n"),
        (r"printf 'one\nonetwo\n' | grep -x 'one'", "one\n"),
        (r"printf 'a1b22\n' | grep -o '[[:digit:]]\+'", "1\n22\n"),
        (r"printf 'foo bar\n' | sed 's/\<b/X/;s/o\>/Y/'", "foY Xar\n"),
        (r"printf 'd1\n' | grep -c '\d'", "1\n"),
        (r"printf 'a^b\n' | grep 'a^b'", "a^b\n"),
        (r"printf 'ab\n' | grep -oE '(^a|b$)'", "a\nb\n"),
        (r"printf 'aaab\n' | sed -E 's/a+?b/x/'", "x\n"),
        (r"printf 'a\nb\nc\nb\n' | grep -m 1 b", "b\n"),
        (r"printf 'äöü\n' | sed 's/ö/o/'", "äoü\n"),
        (r"printf 'a12b\n' | awk -F'[0-9]+' '{print $2}'", "b\n"),
        (r"printf 'x|y\n' | awk -F'|' '{print $2}'", "y\n"),
        (r"printf 'a1\nb2\n' | awk '$1 ~ /^b/{print \"x\" $1}'".replace(r"\"", '"'), "xb2\n"),
    ],
)  # fmt: skip
def test_matches(engine: Clock, script: str, printed: str) -> None:
    """An expression matches what one of POSIX does: the longest at the leftmost place."""
    assert engine.sh(script) == printed


MANY = "n=0; x=a; while [ $n -lt 13 ]; do x=$x$x; n=$((n+1)); done; "
"""Leaves 8192 letters in ``$x``."""


@pytest.mark.parametrize(
    "script",
    [
        "echo ${x}b | grep -E '^(a*)*$'",
        "echo ${x}b | grep -E '(a|aa)+$'",
        "echo ${x}b | grep '^\\(a*\\)*$'",
        "echo ${x}b | sed -E 's/^(([a-z])+.)+[A-Z]([a-z])+$/x/' | wc -c",
        "echo ${x}b | awk '/^(a|a?)+$/{print}'",
        "echo ${x}b | awk -F '(a*)*c' '{print NF}'",
        "echo ${x} | sed 's/a.*b\\|a/xx/g' | wc -c",
        "echo ${x} | grep -E '((a?){100}){9}b'",
        "for n in 1 2 3 4; do x=$x$x; done; echo $x | grep -E '((a?){100}){9}b'",
        "echo a | sed '" + "s/.*/&&/;" * 40 + "' | wc -c",
        "echo a | sed 'h;" + "G;h;" * 40 + "' | wc -c",
        "echo a | grep -E '((((a{900}){900}){900}){900}){900}'",
        "echo a | grep -E '" + "(" * 2000 + "a" + ")" * 2000 + "'",
    ],
    ids=lambda script: script[:50],
)
def test_no_expression_holds_the_engine_up(engine: Clock, script: str) -> None:
    """What takes for ever, or all memory, with a backtracking matcher ends soon, or is refused in a sentence."""
    with slowest_turn(engine) as slowest:
        engine.sh(MANY + script)
    assert slowest[0] < SLOW_SECONDS


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (r"echo aa | grep '\(a\)\1'", "back references"),
        ("echo a | grep -E '(a'", "Unmatched ("),
        ("echo a | grep '[a'", "Unmatched ["),
        (r"echo a | sed 's/a/\1/'", "invalid reference"),
        ("echo a | grep -E 'a{5000}'", "bad regex"),
        (r"echo a | grep 'a\'", "Trailing backslash"),
        ("echo a | awk '/(/{print}'", "Unmatched"),
    ],
)
def test_refused(engine: Clock, script: str, said: str) -> None:
    """What can't be used is refused in one line."""
    out = engine.sh(script)
    assert said in out
    assert out.count("\n") == 1
