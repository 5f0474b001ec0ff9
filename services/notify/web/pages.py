"""/messages: messages, newest first, and the one chosen with its lineage; channels that are held; what has failed, by code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from flask import Blueprint, render_template, request

from services.notify.domain.rules import MATRIX_VERSION
from services.notify.queries import channels, conservation, messages
from services.notify.queries.channels import ChannelState, Failure
from services.notify.queries.messages import MessageFilter, MessageRow, TracedMessage
from services.notify.web import acts
from shared.service import identity
from shared.service.context import context
from shared.service.database import Transaction, reading
from shared.text import Unwritable, line
from shared.web import figures
from shared.web.shell import AsOf, add_texts, text

pages = Blueprint(
    "pages", __name__, static_folder="static", static_url_path="/static/notify", template_folder="templates"
)
add_texts(pages, Path(__file__).with_name("texts.toml"))
acts.add_to(pages)

STATES = ("waiting", "held", "trying", "sent", "unknown", "failed", "superseded", "withheld")
_SHOWN, _LONGEST = 50, 120


@dataclass(frozen=True)
class Link:
    """One link of the chain from the fact to the phone."""

    name: str
    value: str
    more: str


@pages.get("/messages")
@identity.requires()
def letters() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        return _page(tx, chosen=request.args.get("m"))


def _page(tx: Transaction, *, chosen: str | None) -> str:
    filters = _filters()
    rows = messages.page(tx, filters, limit=_SHOWN + 1)
    more, rows = rows[_SHOWN:], rows[:_SHOWN]
    key = chosen or (rows[0].message_key if rows else None)
    found = messages.lineage(tx, key) if key else None
    held, failures = [channel for channel in channels.every(tx) if channel.held], channels.failures(tx)
    may_command = "command" in identity.current().roles
    return render_template(
        "messages.html",
        title=text("messages.title"),
        rows=rows,
        found=found,
        chain=_chain(found, held) if found else (),
        held=held,
        failures=failures if may_command else (),
        asks=_asks(found) if found and may_command else "",
        resend=_resend(failures) if may_command else None,
        result=_order_result(found),
        acts=acts.ACTS,
        older=f"{rows[-1].planned_at.isoformat()}~{rows[-1].message_key}" if more else None,
        totals=_totals(tx),
        states=STATES,
        filters=filters,
        as_of=AsOf(context().clock.now(), None, None),
        may_command=may_command,
        what=_what,
        moment=_moment,
        reason=_reason,
    )


def _filters() -> MessageFilter:
    """A mistyped address shows the whole list, not an error."""
    unit, state, before = (request.args.get(name, "") for name in ("unit_id", "state", "before"))
    at, _, key = before.partition("~")
    try:
        return MessageFilter(
            unit_id=UUID(unit) if unit else None,
            states=[state] if state in STATES else None,
            before=(datetime.fromisoformat(at), key) if key else None,
            words=line(request.args.get("place", "").strip(), longest=_LONGEST),
        )
    except (ValueError, Unwritable):
        return MessageFilter()


def _asks(found: TracedMessage) -> str:
    """The order that needs confirmation; empty when there is none."""
    order = request.args.get("ask", "")
    return order if order in acts.ACTS.get(found.now.state, ()) else ""


def _resend(failures: Sequence[Failure]) -> Failure | None:
    """The failures whose resend needs confirmation."""
    wanted = tuple(request.args.get(name) for name in ("resend", "channel", "district"))
    return next((failure for failure in failures if (failure.code, failure.channel, failure.district) == wanted), None)


def _order_result(found: TracedMessage | None) -> str:
    """The result of the last order, in one sentence; for a message also its state now."""
    did, count = request.args.get("did", ""), request.args.get("count", "")
    if did == "resent" and count.isascii() and count.isdecimal():
        return text("did.resent", count=figures.count(int(count[:9])))
    try:
        done = text(f"did.{did}") if did and did != "resent" else ""
    except KeyError:
        return ""
    if did in {"retry", "too-late"} and found:
        return f"{done} {text('did.now', state=text(f'state.{found.now.state}'))}"
    return done


def _totals(tx: Transaction) -> Mapping[str, int]:
    """Over all granted districts."""
    balances = conservation.by_district(tx)
    counted = {state: sum(getattr(balance, state, 0) for balance in balances) for state in STATES}
    return {
        **counted,
        **{name: sum(getattr(balance, name) for balance in balances) for name in ("planned", "incomplete", "missing")},
    }


def _chain(found: TracedMessage, held: Sequence[ChannelState]) -> Sequence[Link]:
    row, fact, time = found.line, found.fact, found.time
    number = "" if fact.number is None else text("chain.number", number=fact.number)
    at_once = (
        time.urgent and time.hold_until <= time.planned_at
    )  # an urgent message that was delayed for hours waits for the morning
    hold = text("chain.urgent") if at_once else text("chain.morning", at=_moment(time.hold_until))
    channel = text(f"channel.{row.channel}") if row.channel else text("channel.none")
    last = found.tries[-1] if found.tries else None
    return (
        Link(text("chain.fact"), f"{row.unit} {_what(row)}", f"{_moment(fact.happened_at)} {number}"),
        Link(text("chain.rule"), text(f"rule.{row.template}"), text("chain.matrix", version=MATRIX_VERSION)),
        Link(
            text("chain.recipient"),
            row.recipient,
            text("chain.sealed", tongue=text(f"tongue.{found.recipient.language}")),
        ),
        Link(
            text("chain.template"),
            text("chain.version", what=_what(row), version=found.template.version),
            text(f"tongue.{found.recipient.language}"),
        ),
        Link(text("chain.time"), hold, text("chain.planned", at=_moment(time.planned_at))),
        Link(
            text("chain.channel"),
            channel,
            text("chain.tried", count=row.tries, at=_moment(last.began_at)) if last else "",
        ),
        Link(text("chain.now"), text(f"state.{row.state}"), _now(found, held)),
    )


def _now(found: TracedMessage, held: Sequence[ChannelState]) -> str:
    """Details of the state, if known."""
    row, now = found.line, found.now
    hold = next(
        (channel for channel in held if (channel.district, channel.channel) == (row.district, row.channel)), None
    )
    if hold and row.state in {"waiting", "held"}:
        return text("chain.channel_held", at=_moment(hold.next_probe_at))
    if now.receipt:
        return text("chain.receipt", at=_moment(row.settled_at), receipt=now.receipt)
    if row.code:
        return _reason(row.code)
    return text(f"meaning.{row.state}")


def _what(row: MessageRow) -> str:
    return text(f"what.{row.template}", number="" if row.number is None else row.number)


def _reason(code: str) -> str:
    """The sentence for a code; a gateway's own code is shown unchanged."""
    try:
        return text(f"code.{code}")
    except KeyError:
        return code


def _moment(at: datetime | None) -> str:
    return figures.UNKNOWN if at is None else f"{figures.day(at)} {figures.clock_time(at)}"
