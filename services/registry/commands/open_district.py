"""Opens a district in the installation."""

from dataclasses import dataclass
from datetime import datetime

from services.registry.domain.act import Act
from services.registry.store import acts, projects
from shared.service.database import Transaction


@dataclass(frozen=True)
class OpenDistrict:
    """The district is that of the transaction."""

    name: str
    by: str
    at: datetime


def open_district(tx: Transaction, command: OpenDistrict) -> None:
    """Raises Refused: district-code-invalid, district-open."""
    projects.open_district(tx, name=command.name, at=command.at)
    acts.record(tx, Act("district-opened", command.by, command.at, name=command.name))
