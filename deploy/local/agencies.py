"""An agency on the bus: a user of its own that reads the topics of its grants, made and withdrawn by one act of the admin.

Invariant: its user writes nothing, reads whole topics only where the grants name every type of event on them, and has consumer groups
whose names begin with its own. A topic holds all of its types, so a grant of some of them is served by the feed, not by the bus.
"""

import secrets
from collections.abc import Collection, Iterable

from deploy.local import access, admin
from shared.events import catalogue, topics
from shared.messaging.credentials import Connection


def user_of(agency: str) -> str:
    """No id of an agency has a dot, so no agency's groups begin with another one's."""
    return f"agency.{agency}"


def granted_kinds(event_types: Collection[str]) -> frozenset[str]:
    """The kinds of topic of which every type is granted; never a restricted one."""
    kinds = {kind.kind for kind in topics.KINDS.values() if kind.audience != "restricted"}
    missing = {event.declared.topic for event in catalogue.events() if event.declared.type not in event_types}
    return frozenset(kinds - missing)


def admit(connection: Connection, agency: str, names: Iterable[str]) -> str:
    """Gives the agency's user a new password, which is returned, and the right to read exactly these topics. Raises CannotStart."""
    user, password = user_of(agency), secrets.token_urlsafe(32)
    admin.keep_rights_of(connection, user, access.of_agency(user, names))
    admin.keep_users(connection, {user: password})
    return password


def withdraw(connection: Connection, agency: str) -> None:
    """First the rights, which end on open connections too, then the user. Raises CannotStart."""
    admin.keep_rights_of(connection, user_of(agency), ())
    admin.remove_users(connection, [user_of(agency)])
