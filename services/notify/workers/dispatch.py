"""Sends what is due, one message at a time.

    claim, marked trying ─▶ commit ─▶ unseal, write, call the gateway ─▶ settle ─▶ commit

Stays true: no transaction is open while a gateway is called, and none is called for a message that is not marked.
After a crash in between the mark is still there, and inquire.py deals with it; nothing is sent again blindly.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import get_args

from sqlalchemy import Engine

from services.notify.commands.settle_message import SettleMessage, settle_message
from services.notify.domain import templates
from services.notify.domain.outcome import NotAccepted, Outcome, Unclear
from services.notify.domain.wording import Channel, Particulars, Text, render
from services.notify.gateways.ports import Gateway
from services.notify.store import contacts, districts, messages
from services.notify.store.contacts import Opener
from services.notify.store.messages import Claimed
from shared.events.registry import ContactDetails
from shared.messaging import rounds, sealing
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.clock import Clock
from shared.telemetry import log

_log = log.get(__name__)


class Dispatcher:
    """`districts` are those it answers for, `["*"]` = all."""

    def __init__(
        self,
        engine: Engine,
        gateways: Mapping[Channel, Gateway],
        *,
        opener: Opener,
        clock: Clock,
        districts: Sequence[str] = (database.EVERY,),
    ) -> None:
        if missing := set(get_args(Channel)) - set(gateways):
            message = f"no gateway for {', '.join(sorted(missing))}"
            raise ValueError(message)
        self._engine, self._gateways, self._opener, self._clock = engine, gateways, opener, clock
        self._districts = districts
        self._rounds = Rounds("dispatch")

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 0.2) -> None:
        while not stop.is_set():
            if not self.run_once():
                stop.wait(idle_seconds)

    def run_once(self) -> int:
        """One message of each district that has any due, so that a busy district does not starve the others."""
        due = districts.with_due_messages(self._engine, among=self._districts)
        return self._rounds.carry_out(Work(each, "message", partial(self._one, each)) for each in due)

    def _one(self, district: str) -> bool:
        with database.begin(self._engine, district=district) as tx:
            claimed = messages.claim(tx, at=self._clock.now(), real_at=datetime.now(UTC))
        if claimed is None:
            return False
        outcome = self._send(district, claimed)
        with database.begin(self._engine, district=district) as tx:
            settle_message(
                tx,
                SettleMessage(
                    claimed.message_key, claimed.tries, outcome, at=self._clock.now(), real_at=datetime.now(UTC)
                ),
            )
        _log.info("tried", message_key=claimed.message_key, channel=claimed.channel, outcome=type(outcome).__name__)
        return True

    def _send(self, district: str, claimed: Claimed) -> Outcome:
        try:
            with database.begin(self._engine, district=district) as tx:
                details = contacts.find(tx, self._opener, claimed.person_id)
        except sealing.Unopened:
            return NotAccepted("contact-unreadable", permanent=True)
        if details is None:
            return NotAccepted("person-forgotten", permanent=True)
        if (address := _address(details, claimed.channel)) is None:
            return NotAccepted("no-address", permanent=True)
        try:
            return self._gateways[claimed.channel].send(address, _text(claimed), message_key=claimed.message_key)
        except Exception as failure:  # noqa: BLE001 - of this message; what the gateway did with it nobody knows
            _log.error("gateway failed", message_key=claimed.message_key, code=rounds.code(failure))
            return Unclear("gateway-failed")


def _address(details: ContactDetails, channel: Channel) -> str | None:
    return details.email if channel == "mail" else details.mobile


def _text(claimed: Claimed) -> Text:
    return render(
        templates.find(claimed.template, claimed.template_version),
        language=claimed.language,
        channel=claimed.channel,
        particulars=Particulars.of(claimed.particulars),
    )
