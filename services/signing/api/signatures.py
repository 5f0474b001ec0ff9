"""POST /api/v1/agreements/{agreement_id}/signatures"""

from uuid import UUID

from flask import Blueprint

from services.signing.api import transaction
from services.signing.api.bodies import AddSignature
from services.signing.commands.sign_agreement import SignAgreement, sign_agreement
from services.signing.domain.agreement import Agreement
from services.signing.queries.agreement_file import AgreementFile
from shared.service import http
from shared.service.database import Transaction

signatures = Blueprint("signatures", __name__, url_prefix="/api/v1")
_REFUSALS = (
    *("agreement-unknown", "agreement-not-locked", "terms-changed-since-read", "period-not-open", "period-over"),
    *("rights-not-confirmed", "rights-disputed", "rights-changed-since-lock", "not-a-right-holder"),
    *("hand-not-entitled", "hand-not-another", "hand-not-capable", "mandate-expired", "papers-missing"),
    *("guardian-required", "representative-required", "clock-jumped"),
)


def _answer(_: Transaction, agreement: Agreement) -> AgreementFile:
    """Of what is in memory: nothing more is read under the locks of a signature."""
    return AgreementFile.of(agreement)


@http.route(
    signatures,
    "POST",
    "/agreements/<uuid:agreement_id>/signatures",
    roles=("desk",),
    answers=AgreementFile,
    problems=_REFUSALS,
)
def add_signature(agreement_id: UUID, body: AddSignature) -> http.Answer:
    """Adds the signature for one right-holder. The last one gives the agreement its number. Idempotent."""
    signature = (body.right_holder, body.hand, body.capacity)
    command = SignAgreement(
        agreement_id,
        *signature,
        by=transaction.by(),
        terms_digest=body.terms_digest,
        desk=body.desk,
        papers=frozenset(body.papers),
    )
    return transaction.once(sign_agreement, command, _answer)
