"""Every act of the register is kept with who did it and when, and its page shows it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook


def shown(registry: Registry, path: str, *, role: str = "clerk") -> str:
    answer = registry.app.test_client().get(path, headers={**registry.headers(role), "Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


def trace(registry: Registry, path: str, *, role: str = "clerk") -> str:
    return shown(registry, path, role=role).split('id="acts-head"')[1].split("</section>")[0]


def kinds(registry: Registry) -> list[tuple[str, str]]:
    with registry.mechanism.connect() as connection:
        return [(row.kind, row.done_by) for row in connection.execute(text("select * from acts order by act_id"))]


@pytest.fixture
def project_id(registry: Registry) -> str:
    """With units, in the group 一组 and in nobody's hands."""
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    return project_id


def test_a_project_shows_who_opened_it_and_who_committed_its_import(registry: Registry, project_id: str):
    found = trace(registry, f"/register/projects/{project_id}")

    for words in ("立项", "成立小组", "写入登记簿", f"clerk-{DISTRICT}"):
        assert words in found


def test_a_district_shows_who_opened_it(registry: Registry, project_id: str):
    assert kinds(registry)[0] == ("district-opened", "city-city")
    row = shown(registry, "/register/districts", role="city").split(f"<td>{DISTRICT}</td>")[1].split("</tr>")[0]
    assert "city-city" in row


def test_a_group_shows_who_formed_it_and_who_added_an_officer(registry: Registry, project_id: str):
    group = registry.get(f"/projects/{project_id}/groups").json["items"][0]
    added = registry.post(
        f"/groups/{group['group_id']}/officers", {"staff_number": "N-9", "name": "乔安"}, role="command"
    )
    assert added.status_code == 201, added.text

    found = trace(registry, f"/register/projects/{project_id}/groups")
    assert "加经办人" in found and f"{group['name']} 乔安" in found and f"command-{DISTRICT}" in found


def test_an_assignment_shows_who_did_it_and_how_many_changed_hands(registry: Registry, project_id: str):
    group = registry.get(f"/projects/{project_id}/groups").json["items"][0]
    units = [unit["unit_id"] for unit in registry.get(f"/projects/{project_id}/units").json["items"][:3]]
    body = {"group_id": group["group_id"], "staff_id": group["officers"][0]["staff_id"], "unit_ids": units}
    done = registry.post(f"/projects/{project_id}/assignments", body).json

    found = trace(registry, f"/register/projects/{project_id}/assignments")
    assert f"分派 3 套，{done['changed']} 套换了负责人" in found and f"clerk-{DISTRICT}" in found


def test_a_workbook_with_mistakes_is_done_with_once_a_later_one_is_committed(registry: Registry, project_id: str):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    wrong = sample.made(seed=1, units=20, district=DISTRICT)
    wrong.holders[0]["document_number"] = "44039919800229000"
    registry.upload(project_id, workbook(wrong))
    registry.work()
    assert registry.get(f"/projects/{project_id}/imports").json["items"][0]["state"] == "faulty"
    assert "未完的导入 1 个" in shown(registry, f"/register/projects/{project_id}")

    assert registry.imported(project_id, workbook(made))["state"] == "committed"

    assert "未完的导入 0 个" in shown(registry, f"/register/projects/{project_id}")


def test_an_abandoned_import_shows_by_whom_and_keeps_no_file_name(registry: Registry, project_id: str):
    made = sample.made(seed=2, units=20, district=DISTRICT)
    report = registry.imported(project_id, workbook(made), name="secret.xlsx", commit=False)
    for _ in range(2):  # the second one changes nothing
        registry.post(f"/imports/{report['import_id']}/abandon", role="command")

    found = trace(registry, f"/register/imports/{report['import_id']}")
    assert found.count("放弃导入") == 1 and f"command-{DISTRICT}" in found
    with registry.mechanism.connect() as connection:
        assert "secret" not in str(connection.execute(text("select acts::text from acts")).scalars().all())


def test_a_tenancy_shows_who_recorded_and_who_ended_it(registry: Registry, project_id: str):
    unit = registry.get(f"/projects/{project_id}/units").json["items"][0]["unit_id"]
    body = {"name": "龚理", "document_type": "passport", "document_number": "E12345678", "use": "home"}
    tenancy = registry.post(f"/units/{unit}/tenants", body).json
    for _ in range(2):  # ended once
        ended = registry.post(f"/tenancies/{tenancy['tenancy_id']}/end", {"ended_on": "2026-11-20"}, role="officer")
        assert ended.json["ended_on"] == "2026-11-20"

    assert tenancy["recorded_by"] == f"clerk-{DISTRICT}"
    assert [done for done in kinds(registry) if done[0] == "tenancy-ended"] == [
        ("tenancy-ended", f"officer-{DISTRICT}")
    ]
    page = shown(registry, f"/register/units/{unit}")
    assert f"officer-{DISTRICT}" in page and f"clerk-{DISTRICT}" in page and "龚理" not in page


def test_an_act_that_was_refused_leaves_no_trace(registry: Registry, project_id: str):
    before = kinds(registry)
    group = registry.get(f"/projects/{project_id}/groups").json["items"][0]
    assert registry.post(f"/projects/{project_id}/groups", {"name": group["name"]}).json["code"] == "group-formed"
    assert kinds(registry) == before


def test_the_record_of_acts_cannot_be_changed(registry: Registry, project_id: str):
    for change in ("delete from acts", "update acts set done_by = 'nobody'"):
        with pytest.raises(DBAPIError), database.begin(registry.engine, district=DISTRICT) as tx:
            tx.connection.execute(text(change))
