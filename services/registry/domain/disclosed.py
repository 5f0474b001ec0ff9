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

_GAP = r"[ \t\-\u2010-\u2015\u2212.\u00b7\u2022\u30fb()_~*:]{0,6}"  # as people group digits
_SIGN = r"[^0-9A-Za-z\u4e00-\u9fff,;\u3001\u3002]{1,3}"  # not what separates the doors of a unit
_TELEPHONES = re.compile(
    rf"(?<!\d)(?:(?:\+|00)?86{_GAP})?1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)|\+[1-9](?:{_GAP}\d){{7,14}}(?!\d)"
    rf"|(?<!\d)1[3-9]\d{_SIGN}\d{{4}}{_SIGN}\d{{4}}(?!\d)"
)
_BETWEEN = r"[^0-9A-Za-z\u4e00-\u9fff]{0,6}"  # of a number with a check digit, whatever stands there
# A lookahead, because another number may come directly before it.
_EIGHTEEN = re.compile(rf"(?<!\d)(?=(\d(?:{_BETWEEN}\d){{16}}{_BETWEEN}[\dXx])(?!\d))")
_MAIL = re.compile(r"[^\s@]@[^\s@.]+(?:\.[^\s@.]+)+")
_SPELLED = str.maketrans("〇○零一幺壹二贰貳三叁參叄四肆五伍六陆陸七柒八捌九玖", "00011122233334455666778899")
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
