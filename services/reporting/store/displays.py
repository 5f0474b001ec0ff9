"""SQL of the displays' grants. Their times are those of the database's own clock: a demo's business clock would end a code in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.reporting.domain.pairing import DAYS, LIFE_SECONDS, MOST_TRIES
from shared.service.database import Transaction

_LIVE = "revoked_at is null and expires_at > clock_timestamp()"
_ADD = text(f"""
    insert into display_grants (grant_id, district, project_id, name, code, secret_digest, code_expires_at, granted_by)
    values (:grant_id, :district, :project_id, :name, :code, :secret_digest,
            clock_timestamp() + interval '{LIFE_SECONDS} seconds', :granted_by)
""")  # noqa: S608 - a constant
_WAITING = text("""
    select grant_id, district from display_grants
    where code = :code and token_digest is null and revoked_at is null and code_expires_at > clock_timestamp()
    order by granted_at desc limit 1
""")
_TRY = text(f"""
    update display_grants set tries = tries + 1
    where grant_id = :grant_id and token_digest is null and revoked_at is null and code_expires_at > clock_timestamp()
      and tries < {MOST_TRIES}
    returning secret_digest
""")  # noqa: S608 - a constant
_PAIR = text(f"""
    update display_grants
    set token_digest = :token_digest, since = clock_timestamp(), last_seen_at = clock_timestamp(),
        expires_at = clock_timestamp() + interval '{DAYS} days'
    where grant_id = :grant_id
""")  # noqa: S608 - a constant
_OPEN = text(f"""
    select grant_id, district, project_id, name, expires_at from display_grants
    where grant_id = :grant_id and token_digest = :token_digest and {_LIVE}
""")  # noqa: S608 - a constant
_IS_LIVE = text(f"select exists (select from display_grants where grant_id = :grant_id and {_LIVE})")  # noqa: S608 - a constant
_SEEN = text("""
    update display_grants set last_seen_at = clock_timestamp()
    where grant_id = :grant_id and last_seen_at < clock_timestamp() - interval '20 seconds'
""")
# What has ended stays on the list for a day, so that command sees that it has.
_ALL = text(f"""
    select grant_id, district, project_id, name, granted_by, since, last_seen_at, expires_at, revoked_at,
           case when {_LIVE} then 'on' when since is null and revoked_at is null then 'waiting' else 'ended' end as state
    from display_grants
    where ({_LIVE}) or (since is null and revoked_at is null and code_expires_at > clock_timestamp())
       or (since is not null and coalesce(revoked_at, expires_at) > clock_timestamp() - interval '1 day')
    order by granted_at desc limit 200
""")  # noqa: S608 - a constant
_REVOKE = text(f"""
    update display_grants set revoked_at = clock_timestamp(), revoked_by = :revoked_by
    where grant_id = :grant_id and revoked_at is null and (since is null or {_LIVE})
""")  # noqa: S608 - a constant


@dataclass(frozen=True)
class Grant:
    """A display that may show one project's wall."""

    grant_id: UUID
    district: str
    project_id: UUID
    name: str
    expires_at: datetime


def add(tx: Transaction, **facts: object) -> None:
    tx.connection.execute(_ADD, {"district": tx.district, **facts})


def waiting(tx: Transaction, code: str) -> tuple[UUID, str] | None:
    """The grant whose code begins so, and its district."""
    row = tx.connection.execute(_WAITING, {"code": code}).one_or_none()
    return (row.grant_id, row.district) if row else None


def count_try(tx: Transaction, grant_id: UUID) -> str | None:
    """The digest that the rest of the code must give; None when there is no try left. The try counts whatever comes of it."""
    digest: str | None = tx.connection.execute(_TRY, {"grant_id": grant_id}).scalar_one_or_none()
    return digest


def pair(tx: Transaction, grant_id: UUID, token_digest: str) -> None:
    tx.connection.execute(_PAIR, {"grant_id": grant_id, "token_digest": token_digest})


def opened(tx: Transaction, grant_id: UUID, token_digest: str) -> Grant | None:
    row = tx.connection.execute(_OPEN, {"grant_id": grant_id, "token_digest": token_digest}).one_or_none()
    return Grant(*row) if row else None


def live(tx: Transaction, grant_id: UUID) -> bool:
    return bool(tx.connection.execute(_IS_LIVE, {"grant_id": grant_id}).scalar_one())


def seen(tx: Transaction, grant_id: UUID) -> None:
    tx.connection.execute(_SEEN, {"grant_id": grant_id})


def listed(tx: Transaction) -> Sequence[Row[Any]]:
    return tx.connection.execute(_ALL).all()


def revoke(tx: Transaction, grant_id: UUID, *, revoked_by: str) -> bool:
    """False when there was nothing to revoke."""
    return tx.connection.execute(_REVOKE, {"grant_id": grant_id, "revoked_by": revoked_by}).rowcount == 1
