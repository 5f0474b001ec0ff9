"""Sends what is due, one message at a time.

    claim, marked trying ─▶ commit ─▶ unseal, write, call the gateway ─▶ settle ─▶ commit

Invariant: no transaction is open while a gateway is called. A gateway is called only for a message marked *trying*. After a
crash the mark remains and inquire.py settles the message; nothing is sent again blindly. A message that cannot be rendered, or on
which a gateway fails, is settled with a code, and the next message follows.
Left to others: which lane is served by which thread (lanes.py).
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, get_args

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from services.notify.commands.postpone_message import PostponeMessage, postpone_message
from services.notify.commands.settle_message import SettleMessage, settle_message
from services.notify.domain import hold, templates
from services.notify.domain.hours import answers_the_moment, may_disturb_from
from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear
from services.notify.domain.wording import Channel, Particulars, Text, render
from services.notify.gateways.ports import Gateway
from services.notify.store import contacts, holds, lanes, messages
from services.notify.store.contacts import Contact, Opener
from services.notify.store.lanes import Lane
from services.notify.store.messages import Claimed
from services.notify.workers import failures
from shared.messaging import rounds, sealing
from shared.service import database, steady
from shared.service.clock import Clock
from shared.telemetry import log, metrics, tracing

# From the claim to the call of a gateway. Who was frozen for longer does not call: the inquirer may have given the message to another one.
_LATEST_SECONDS: Final = 25.0
_log = log.get(__name__)


@dataclass(frozen=True)
class _Letter:
    """The data that a gateway needs."""

    address: str
    text: Text
    contact: Contact


class Dispatcher:
    """`districts`: the districts it serves; `["*"]` = all."""

    def __init__(  # noqa: PLR0913 - the parts that wiring.py puts together
        self,
        engine: Engine,
        gateways: Mapping[Channel, Gateway],
        *,
        opener: Opener,
        clock: Clock,
        districts: Sequence[str] = (database.EVERY,),
        since_boot: Callable[[], float] = steady.since_boot,
    ) -> None:
        if missing := set(get_args(Channel)) - set(gateways):
            message = f"no gateway for {', '.join(sorted(missing))}"
            raise ValueError(message)
        self._engine, self._gateways, self._opener, self._clock = engine, gateways, opener, clock
        self._districts, self._since_boot = districts, since_boot
        self._lost: Counter[tuple[str, Channel]] = Counter()  # answers lost in a row
        failures.show()

    def due(self) -> Sequence[Lane]:
        return lanes.due(self._engine, among=self._districts, at=self._clock.now(), real_at=datetime.now(UTC))

    def run_once(self) -> int:
        """Sends one due message of each lane, one after the other."""
        return sum(self.serve(lane) for lane in self.due() if not lane.urgent)

    def serve(self, lane: Lane) -> bool:
        """Sends the next message of a lane. False when there is none."""
        began = self._since_boot()
        with database.begin(self._engine, district=lane.district) as tx:
            claimed, probe = self._claim(tx, lane)
        if claimed is None:
            return False
        facts = {"clearwater.message_key": claimed.message_key, "clearwater.district": lane.district}
        name = f"hand over {claimed.channel}"
        with tracing.following(event_id=claimed.event_id, received=claimed.headers, name=name, **facts):
            self._carry_out(lane, claimed, began=began, probe=probe)
        return True

    def _carry_out(self, lane: Lane, claimed: Claimed, *, began: float, probe: bool) -> None:
        written = self._written(lane.district, claimed)
        if isinstance(written, NotAccepted):
            self._settle(lane, claimed, written, gateway_called=False, probe=probe)
        elif (until := self._night(claimed, written.contact)) is not None:
            self._postpone(lane, claimed, until=until, probe=probe)
        elif self._since_boot() - began > _LATEST_SECONDS:
            too_late = NotAccepted("sender-too-late", permanent=False)
            self._settle(lane, claimed, too_late, gateway_called=False, probe=probe)
        else:
            self._settle(lane, claimed, self._sent(claimed, written), gateway_called=True, probe=probe)

    def _claim(self, tx: database.Transaction, lane: Lane) -> tuple[Claimed | None, bool]:
        """The next message, and whether it is the probe of a held channel."""
        real_at = datetime.now(UTC)
        held = holds.find(tx, lane.channel)
        if held is not None and held.next_probe_at > real_at:
            return None, False
        claimed = messages.claim(
            tx, at=self._clock.now(), real_at=real_at, channel=lane.channel, urgent=lane.urgent, probe=held is not None
        )
        if claimed is not None and held is not None:
            holds.lease(tx, lane.channel, real_at=real_at)
        return claimed, held is not None

    def _written(self, district: str, claimed: Claimed) -> _Letter | NotAccepted:
        try:
            with database.begin(self._engine, district=district) as tx:
                contact = contacts.find(tx, self._opener, claimed.person_id)
            if contact is None:
                return NotAccepted("person-forgotten", permanent=True)
            if (address := _address(contact, claimed.channel)) is None:
                return NotAccepted("no-address", permanent=True)
            return _Letter(address, _text(claimed), contact)
        except sealing.Unopened:
            return NotAccepted("contact-unreadable", permanent=True)
        except DBAPIError:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with this one, the others are not to wait for it
            _log.error("message cannot be written", message_key=claimed.message_key, code=rounds.code(failure))
            return NotAccepted("not-writable", permanent=True)

    def _sent(self, claimed: Claimed, letter: _Letter) -> Outcome:
        began = time.perf_counter()
        try:
            outcome = self._gateways[claimed.channel].send(letter.address, letter.text, message_key=claimed.message_key)
        except Exception as failure:  # noqa: BLE001 - a gateway answers or it has a fault: what became of it is not known
            _log.error("gateway failed", message_key=claimed.message_key, code=rounds.code(failure))
            outcome = Unclear("gateway-failed")
        kind = type(outcome).__name__.lower()
        metrics.GATEWAY_SECONDS.labels(claimed.channel, kind).observe(time.perf_counter() - began)
        return outcome

    def _night(self, claimed: Claimed, contact: Contact) -> datetime | None:
        """Until when the message waits if it is now night for the person, after an outage, a back-off or a manual order."""
        at = self._clock.now()
        urgent = answers_the_moment(urgent=claimed.urgent, planned_at=claimed.planned_at, at=at)
        until = may_disturb_from(at, urgent=urgent, zone=contact.zone)
        return until if until > at else None

    def _settle(self, lane: Lane, claimed: Claimed, outcome: Outcome, *, gateway_called: bool, probe: bool) -> None:
        place, real_at = (lane.district, lane.channel), datetime.now(UTC)
        command = SettleMessage(
            claimed.message_key,
            claimed.tries,
            claimed.tried_at,
            outcome,
            at=self._clock.now(),
            real_at=real_at,
            probe=probe and gateway_called,
            lost_before=self._lost[place] if gateway_called else 0,
        )
        with database.begin(self._engine, district=lane.district) as tx:
            settled = settle_message(tx, command)
        failures.count(settled)
        if isinstance(outcome, Accepted):
            waited = max(0.0, (command.at - claimed.planned_at).total_seconds())
            metrics.HANDED_OVER_SECONDS.labels(lane.channel, lane.district).observe(waited)
        if gateway_called:
            self._lost[place] = self._lost[place] + 1 if hold.lost(outcome) else 0
        elif probe:
            self._probe_with_another(lane)
        _log.info("tried", message_key=claimed.message_key, channel=claimed.channel, outcome=type(outcome).__name__)

    def _postpone(self, lane: Lane, claimed: Claimed, *, until: datetime, probe: bool) -> None:
        with database.begin(self._engine, district=lane.district) as tx:
            command = PostponeMessage(
                claimed.message_key, claimed.tries, claimed.tried_at, until=until, real_at=datetime.now(UTC)
            )
            postpone_message(tx, command)
        if probe:
            self._probe_with_another(lane)

    def _probe_with_another(self, lane: Lane) -> None:
        """Lets another message be the probe: this one never reached the gateway."""
        with database.begin(self._engine, district=lane.district) as tx:
            holds.probe_at(tx, lane.channel, at=datetime.now(UTC))


def _address(contact: Contact, channel: Channel) -> str | None:
    return contact.email if channel == "mail" else contact.mobile


def _text(claimed: Claimed) -> Text:
    return render(
        templates.find(claimed.template, claimed.template_version),
        language=claimed.language,
        channel=claimed.channel,
        particulars=Particulars.of(claimed.particulars),
    )
