"""The checklist before the lock. Each item has a stable code, so that a refusal says what is missing.

Invariant: rights confirmed, shares whole, no open area dispute, every mandatory paper there, terms whole (docs/domain.md).
Which papers are mandatory depends on who signs, not on the reviewer.
Held by tests/unit/signing/test_review.py and tests/integration/signing/test_rules.py.
"""

from dataclasses import dataclass, field

from services.signing.domain import terms
from services.signing.domain.hand import PAPER_OF
from services.signing.domain.mandate import Mandate, MandateKind
from services.signing.domain.rights import Rights
from services.signing.domain.terms import TermLine

ALWAYS = ("identity", "title_certificate", "account")


@dataclass(frozen=True)
class Item:
    code: str
    passed: bool
    facts: dict[str, object] = field(default_factory=dict)


def mandatory_papers(rights: Rights, mandates: tuple[Mandate, ...]) -> tuple[str, ...]:
    kinds: set[MandateKind] = {mandate.kind for mandate in mandates if mandate.revoked_at is None}
    kinds |= {"guardian" for holder in rights.holders if not holder.capable}
    kinds |= {"representative" for holder in rights.holders if holder.kind == "organisation"}
    return ALWAYS + tuple(sorted(PAPER_OF[kind] for kind in kinds))


def checklist(  # noqa: PLR0913 - one argument per thing that is looked at
    rights: Rights,
    *,
    rights_state: str,
    area_disputed: bool,
    lines: tuple[TermLine, ...],
    mandates: tuple[Mandate, ...],
    papers: frozenset[str],
) -> tuple[Item, ...]:
    missing = [paper for paper in mandatory_papers(rights, mandates) if paper not in papers]
    return (
        Item("rights-confirmed", rights_state == "confirmed", {"rights": rights_state}),
        Item("shares-whole", rights.flaw() is None, {"flaw": rights.flaw()}),
        Item("no-area-dispute", not area_disputed),
        Item("papers-complete", not missing, {"missing": missing}),
        Item("terms-whole", terms.flaw(lines) is None, {"flaw": terms.flaw(lines)}),
    )
