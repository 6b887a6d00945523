"""The field guide: what a field of an answer means, in one sentence."""

from __future__ import annotations

from . import reference
from .messages import _


def meaning(template: str, path: tuple[str, ...]) -> str:
    """Return what a field of an answer means; empty when it isn't known.

    Parameters
    ----------
    template: the endpoint's path as `labkit.api.template` gives it, such as ``/containers/{id}/json``.
    path: the names that lead to the field, from the top of the JSON; an item of a list
        is ``[]``.  Where the API lets people choose the keys (labels, networks by
        name), any key will do.

    A line of a stream is looked up like an answer of its own.
    """
    top = reference.answers().get(template)
    found = reference.find(top, path) if top and path else None
    if found is None or not found[0].text:
        return ""
    here, kind = found
    return _(here.each if here.each and kind != here.kind else here.text)
