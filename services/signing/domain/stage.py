"""The stage of a case (shared/events/stage.py), as far as signing knows the facets so far; the later stages join as their facets do.

Held by tests/contract/service/test_stages.py.
"""

from typing import Literal, cast

from shared.events import stage as stages
from shared.events.stage import Facets

Stage = Literal[
    "effective", "signed", "rescinded", "void", "pre_registered", "ready", "negotiating", "rights_confirmed", "registered"
]  # fmt: skip


def stage(*, agreement: str | None, rights: str) -> Stage:
    """`agreement` is the state of the live agreement, else of the last one, None when there was none."""
    return cast("Stage", stages.stage(Facets(agreement=agreement, rights=rights)))
