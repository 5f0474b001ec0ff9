"""An installation of each release, with data, is brought to the newest version: same schema as a new one, no row lost, and it works on."""

import pytest
from sqlalchemy import text

from deploy.declaration import SERVICES
from shared.service import database
from tests.support import dumps

_TABLES = text("""
    select schemaname || '.' || tablename from pg_tables
    where schemaname in ('public', 'model') and tablename <> 'alembic_version' order by 1
""")


@pytest.fixture
def upgraded(platform, empty_database):
    """A service's released database at the newest version, and how many rows each table had before."""

    def bring(version, service):
        made = empty_database(service)
        dumps.restore(platform, made, version=version, service=service)
        before = _counts(platform, made)
        dumps.migrate(platform, service, made)
        return made, before

    return bring


@pytest.fixture
def new(platform, database, empty_database):
    """A service's database as a new installation has it, read from a dump like the released one."""

    def make(service):
        made = empty_database(service)
        dumps.copy(platform, database(service), made)
        return made

    return make


@pytest.mark.parametrize(("version", "service"), dumps.released())
def test_an_upgraded_database_has_the_schema_of_a_new_one_and_all_its_rows(version, service, platform, upgraded, new):
    made, before = upgraded(version, service)

    assert dumps.schema(platform, made) == dumps.schema(platform, new(service))
    after = _counts(platform, made)
    assert {table: after[table] for table in before} == before
    assert sum(before.values()) > 100


@pytest.mark.parametrize("service", list(SERVICES))
def test_bringing_a_database_to_the_newest_version_twice_changes_nothing(service, platform, database):
    made = database(service)
    before = dumps.schema(platform, made)

    dumps.migrate(platform, service, made)

    assert dumps.schema(platform, made) == before


def test_every_service_of_the_first_release_has_a_dump_of_it():
    """Release 0.1.0 had these four services; a later service has no dump of it."""
    released = {service for version, service in dumps.released() if version == "0.1.0"}

    assert released == {"registry", "signing", "notify", "reporting"}


def _counts(platform, made):
    engine = database.connect(platform.superuser_url(made.name), application_name="count")
    with engine.connect() as connection:
        tables = connection.execute(_TABLES).scalars().all()
        counts = {table: connection.execute(text(f"select count(*) from {table}")).scalar_one() for table in tables}
    engine.dispose()
    return counts
