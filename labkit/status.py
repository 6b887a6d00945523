"""What each status code means in the Engine API's terms: the one place that says it.

Source: https://docs.docker.com/reference/api/engine/version/v1.51/ and RFC 9110 section 15.
"""

from __future__ import annotations

from .messages import _

_MEANINGS = {
    101: _("the connection is handed over: from here on it carries the container's input and output"),
    200: _("it worked"),
    201: _("it was made"),
    202: _("it was taken on, and goes on"),
    204: _("it was done; there is nothing more to say"),
    304: _("it is so already; nothing was changed"),
    307: _("look elsewhere: the header Location says where"),
    400: _("the Engine cannot make sense of the request"),
    401: _("who you are must be proved first"),
    403: _("the Engine does not allow this"),
    404: _("there is no such thing, or no such path"),
    405: _("this path does not know this method"),
    406: _("this cannot be given in the form that was asked for"),
    409: _("this conflicts with the state that the thing is in"),
    413: _("the body is too large"),
    415: _("the body is of a kind that is not taken here"),
    429: _("too many requests; wait, then ask again"),
    500: _("the Engine tried and failed"),
    501: _("this Engine cannot do this"),
    502: _("a server behind the one that was asked gave no good answer"),
    503: _("the Engine is not able to do this now"),
}
_CLASSES = {
    1: _("go on"),
    2: _("done"),
    3: _("look elsewhere"),
    4: _("something is wrong with the request"),
    5: _("something is wrong on the other side"),
}


def meaning(status: int) -> str:
    """Return what a status means, as the second half of a sentence."""
    return _MEANINGS.get(status) or _CLASSES.get(status // 100, _("not a status that HTTP knows"))
