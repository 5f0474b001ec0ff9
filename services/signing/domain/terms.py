"""The terms of an agreement: typed lines, and the digest printed at the foot of every page.

Invariant: money is whole fen, areas have two places, and the digest depends only on the lines, the form and the version of
the rule set, so that paper and screen can be compared years later.
Left to others: how an amount comes about (the rule set).
Held by tests/unit/signing/test_terms.py.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from shared.events.terms import Series

LineKind = Literal["once", "monthly", "area"]
Form = Literal["exchange", "cash", "mixed"]


@dataclass(frozen=True)
class TermLine:
    """One head of the compensation. `once` and `monthly` carry fen, `area` carries m² in `quantity` and no money."""

    head: str
    kind: LineKind
    amount_fen: int
    quantity: Decimal | None = None
    unit_price_fen: int | None = None

    def flaw(self) -> str | None:
        if self.kind == "area":
            return None if self.quantity and self.quantity > 0 and not self.amount_fen else "area-line-wrong"
        if self.quantity is None or self.unit_price_fen is None:
            return None
        product = (self.quantity * self.unit_price_fen).quantize(Decimal(1), ROUND_HALF_UP)
        return None if product == self.amount_fen else "amount-not-quantity-times-price"


def series_of(form: Form) -> Series:
    """The series of a form of compensation: any form with housing belongs to the housing series."""
    return "cash" if form == "cash" else "exchange"


def flaw(lines: Sequence[TermLine]) -> str | None:
    if not lines:
        return "terms-missing"
    if len({line.head for line in lines}) < len(lines):
        return "head-twice"
    return next((code for line in lines if (code := line.flaw())), None)


def digest(lines: Sequence[TermLine], *, form: Form, rule_set_version: str) -> str:
    """SHA-256 in hex over the canonical JSON of the lines in the order of their heads."""
    canonical = [
        [line.head, line.kind, line.amount_fen, _two_places(line.quantity), line.unit_price_fen]
        for line in sorted(lines, key=lambda line: line.head)
    ]
    whole = json.dumps([form, rule_set_version, canonical], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()


def total_once_fen(lines: Sequence[TermLine]) -> int:
    return sum(line.amount_fen for line in lines if line.kind == "once")


def _two_places(quantity: Decimal | None) -> str | None:
    return None if quantity is None else f"{quantity:.2f}"
