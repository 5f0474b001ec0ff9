"""Silence while a planned upgrade runs: nobody is woken by a process that is being replaced.

Invariant: the silence ends with the upgrade, also with one that fails, so that what it has broken pages; and by itself after half an hour,
should the upgrade be killed. Where no Alertmanager answers, the upgrade goes on without.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

VARIABLE: Final = "ALERTMANAGER_URL"
_LONGEST: Final = timedelta(minutes=30)
_PATIENCE_SECONDS: Final = 5
# Not the heartbeat: whoever waits for it would call.
_EVERY: Final = {"name": "severity", "value": "page|ticket", "isRegex": True, "isEqual": True}


@contextmanager
def silenced(address: str, *, comment: str) -> Iterator[str]:
    """Yields the id of the silence; empty: there is none. `address`: such as http://127.0.0.1:9093; empty: none is asked."""
    silence = _begin(address, comment) if address else ""
    try:
        yield silence
    finally:
        if silence:
            _ask(address, "DELETE", f"/api/v2/silence/{silence}")


def _begin(address: str, comment: str) -> str:
    begins = datetime.now(UTC)
    wanted = {
        "matchers": [_EVERY],
        "startsAt": begins.isoformat(),
        "endsAt": (begins + _LONGEST).isoformat(),
        "createdBy": "make upgrade",
        "comment": comment,
    }
    answer = _ask(address, "POST", "/api/v2/silences", wanted)
    return str(answer["silenceID"]) if answer else ""


def _ask(address: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """None where no Alertmanager answers, or it does not take what it is asked for."""
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname or "", place.port or 80, timeout=_PATIENCE_SECONDS)
    try:
        connection.request(
            method, f"{place.path.rstrip('/')}{path}", json.dumps(body), {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        text = answer.read()
        return json.loads(text or b"{}") if answer.status == 200 else None  # noqa: PLR2004 - OK
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
