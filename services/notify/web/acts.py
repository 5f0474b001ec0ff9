"""Orders on the page of messages. The page asks for confirmation, a form carries the order out, the page shows the result.

Invariant: it works without JavaScript. A form names its message: the order is for the message on the screen, and the answer
returns to that message even if the list has changed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from services.notify.commands.probe_channel import ProbeChannel, probe_channel
from services.notify.commands.resend_failed import ResendFailed, resend_failed
from services.notify.commands.resolve_message import ResolveMessage, resolve_message
from services.notify.commands.retry_message import RetryMessage, retry_message
from services.notify.domain.wording import Channel
from services.notify.queries import messages
from services.notify.queries.channels import CHANNELS
from shared.refusal import Refused, Unknown
from shared.service import database, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.text import Unwritable, line

# The orders allowed in each state of a message.
ACTS: Final[Mapping[str, tuple[str, ...]]] = {"failed": ("retry",), "unknown": ("arrived", "not_arrived")}

_KEPT: Final = ("state", "unit_id", "before")
_LONGEST: Final = 200


def add_to(pages: Blueprint) -> None:
    for address, view in (("acts", act), ("resends", resend), ("probes", probe)):
        pages.add_url_rule(f"/messages/{address}", view.__name__, identity.requires("command")(view), methods=["POST"])


def act() -> Response:
    """Resends one message, or records the outcome that a person found out."""
    key, order = _field("m"), _field("act")
    if not any(order in orders for orders in ACTS.values()):
        raise Unknown
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        district = messages.lineage(tx, key).line.district
    try:
        with database.begin(context().engine, district=district) as tx:
            _carried_out(tx, key, order)
    except Refused:
        return _back(m=key, did="too-late")
    return _back(m=key, did=order)


def _carried_out(tx: Transaction, key: str, order: str) -> None:
    done_by, at, real_at = identity.current().subject, context().clock.now(), datetime.now(UTC)
    if order == "retry":
        retry_message(tx, RetryMessage(key, done_by=done_by, real_at=real_at))
    else:
        found_out: Literal["arrived", "not_arrived"] = "arrived" if order == "arrived" else "not_arrived"
        resolve_message(tx, ResolveMessage(key, found_out, done_by=done_by, at=at, real_at=real_at))


def resend() -> Response:
    """Resends all messages that failed with one code."""
    code, kept = _field("code"), {"m": _field("m")}
    if (reason := _reason()) is None:
        return _back(**kept, did="no-reason", resend=code, channel=_channel(), district=_field("district"))
    order = ResendFailed(code, reason, identity.current().subject, datetime.now(UTC), _channel())
    with database.begin(context().engine, district=_district()) as tx:
        sent = resend_failed(tx, order)
    return _back(**kept, did="resent", count=str(sent.messages))


def _reason() -> str | None:
    try:
        return line(_field("reason").strip(), longest=_LONGEST) or None
    except Unwritable:
        return None


def probe() -> Response:
    """Probes a held channel now."""
    try:
        with database.begin(context().engine, district=_district()) as tx:
            probe_channel(tx, ProbeChannel(_channel(), real_at=datetime.now(UTC)))
    except Refused:
        return _back(m=_field("m"), did="not-held")
    return _back(m=_field("m"), did="probe")


def _field(name: str) -> str:
    """A field of the form. Raises Unknown on NUL, which PostgreSQL text cannot store and no value of ours contains."""
    if "\0" in (given := request.form.get(name, "")):
        raise Unknown
    return given


def _channel() -> Channel:
    for channel in CHANNELS:
        if channel == _field("channel"):
            return channel
    raise Unknown


def _district() -> str:
    """The district of the form, if it is granted."""
    named, granted = _field("district"), identity.current().granted
    if named.isascii() and named.isdecimal() and (database.EVERY in granted or named in granted):
        return named
    raise Unknown


def _back(**place: str) -> Response:
    """Redirects to the same message in the same list, so that the page can be reloaded."""
    kept = {name: _field(name) for name in _KEPT}
    address = {name: value for name, value in {**kept, **place}.items() if value}
    return redirect(f"/messages?{urlencode(address)}", code=303)
