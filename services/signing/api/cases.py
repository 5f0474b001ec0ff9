"""Cases: /api/v1/cases/{unit_id}, rights, area, mandates; /acts for the auditor. A case is named by its unit."""

from uuid import UUID

from flask import Blueprint

from services.signing.api import transaction
from services.signing.api.bodies import AreaDispute, Confirmation, Dispute, NewMandate, Nothing, Reason
from services.signing.commands.keep_mandates import RecordMandate, RevokeMandate, record_mandate, revoke_mandate
from services.signing.commands.settle_rights import (
    ConfirmRights,
    DisputeRights,
    SetAreaDispute,
    TakeUpRights,
    confirm_rights,
    dispute_rights,
    set_area_dispute,
    take_up_rights,
)
from services.signing.domain.case import Case
from services.signing.domain.mandate import Mandate
from services.signing.queries import act_list, case_file, case_list
from services.signing.queries.act_list import ActOfCase, ActsQuery
from services.signing.queries.case_file import CaseFile, MandateRow
from services.signing.queries.case_list import CaseRow, CasesQuery
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction

cases = Blueprint("cases", __name__, url_prefix="/api/v1")
_READERS = identity.ROLES


def _answer(tx: Transaction, case: Case) -> CaseFile:
    return case_file.read(tx, case.unit.unit_id)


def _mandate(tx: Transaction, mandate: Mandate) -> MandateRow:
    return case_file.mandate(tx, mandate.mandate_id)


@http.route(cases, "GET", "/cases", roles=_READERS, answers=http.Paged[CaseRow], problems=("cursor-invalid",))
def list_cases(query: CasesQuery) -> http.Answer:
    """Cases by unit code, filtered by project, state of the agreement, or all that are not signed."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        rows = case_list.read(tx, query, staff_number=identity.current().staff_number)
    return http.paged(rows, query=query, place=case_list.place, of=http.Paged[CaseRow])


@http.route(cases, "GET", "/acts", roles=("auditor",), answers=http.Paged[ActOfCase], problems=("cursor-invalid",))
def list_acts(query: ActsQuery) -> http.Answer:
    """Acts on all cases, the latest first."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        rows = act_list.read(tx, query)
    return http.paged(rows, query=query, place=lambda row: (row.act_id,), of=http.Paged[ActOfCase])


@http.route(cases, "GET", "/cases/<uuid:unit_id>", roles=_READERS, answers=CaseFile, problems=("case-unknown",))
def read_case(unit_id: UUID) -> http.Answer:
    """All data of one unit in signing: rights, mandates, agreements, tasks, and acts."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = case_file.read(tx, unit_id)
    return http.ok(found, version=found.version)


@http.route(
    cases,
    "POST",
    "/cases/<uuid:unit_id>/rights/reviews",
    roles=("desk", "officer", "command"),
    answers=CaseFile,
    problems=("case-unknown", "rights-already-confirmed", "clock-jumped"),
)
def take_up(unit_id: UUID, body: Nothing) -> http.Answer:  # noqa: ARG001 - an empty body is read, so that a wrong one is refused
    """Starts the examination of the unit's rights, also after a dispute."""
    return transaction.once(take_up_rights, TakeUpRights(unit_id, transaction.by()), _answer)


@http.route(
    cases,
    "POST",
    "/cases/<uuid:unit_id>/rights/confirmations",
    roles=("desk", "officer", "command"),
    answers=CaseFile,
    problems=("case-unknown", "rights-changed-since-read", "shares-incomplete", "clock-jumped"),
)
def confirm(unit_id: UUID, body: Confirmation) -> http.Answer:
    """Confirms the rights from the registry. They must be whole. `revision`: the revision that was read."""
    command = ConfirmRights(unit_id, transaction.by(), body.revision)
    return transaction.once(confirm_rights, command, _answer)


@http.route(
    cases,
    "POST",
    "/cases/<uuid:unit_id>/rights/disputes",
    roles=("desk", "officer", "command"),
    answers=CaseFile,
    problems=("case-unknown", "clock-jumped"),
)
def dispute(unit_id: UUID, body: Dispute) -> http.Answer:
    """Blocks signing until the rights are confirmed again."""
    command = DisputeRights(unit_id, body.reason, transaction.by(), body.note)
    return transaction.once(dispute_rights, command, _answer)


@http.route(
    cases,
    "POST",
    "/cases/<uuid:unit_id>/area-disputes",
    roles=("desk", "officer", "command"),
    answers=CaseFile,
    problems=("case-unknown", "clock-jumped"),
)
def dispute_area(unit_id: UUID, body: AreaDispute) -> http.Answer:
    """An open area dispute blocks the review."""
    command = SetAreaDispute(unit_id, body.disputed, body.reason, transaction.by(), body.note)
    return transaction.once(set_area_dispute, command, _answer)


@http.route(
    cases,
    "POST",
    "/cases/<uuid:unit_id>/mandates",
    roles=("desk", "officer"),
    answers=MandateRow,
    problems=(
        "case-unknown",
        "not-a-right-holder",
        "guardian-required",
        "representative-required",
        "hand-not-entitled",
        "hand-not-another",
        "hand-not-capable",
        "clock-jumped",
    ),
)
def record(unit_id: UUID, body: NewMandate) -> http.Answer:
    """Records a mandate: a document by which a person signs for one right-holder of this unit."""
    facts = (body.right_holder, body.hand, body.kind, body.valid_until, body.evidence)
    return transaction.once(record_mandate, RecordMandate(unit_id, *facts, by=transaction.by()), _mandate)


@http.route(
    cases,
    "POST",
    "/cases/<uuid:unit_id>/mandates/<uuid:mandate_id>/revocations",
    roles=("desk", "officer"),
    answers=Nothing,
    problems=("case-unknown", "mandate-unknown", "clock-jumped"),
)
def revoke(unit_id: UUID, mandate_id: UUID, body: Reason) -> http.Answer:
    """Revokes a mandate. Signatures based on it stay valid."""
    command = RevokeMandate(unit_id, mandate_id, body.reason, transaction.by(), body.note)
    return transaction.once(revoke_mandate, command, lambda *_: Nothing())
