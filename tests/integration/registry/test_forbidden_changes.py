"""Forbidden changes of the register in SQL, one statement each: refused for the app role, and by a trigger for the owner too."""

import re
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.integration.registry.test_corrections import tenant_to_be
from tests.integration.registry.test_endpoints import HERE, added, granted
from tests.support.platform import Database

ELSEWHERE = "440305"
_ONE = "unit_id = (select unit_id from units where project_id = :open order by unit_id limit 1)"
_FROZEN = "unit_id = (select unit_id from units where project_id = :frozen order by unit_id limit 1)"
_LIVING = "person_id = (select person_id from holders order by person_id limit 1)"
_REVISED = "revision = revision + 1"
_MARK = "decode('00', 'hex')"
_FORGET = f"update people set document_mark = null, name_mark = null, masked_name = '**', forgotten_at = now() where {_LIVING}"
_VAULT = """
    insert into vault (person_id, district, key_id, wrapped_key, nonce, ciphertext, recorded_at)
    values (:gone, '440303', gen_random_uuid(), '', '', '', now())
"""
_LINE = "insert into import_lines (import_id, row, district, content, holder, sealed) values ({}, 9999, '440303', '{{}}', '{{}}', '')"
_IMPORT = """
    insert into imports (import_id, district, project_id, state, file_name, file_bytes, file_digest, key_id, uploaded_by, uploaded_at)
    values (gen_random_uuid(), '440303', {}, '{}', '', 0, '', gen_random_uuid(), 'x', now())
"""
_UNIT = """
    insert into units (district, project_id, building_id, household_id, unit_code, stairwell, floor, door, use, structure,
        registered_area, ownership, registered_at, group_id)
    select '440303', :open, {building}, {household}, 'new', stairwell, floor, 'new', use, structure, 50, ownership, now(), {group}
    from units where {one}
"""
_HANGING = "foreign key"
_FACTS = (
    *("floor = floor + 1", "top_floor = 99", "stairwell = '9单元'", "door = '9'", "house_code = '9'", "use = 'other'"),
    *("structure = 'other'", "registered_area = registered_area + 1", "surveyed_area = 1", "titled_on = '2000-01-01'"),
    *("ownership = 'joint'", "household_id = (select household_id from households order by household_id limit 1)"),
    "building_id = :building",
)
_REPORT = (
    *("rows_read = 1", "units = 1", "faults = 9", "fault_counts = '{\"x\": 1}'", "changes = '{}'"),
    *("contacts_changed = 99", "checked_at = now()"),
)

# Refused for every role: the statement, and what the database says.
BREACHES: dict[str, tuple[str, str]] = {
    "another rule": ("update projects set counting_rule = 'any_unit_signed'", "as it was opened|permission denied for table projects"),
    "a project of another id": ("update projects set project_id = gen_random_uuid()", "as it was opened"),
    **{
        f"a fact without a revision: {fact}": (f"update units set {fact} where {_ONE}", "changes without a revision")
        for fact in _FACTS
    },
    "a source without a revision": (
        f"update units set source = source || '{{\"use\": \"other\"}}' where {_ONE}",
        "source of unit",
    ),
    "a revision back": (f"update units set revision = revision - 1 where {_ONE}", "revision of a row of units goes"),
    "a revision left out": (f"update units set revision = revision + 2 where {_ONE}", "revision of a row of units goes"),
    "an owner taken away": (f"delete from holders where {_ONE}", "without a revision of units"),
    "an owner added": (
        f"""insert into holders (unit_id, person_id, district, place, capable)
            select (select unit_id from units where {_ONE}), person_id, '440303', 99, true from people where forgotten_at is null
                and person_id not in (select person_id from holders where {_ONE}) limit 1""",
        "without a revision of units",
    ),
    "the building of a frozen unit": (
        "update buildings set floors_above = floors_above + 1 where project_id = :frozen",
        "its buildings with it",
    ),
    "a unit more on the frozen roll": (
        f"""insert into roll_lines (project_id, unit_id, district, household_id, area_hundredths_m2, right_holders)
            select :frozen, unit_id, '440303', household_id, 1, '[]' from units where {_ONE}""",
        _HANGING,
    ),
    "a roll without lines": (
        """insert into rolls (project_id, district, units, households, right_holders, area_hundredths_m2, digest, frozen_at, frozen_by)
           values (:open, '440303', 1, 1, 1, 1, repeat('0', 64), now(), 'x')""",
        "has no lines",
    ),
    "a roll of some of the units": (
        f"""with frozen as (
                insert into rolls (project_id, district, units, households, right_holders, area_hundredths_m2, digest, frozen_at, frozen_by)
                select project_id, '440303', 1, 1, 1, 1, repeat('0', 64), now(), 'x' from units where {_ONE} returning project_id)
            insert into roll_lines (project_id, unit_id, district, household_id, area_hundredths_m2, right_holders)
            select project_id, unit_id, '440303', household_id, 1, '[{{"person_id": "x"}}]' from units join frozen using (project_id)
            where {_ONE}""",
        "not the roll that was frozen",
    ),
    "another name": (f"update people set masked_name = '王*' where {_LIVING}", "another name without a revision"),
    "found under another name": (f"update people set name_mark = {_MARK} where {_LIVING}", "name without a revision"),
    "another document": (f"update people set document_mark = {_MARK}, {_REVISED} where {_LIVING}", "another document"),
    "a person's revision back": (f"update people set revision = 0 where {_LIVING}", "revision of person"),
    "forgotten, but not the name": (
        f"update people set document_mark = null, forgotten_at = now() where {_LIVING}",
        "still named",
    ),
    "forgotten, but not the key": (_FORGET, "forgotten in part"),
    "a key lost": (f"delete from vault where {_LIVING}", "forgotten in part"),
    "a forgetting that was none": (
        f"""insert into forgettings (person_id, district, key_id, reason, forgotten_by, forgotten_at)
            select person_id, district, key_id, 'x', 'x', now() from vault where {_LIVING}""",
        "forgotten in part",
    ),
    "known again": (
        f"update people set document_mark = {_MARK}, forgotten_at = null where person_id = :gone",
        "is forgotten",
    ),
    "forgotten at another time": ("update people set forgotten_at = now() where person_id = :gone", "is forgotten"),
    "a new key for who is forgotten": (_VAULT, "is forgotten"),
    "a tenancy that goes on": ("update tenancies set ended_on = null", "has ended"),
    "a tenancy that ends again": ("update tenancies set ended_on = '2027-01-01'", "has ended"),
    **{
        f"from {before} to {after}": (
            f"update imports set state = '{after}' where import_id = :{before}",
            f"does not go from {before} to {after}",
        )
        for before, after in (
            *(("committed", "clean"), ("committed", "abandoned"), ("abandoned", "uploaded"), ("abandoned", "faulty")),
            *(("faulty", "clean"), ("faulty", "committing"), ("clean", "committed"), ("clean", "reading")),
        )
    },
    "begins committed": (_IMPORT.format(":open", "committed"), "begins as"),
    "an import's version back": ("update imports set version = version - 1", "version of import"),
    **{
        f"another report: {found}": (f"update imports set {found} where import_id = :clean", "report of import")
        for found in _REPORT
    },
    "a report of what is committed": (
        "update imports set changes = '{}' where import_id = :committed", "report of import"
    ),
    "committed at another time": (
        "update imports set committed_at = now() where import_id = :committed", "report of import"
    ),
    "committed too early": ("update imports set committed_at = now() where import_id = :clean", "report of import"),
    "a refusal of a clean one": ("update imports set refusal = '{}' where import_id = :clean", "report of import"),
    "a cell that comes back": (
        """update imports set refusal = '{"code": "x", "facts": {"cell": "x"}}' where import_id = :abandoned""",
        "report of import",
    ),
    "a key lost with a clean file": ("update imports set wrapped_key = null where import_id = :clean", "file of import"),
    "another key": ("update imports set wrapped_key = '' where import_id = :clean", "file of import"),
    "a key that comes back": ("update imports set wrapped_key = '' where import_id = :committed", "file of import"),
    "another name of a file": ("update imports set file_name = 'x' where import_id = :clean", "file of import"),
    "a name that comes back": ("update imports set file_name = 'x' where import_id = :abandoned", "file of import"),
    "another digest": ("update imports set file_digest = '' where import_id = :committed", "file of import"),
    "an import off the record": (
        "delete from imports where import_id not in (select import_id from annotations) and import_id = :abandoned",
        "stays on record",
    ),
    **{
        f"{table} of a checked file taken away": (f"delete from {table} where import_id = :{of}", "has its file")
        for table, of in (
            *(("import_parts", "clean"), ("import_lines", "clean"), ("import_buildings", "clean")),
            *(("import_units", "clean"), ("import_faults", "faulty")),
        )
    },
    "a line more in a checked file": (_LINE.format(":clean"), "not being read"),
    "a line more in a committed file": (_LINE.format(":committed"), "not being read"),
    "a building more in a checked file": (
        "insert into import_buildings (import_id, row, district) values (:clean, 9999, '440303')", "not being read"
    ),
    "another fault": ("update import_faults set code = 'x' where import_id = :faulty", "is another one"),
    "another name of an agency": ("update agencies set name = 'x'", "changes without a revision"),
    "another contact of an agency": ("update agencies set email = 'x'", "changes without a revision"),
    "an agency's revision back": ("update agencies set revision = 0", "revision of a row of agencies"),
    "a client more": (
        "insert into agency_clients (district, client_id, agency) select district, 'thief', agency from agencies",
        "without a revision of agencies",
    ),
    "a client less": ("delete from agency_clients", "without a revision of agencies"),
    "another address": (
        "update endpoints set url = 'https://thief.example' where endpoint_id = :endpoint", "changes without a revision"
    ),
    "another state of an endpoint": (
        "update endpoints set active = false where endpoint_id = :endpoint", "changes without a revision"
    ),
    "an endpoint's revision back": (
        "update endpoints set revision = 0 where endpoint_id = :endpoint", "revision of a row of endpoints"
    ),
    "an endpoint that comes back": (
        "update endpoints set removed_by = null, removed_at = null where endpoint_id = :removed", "is removed"
    ),
    "removed by another": ("update endpoints set removed_by = 'x' where endpoint_id = :removed", "is removed"),
    "an endpoint without a secret": (
        "delete from endpoint_secrets where endpoint_id = :endpoint", "has not one secret"
    ),
    "a secret that ends alone": (
        "update endpoint_secrets set ends_at = now() where endpoint_id = :endpoint and ends_at is null",
        "has not one secret",
    ),
    "a former secret that signs on": (
        "update endpoint_secrets set ends_at = null where endpoint_id = :endpoint and ends_at is not null",
        "end of secret",
    ),
    "a grant that is approved at once": (
        """insert into grants (grant_id, district, agency, purpose, legal_basis, audiences, event_types, starts_at, ends_at,
               proposed_by, proposed_at, approved_by, approved_at)
           select gen_random_uuid(), district, agency, 'x', 'x', audiences, event_types, starts_at, ends_at, 'x', now(), 'y', now()
           from grants""",
        "row of grants does not begin",
    ),
    "an endpoint that begins removed": (
        """insert into endpoints (endpoint_id, district, agency, url, event_types, ordering, start, registered_by, registered_at,
               removed_by, removed_at)
           select gen_random_uuid(), district, agency, url, event_types, ordering, start, 'x', now(), 'x', now() from endpoints""",
        "row of endpoints does not begin",
    ),
    "a tenancy that begins ended": (
        f"""insert into tenancies (tenancy_id, district, unit_id, person_id, use, recorded_by, recorded_at, ended_on)
            select gen_random_uuid(), district, unit_id, person_id, 'home', 'x', now(), now() from holders where {_LIVING}""",
        "row of tenancies does not begin",
    ),
    "an agency with a past": (
        """insert into agencies (district, agency, name, office, registered_by, registered_at, revision)
           values ('440303', 'thief', 'x', 'x', 'x', now(), 7)""",
        "row of agencies does not begin",
    ),
    "a unit with a past": (
        _UNIT.replace("group_id)", "group_id, revision)").replace("{group}", "null, 7")
        .format(building="building_id", household="household_id", one=_ONE),
        "row of units does not begin",
    ),
    "a person with a past": (
        f"""insert into people (person_id, district, kind, masked_name, document_type, overseas, document_mark, revision)
            values (gen_random_uuid(), '440303', 'natural', 'x*', 'citizen_id', false, {_MARK}, 7)""",
        "row of people does not begin",
    ),
    "a unit on a building of another project": (
        _UNIT.format(
            building="(select building_id from buildings where project_id = :frozen limit 1)",
            household="household_id", group="null", one=_ONE,
        ),
        _HANGING,
    ),
    "a unit on a building of another district": (
        _UNIT.format(building=":building", household="household_id", group="null", one=_ONE), _HANGING
    ),
    "a unit in a household of another district": (
        _UNIT.format(building="building_id", household=":household", group="null", one=_ONE), _HANGING
    ),
    "a unit of another project's group": (
        f"update units set group_id = (select group_id from groups where project_id = :frozen limit 1) where {_ONE}", _HANGING
    ),
    "an import into a project of another district": (_IMPORT.format(":foreign", "uploaded"), _HANGING),
    "a group in a project of another district": (
        "insert into groups (group_id, district, project_id, name) values (gen_random_uuid(), '440303', :foreign, 'x')",
        _HANGING,
    ),
    "a tenant of a unit of another district": (
        f"""insert into tenancies (tenancy_id, district, unit_id, person_id, use, recorded_by, recorded_at)
            select gen_random_uuid(), '440303', :unit, person_id, 'home', 'x', now() from vault where {_LIVING}""",
        _HANGING,
    ),
    "a look at a person of another district": (
        """insert into reveals (reveal_id, district, person_id, subject, roles, reason, revealed_at)
           values (gen_random_uuid(), '440303', :person, 'x', '{}', 'none at all', now())""",
        _HANGING,
    ),
    "a line in a file of another district": (_LINE.format(":file"), _HANGING),
}  # fmt: skip
# Statements without a grant for the app role: whole rows that stay, and columns that name a row, its place or who did what.
NOT_GRANTED = (
    *(f"delete from {table}" for table in ("districts", "projects", "groups", "officers", "buildings", "households")),
    *(f"delete from {table}" for table in ("people", "units", "doors", "tenancies", "import_progress")),
    *("update districts set name = 'x'", "update groups set name = 'x'", "update officers set subject = 'x'"),
    *("update projects set district = '440305'", "update projects set name = 'x'"),
    *("update projects set ends_at = ends_at + interval '1 year'", "update projects set bases = '[]'"),
    *("update buildings set project_id = :frozen", "update buildings set building = 'x'", "update households set label = 'x'"),
    *("update people set kind = 'organisation'", "update people set district = '440305'"),
    *("update vault set key_id = gen_random_uuid()", "update vault set wrapped_key = ''", "update vault set person_id = :gone"),
    *(f"update units set {column} where {_ONE}" for column in ("project_id = :frozen", "unit_code = 'x'", "district = '440305'")),
    *("update units set unit_id = gen_random_uuid()", "update units set registered_at = now()", "update units set revised_in = null"),
    *("update holders set share = '1/2'", "update holders set capable = true, guardian_id = null", "update doors set door = 'x'"),
    "insert into doors (unit_id, building_id, stairwell, door, district) select unit_id, building_id, 'x', 'x', district from units",
    *("update tenancies set recorded_by = 'x'", "update tenancies set until_on = null"),
    *("update imports set project_id = :frozen", "update imports set uploaded_by = 'x'", "update imports set key_id = :gone"),
    *("update imports set file_bytes = 0", "update import_parts set ciphertext = ''", "update import_lines set sealed = ''"),
    *("update import_units set change = 'unchanged'", "update import_buildings set building = 'x'"),
    *("update import_faults set row = 1", "update agencies set registered_by = 'x'", "update agencies set district = '440305'"),
    *("update grants set ends_at = 'infinity'", "update grants set proposed_by = 'x'", "update endpoints set registered_by = 'x'"),
    *("update rolls set frozen_at = now()", "update rolls set digest = repeat('0', 64)", "update rolls set units = 1"),
    "update roll_lines set area_hundredths_m2 = 1",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """A register with two projects, one of them frozen, another district, and imports, agencies and endpoints in their states."""

    registry: Registry
    names: dict[str, str]

    def outcome(self, engine: Engine, statement: str) -> str:
        """What the database says; nothing when it accepts the statement, also at the commit. Nothing of it stays."""
        with database.begin(engine, district=DISTRICT) as tx:
            try:
                attack = text(statement)
                tx.connection.execute(attack, {name: self.names[name] for name in attack.compile().params})
                tx.connection.execute(text("set constraints all immediate"))
            except DBAPIError as refusal:
                return str(refusal.orig)
            finally:
                tx.rollback()
        return ""


@pytest.fixture
def world(registry: Registry) -> World:
    made = sample.made(seed=1, units=20, district=DISTRICT)
    opened = registry.project(made)
    names = {"open": opened, "committed": registry.imported(opened, workbook(made))["import_id"]}
    names["clean"] = registry.imported(opened, workbook(made), commit=False)["import_id"]
    made.holders[0]["document_number"] = "440399198002290001"
    for state in ("faulty", "abandoned"):
        names[state] = registry.imported(opened, workbook(made), commit=False)["import_id"]
    assert registry.post(f"/imports/{names['abandoned']}/abandon").json["state"] == "abandoned"
    names["frozen"] = filled(registry, DISTRICT, name="另一片区")
    assert registry.post(f"/projects/{names['frozen']}/roll").status_code == 201
    names["gone"] = forgotten(registry, opened)
    tenancy(registry, opened)
    granted(registry)
    names |= {state: added(registry).json["endpoint_id"] for state in ("endpoint", "removed")}
    assert registry.post(f"{HERE}/{names['endpoint']}/secrets", {"overlap_hours": 2}, role="agency").status_code == 201
    assert registry.post(f"{HERE}/{names['removed']}/removal", role="agency").status_code == 201
    names["foreign"] = filled(registry, ELSEWHERE, name="邻区片区")
    return World(registry, names | of_elsewhere(registry, names["foreign"]))


def filled(registry: Registry, district: str, *, name: str) -> str:
    made = sample.made(seed=1, units=20, district=district)
    project_id = registry.project(made, name=name, district=district)
    assert registry.imported(project_id, workbook(made), district=district)["state"] == "committed"
    return project_id


def forgotten(registry: Registry, project_id: str) -> str:
    """Nobody who owns a unit: a tenant."""
    person_id: str = tenancy(registry, project_id)
    answer = registry.post(f"/people/{person_id}/forgetting", {"reason": "本人要求删除"}, role="command")
    assert answer.status_code == 201, answer.text
    return person_id


def tenancy(registry: Registry, project_id: str) -> str:
    """Ended; the tenant."""
    unit_id = registry.get(f"/projects/{project_id}/units").json["items"][0]["unit_id"]
    tenant = tenant_to_be()
    body = {"name": tenant.name, "document_type": "citizen_id", "document_number": tenant.document_number}
    kept = registry.post(f"/units/{unit_id}/tenants", body, role="officer").json
    assert registry.post(f"/tenancies/{kept['tenancy_id']}/end", {"ended_on": "2026-12-01"}).status_code == 201
    person_id: str = kept["person_id"]
    return person_id


def of_elsewhere(registry: Registry, project_id: str) -> dict[str, str]:
    statement = """
        select unit_id as unit, building_id as building, household_id as household, person_id as person, import_id as file
        from units join holders using (unit_id) join imports using (project_id) where project_id = :project_id limit 1
    """
    with registry.mechanism.connect() as connection:
        found = connection.execute(text(statement), {"project_id": project_id}).mappings().one()
        return {name: str(value) for name, value in found.items()}


def test_no_role_changes_the_register_against_its_rules(world: World, urls: Database) -> None:
    owner = database.connect(urls.owner, application_name="test", pool_size=1)
    answers = {
        (role, breach): world.outcome(engine, statement)
        for role, engine in (("app", world.registry.engine), ("owner", owner))
        for breach, (statement, _) in BREACHES.items()
    }
    owner.dispose()

    assert {at: answer for at, answer in answers.items() if not re.search(BREACHES[at[1]][1], answer)} == {}


def test_the_service_has_no_grant_for_other_statements(world: World) -> None:
    answers = {statement: world.outcome(world.registry.engine, statement) for statement in NOT_GRANTED}

    assert {at: answer for at, answer in answers.items() if "permission denied" not in answer} == {}
