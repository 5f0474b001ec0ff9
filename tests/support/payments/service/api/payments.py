"""/api/v1/payments"""

from uuid import UUID

from flask import Blueprint
from pydantic import Field
from services.payments.commands.request_payment import request_payment
from services.payments.queries import payments as reads
from services.payments.queries.payments import PaymentState

from shared.service import database, http, identity
from shared.service.context import context
from shared.service.idempotency import once

payments = Blueprint("payments", __name__, url_prefix="/api/v1")


class RequestPaymentBody(http.Body):
    amount_fen: int = Field(ge=1)


@http.route(payments, "POST", "/payments", roles=("officer",), answers=PaymentState)
def add_payment(body: RequestPaymentBody) -> http.Answer:
    with database.begin(context().engine, district=identity.current().district) as tx:
        return once(tx, lambda: http.created(reads.one(tx, request_payment(tx, body.amount_fen))))


@http.route(payments, "GET", "/payments/<uuid:payment_id>", roles=identity.ROLES, answers=PaymentState)
def show_payment(payment_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.one(tx, payment_id))
