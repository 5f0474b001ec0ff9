"""Does the page of parked events open for command and city only, and name units and projects of the reader's districts only?"""

from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from tests.support.launch import Bus, Launch, Numbering

DISTRICT, OTHER = "440303", "440304"
UNKNOWN = str(UUID(int=7))


@pytest.fixture
def launch(engine: Engine) -> Launch:
    day = Launch(units=2)
    Bus(engine).deliver(Numbering().messages(DISTRICT, [*day.opening(), *day.register(), *day.groups(), day.freeze()]))
    return day


@pytest.fixture
def read(app: Flask, issuer: tuple[str, Path]):
    def get(path: str, *keys: str, role: str = "command", district: str = DISTRICT) -> TestResponse:
        token = local_issuer.mint(issuer[1], role=role, districts=(district,))
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
        return app.test_client().get(path, headers=headers, query_string={"key": keys, "language": "en"})

    return get


@pytest.mark.parametrize(("role", "status"), [("command", 200), ("city", 200), ("auditor", 403), ("desk", 403)])
def test_it_opens_for_command_and_city(read, role: str, status: int) -> None:
    assert read("/parked", role=role).status_code == status
    assert read("/parked/names", role=role).status_code == status


def test_it_names_the_units_and_projects_of_the_reader_s_districts(read, launch: Launch) -> None:
    unit, project = str(launch.named("unit 0")), str(launch.project_id)

    names = read("/parked/names", unit, project, UNKNOWN, "water-bureau").get_json()

    assert set(names) == {unit, project}
    assert names[unit].endswith(launch.unit(0).door) and launch.unit(0).compound in names[unit]
    assert read("/parked/names", unit, project, district=OTHER).get_json() == {}
    assert read("/parked/names").get_json() == {}
