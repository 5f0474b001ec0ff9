"""Agreements from draft to performance, with every exit but void, which a period brings. Signing is signatures.py."""

from uuid import UUID

from flask import Blueprint

from services.signing.api import transaction
from services.signing.api.bodies import Nothing, Performance, Reason, Review, Succession, Terms
from services.signing.commands.draft_agreement import (
    DraftAgreement,
    EditTerms,
    SupersedeAgreement,
    draft_agreement,
    edit_terms,
    supersede_agreement,
)
from services.signing.commands.lock_agreement import (
    LockAgreement,
    PreRegister,
    UnlockAgreement,
    lock_agreement,
    pre_register_agreement,
    unlock_agreement,
)
from services.signing.commands.perform_agreement import PerformAgreement, perform_agreement
from services.signing.commands.rescind_agreement import RescindAgreement, rescind_agreement
from services.signing.commands.review_agreement import (
    ReturnAgreement,
    ReviewAgreement,
    Reviewed,
    return_agreement,
    review_agreement,
)
from services.signing.domain.agreement import Agreement
from services.signing.queries import agreement_file
from services.signing.queries.agreement_file import AgreementFile, ReviewedFile
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction

agreements = Blueprint("agreements", __name__, url_prefix="/api/v1")
_PREPARING = ("desk", "officer")
_IT = "/agreements/<uuid:agreement_id>"


def _answer(_: Transaction, agreement: Agreement) -> AgreementFile:
    return AgreementFile.of(agreement)


def _reviewed(_: Transaction, reviewed: Reviewed) -> ReviewedFile:
    return agreement_file.reviewed(reviewed.agreement, reviewed.items)


@http.route(
    agreements,
    "POST",
    "/cases/<uuid:unit_id>/agreements",
    roles=_PREPARING,
    answers=AgreementFile,
    problems=(
        "case-unknown",
        "project-unknown",
        "series-not-offered",
        "live-agreement-exists",
        "terms-wrong",
        "clock-jumped",
    ),
)
def draft(unit_id: UUID, body: Terms) -> http.Answer:
    """Drafts the agreement of a unit. A unit has at most one live agreement."""
    command = DraftAgreement(unit_id, body.form, body.rule_set_version, body.term_lines(), transaction.by())
    return transaction.once(draft_agreement, command, _answer)


@http.route(agreements, "GET", _IT, roles=identity.ROLES, answers=AgreementFile, problems=("agreement-unknown",))
def read_agreement(agreement_id: UUID) -> http.Answer:
    """One agreement with its term lines, what was frozen, who has signed, and its number."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = agreement_file.read(tx, agreement_id)
    return http.ok(found, version=found.version)


@http.route(
    agreements,
    "PUT",
    f"{_IT}/terms",
    roles=_PREPARING,
    answers=AgreementFile,
    problems=(
        "agreement-unknown",
        "version-required",
        "version-superseded",
        "agreement-not-open",
        "series-not-offered",
        "terms-wrong",
        "clock-jumped",
    ),
)
def edit(agreement_id: UUID, body: Terms) -> http.Answer:
    """Replaces the terms of a draft of the version in If-Match. A reviewed agreement must be reviewed again."""
    facts = (body.form, body.rule_set_version, body.term_lines(), transaction.by())
    command = EditTerms(agreement_id, http.expected_version(), *facts)
    service = context()
    with database.begin(service.engine, district=identity.current().district) as tx:
        edited = edit_terms(tx, command, service.clock)
    return http.ok(AgreementFile.of(edited), version=edited.version)


@http.route(
    agreements,
    "POST",
    f"{_IT}/reviews",
    roles=_PREPARING,
    answers=ReviewedFile,
    problems=("agreement-unknown", "version-superseded", "agreement-not-open", "review-incomplete", "clock-jumped"),
)
def review(agreement_id: UUID, body: Review) -> http.Answer:
    """The checklist: rights confirmed, shares whole, no area dispute, papers complete, terms whole.

    With If-Match, only if the version matches.
    """
    command = ReviewAgreement(agreement_id, frozenset(body.papers), transaction.by(), http.given_version())
    return transaction.once(review_agreement, command, _reviewed)


@http.route(
    agreements,
    "POST",
    f"{_IT}/returns",
    roles=_PREPARING,
    answers=AgreementFile,
    problems=("agreement-unknown", "version-superseded", "agreement-not-open", "clock-jumped"),
)
def give_back(agreement_id: UUID, body: Reason) -> http.Answer:
    """Returns an open agreement to the household. The unit may then have another draft.

    With If-Match, only if the version matches.
    """
    command = ReturnAgreement(agreement_id, body.reason, body.note, transaction.by(), http.given_version())
    return transaction.once(return_agreement, command, _answer)


@http.route(
    agreements,
    "POST",
    f"{_IT}/locks",
    roles=_PREPARING,
    answers=AgreementFile,
    problems=(
        "agreement-unknown",
        "version-superseded",
        "rights-not-confirmed",
        "rights-disputed",
        "agreement-not-reviewed",
        "clock-jumped",
    ),
)
def lock(agreement_id: UUID, body: Nothing) -> http.Answer:  # noqa: ARG001 - an empty body is read, so that a wrong one is refused
    """Freezes terms, rule-set version, right-holders and shares. Idempotent.

    With If-Match, only if the version matches.
    """
    command = LockAgreement(agreement_id, transaction.by(), http.given_version())
    return transaction.once(lock_agreement, command, _answer)


@http.route(
    agreements,
    "POST",
    f"{_IT}/unlocks",
    roles=("command",),
    answers=AgreementFile,
    problems=("agreement-unknown", "version-superseded", "agreement-not-locked", "clock-jumped"),
)
def unlock(agreement_id: UUID, body: Reason) -> http.Answer:
    """Unlocks an agreement. Needs a privilege and a reason. Existing signatures no longer count.

    With If-Match, only if the version matches.
    """
    command = UnlockAgreement(agreement_id, body.reason, body.note, transaction.by(), http.given_version())
    return transaction.once(unlock_agreement, command, _answer)


@http.route(
    agreements,
    "POST",
    f"{_IT}/supersessions",
    roles=("command",),
    answers=AgreementFile,
    problems=(
        "agreement-unknown",
        "version-superseded",
        "series-not-offered",
        "agreement-not-locked",
        "terms-wrong",
        "clock-jumped",
    ),
)
def supersede(agreement_id: UUID, body: Succession) -> http.Answer:
    """Replaces a locked, unsigned agreement by a new draft and returns the draft. Needs a privilege and a reason.

    With If-Match, only if the version matches.
    """
    command = SupersedeAgreement(
        agreement_id,
        body.form,
        body.rule_set_version,
        body.term_lines(),
        reason=body.reason,
        note=body.note,
        by=transaction.by(),
        version=http.given_version(),
    )
    return transaction.once(supersede_agreement, command, _answer)


@http.route(
    agreements,
    "POST",
    f"{_IT}/pre-registrations",
    roles=_PREPARING,
    answers=AgreementFile,
    problems=("agreement-unknown", "version-superseded", "agreement-not-locked", "clock-jumped"),
)
def pre_register(agreement_id: UUID, body: Nothing) -> http.Answer:  # noqa: ARG001 - an empty body is read, so that a wrong one is refused
    """The household declares that it will sign (预登记). No number, no count.

    With If-Match, only if the version matches.
    """
    command = PreRegister(agreement_id, transaction.by(), http.given_version())
    return transaction.once(pre_register_agreement, command, _answer)


@http.route(
    agreements,
    "POST",
    f"{_IT}/rescissions",
    roles=("command",),
    answers=AgreementFile,
    problems=("agreement-unknown", "version-superseded", "agreement-not-signed", "clock-jumped"),
)
def rescind(agreement_id: UUID, body: Reason) -> http.Answer:
    """Undoes a signed agreement. Its number stays used, but detached. A reached threshold stays reached.

    With If-Match, only if the version matches.
    """
    command = RescindAgreement(agreement_id, body.reason, body.note, transaction.by(), http.given_version())
    return transaction.once(rescind_agreement, command, _answer)


@http.route(
    agreements,
    "POST",
    f"{_IT}/performances",
    roles=("command",),
    answers=AgreementFile,
    problems=("agreement-unknown", "version-superseded", "agreement-not-effective", "clock-jumped"),
)
def perform(agreement_id: UUID, body: Performance) -> http.Answer:
    """Records that both sides have performed the agreement. After that it cannot be rescinded.

    With If-Match, only if the version matches.
    """
    command = PerformAgreement(agreement_id, body.evidence, transaction.by(), http.given_version())
    return transaction.once(perform_agreement, command, _answer)
