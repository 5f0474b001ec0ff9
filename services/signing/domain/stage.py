"""The stage of a case, derived from its facets and never stored: first match wins (product.md 3.2).

Only the stages whose facets signing knows so far; the later ones (moving, paid …) join as their facets do. The same facets give the same
stage on every screen (tests/contract/service/test_stages.py).
"""

from typing import Literal

Stage = Literal[
    "effective", "signed", "rescinded", "void", "pre_registered", "ready", "negotiating", "rights_confirmed", "registered"
]  # fmt: skip
_BY_AGREEMENT: dict[str, Stage] = {
    "performed": "effective",
    "effective": "effective",
    "signed": "signed",
    "rescinded": "rescinded",
    "void": "void",
    "pre_registered": "pre_registered",
    "locked": "ready",
    "reviewed": "negotiating",
    "drafted": "negotiating",
}


def stage(*, agreement: str | None, rights: str) -> Stage:
    """`agreement` is the state of the live agreement, else of the last one, None when there was none."""
    if agreement in _BY_AGREEMENT:
        return _BY_AGREEMENT[agreement]
    return "rights_confirmed" if rights == "confirmed" else "registered"
