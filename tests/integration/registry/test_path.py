"""From a workbook to the frozen roll: does the register hold the clerk's values, and are they published?"""

from sqlalchemy import text

from services.registry.domain import sample
from shared.events import codec, roll
from shared.events.registry import ContactDetails, ContactRecorded, KeyWrapped, UnitRegistered
from shared.messaging import sealing
from tests.integration.registry.conftest import DISTRICT, PRIVATE, Registry, workbook


def events_of(registry: Registry, event: type) -> list:
    with registry.mechanism.connect() as connection:
        rows = connection.execute(
            text("select payload from events where type = :type order by id"), {"type": event.declared.type}
        )
        return [codec.decode(event, bytes(payload)) for payload in rows.scalars()]


def test_a_workbook_becomes_the_register_and_the_roll(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)

    dry = registry.imported(project_id, workbook(made), commit=False)
    assert (dry["state"], dry["faults"], dry["units"]) == ("clean", 0, 20), dry
    assert dry["changes"] == {"new": 20, "changed": 0, "unchanged": 0}
    assert registry.get(f"/projects/{project_id}/units").json["items"] == []

    registry.post(f"/imports/{dry['import_id']}/commit")
    registry.work()
    assert registry.get(f"/imports/{dry['import_id']}").json["state"] == "committed"
    units = registry.get(f"/projects/{project_id}/units?limit=200").json["items"]
    assert len(units) == 20
    assert all(holder["masked_name"].endswith("**") for unit in units for holder in unit["right_holders"])

    frozen = registry.post(f"/projects/{project_id}/roll")
    assert frozen.status_code == 201, frozen.text
    lines = roll.current(events_of(registry, UnitRegistered))
    assert frozen.json["digest"] == roll.digest(lines)
    assert frozen.json["totals"] == roll.totals(lines).model_dump()
    assert (frozen.json["totals"]["units"], frozen.json["totals"]["households"]) == (20, 19)


def test_an_owner_of_two_units_is_one_person_whom_notify_can_reach(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    registry.imported(registry.project(made), workbook(made))

    owners = registry.get("/people?limit=200").json["items"]
    assert [len(owner["units"]) for owner in owners].count(2) == 1

    keys = {event.person_id: event for event in events_of(registry, KeyWrapped)}
    contacts = events_of(registry, ContactRecorded)
    assert len(contacts) == len(owners) == len(keys)
    names = set()
    for contact in contacts:
        wrapped = keys[contact.person_id]
        key = sealing.unwrap(
            wrapped.wrapped["notify"],
            key_id=wrapped.key_id,
            person_id=contact.person_id,
            reader="notify",
            private_key=PRIVATE,
        )
        content = sealing.open_sealed(
            contact.sealed, key=key, person_id=contact.person_id, event_type=ContactRecorded.declared.type
        )
        names.add(ContactDetails.model_validate_json(content).name)
    assert names == {line["name"] for line in made.holders}
