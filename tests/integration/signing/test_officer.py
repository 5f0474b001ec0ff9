"""Does an officer see the units that they answer for, and nobody else's, by the staff number of their login?"""

from uuid import UUID, uuid4

import pytest

from deploy.local import issuer as issuers
from shared.events.registry import GroupFormed, Officer, UnitAssigned
from tests.integration.signing.conftest import Desk
from tests.support.signing import District, a_holder


def group(district: District, *numbers: str, name: str = "五组") -> list[UUID]:
    """The ids of the officers of a new group, by their staff numbers in order."""
    officers = tuple(Officer(staff_id=uuid4(), name=f"邱{number}", staff_number=number) for number in numbers)
    group_id = uuid4()
    district.receive(GroupFormed(project_id=district.project_id, group_id=group_id, name=name, officers=officers))
    return [group_id, *(officer.staff_id for officer in officers)]


def assign(district: District, unit: UUID, group_id: UUID, staff_id: UUID | None) -> None:
    district.receive(UnitAssigned(project_id=district.project_id, unit_id=unit, group_id=group_id, staff_id=staff_id))


@pytest.fixture
def phone(desk: Desk):
    """phone(path, "Q-1") is the page as that officer sees it."""

    def look(path: str, number: str, *, district: str = desk.district):
        token = issuers.mint(desk.issuer, role="officer", districts=(district,), staff_number=number)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/html", "Accept-Language": "zh-CN"}
        return desk.app.test_client().get(path, headers=headers)

    return look


def places(page: str) -> list[str]:
    return [part.split("<")[0] for part in page.split('class="no">')[1:]]


def test_the_units_of_the_login_come_in_the_order_of_what_each_needs_next(desk, district, phone):
    group_id, mine, other = group(district, "Q-1", "Q-2")
    drafted, locked, half, waiting, signed = (
        district.register(door=door) for door in ("101", "102", "104", "105", "106")
    )
    foreign = district.register(door="901")
    two = district.register(a_holder("1/2"), a_holder("1/2"), door="103")
    for unit in (drafted, locked, half, waiting, signed, two):
        assign(district, unit, group_id, mine)
    assign(district, foreign, group_id, other)
    district.ready(locked)
    agreement_id = district.ready(two)
    district.sign(agreement_id, district.owners(two)[0])
    district.signed(signed)
    desk.post(f"/cases/{waiting}/rights/disputes", {"reason": "inheritance"})

    page = phone("/mine", "Q-1").text
    assert places(page) == ["103", "102", "101", "104"]  # half signed, ready, rights to confirm
    assert "未签 5 套" in page and "共 6 套，已签 1" in page
    assert places(phone("/mine?tab=others", "Q-1").text) == ["105"]
    assert places(phone("/mine?tab=all", "Q-1").text)[-1] == "106"
    assert places(phone("/mine?tab=nonsense", "Q-1").text) == ["103", "102", "101", "104"]
    assert places(phone("/mine", "Q-2").text) == ["901"]


def test_a_unit_that_is_reassigned_changes_hands_and_an_officer_in_two_groups_sees_both(district, phone):
    group_id, mine, other = group(district, "Q-1", "Q-2")
    second_id, also_mine = group(district, "Q-1x", name="六组")
    moved, kept = district.register(door="201"), district.register(door="202")
    assign(district, moved, group_id, mine)
    assign(district, kept, group_id, mine)
    assign(district, moved, group_id, other)

    assert places(phone("/mine", "Q-1").text) == ["202"]
    assert places(phone("/mine", "Q-2").text) == ["201"]
    assign(district, kept, second_id, also_mine)
    assert places(phone("/mine", "Q-1").text) == []
    assert places(phone("/mine", "Q-1x").text) == ["202"]


@pytest.mark.parametrize("number", ["", "Q-9", "q-1", "%", "Q-1' or '1'='1"])
def test_a_login_that_the_register_does_not_know_owns_nothing_and_reads_the_way_on(district, phone, number):
    group_id, mine = group(district, "Q-1")
    assign(district, district.register(door="301"), group_id, mine)

    page = phone("/mine", number).text
    assert "没有您负责的房屋" in page and 'href="/desk"' in page
    assert "301" not in places(page)


def test_another_role_has_no_phone(desk):
    assert desk.page("/mine").status_code == 403


def test_a_district_that_is_not_granted_shows_none_of_its_units(district, phone):
    group_id, mine = group(district, "Q-1")
    unit = district.register(door="401")
    assign(district, unit, group_id, mine)

    assert places(phone("/mine", "Q-1", district="440399").text) == []
    assert phone(f"/mine/{unit}", "Q-1", district="440399").status_code == 404


def test_the_api_counts_the_same_units(desk, district, phone):
    group_id, mine = group(district, "Q-1")
    units = [district.register() for _ in range(3)]
    for unit in units:
        assign(district, unit, group_id, mine)
    district.signed(units[0])
    district.register()
    token = issuers.mint(desk.issuer, role="officer", districts=(desk.district,), staff_number="Q-1")

    def listed(query: str) -> int:
        answer = desk.app.test_client().get(f"/api/v1/cases?{query}", headers={"Authorization": f"Bearer {token}"})
        return len(answer.json["items"])

    assert (listed("mine=true"), listed("mine=true&unsigned=true"), listed("")) == (3, 2, 4)
    assert len(desk.ask("/cases", mine="true").json["items"]) == 0


def test_a_case_in_one_hand_says_the_next_step_who_signs_and_what_to_bring(desk, district, phone):
    owner, ward = a_holder("1/2"), a_holder("1/2", capable=False)
    unit = district.register(owner, ward, door="503")

    first = phone(f"/mine/{unit}", "Q-1").text
    assert "确认权利" in first and f'href="/desk/{unit}/rights"' in first
    assert "请带原件" in first and "房产证原件" in first
    assert "预约" in first and "走访" in first
    district.signed(district.register(door="504"))
    done = next(iter(item for item in district.units if district.units[item].door == "504"))
    assert "等宣布生效" in phone(f"/mine/{done}", "Q-1").text
    assert "Signed" in phone(f"/mine/{done}?language=en", "Q-1").text


def test_the_card_names_the_officer_the_group_and_the_places(district, phone):
    group_id, mine = group(district, "Q-1")
    assign(district, district.register(building="4栋"), group_id, mine)

    card = phone("/mine/card", "Q-1").text
    for words in ("邱Q-1", "五组", "和丰苑 4栋", "Q-1"):
        assert words in card
