"""Do the metrics of imports show one that stands still, also while no worker runs?"""

from sqlalchemy import text

from services.registry.domain import sample
from services.registry.queries import facts
from tests.integration.registry.conftest import DISTRICT, Registry, workbook


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
