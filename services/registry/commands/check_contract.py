"""Whom a change of the contract breaks: each incompatible change, and below it the live grants that name its type of event."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from services.registry.store import live_grants
from services.registry.store.live_grants import LiveGrant
from shared.events import impact
from shared.events.impact import Change, Contract
from shared.service.database import Transaction


@dataclass(frozen=True)
class Checked:
    """`breaks`: each change with each live grant that it breaks. A grant has no list of fields, so it reads all of them."""

    changes: list[Change]
    grants: list[LiveGrant]
    breaks: list[tuple[Change, LiveGrant]]

    def lines(self) -> Iterator[str]:
        for change in self.changes:
            yield f"{change.event_type} {change.sentence}"
            for broken, grant in self.breaks:
                if broken is change:
                    until = grant.ends_at.astimezone(UTC).date()
                    yield f"    breaks {grant.agency} in {grant.district}: {grant.purpose} (until {until}, {grant.grant_id})"
        yield (
            f"{len(self.changes)} incompatible changes, {len(self.grants)} live grants, "
            f"{len({grant.grant_id for _, grant in self.breaks})} of them broken"
        )


def check_contract(tx: Transaction, before: Contract, after: Contract, *, now: datetime) -> Checked:
    """`before`: what the agencies read today."""
    changes, grants = impact.changes(before, after), live_grants.live(tx, now=now)
    breaks = [(change, grant) for change in changes for grant in grants if _gives(grant, change.event_type, before)]
    return Checked(changes, grants, breaks)


def _gives(grant: LiveGrant, event_type: str, before: Contract) -> bool:
    """A type counts only if its own audience is granted. A folder of schemas does not say what that was: then it counts."""
    audience = before[event_type].travels.get("audience")
    return event_type in grant.event_types and (audience is None or audience in grant.audiences)
