"""Messages over HTTP: /api/v1/messages, /conservation, /failures, /resends, /channels."""

from datetime import UTC, datetime

from flask import Blueprint

from services.notify.api.bodies import (
    Asked,
    Channels,
    ConservationByDistrict,
    Failures,
    MessageState,
    NoBody,
    OfProject,
    Outcome,
    ResendFailed,
    ResentState,
)
from services.notify.commands.probe_channel import ProbeChannel, probe_channel
from services.notify.commands.resend_failed import ResendFailed as Resend
from services.notify.commands.resend_failed import Resent, count_failed, resend_failed
from services.notify.commands.resolve_message import ResolveMessage, resolve_message
from services.notify.commands.retry_message import RetryMessage, retry_message
from services.notify.domain.message import Message
from services.notify.domain.wording import Channel
from services.notify.queries import channels, conservation, messages
from services.notify.queries.channels import ChannelState
from services.notify.queries.messages import MessageLine, MessageLineage
from shared.refusal import Unknown
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.idempotency import once

api = Blueprint("messages", __name__, url_prefix="/api/v1")
_READERS = identity.ROLES


@http.route(api, "GET", "/messages", roles=_READERS, answers=http.Paged[MessageLine])
def list_messages(query: Asked) -> http.Answer:
    """Messages, newest first, including those deliberately not sent."""
    after = query.after(datetime, str)
    filters = messages.MessageFilter(
        query.unit_id,
        query.project_id,
        query.state or None,
        before=None if after is None else (after[0], after[1]),
        words=query.place,
    )
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        rows = messages.page(tx, filters, limit=query.limit + 1)
    return http.paged(
        rows,
        query=query,
        place=lambda line: (line.planned_at.isoformat(), line.message_key),
        of=http.Paged[MessageLine],
    )


@http.route(api, "GET", "/messages/<message_key>", roles=_READERS, answers=MessageLineage, problems=("not-found",))
def read_message(message_key: str) -> http.Answer:
    """One message with its lineage: fact, rule, recipient, template, time, channel, tries, acts, now."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(MessageLineage(**dict(messages.lineage(tx, message_key))))  # without what only the page shows


@http.route(api, "GET", "/conservation", roles=_READERS, answers=ConservationByDistrict)
def read_conservation(query: OfProject) -> http.Answer:
    """Is every planned message accounted for?"""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(ConservationByDistrict(districts=conservation.by_district(tx, project_id=query.project_id)))


@http.route(api, "GET", "/failures", roles=_READERS, answers=Failures)
def list_failures() -> http.Answer:
    """Failed messages, grouped by their code. POST /resends sends one group again."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(Failures(failures=channels.failures(tx)))


@http.route(api, "GET", "/channels", roles=_READERS, answers=Channels)
def list_channels() -> http.Answer:
    """The state of each channel: whether it is held, why, since when, and when the next probe is due."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(Channels(channels=channels.every(tx)))


@http.route(
    api,
    "POST",
    "/channels/<channel>/probes",
    roles=("command",),
    answers=ChannelState,
    problems=("not-found", "channel-not-held"),
)
def probe(channel: str, body: NoBody) -> http.Answer:  # noqa: ARG001 - declared, so that a stray field is refused
    """Tries a held channel now instead of after the pause, for instance after a credential was renewed."""
    known: list[Channel] = [name for name in channels.CHANNELS if name == channel]
    if not known:
        raise Unknown
    with database.begin(context().engine, district=identity.current().district) as tx:
        command = ProbeChannel(known[0], real_at=datetime.now(UTC))

        def carry_out() -> http.Answer:
            probe_channel(tx, command)
            (state,) = [row for row in channels.every(tx) if (row.district, row.channel) == (tx.district, channel)]
            return http.created(state)

        return once(tx, carry_out)


@http.route(api, "POST", "/resends", roles=("command",), answers=ResentState)
def resend(body: ResendFailed) -> http.Answer:
    """Resends all messages that failed with one code. A dry run counts them first; the act needs a reason."""
    subject = identity.current()
    with database.begin(context().engine, district=subject.district) as tx:

        def carry_out() -> http.Answer:
            if body.dry_run or body.reason is None:
                found = Resent(None, count_failed(tx, body.code, body.channel))
            else:
                order = Resend(body.code, body.reason, subject.subject, datetime.now(UTC), body.channel)
                found = resend_failed(tx, order)
            state = ResentState(code=body.code, channel=body.channel, dry_run=body.dry_run, **vars(found))
            return http.created(state)

        return once(tx, carry_out)


@http.route(
    api,
    "POST",
    "/messages/<message_key>/retries",
    roles=("command",),
    answers=MessageState,
    problems=("not-found", "message-not-failed"),
)
def retry(message_key: str, body: NoBody) -> http.Answer:  # noqa: ARG001 - declared, so that a stray field is refused
    """Orders one more try of a failed message."""
    subject = identity.current()
    with database.begin(context().engine, district=subject.district) as tx:
        command = RetryMessage(message_key, done_by=subject.subject, real_at=datetime.now(UTC))
        return once(tx, lambda: http.created(_state(retry_message(tx, command))))


@http.route(
    api,
    "POST",
    "/messages/<message_key>/outcomes",
    roles=("command",),
    answers=MessageState,
    problems=("not-found", "message-not-unknown"),
)
def resolve(message_key: str, body: Outcome) -> http.Answer:
    """Records the outcome of an unknown message, as a person found it. Sends nothing."""
    subject, at, real_at = identity.current(), context().clock.now(), datetime.now(UTC)
    with database.begin(context().engine, district=subject.district) as tx:
        command = ResolveMessage(message_key, body.outcome, done_by=subject.subject, at=at, real_at=real_at)
        return once(tx, lambda: http.created(_state(resolve_message(tx, command))))


def _state(message: Message) -> MessageState:
    return MessageState(message_key=message.message_key, state=message.state, tries=message.tries)
