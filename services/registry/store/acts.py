"""Acts in PostgreSQL: written in the transaction of the act, and never changed."""

from dataclasses import asdict

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.registry.domain.act import Act
from shared.service.database import Transaction
from shared.telemetry import tracing

_RECORD = text("""
    insert into acts (act_id, district, kind, project_id, of, name, units, changed, done_by, done_at, trace_id)
    values (:act_id, :district, :kind, :project_id, :of, :name, :units, :changed, :done_by, :done_at, :trace_id)
""")


def record(tx: Transaction, act: Act) -> None:
    its = {"act_id": uuid7(), "district": tx.district, "trace_id": tracing.trace_id()}
    tx.connection.execute(_RECORD, {**asdict(act), **its})
