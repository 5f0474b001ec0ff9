"""Which display a request comes from: a screen without a person, whose cookie names a grant that is looked up every time.

Invariant: a display is a subject of a role of its own, `display`, in one district. No route lets that role in but its wall and its
stream, so whatever else it asks for is refused; what it may see of the stream is narrowed to its project (api/stream.py).
"""

from uuid import UUID

from flask import g, request
from sqlalchemy import Engine

from services.reporting.domain.pairing import digest
from services.reporting.store import displays
from services.reporting.store.displays import Grant
from shared.refusal import Refused
from shared.service import database, identity, session
from shared.service.context import context
from shared.service.identity import Subject

ROLE = "display"


def current() -> Grant | None:
    """The display's grant, if nobody is signed in and the display was admitted."""
    grant: Grant | None = g.get("display")
    return grant


def admit() -> bool:
    """Takes a display in as the subject of this request. False where there is a person's session or token, or no live grant."""
    if request.headers.get("Authorization") or _person():
        return False
    grant = _granted()
    if grant is None:
        return False
    g.display = grant
    g.subject = Subject(
        f"display {grant.grant_id}",
        grant.name,
        frozenset({ROLE}),
        (grant.district,),
        ends_at=grant.expires_at.timestamp(),
    )
    return True


def still(engine: Engine, grant: Grant) -> bool:
    """False once it has been revoked or has ended."""
    with database.reading(engine, granted=[grant.district]) as tx:
        return displays.live(tx, grant.grant_id)


def note_seen(grant: Grant) -> None:
    with database.begin(context().engine, district=grant.district) as tx:
        displays.seen(tx, grant.grant_id)


def _person() -> bool:
    try:
        identity.current()
    except Refused:
        return False
    return True


def _granted() -> Grant | None:
    settings = context().settings
    sealed = request.cookies.get(session.cookie_name(settings.public_url, "display"), "")
    if not sealed:
        return None
    try:
        held = session.opened(sealed, secret=settings.session_secret, purpose="display")
    except Refused:
        return None
    with database.reading(context().engine, granted=[held["district"]]) as tx:
        return displays.opened(tx, UUID(held["grant"]), digest(held["token"]))
