"""What the wall shows of each project: for the dry run of a redrive."""

from collections.abc import Mapping

from services.reporting.queries import standings
from shared.service.database import Transaction
from shared.web import figures


def figures_of(tx: Transaction) -> Mapping[tuple[str, str], str]:
    """The count on each basis with its rate, and whether the threshold is reached, by the name of the figure and of the project."""
    found: dict[tuple[str, str], str] = {}
    for standing in standings.of(tx):
        for basis in standing.bases:
            written = figures.area if basis.basis == "area" else figures.count
            rate = f" {basis.rate}%" if basis.rate else ""
            found[basis.basis, standing.name] = f"{written(basis.numerator)}{rate}"
        found["latch", standing.name] = "reached" if standing.reached_at else "open"
    return found
