"""Does the number of each paper pass its own check, and a wrong number not?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import checkdigits, documents

TODAY = date(2026, 11, 24)


def an_identity(division: str = "440399", born: str = "19800229", order: str = "000") -> str:
    body = division + born + order
    return body + checkdigits.mod_11_2(body)


def wrong_check(number: str) -> str:
    return number[:-1] + ("1" if number[-1] == "0" else "0")


@pytest.mark.parametrize(
    ("document_type", "number", "flaw"),
    [
        ("citizen_id", "11010519491231002X", None),  # the example printed in GB 11643
        ("citizen_id", "110105194912310021", "check-digit"),
        ("citizen_id", an_identity(born="19800229"), None),
        ("citizen_id", an_identity(born="19810229"), "document-birth-date"),
        ("citizen_id", an_identity(born="20270101"), "document-birth-date"),
        ("citizen_id", an_identity("990399"), "document-region"),
        ("citizen_id", an_identity("810000"), "document-region"),
        ("citizen_id", "440399800229000", "document-form"),
        ("citizen_id", an_identity(born="18800101"), None),
        ("citizen_id", an_identity(born="18791231"), "document-birth-date"),
        ("citizen_id", an_identity(born="20261124"), None),
        ("citizen_id", an_identity(born="20261125"), "document-birth-date"),
        ("residence_permit", an_identity("810000"), None),
        ("residence_permit", an_identity("820000"), None),
        ("residence_permit", an_identity("830000"), None),
        ("residence_permit", an_identity("440399"), "document-region"),
        ("residence_permit", an_identity("810000") + "0", "document-form"),
        ("residence_permit", an_identity("810000", born="19810229"), "document-birth-date"),
        ("residence_permit", wrong_check(an_identity("810000")), "check-digit"),
        ("mainland_permit_hk", "H00000001", None),
        ("mainland_permit_hk", "M0000000101", None),
        ("mainland_permit_hk", "T00000001", "document-form"),
        ("mainland_permit_tw", "00000001", None),
        ("mainland_permit_tw", "0000001", "document-form"),
        ("passport", "ZZ000001", None),
        ("passport", "zz000001", "document-form"),
        ("passport", "ABCDEFG", "document-form"),
        ("foreigner_card", "XYZ310000000000", None),
        ("foreigner_card", an_identity("911826"), None),
        ("foreigner_card", an_identity("440399"), "document-form"),
        ("foreigner_card", an_identity("911826") + "0", "document-form"),
        ("foreigner_card", an_identity("911826", born="19810229"), "document-birth-date"),
        ("foreigner_card", wrong_check(an_identity("911826")), "check-digit"),
        ("credit_code", "91350100M000100Y43", None),  # the example printed in GB 32100
        ("credit_code", "91350100M000100Y44", "check-digit"),
        ("credit_code", "91350100I000100Y43", "document-form"),
    ],
)
def test_a_number_passes_the_check_of_its_paper(document_type, number, flaw):
    assert documents.flaw(document_type, number, today=TODAY) == flaw


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_caught(born, order, place, by):
    number = an_identity(born=f"{born:%Y%m%d}", order=f"{order:03d}")
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]

    assert documents.flaw("citizen_id", number, today=TODAY) is None
    assert documents.flaw("citizen_id", wrong, today=TODAY) is not None


def test_the_provinces_are_those_of_gb_t_2260():
    """11 to 15 are the north, 21 to 23 the north-east, 31 to 37 the east, 41 to 46 the south, 50 to 54 the south-west,
    61 to 65 the north-west, 71 Taiwan. Hong Kong and Macao (81, 82) have another paper.
    """
    spans = [(11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71)]
    expected = {str(code) for first, last in spans for code in range(first, last + 1)}
    accepted = {
        code
        for code in (f"{number:02d}" for number in range(100))
        if documents.flaw("citizen_id", an_identity(code + "0399"), today=TODAY) is None
    }

    assert accepted == expected


@pytest.mark.parametrize(
    ("document_type", "number", "born"),
    [
        ("citizen_id", an_identity(), date(1980, 2, 29)),
        ("residence_permit", an_identity("810000"), date(1980, 2, 29)),
        ("foreigner_card", an_identity("911826"), date(1980, 2, 29)),
        ("foreigner_card", "XYZ310000000000", None),
        ("citizen_id", an_identity(born="19810229"), None),
        ("citizen_id", "440399800229000", None),
        ("passport", "ZZ000001", None),
    ],
)
def test_the_day_of_birth_is_that_of_the_number_where_it_contains_one(document_type, number, born):
    assert documents.born_on(document_type, number) == born


def test_all_spellings_of_a_document_number_are_equal():
    assert documents.tidied(" 11010519491231002x ") == "11010519491231002X"
