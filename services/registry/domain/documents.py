"""Identity documents, with one validator each. The same type and number mean the same person.

Invariant: a valid number has the issuer's form and, if there is one, the right check character. Whether the document exists is
not checked here; a clerk checks the original.
Sources: GB 11643 (citizen ID; residence permits for Hong Kong, Macao and Taiwan use it too, with 810000, 820000 and 830000),
GB 32100 (credit code), ICAO 9303 (passport), the 2023 form of the foreigner's permanent residence card.
Held by tests/unit/registry/test_documents.py.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Literal, get_args

from services.registry.domain.checkdigits import mod_11_2, mod_31

DocumentType = Literal[
    "citizen_id",
    "residence_permit",
    "mainland_permit_hk",
    "mainland_permit_tw",
    "passport",
    "foreigner_card",
    "credit_code",
]
Flaw = Literal["document-form", "document-region", "document-birth-date", "check-digit"]
TYPES: tuple[DocumentType, ...] = get_args(DocumentType)
WORDS: dict[str, DocumentType] = {
    "居民身份证": "citizen_id",
    "港澳台居民居住证": "residence_permit",
    "港澳居民来往内地通行证": "mainland_permit_hk",
    "台湾居民来往大陆通行证": "mainland_permit_tw",
    "护照": "passport",
    "外国人永久居留身份证": "foreigner_card",
    "统一社会信用代码": "credit_code",
}
PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
    ]
)
_PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})
_BORN_IN_NUMBER = frozenset({"citizen_id", "residence_permit", "foreigner_card"})
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_FORMS = {
    "mainland_permit_hk": re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
    "mainland_permit_tw": re.compile(r"[0-9]{8}|[0-9]{10}[A-Z]?"),
    "passport": re.compile(r"(?=.*[0-9])[A-Z0-9]{5,9}"),
}
_CREDIT_CODE = re.compile(r"[159ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_OLD_FOREIGNER_CARD = re.compile(r"[A-Z]{3}[0-9]{12}")
_OLDEST_BIRTH = date(1880, 1, 1)


def flaw(document_type: DocumentType, number: str, *, today: date) -> Flaw | None:
    """Why `number` is not valid for this type; None when it is. `number` as `tidied` returns it."""
    return _VALIDATORS[document_type](number, today)


def tidied(number: str) -> str:
    """The canonical spelling of a number: upper case, without surrounding spaces."""
    return number.strip().upper()


def born_on(document_type: DocumentType, number: str) -> date | None:
    """The day of birth, if a valid number contains it."""
    return _date(number[6:14]) if document_type in _BORN_IN_NUMBER and _EIGHTEEN.fullmatch(number) else None


def _citizen(number: str, today: date) -> Flaw | None:
    if not _EIGHTEEN.fullmatch(number):
        return "document-form"
    if number[:2] not in PROVINCES:
        return "document-region"
    return _born_and_checked(number, today)


def _permit(number: str, today: date) -> Flaw | None:
    if not _EIGHTEEN.fullmatch(number):
        return "document-form"
    if number[:6] not in _PERMIT_REGIONS:
        return "document-region"
    return _born_and_checked(number, today)


def _foreigner(number: str, today: date) -> Flaw | None:
    if _OLD_FOREIGNER_CARD.fullmatch(number):
        return None
    if not _EIGHTEEN.fullmatch(number) or number[0] != "9":
        return "document-form"
    return _born_and_checked(number, today)


def _born_and_checked(number: str, today: date) -> Flaw | None:
    born = _date(number[6:14])
    if born is None or not _OLDEST_BIRTH <= born <= today:
        return "document-birth-date"
    return None if mod_11_2(number[:17]) == number[17] else "check-digit"


def _credit_code(number: str, _: date) -> Flaw | None:
    if not _CREDIT_CODE.fullmatch(number):
        return "document-form"
    return None if mod_31(number[:17]) == number[17] else "check-digit"


def _form_only(document_type: str) -> Callable[[str, date], Flaw | None]:
    return lambda number, _: None if _FORMS[document_type].fullmatch(number) else "document-form"


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


_VALIDATORS: dict[DocumentType, Callable[[str, date], Flaw | None]] = {
    "citizen_id": _citizen,
    "residence_permit": _permit,
    "foreigner_card": _foreigner,
    "credit_code": _credit_code,
    "mainland_permit_hk": _form_only("mainland_permit_hk"),
    "mainland_permit_tw": _form_only("mainland_permit_tw"),
    "passport": _form_only("passport"),
}
