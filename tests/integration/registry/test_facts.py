"""Do the metrics of imports show one that stands still, also while no worker runs?"""

from datetime import timedelta

from sqlalchemy import text

from services.registry.domain import sample
from services.registry.queries import facts
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.integration.registry.test_agencies import AGENCY, NOW, SIGNED, THRESHOLD, proposed
from tests.support.clocks import StandingClock


def shown(registry: Registry) -> dict[str, float]:
    found = [item for item in facts.of_imports(registry.mechanism) if item.labels[0] == DISTRICT]
    return {" ".join((item.fact.name.removeprefix("clearwater_"), *item.labels[1:])): item.value for item in found}


def test_an_import_that_nobody_carries_on_grows_old_and_is_gone_when_it_is_done(registry: Registry) -> None:
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)
    before = shown(registry)
    uploaded = registry.upload(project_id, workbook(made))
    assert uploaded.status_code == 202
    waiting = shown(registry)
    registry.work()
    checked = shown(registry)
    registry.post(f"/imports/{uploaded.json['import_id']}/commit")
    with registry.mechanism.connect() as connection:
        noted = connection.execute(
            text("select extract(epoch from clock_timestamp() - noted_at) from import_progress")
        ).scalar_one()
    ordered = shown(registry)
    registry.work()
    done = shown(registry)

    assert (before["imports_running"], before["import_idle_seconds"], before["import_progress_ratio"]) == (0, 0, 1)
    assert (waiting["imports_running"], waiting["import_progress_ratio"]) == (1, 0)
    assert 0 < waiting["import_idle_seconds"] < 60
    assert (checked["imports_running"], checked["imports clean"]) == (0, 1)
    assert ordered["import_idle_seconds"] >= float(noted)
    assert (done["imports_running"], done["imports committed"], done["imports clean"]) == (0, 1, 0)


def granted(registry: Registry, *, days: tuple[int, int], event_types: list[str]) -> str:
    period = {
        "starts_at": (NOW + timedelta(days=days[0])).isoformat(),
        "ends_at": (NOW + timedelta(days=days[1])).isoformat(),
    }
    grant_id: str = proposed(registry, event_types=event_types, **period).json["grant_id"]
    registry.post(f"/grants/{grant_id}/approval", role="command")
    return grant_id


def left(registry: Registry, *, in_days: float) -> float | None:
    """Days until the agency of this district loses a grant, seen `in_days` from now."""
    found = facts.of_grants(registry.mechanism, StandingClock(NOW + timedelta(days=in_days)))
    return next((round(item.value / 86400, 3) for item in found if item.labels == (DISTRICT, AGENCY["agency"])), None)


def test_a_grant_counts_down_to_its_end_unless_another_one_continues_it(registry: Registry) -> None:
    granted(registry, days=(0, 30), event_types=[SIGNED])
    alone = left(registry, in_days=1)
    granted(registry, days=(20, 400), event_types=[THRESHOLD])  # gives other events
    beside = left(registry, in_days=1)
    granted(registry, days=(31, 400), event_types=[SIGNED])  # begins after a gap
    after_a_gap = left(registry, in_days=1)
    continuing = granted(registry, days=(29, 200), event_types=[SIGNED, THRESHOLD])
    continued = left(registry, in_days=1), left(registry, in_days=29)
    registry.post(f"/grants/{continuing}/revocation", {"reason": "年度复核未完成"}, role="city")
    revoked = left(registry, in_days=29)

    assert (alone, beside, after_a_gap) == (29, 29, 29)
    assert continued == (None, 371)  # the first is continued, then what ends last counts
    assert revoked == 1
    assert left(registry, in_days=401) is None
