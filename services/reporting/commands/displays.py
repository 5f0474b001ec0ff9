"""A display's grant: command gives it, a screen takes it up with the code, command takes it back.

Invariant: the database holds digests only. The code's is keyed with the installation's secret, since so short a code could be found from
a plain one; the token's is plain, since 256 random bits cannot.
"""

import hashlib
import hmac
import secrets
from uuid import UUID, uuid4

from sqlalchemy import Engine

from services.reporting.domain import pairing
from services.reporting.store import displays
from shared.refusal import Refused, Unknown
from shared.service import database


def grant(  # noqa: PLR0913 - who grants what to which screen
    engine: Engine, *, district: str, project_id: UUID, name: str, granted_by: str, secret: str
) -> str:
    """The code to type on the screen. Shown once: it cannot be read again."""
    code = pairing.new_code()
    find, proof = pairing.halves(code) or ("", "")
    with database.begin(engine, district=district) as tx:
        displays.add(
            tx,
            grant_id=uuid4(),
            project_id=project_id,
            name=name,
            code=find,
            secret_digest=_keyed(proof, secret),
            granted_by=granted_by,
        )
    return code


def pair(engine: Engine, typed: str, *, secret: str) -> dict[str, str]:
    """What the display's cookie holds: grant, district, token. Refused `display-code-refused`, whatever was wrong with the code."""
    halves = pairing.halves(typed)
    if halves is None:
        raise Refused("display-code-refused")
    with database.reading(engine, granted=[database.EVERY]) as tx:
        found = displays.waiting(tx, halves[0])
    if found is None:
        raise Refused("display-code-refused")
    grant_id, district = found
    token = secrets.token_urlsafe(32)
    with database.begin(engine, district=district) as tx:
        wanted = displays.count_try(tx, grant_id)
        proved = wanted is not None and hmac.compare_digest(wanted, _keyed(halves[1], secret))
        if proved:
            displays.pair(tx, grant_id, pairing.digest(token))
    if not proved:
        raise Refused("display-code-refused")
    return {"grant": str(grant_id), "district": district, "token": token}


def revoke(engine: Engine, grant_id: UUID, *, district: str, revoked_by: str) -> None:
    """Raises Unknown when there is no such grant, or it has ended."""
    with database.begin(engine, district=district) as tx:
        if not displays.revoke(tx, grant_id, revoked_by=revoked_by):
            raise Unknown


def _keyed(proof: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"clearwater display {proof}".encode(), hashlib.sha256).hexdigest()
