"""What grants give an agency on the bus: only approved ones, only now, only types whose audience is granted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local import admission

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
SIGNED, DRAFTED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.drafted.v1"


def grant(**changed: Any) -> dict[str, Any]:
    period = {"starts_at": (NOW - timedelta(days=1)).isoformat(), "ends_at": (NOW + timedelta(days=1)).isoformat()}
    given = {"district": "440303", "state": "approved", "audiences": ["public", "internal"], "event_types": [SIGNED]}
    return given | period | changed


def test_the_grants_of_a_district_add_up():
    found = admission.in_force([grant(), grant(event_types=[DRAFTED]), grant(district="440305")], now=NOW)

    assert found == {"440303": {SIGNED, DRAFTED}, "440305": {SIGNED}}


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "proposed"},
        {"state": "revoked"},
        {"starts_at": (NOW + timedelta(seconds=1)).isoformat()},
        {"ends_at": NOW.isoformat()},
        {"audiences": ["public"], "event_types": [DRAFTED]},
        {"event_types": ["clearwater.signing.no.such.v1"]},
    ],
    ids=" ".join,
)
def test_a_grant_that_is_not_in_force_gives_nothing(changed: dict[str, Any]):
    assert admission.in_force([grant(**changed)], now=NOW) == {}
