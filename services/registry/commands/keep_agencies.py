"""Registers an agency of this district and changes what is known of it."""

from dataclasses import dataclass
from datetime import datetime

from services.registry.domain.agency import Agency
from services.registry.store import agencies
from shared.service.database import Transaction


@dataclass(frozen=True)
class RegisterAgency:
    agency: Agency
    by: str
    at: datetime


def register_agency(tx: Transaction, command: RegisterAgency) -> Agency:
    """Raises Refused: district-not-open, agency-registered, client-taken."""
    agencies.add(tx, command.agency, by=command.by, at=command.at)
    return command.agency


@dataclass(frozen=True)
class ChangeAgency:
    """`agency` as it is from now on: a client that it does not name acts for it no longer."""

    agency: Agency
    expected: int


def change_agency(tx: Transaction, command: ChangeAgency) -> Agency:
    """Raises Unknown; Refused: version-superseded, client-taken."""
    return agencies.change(tx, command.agency, expected=command.expected)
