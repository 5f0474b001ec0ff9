"""The shell of every page: tokens, glyphs, type, header, languages, figures.

Invariant: every page names its as-of at the top right, and its feed number and lag where its figures come from the feed; no page needs
an inline script or style; whatever is printed comes from a catalogue that has all three languages.
Left to others: what a page says (each service's own `web/`).
"""

from shared.web.shell import Person, Shell, shell

__all__ = ["Person", "Shell", "shell"]
