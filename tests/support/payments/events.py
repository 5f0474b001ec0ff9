"""What payments tells the world: which payments have been asked for."""

from uuid import UUID

from pydantic import Field

from shared.events.contract import Event, declare


@declare("clearwater.payments.payment.requested.v1", topic="payments-payment")
class PaymentRequested(Event):
    """A payment has been asked for."""

    payment_id: UUID = Field(description="the payment")
    amount_fen: int = Field(ge=1, description="how much, in fen")
