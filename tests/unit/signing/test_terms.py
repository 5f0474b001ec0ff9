"""Terms: which lines are whole, and the digest on the paper, the same for the same terms and different for any change."""

import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest

from services.signing.domain.terms import TermLine, digest, flaw, series_of, total_once_fen

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


@pytest.mark.parametrize(("form", "series"), [("cash", "cash"), ("exchange", "exchange"), ("mixed", "exchange")])
def test_a_form_with_housing_is_of_the_housing_series(form, series):
    assert series_of(form) == series


def test_only_what_is_paid_once_is_in_the_total():
    lines = (*LINES, TermLine("reward", "once", 100), TermLine("resettlement_fee", "monthly", 325_900))

    assert total_once_fen(lines) == 260_820


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (LINES, None),
        ((), "terms-missing"),
        ((*LINES, replace(FEE, amount_fen=1, quantity=None)), "head-twice"),
        ((replace(HOUSING, quantity=Decimal("0.01")),), None),
        ((replace(HOUSING, quantity=Decimal(0)),), "area-line-wrong"),
        ((replace(HOUSING, quantity=Decimal(-1)),), "area-line-wrong"),
        ((replace(HOUSING, quantity=None),), "area-line-wrong"),
        ((replace(HOUSING, amount_fen=1),), "area-line-wrong"),
        ((replace(FEE, amount_fen=260_721),), "amount-not-quantity-times-price"),
        ((HOUSING, replace(FEE, amount_fen=260_719)), "amount-not-quantity-times-price"),
        ((replace(FEE, quantity=None, amount_fen=5),), None),
        ((replace(FEE, unit_price_fen=None, amount_fen=5),), None),
    ],
)
def test_a_flaw_of_the_terms_is_named_by_its_code(lines, code):
    assert flaw(lines) == code


@pytest.mark.parametrize(("quantity", "fen"), [("0.49", 0), ("0.50", 1), ("1.49", 1), ("1.50", 2), ("2.50", 3)])
def test_an_amount_is_rounded_half_up_to_whole_fen(quantity, fen):
    line = replace(FEE, quantity=Decimal(quantity), unit_price_fen=1)

    assert replace(line, amount_fen=fen).flaw() is None
    assert replace(line, amount_fen=fen + 1).flaw() == "amount-not-quantity-times-price"
