"""A trace names who acted: by name, role and staff number where they are known, and always by the login; with the ids of its events."""

import re
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from deploy.local import issuer as local_issuer
from shared.events.registry import GroupFormed, Officer
from shared.service import database
from tests.integration.signing.conftest import DISTRICT, Desk
from tests.integration.signing.test_http import self_signature
from tests.support.signing import District


def headers(
    desk: Desk, role: str, district: str = DISTRICT, *, name: str = "", staff_number: str = ""
) -> dict[str, str]:
    token = local_issuer.mint(desk.issuer, role=role, districts=[district], name=name, staff_number=staff_number)
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}


def take_up(desk: Desk, unit: UUID, **who: str) -> None:
    answer = desk.app.test_client().post(
        f"/api/v1/cases/{unit}/rights/reviews", json={}, headers=headers(desk, "officer", **who)
    )
    assert answer.status_code == 201, answer.text


def trace(desk: Desk, unit: UUID) -> str:
    answer = desk.page(f"/desk/{unit}/trace")
    assert answer.status_code == 200, answer.text
    return answer.text


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def member(desk: Desk, login: str, district: str = DISTRICT) -> tuple[int, dict[str, object]]:
    answer = desk.app.test_client().get(f"/api/v1/staff/{login}", headers=headers(desk, "desk", district))
    return answer.status_code, answer.json or {}


def test_a_trace_names_the_person_their_role_and_the_login(desk: Desk, district: District) -> None:
    unit = district.register()
    take_up(desk, unit, name="梁予安")

    assert f"梁予安 签约组专员 officer-{DISTRICT}" in words(trace(desk, unit))


def test_an_officer_whom_the_register_knows_has_the_name_on_the_staff_card(desk: Desk, district: District) -> None:
    unit = district.register()
    officers = (Officer(staff_id=uuid4(), name="林岸", staff_number="G01-4"),)
    district.receive(GroupFormed(project_id=district.project_id, group_id=uuid4(), name="一组", officers=officers))
    take_up(desk, unit, name="lin.an@example.org", staff_number="G01-4")

    assert f"林岸 签约组专员 G01-4 officer-{DISTRICT}" in words(trace(desk, unit))
    assert "lin.an@example.org" not in trace(desk, unit)


def test_an_act_of_a_login_that_nobody_named_shows_the_login(desk: Desk, district: District) -> None:
    unit = district.register()
    district.ready(unit)

    assert member(desk, "desk-without-a-name")[0] == 404
    with desk.app.extensions["clearwater"].engine.connect() as connection:
        assert connection.execute(text("select count(*) from staff")).scalar_one() == 0
    assert "desk" in words(trace(desk, unit))


def test_a_name_that_changes_is_the_newest_one(desk: Desk, district: District) -> None:
    first, second = district.register(), district.register()
    take_up(desk, first, name="梁予安")
    take_up(desk, second, name="梁安")

    assert member(desk, f"officer-{DISTRICT}") == (
        200,
        {"subject": f"officer-{DISTRICT}", "name": "梁安", "roles": ["officer"], "staff_number": ""},
    )


def test_a_name_stays_in_its_district(desk: Desk, district: District) -> None:
    take_up(desk, district.register(), name="梁予安")

    assert member(desk, f"officer-{DISTRICT}", "440305")[0] == 404


def test_who_opens_the_home_is_named_in_the_traces_of_other_services_too(desk: Desk) -> None:
    answer = desk.app.test_client().get("/", headers={**headers(desk, "clerk", name="文清禾"), "Accept": "text/html"})

    assert answer.status_code == 200
    assert member(desk, f"clerk-{DISTRICT}")[1]["name"] == "文清禾"


def test_the_desk_names_who_took_a_signature(desk: Desk, district: District) -> None:
    unit = district.register()
    agreement_id, (owner, *_) = district.ready(unit), district.owners(unit)
    named = headers(desk, "desk", name="简云舟")
    signed = desk.app.test_client().post(
        f"/api/v1/agreements/{agreement_id}/signatures", json=self_signature(owner), headers=named
    )
    assert signed.status_code == 201, signed.text

    assert f"经办 简云舟 desk-{DISTRICT}" in words(desk.page(f"/desk/{unit}").text)


def test_an_act_shows_the_ids_of_its_events(desk: Desk, district: District, engine: Engine) -> None:
    unit = district.register()
    take_up(desk, unit)
    with database.reading(engine, granted=[DISTRICT]) as tx:
        rows = tx.connection.execute(
            text("select event_id, type from events where key = :key order by id"), {"key": str(unit)}
        ).all()

    page = trace(desk, unit)

    opened, reviewing = rows
    assert (opened.type, reviewing.type) == (
        "clearwater.signing.case.opened.v1",
        "clearwater.signing.rights.reviewing.v1",
    )
    acts, others = page.split('id="others"')
    for part, row in ((acts, reviewing), (others, opened)):
        assert str(row.event_id) in part and f'href="/events/{row.type}"' in part


@pytest.mark.parametrize("role", ["desk", "command", "auditor", "city"])
def test_every_role_that_may_open_a_trace_may_read_who_acted(desk: Desk, district: District, role: str) -> None:
    take_up(desk, district.register(), name="梁予安")

    assert desk.ask(f"/staff/officer-{DISTRICT}", role=role).status_code == 200
