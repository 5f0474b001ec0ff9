"""Finds people by a name that is not shown. The search is recorded with its reason; the record is permanent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.store import name_searches
from services.registry.store.vault import Vault
from shared.service.database import Transaction


@dataclass(frozen=True)
class SearchNames:
    words: str
    reason: str
    subject: str
    roles: tuple[str, ...]
    at: datetime


def search_names(tx: Transaction, vault: Vault, command: SearchNames) -> list[UUID]:
    seen = {"subject": command.subject, "roles": list(command.roles), "reason": command.reason, "at": command.at}
    return name_searches.search(tx, vault, command.words, seen=seen)
