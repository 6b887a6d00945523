"""The seal of a report: what makes a change to it visible.

Each entry of the journal carries a digest over itself and the one before; an Ed25519
signature covers the whole.  Nothing here reads or writes a file.

Source: RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from .exercises.journal import Entry
from .exercises.standing import Standing, standings

CHANGED = "changed"
"""The signature does not fit."""
DISAGREES = "disagrees"
"""It fits, and the table is not what the journal adds up to."""


def sealed(report: dict[str, Any], secret: bytes) -> dict[str, Any]:
    """Return a report with its public key and signature.

    Parameters
    ----------
    secret: the learner's key.
    """
    report = {**report, "key": public(secret).hex()}
    return {**report, "signature": base64.b64encode(_private(secret).sign(_canonical(report))).decode()}


def public(secret: bytes) -> bytes:
    """Return the public half that belongs to a learner's key."""
    half: bytes = _private(secret).public_key().public_bytes_raw()
    return half


def problem(report: dict[str, Any]) -> str:
    """Return ``""`` for a report that is as labkit wrote it, else `CHANGED` or `DISAGREES`.  Never raises."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    unsigned = {name: value for name, value in report.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(report["key"]))
        key.verify(base64.b64decode(report.get("signature", "")), _canonical(unsigned))
        entries = [bare(entry) for entry in report["journal"]]
        whole = [entry["digest"] for entry in chained(entries)]
        agree = whole == [entry["digest"] for entry in report["journal"]] and _agrees(report["exercises"], entries)
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return CHANGED
    return "" if agree else DISAGREES


def chained(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries, each with a digest over itself and the one before."""
    digest, made = "", []
    for entry in entries:
        digest = hashlib.sha256(digest.encode() + _canonical(entry)).hexdigest()
        made.append({**entry, "digest": digest})
    return made


def bare(entry: Entry) -> Entry:
    """Return an entry without its digest."""
    return {name: value for name, value in entry.items() if name != "digest"}


def _agrees(table: list[dict[str, Any]], entries: list[Entry]) -> bool:
    found = standings(entries)
    for row in table:
        standing = found.get(row["id"], Standing())
        if (row["state"], row["attempts"], row["hints"], row["solution_shown"], row["passed"]) != (
            standing.state, standing.attempts, standing.hints, standing.solved, standing.passed,
        ):  # fmt: skip
            return False
    return len({row["id"] for row in table}) == len(table)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _private(secret: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(hmac.new(secret, b"report", "sha256").digest())
