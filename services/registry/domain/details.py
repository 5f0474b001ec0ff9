"""What somebody says about a person outside of a workbook: a tenant, a new number, a name put right. The same checks as its cells."""

from collections.abc import Mapping
from datetime import date
from typing import cast

from services.registry.domain import cells, codes, documents, names
from services.registry.domain.cells import Cell
from services.registry.domain.documents import DocumentType
from services.registry.domain.template import HOLDERS

_READ = {column.name: column for column in HOLDERS if column.name in ("name", "document_number", "mobile", "email")}
_FORMS = {
    "name": (names.is_name, "name-form"),
    "mobile": (codes.is_mobile, "mobile-form"),
    "email": (codes.is_email, "email-form"),
}


def flaws(said: Mapping[str, str | None], *, today: date) -> list[dict[str, str]]:
    """`said` by column name, `document_type` as its code. Each flaw as {"field", "code"}; one a field."""
    found: dict[str, str] = {}
    for name in said.keys() & _READ.keys():
        written = said[name]
        value, code = cells.read(_READ[name], Cell("text", written) if written else None)
        if code is None and value is not None and name in _FORMS and not _FORMS[name][0](str(value)):
            code = _FORMS[name][1]
        if code and (written or name in ("name", "document_number")):
            found[name] = code
    number, document_type = said.get("document_number"), said.get("document_type")
    if number and document_type and "document_number" not in found:
        flaw = documents.flaw(cast("DocumentType", document_type), documents.tidied(number), today=today)
        found |= {"document_number": flaw} if flaw else {}
    return [{"field": f"/{name}", "code": code} for name, code in sorted(found.items())]
