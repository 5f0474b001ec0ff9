"""The digest on the paper: the same for the same terms, different for any change."""

import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest

from services.signing.domain.terms import TermLine, digest

HOUSING = TermLine("exchange_housing", "area", 0, Decimal("78.2"))
FEE = TermLine("relocation_fee", "once", 260_720, Decimal("65.18"), 4_000)
LINES = (HOUSING, FEE)


def test_the_digest_is_that_of_the_canonical_text_whatever_the_order_of_the_lines():
    canonical = (
        '["mixed","规则3",[["exchange_housing","area",0,"78.20",null],["relocation_fee","once",260720,"65.18",4000]]]'
    )

    for lines in (LINES, LINES[::-1]):
        assert digest(lines, form="mixed", rule_set_version="规则3") == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "changed",
    [
        {"head": "relocation_fees"},
        {"kind": "monthly"},
        {"amount_fen": 260_721},
        {"quantity": None},
        {"quantity": Decimal("65.19")},
        {"unit_price_fen": None},
        {"unit_price_fen": 4_001},
    ],
    ids="".join,
)
def test_every_field_of_a_line_changes_the_digest(changed):
    other = (HOUSING, replace(FEE, **changed))

    assert digest(other, form="mixed", rule_set_version="3") != digest(LINES, form="mixed", rule_set_version="3")


@pytest.mark.parametrize("terms", [("exchange", "3"), ("mixed", "4")])
def test_form_and_rule_set_change_the_digest(terms):
    form, rule_set_version = terms

    other = digest(LINES, form=form, rule_set_version=rule_set_version)
    assert other != digest(LINES, form="mixed", rule_set_version="3")
