"""What freshly run output adds to an exchange's HTML: tabs, copy buttons and a search.

All of it is constant: a style sheet that reaches no further than the exchange it stands in, and
handlers of a line that read the page beside them.  Nothing of an Engine is ever in it.  Where a
sanitizer takes it out (an untrusted notebook, a viewer), folds stay folds, and the controls
stay hidden: the style sheet alone shows them.

Sources: https://developer.mozilla.org/docs/Web/CSS/@scope and
https://developer.mozilla.org/docs/Web/CSS/::details-content
"""

from __future__ import annotations

from .messages import _
from .safe import escape

# :scope is the exchange that holds the style sheet.  Without ::details-content (an older browser)
# the folds stay one below the other.  Where no script may run, no control is shown.  VS Code paints
# what is behind <code>, which would make each line of a block a stripe.
STYLE = """<style>@scope {
@media (scripting) { .labkit-live { display: inline-block !important; font: inherit; font-size: 0.9em; color: inherit;
  background: transparent; border: 1px solid gray; border-radius: 3px; padding: 1px 8px; margin: 2px 0; } }
input[type=search].labkit-live { min-width: 20em; }
input.labkit-live::placeholder { color: inherit; opacity: 0.8; }
input[type=button].labkit-live { float: right; cursor: pointer; }
input[type=button].labkit-live:hover { background: rgba(128, 128, 128, 0.25); }
pre code { background: none; padding: 0; }
summary { cursor: pointer; }
:is(summary, input):focus-visible { outline: 2px solid; outline-offset: 1px; }
@supports selector(details::details-content) {
.labkit-parts { display: flex; flex-wrap: wrap; border-top: 1px solid gray; margin: 8px 0 0; }
.labkit-parts > details { display: contents; }
.labkit-parts > details > summary { list-style: none; padding: 3px 12px; border-top: 3px solid transparent; }
.labkit-parts > details > summary:hover { background: rgba(128, 128, 128, 0.25); }
.labkit-parts > details[open] > summary { border-top-color: currentColor; font-weight: bold; }
.labkit-parts > details::details-content { order: 1; flex: 0 0 100%; min-width: 0; }
.labkit-parts > details:not([open])::details-content { display: none; }
}
@media print { .labkit-live { display: none !important; } }
}</style>"""

# Over plain HTTP there is no clipboard: the text is selected then, for the keyboard to copy.
_COPY = (
    "const button = event.target, said = button.value, text = button.parentElement.querySelector('pre'), "
    "select = () => getSelection().selectAllChildren(text); "
    "if (navigator.clipboard) navigator.clipboard.writeText(text.textContent).then("
    "() => { button.value = '✓'; setTimeout(() => { button.value = said; }, 1500); }, select); "
    "else select();"
)

# Enter on a summary is a click too.  One part is open at a time, as with tabs.
CLICK = (
    f"if (event.target.matches('input[type=button]')) {{ {_COPY} }} "
    "const part = event.target.closest('.labkit-parts > details > summary')?.parentElement; "
    "if (part) for (const other of part.parentElement.children) if (other !== part) other.open = false"
)

# Shows what holds the words, what is in it, and what it is in.
SEARCH = (
    "(function show(list, words, above) { let any = false; for (const item of list.children) { "
    "const fold = item.querySelector(':scope > details'), inner = fold && fold.querySelector(':scope > ul'); "
    "const has = (fold ? fold.firstElementChild : item).textContent.toLowerCase().includes(words); "
    "const below = inner ? show(inner, words, above || has) : false; "
    "item.hidden = !(has || below || above); if (fold) fold.open = words !== '' && below; "
    "any = any || has || below; } return any; })"
    "(event.target.parentElement.querySelector('ul'), event.target.value.toLowerCase(), false)"
)

# JupyterLab takes keys for its own, Enter too, but for what stands in an element marked so.
ATTRIBUTES = f'data-lm-suppress-shortcuts="true" onclick="{escape(CLICK)}" oninput="{escape(SEARCH)}"'
"""Attributes of the element that holds the exchange; the handlers stand there once for all."""


def copy_button() -> str:
    """Return a button that copies the ``<pre>`` beside it; hidden without the style sheet."""
    return _control(f'type="button" value="{escape(_("Copy"))}"')


def search_box() -> str:
    """Return a field that searches the tree beside it; hidden without the style sheet."""
    said = escape(_("Search keys and values"))
    return _control(f'type="search" placeholder="{said}" aria-label="{said}"')


def _control(attributes: str) -> str:
    # A sanitizer keeps the attribute only with a value, and the style only where it keeps styles.
    return f'<input class="labkit-live" hidden="hidden" style="display: none;" {attributes}>'
