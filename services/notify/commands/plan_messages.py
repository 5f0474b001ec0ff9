"""Plans messages for facts whose data is complete.

It runs after each batch of facts, units, contacts or keys, and every second in the worker.

Invariant: running it again plans no message twice. It opens an address only to see whether it exists and to find the person's
time zone. If planning fails for one recipient, their message is recorded as withheld; the other recipients get theirs.
"""

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain import message, planning, templates
from services.notify.domain.planning import Plan, Reach
from services.notify.domain.wording import Particulars
from services.notify.store import facts, messages
from services.notify.store.contacts import Opener
from services.notify.store.facts import Complete
from shared.events.notify import MessagePlanned
from shared.messaging import rounds, sealing
from shared.service.database import Transaction
from shared.telemetry import log, tracing

_log = log.get(__name__)


@dataclass(frozen=True)
class PlanMessages:
    at: datetime
    batch: int = 500


def plan_messages(tx: Transaction, command: PlanMessages, *, opener: Opener) -> int:
    """Returns how many recipients were settled, with or without a message to send."""
    facts.resolve(tx)
    complete = facts.complete(tx, batch=command.batch)
    if not complete:
        return 0
    planned = [fact for fact in complete if _planned(tx, fact, at=command.at, opener=opener)]
    if planned:
        facts.planned(tx, [fact.due for fact in planned], at=command.at)
    return len(planned)


def _planned(tx: Transaction, due: Complete, *, at: datetime, opener: Opener) -> bool:
    """False when the message cannot be stored: the recipient stays unplanned and counts as `incomplete`."""
    try:
        with tx.savepoint(), tracing.following(event_id=due.due.event_id, received=due.headers):
            _plan(tx, due, at=at, opener=opener)
    except Exception as failure:
        if tx.connection.invalidated:
            raise
        _cannot(due, failure)
        return False
    return True


def _plan(tx: Transaction, due: Complete, *, at: datetime, opener: Opener) -> None:
    template = templates.newest(due.template)
    plan = _decided(due, at=at, opener=opener)
    key = message.key(
        cause=due.due.event_id, recipient=due.due.person_id, template=template.name, channel=plan.channel or "none"
    )
    row = messages.Planned(
        message_key=key,
        event_id=due.due.event_id,
        person_id=due.due.person_id,
        project_id=due.project_id,
        unit_id=due.unit_id,
        template=template.name,
        template_version=template.version,
        channel=plan.channel,
        language=plan.language,
        particulars=Particulars(due.project, due.unit, due.masked_name, due.number, due.happened_at).stored(),
        state=plan.state,
        code=plan.code,
        planned_at=at,
        hold_until=plan.hold_until,
    )
    if messages.add(tx, row) and plan.channel is not None:
        tx.record(
            MessagePlanned(
                message_key=key,
                unit_id=due.unit_id,
                cause_event_id=due.due.event_id,
                person_id=due.due.person_id,
                template=template.name,
                channel=plan.channel,
                language=plan.language,
                planned_at=at,
                hold_until=plan.hold_until if plan.state == "held" else None,
            )
        )


def _decided(due: Complete, *, at: datetime, opener: Opener) -> Plan:
    try:
        return planning.decide(_reach(due, opener), superseded=due.superseded, urgent=due.urgent, at=at)
    except Exception as failure:  # noqa: BLE001 - whatever is wrong with this one, the others are not to wait for it
        _cannot(due, failure)
        return Plan("withheld", None, "zh-Hans", at, code="not-plannable")


def _cannot(due: Complete, failure: Exception) -> None:
    """The name of the exception only: its text may quote unsealed data."""
    facts_of_it = {"event_id": str(due.due.event_id), "person_id": str(due.due.person_id)}
    _log.error("message cannot be planned", code=rounds.code(failure), **facts_of_it)


def _reach(due: Complete, opener: Opener) -> Reach | None:
    if due.sealed is None or due.wrapped is None:
        return None
    try:
        details = opener.open(due.sealed, wrapped=due.wrapped, person_id=due.due.person_id)
    except sealing.Unopened:
        # Notify cannot decrypt it and a retry cannot help. It is recorded as withheld; the registry must correct it.
        _log.warning("contact does not open", person_id=str(due.due.person_id), key_id=str(due.sealed.key_id))
        return None
    usable = planning.usable(details.channels, {"mail": details.email, "sms": details.mobile})
    return Reach(details.language, usable, details.zone)
