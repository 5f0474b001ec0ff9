"""Checks details of a person that come from a form: a tenant, a new number, a corrected name. Same rules as for cells.

Held by tests/integration/registry/test_corrections.py.
"""

from collections.abc import Mapping
from datetime import date
from typing import cast

from services.registry.domain import cells, codes, documents, names, person
from services.registry.domain.cells import Cell
from services.registry.domain.documents import DocumentType
from services.registry.domain.template import HOLDERS
from shared.events.terms import PersonKind

_READ = {
    column.name: column
    for column in HOLDERS
    if column.name in ("name", "document_number", "mobile", "email", "time_zone")
}
_FORMS = {
    "mobile": (codes.is_mobile, "mobile-form"),
    "email": (codes.is_email, "email-form"),
    "time_zone": (codes.is_time_zone, "time-zone-form"),
}


def flaws(values: Mapping[str, str | None], *, today: date, kind: PersonKind | None = None) -> list[dict[str, str]]:
    """`values` by column name, `document_type` as code. At most one flaw a field: {"field", "code"}. `kind`: if no type is given."""
    found: dict[str, str] = {}
    number, document_type = values.get("document_number"), cast("DocumentType | None", values.get("document_type"))
    kind = person.kind_of(document_type) if document_type else kind
    for name in values.keys() & _READ.keys():
        written = values[name]
        value, code = cells.read(_READ[name], Cell("text", written) if written else None)
        if code is None and value is not None and name in _FORMS and not _FORMS[name][0](str(value)):
            code = _FORMS[name][1]
        if code is None and name == "name" and value is not None:
            code = names.flaw(str(value), kind)
        if code and (written or name in ("name", "document_number")):
            found[name] = code
    if number and document_type and "document_number" not in found:
        flaw = documents.flaw(document_type, documents.tidied(number), today=today)
        found |= {"document_number": flaw} if flaw else {}
    return [{"field": f"/{name}", "code": code} for name, code in sorted(found.items())]
