"""The pages, in every state of an import and in every language."""

import pytest
from sqlalchemy import text

from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook


def page(registry: Registry, path: str, *, role: str = "clerk") -> str:
    headers = {**registry.headers(role), "Accept": "text/html"}
    answer = registry.app.test_client().get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_page_stands_in_every_language(registry: Registry, language: str):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)
    report = registry.imported(project_id, workbook(made))

    for path in (
        "/register/imports",
        f"/register/imports/{report['import_id']}",
        "/register/units",
        "/register/people",
    ):
        assert f'lang="{language}"' in page(registry, f"{path}?language={language}")


def test_the_page_of_an_import_shows_its_state_and_the_next_step(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    import_id = registry.upload(registry.project(made), workbook(made)).json["import_id"]

    assert 'data-at-work="yes"' in page(registry, f"/register/imports/{import_id}")
    registry.work()
    clean = page(registry, f"/register/imports/{import_id}")
    assert "没有问题，可以写入 20 套" in clean and "写入登记簿" in clean
    registry.post(f"/imports/{import_id}/commit")
    registry.work()
    assert "已写入 20 套" in page(registry, f"/register/imports/{import_id}")


def test_an_import_is_cancelled_on_its_page(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    import_id = registry.imported(registry.project(made), workbook(made), commit=False)["import_id"]

    assert f'data-act="/api/registry/v1/imports/{import_id}/abandon"' in page(
        registry, f"/register/imports/{import_id}"
    )
    registry.post(f"/imports/{import_id}/abandon")
    given_up = page(registry, f"/register/imports/{import_id}")
    assert "已放弃，原表已销毁，一行也没有写入" in given_up and "data-act" not in given_up


def test_the_page_of_an_import_and_its_live_part_show_the_progress(registry: Registry):
    """As the worker has noted it, half a minute into 100,000 rows."""
    made = sample.made(seed=1, units=20, district=DISTRICT)
    import_id = registry.upload(registry.project(made), workbook(made)).json["import_id"]
    assert "等待处理" in page(registry, f"/register/imports/{import_id}/progress")
    with database.begin(registry.engine, district=DISTRICT) as tx:
        place = {"import_id": import_id, "district": DISTRICT}
        tx.connection.execute(text("update imports set state = 'reading' where import_id = :import_id"), place)
        tx.connection.execute(
            text("""insert into import_progress (import_id, district, step, done, total, began_at, noted_at)
                values (:import_id, :district, 'reading', 25000, 100000, now() - interval '12 seconds', now())"""),
            place,
        )

    for path in (f"/register/imports/{import_id}", f"/register/imports/{import_id}/progress"):
        shown = page(registry, path)
        assert "已读 25,000 / 100,000 行，约还需 40 秒" in shown and 'data-milestone="reading 1"' in shown
        assert 'value="25000" max="100000"' in shown
    now = registry.get(f"/imports/{import_id}").json["progress"]
    assert now == {"step": "reading", "done": 25_000, "total": 100_000, "rest_seconds": 36}
    registry.work()
    assert 'data-at-work="no"' in page(registry, f"/register/imports/{import_id}/progress")


def test_mistakes_are_listed_with_their_cells(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    made.holders[0]["document_number"] = "440399198002290001"
    report = registry.imported(registry.project(made), workbook(made), commit=False)

    listed = page(registry, f"/register/imports/{report['import_id']}")
    assert '<strong class="code">Q2</strong>' in listed and "校验位不对" in listed and "下载批注表" in listed


def test_a_page_shows_no_name(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    registry.imported(registry.project(made), workbook(made))

    shown = page(registry, "/register/units") + page(registry, "/register/people")
    assert [line["name"] for line in made.holders if line["name"] in shown] == []


def test_empty_pages_say_that_they_are_empty(registry: Registry):
    assert "本区还没有片区" in page(registry, "/register/imports")
    assert "还没有权利人" in page(registry, "/register/people")
