"""Acts in PostgreSQL: written in the transaction of the act, and never changed."""

from dataclasses import asdict

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.notify.domain.act import Act
from shared.service.database import Transaction

_RECORD = text("""
    insert into acts (act_id, district, kind, message_key, done_by, done_at)
    values (:act_id, :district, :kind, :message_key, :done_by, :done_at)
""")


def record(tx: Transaction, act: Act) -> None:
    tx.connection.execute(_RECORD, {**asdict(act), "act_id": uuid7(), "district": tx.district})
