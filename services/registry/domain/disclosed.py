"""Finds personal data in a text that others may read: a telephone number, a mail address, or a document number with a valid check digit.

Invariant: the code of a place is never taken for one: only a whole number counts, not a part of a longer one.
Left to others: which texts others may read (lines.py); names, which have no recognisable form.
Held by tests/unit/registry/test_disclosed.py.
"""

import re
import unicodedata
from datetime import date

from services.registry.domain import documents
from services.registry.domain.documents import DocumentType

_GAP = r"[ \t\-\u2010-\u2015\u2212.\u00b7\u2022\u30fb()_~*:]{0,3}"  # as people group digits
_TELEPHONES = re.compile(
    rf"(?<!\d)(?:(?:\+|00)?86{_GAP})?1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)|\+[1-9](?:{_GAP}\d){{7,14}}(?!\d)"
)
# A lookahead, because another number may come directly before it.
_EIGHTEEN = re.compile(rf"(?<!\d)(?=(\d(?:{_GAP}\d){{16}}{_GAP}[\dXx])(?!\d))")
_MAIL = re.compile(r"[^\s@]@[^\s@.]+(?:\.[^\s@.]+)+")
_SPELLED = str.maketrans("〇零一二三四五六七八九", "00123456789")
_SHORTEST = 6
_RUNS = re.compile(
    r"(?<!\d)(?:\d{11}|\d{13}|\d{15}|\d{17,18})(?!\d)"
)  # where nothing stands between digits: as long as such numbers are
_CHECKED: tuple[DocumentType, ...] = ("citizen_id", "residence_permit", "foreigner_card")


def is_personal(written: str) -> bool:
    if len(written) < _SHORTEST or (written.isascii() and written.isalnum() and not _RUNS.search(written)):
        return False
    plain = written if written.isascii() else "".join(map(_plain, unicodedata.normalize("NFKC", written)))
    return any(map(_has_number, {plain, plain.translate(_SPELLED)})) or _MAIL.search(plain) is not None


def _has_number(plain: str) -> bool:
    return _TELEPHONES.search(plain) is not None or any(_is_paper(found[1]) for found in _EIGHTEEN.finditer(plain))


def _plain(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _is_paper(found: str) -> bool:
    number = "".join(filter(str.isalnum, found)).upper()
    return any(documents.flaw(document_type, number, today=date.max) is None for document_type in _CHECKED)
