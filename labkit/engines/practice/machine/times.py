"""Times as HTTP writes them: the standard library's own function would load all of ``email`` at each start."""

from __future__ import annotations

import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(seconds: float) -> str:
    """Return a time, in seconds since 1970, as in RFC 9110, section 5.6.7."""
    at = time.gmtime(seconds)
    clock = time.strftime("%H:%M:%S", at)
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02d} {_MONTHS[at.tm_mon - 1]} {at.tm_year} {clock} GMT"
