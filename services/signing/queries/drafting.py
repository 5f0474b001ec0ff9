"""What a draft starts from: the forms that the project offers, and the rule set and the heads that its agreements used last."""

from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.signing.domain.terms import Form, series_of
from shared.service.database import Transaction

_SERIES = text("select series from projects where project_id = :project_id")
_RULE_SET = text("""
    select rule_set_version from agreements where project_id = :project_id order by drafted_at desc, agreement_id limit 1
""")
_HEADS = text("""
    select distinct head from term_lines join agreements using (agreement_id) where project_id = :project_id order by head limit 200
""")


class Drafting(BaseModel):
    """`forms` is empty where the project is not known yet."""

    forms: list[Form]
    rule_set_version: str
    heads: list[str]


def read(tx: Transaction, project_id: UUID) -> Drafting:
    it: dict[str, Any] = {"project_id": project_id}
    offered = tx.connection.execute(_SERIES, it).scalar_one_or_none() or ()
    return Drafting(
        forms=[form for form in get_args(Form) if series_of(form) in offered],
        rule_set_version=tx.connection.execute(_RULE_SET, it).scalar_one_or_none() or "",
        heads=list(tx.connection.execute(_HEADS, it).scalars()),
    )
