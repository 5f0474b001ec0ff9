"""Imports, reads, corrects and exports one column of the workbook, in the tree that it is started in:
`python -m tests.support.new_column PROJECT TOKEN COLUMN`.

Prints JSON: what the register says of one unit after each step, the page of the unit, and the export's column.
"""

import io
import json
import sys
from decimal import Decimal
from uuid import uuid4

import openpyxl
from flask.testing import FlaskClient

from services.registry import application, wiring
from services.registry.config import Settings
from services.registry.domain import sample
from services.registry.domain.template import HOLDERS_SHEET
from services.registry.gateways import csv_writer
from services.registry.workers.importing import Importer
from shared.service import database
from shared.service.clock import RealClock

SEED, UNITS, DISTRICT = 7, 8, "440303"


def main(project_id: str, token: str, column: str) -> int:
    settings = Settings()
    engine = database.connect(settings.database_url, application_name="test", pool_size=6)
    importer = Importer(engine, wiring.vault(settings), clock=RealClock())
    client = application.create().test_client()
    made = sample.made(seed=SEED, units=UNITS, district=DISTRICT)
    key = {"Authorization": f"Bearer {token}"}

    def carried_over(holders: list[dict]) -> dict:
        content = io.BytesIO()
        csv_writer.write(content, holders=holders, buildings=made.buildings)
        data = {"file": (io.BytesIO(content.getvalue()), "units.csv")}
        uploaded = _post(client, f"/projects/{project_id}/imports", key, data=data)
        while importer.run_once():
            pass
        _post(client, f"/imports/{uploaded['import_id']}/commit", key, json={})
        while importer.run_once():
            pass
        return client.get(f"/api/v1/imports/{uploaded['import_id']}", headers=key).get_json()

    def unit() -> dict:
        found = client.get(f"/api/v1/projects/{project_id}/units", headers=key).get_json()["items"]
        return next(item for item in found if item["unit_code"] == made.holders[0]["unit_code"])

    answer = {"before": unit()}
    answer["changes"] = carried_over([{**row, column: Decimal("6.50")} for row in made.holders])["changes"]
    answer["imported"] = unit()
    answer["repeated"] = carried_over([dict(row) for row in made.holders])["changes"]
    answer["left"] = unit()
    exported = client.get(f"/api/v1/projects/{project_id}/export.xlsx", headers=key)
    rows = list(openpyxl.load_workbook(io.BytesIO(exported.data))[HOLDERS_SHEET].values)
    answer["exported"] = [str(row[-1]) for row in rows]
    pages = [f"/register/units/{unit()['unit_id']}{tail}" for tail in ("", "/correction")]
    answer["pages"] = [client.get(page, headers=key, query_string={"language": "en"}).text for page in pages]
    answer["corrected"] = _correct(client, unit(), key, {column: "7.25"})
    answer["emptied"] = _correct(client, answer["corrected"], key, {column: None})
    print(json.dumps(answer, ensure_ascii=False))  # noqa: T201 - its answer
    return 0


def _post(client: FlaskClient, path: str, key: dict[str, str], **request: object) -> dict:
    answer = client.post(f"/api/v1{path}", headers={**key, "Idempotency-Key": str(uuid4())}, **request)
    assert answer.status_code in (200, 201, 202), answer.text
    return dict(answer.get_json())


def _correct(client: FlaskClient, unit: dict, key: dict[str, str], changes: dict[str, object]) -> dict:
    headers = {**key, "If-Match": f'"{unit["revision"]}"'}
    body = {"reason": "measured again", **changes}
    answer = client.patch(f"/api/v1/units/{unit['unit_id']}", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
