"""Finds people of a district by a name, and records who looked. Names are opened in memory only; what comes out are ids.

Invariant: only people whose masked name fits are opened, so a search costs what its family name has people.
"""

from collections.abc import Iterator, Mapping
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.registry.domain import names
from services.registry.store import people
from services.registry.store.vault import Vault
from shared.service.database import Transaction

_SHORTEST = 2
_MASKED = text("select distinct masked_name from people where district = :district and forgotten_at is null")
_NAMED = text("""
    select person_id from people where district = :district and forgotten_at is null and masked_name = any(:masked) order by person_id
""")
_RECORD = text("""
    insert into name_searches (search_id, district, subject, roles, reason, found, searched_at)
    values (:search_id, :district, :subject, :roles, :reason, :found, :at)
""")


def search(tx: Transaction, vault: Vault, words: str, *, seen: Mapping[str, object]) -> list[UUID]:
    """Whose name begins with the words; nobody for fewer than two characters. `seen`: who looks, why and when.

    A search that finds nobody is recorded, too.
    """
    found = list(_found(tx, vault, names.folded(words)))
    tx.connection.execute(_RECORD, {**seen, "search_id": uuid7(), "district": tx.district, "found": found})
    return found


def _found(tx: Transaction, vault: Vault, folded: str) -> Iterator[UUID]:
    if len(folded) < _SHORTEST:
        return
    masked = tx.connection.execute(_MASKED, {"district": tx.district}).scalars()
    fitting = [name for name in masked if folded.startswith(names.folded(name.rstrip("*")))]
    person_ids = tx.connection.execute(_NAMED, {"district": tx.district, "masked": fitting}).scalars().all()
    for person_id, personal in people.opened(tx, vault, person_ids).items():
        if names.folded(personal.name).startswith(folded):
            yield person_id
