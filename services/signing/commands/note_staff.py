"""Notes under which name, roles and staff number a login acts, so that a trace can name the person years later.

Once for each login, district and process, and again when the identity provider names them otherwise: an act costs no round trip more.
"""

from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from services.signing.store import staff
from services.signing.store.staff import Member
from shared.service import database
from shared.service.identity import Subject

_noted: WeakKeyDictionary[Engine, dict[tuple[str, str], Member]] = WeakKeyDictionary()


def note_staff(engine: Engine, subject: Subject, *, district: str) -> None:
    """In a transaction of its own: it is true whatever becomes of the act."""
    member, noted = Member.of(subject), _noted.setdefault(engine, {})
    if noted.get((member.subject, district)) == member:
        return
    with database.begin(engine, district=district) as tx:
        staff.note(tx, member)
    noted[member.subject, district] = member
