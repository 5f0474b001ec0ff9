"""Do the platform's databases, roles and topics hold what the services rely on?"""

from contextlib import closing

import psycopg
import pytest
from kafka import KafkaAdminClient

from deploy.local import admin
from deploy.local import topics as plan
from tests.support.platform import Platform


def test_each_test_has_a_database_of_its_own(empty_database):
    first, second = empty_database("kit"), empty_database("kit")

    with psycopg.connect(first.owner) as connection:
        connection.execute("create table only_here (number int)")
    with psycopg.connect(second.owner) as connection:
        assert connection.execute("select to_regclass('only_here')").fetchone() == (None,)


@pytest.mark.parametrize("role", ["app", "mechanism"])
def test_only_the_owner_may_create_tables(empty_database, role):
    with (
        psycopg.connect(getattr(empty_database("kit"), role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("create table not_here (number int)")


def test_no_role_of_a_service_reaches_another_services_database(empty_database, platform: Platform):
    theirs, ours = empty_database("registry"), empty_database("signing")

    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(ours.app.replace(f"/{ours.name}", f"/{theirs.name}"))


def test_a_districts_topics_are_made_once_and_as_declared(platform: Platform):
    district = platform.district()

    made = plan.create(admin.as_admin(platform.place), district)

    assert set(made) == set(plan.planned(district))
    assert plan.create(admin.as_admin(platform.place), district) == []
    with closing(KafkaAdminClient(**platform.connection)) as client:
        found = {item["name"]: len(item["partitions"]) for item in client.describe_topics(made)}
    assert found == {name: wanted["num_partitions"] for name, wanted in plan.planned(district).items()}
