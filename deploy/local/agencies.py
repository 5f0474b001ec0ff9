"""An agency on the bus: a user of its own that reads the topics of its grants, made and withdrawn by one act of the admin.

Invariant: its user writes nothing, reads whole topics only where the grants name every type of event on them, and has consumer groups
whose names begin with its own. A topic holds all of its types, so a grant of some of them is served by the feed, not by the bus.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from deploy.local import access, admin
from shared.events import catalogue, topics
from shared.messaging.credentials import Connection

PREFIX = "agency."


class Given(NamedTuple):
    """An approved grant that was not revoked."""

    agency: str
    district: str
    audiences: Collection[str]
    event_types: Collection[str]
    starts_at: datetime
    ends_at: datetime


def user_of(agency: str) -> str:
    """No id of an agency has a dot, so no agency's groups begin with another one's."""
    return PREFIX + agency


def granted_kinds(event_types: Collection[str]) -> frozenset[str]:
    """The kinds of topic of which every type is granted; never a restricted one, nor the one about the agencies."""
    kinds = {kind.kind for kind in topics.KINDS.values() if kind.grantable}
    missing = {event.declared.topic for event in catalogue.events() if event.declared.type not in event_types}
    return frozenset(kinds - missing)


def in_force(grants: Iterable[Given], *, now: datetime) -> dict[str, dict[str, frozenset[str]]]:
    """By agency and district, the types that these grants give now."""
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for grant in grants:
        types = catalogue.of_audiences(grant.event_types, grant.audiences)
        if types and grant.starts_at <= now < grant.ends_at:
            of_agency = found[grant.agency]
            of_agency[grant.district] = of_agency.get(grant.district, frozenset()) | types
    return dict(found)


def topics_of(grants: Iterable[Given], *, now: datetime) -> dict[str, frozenset[str]]:
    """By agency with a grant in force, the names of the topics that it may read."""
    return {
        agency: frozenset(
            topics.name(district, kind) for district, types in of_agency.items() for kind in granted_kinds(types)
        )
        for agency, of_agency in in_force(grants, now=now).items()
    }


def admit(connection: Connection, agency: str, names: Iterable[str]) -> str:
    """Gives the agency's user its quotas, the right to read exactly these topics, and a new password, which is returned.

    Raises CannotStart.
    """
    user, password = user_of(agency), secrets.token_urlsafe(32)
    admin.keep_rights_of(connection, user, access.of_agency(user, names))
    admin.limit(connection, user)
    admin.keep_users(connection, {user: password})
    return password


def withdraw(connection: Connection, agency: str) -> None:
    """First the rights, which end on open connections too, then the user is locked. Raises CannotStart."""
    admin.keep_rights_of(connection, user_of(agency), ())
    admin.lock_users(connection, [user_of(agency)])
