"""Resends failed messages by their code, all at once, with a record of who, why and which."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.notify.domain.wording import Channel
from shared.service.database import Transaction

_FAILED = "state = 'failed' and code = :code and (cast(:channel as text) is null or channel = :channel)"
_COUNT = text(f"select count(*) from messages where district = :district and {_FAILED}")  # noqa: S608 - a constant
# The same as Message.retry, for many messages.
_ORDER = text(f"""
    update messages set state = 'waiting', next_try_at = :real_at, settled_at = null, forgiven = tries, holds_begun = 0
    where district = :district and {_FAILED} returning message_key
""")  # noqa: S608 - a constant
_RECORD = text("""
    insert into resends (district, resend_id, code, channel, reason, ordered_by, ordered_at, message_keys)
    values (:district, :resend_id, :code, :channel, :reason, :ordered_by, :ordered_at, :message_keys)
""")


@dataclass(frozen=True)
class Act:
    code: str
    channel: Channel | None
    reason: str
    ordered_by: str
    ordered_at: datetime


def count(tx: Transaction, code: str, channel: Channel | None) -> int:
    return tx.connection.execute(_COUNT, {"district": tx.district, "code": code, "channel": channel}).scalar_one()  # type: ignore[no-any-return]


def order(tx: Transaction, code: str, channel: Channel | None, *, real_at: datetime) -> Sequence[str]:
    """Returns the keys of the messages that wait again."""
    wanted = {"district": tx.district, "code": code, "channel": channel, "real_at": real_at}
    return list(tx.connection.execute(_ORDER, wanted).scalars())


def record(tx: Transaction, act: Act, message_keys: Sequence[str]) -> UUID:
    resend_id = uuid7()
    row = {"district": tx.district, "resend_id": resend_id, "message_keys": list(message_keys), **asdict(act)}
    tx.connection.execute(_RECORD, row)
    return resend_id
