"""Pictures of what an engine holds: plain data in, text, HTML and SVG out.

`facts` reads the API's answers; `survey` is the one module that asks for them; each of the
others draws one thing.  All are laid out by hand in rows and columns and sorted by name,
so that the same engine gives the same bytes.
"""

from .picture import Picture

__all__ = ["Picture"]
