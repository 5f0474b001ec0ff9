"""The stage of a unit, derived from parallel facts (docs/domain.md) and never stored: first match wins.

An unknown facet is None. Only events set a facet; it is never inferred from a later stage.
Held by tests/unit/events/test_stage.py.
"""

from dataclasses import dataclass
from typing import Literal, get_args

Stage = Literal[
    "registered",
    "surveyed",
    "rights_confirmed",
    "valued",
    "negotiating",
    "ready",
    "pre_registered",
    "signed",
    "effective",
    "moving",
    "handed_over",
    "paid",
    "title_cancelled",
    "demolished",
    "rescinded",
    "void",
]
STAGES: tuple[Stage, ...] = get_args(Stage)
COUNTED = frozenset({"signed", "effective", "performed"})  # states of an agreement that count towards a threshold
DONE: frozenset[Stage] = frozenset(STAGES[STAGES.index("signed") : STAGES.index("demolished") + 1])


@dataclass(frozen=True)
class Facets:
    """What is known of one case. The names are those of docs/domain.md."""

    survey: str | None = None
    rights: str | None = None
    valuation: str | None = None
    negotiation: str | None = None
    agreement: str | None = None
    vacate: str | None = None
    payment: str | None = None
    title: str | None = None
    demolition: str | None = None


def stage(facets: Facets) -> Stage:
    rules: tuple[tuple[Stage, bool], ...] = (
        ("demolished", facets.demolition == "demolished"),
        ("title_cancelled", facets.title == "cancelled"),
        ("paid", facets.payment in {"paid", "reconciled"}),
        ("handed_over", facets.vacate == "accepted"),
        ("moving", facets.vacate in {"tenant_clearing", "vacated", "rejected"}),
        ("effective", facets.agreement in {"effective", "performed"}),
        ("signed", facets.agreement == "signed"),
        ("rescinded", facets.agreement == "rescinded"),
        ("void", facets.agreement == "void"),
        ("pre_registered", facets.agreement == "pre_registered"),
        ("ready", facets.agreement == "locked"),
        (
            "negotiating",
            facets.agreement in {"drafted", "reviewed"} or facets.negotiation not in {None, "not_contacted"},
        ),
        ("valued", facets.valuation in {"published", "accepted", "rechecked"}),
        ("rights_confirmed", facets.rights == "confirmed"),
        ("surveyed", facets.survey == "surveyed"),
    )
    return next((name for name, holds in rules if holds), "registered")
