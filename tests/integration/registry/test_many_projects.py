"""Does a district of many projects open each of them by its address?"""

from tests.integration.registry.conftest import Registry


def test_the_newest_of_many_projects_is_opened_by_its_address(registry: Registry) -> None:
    *_, newest = [registry.project(name=f"片区{number}") for number in range(201)]
    headers = {**registry.headers("clerk"), "Accept": "text/html"}

    answer = registry.app.test_client().get(f"/register/units?project={newest}", headers=headers)

    assert answer.status_code == 200
    assert "片区200" in answer.text
