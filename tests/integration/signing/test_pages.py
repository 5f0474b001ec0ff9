"""The desk's pages in each of their states, as the server draws them."""

import re
from datetime import date
from urllib.parse import urlencode
from uuid import UUID, uuid4

from shared.events.registry import GroupFormed, UnitAssigned
from tests.integration.signing.conftest import Desk
from tests.support.signing import District, a_holder


def page(desk: Desk, path: str, **query: str) -> str:
    answer = desk.page(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_list_finds_cases_and_pages_through_them(desk: Desk, district: District) -> None:
    units = [district.register() for _ in range(52)]
    district.ready(units[0])

    first = page(desk, "/desk")
    assert first.count('class="open"') == 50 and "下一页" in first
    assert page(desk, "/desk", state="locked").count('class="open"') == 1
    assert page(desk, "/desk", unit_code="HF-04-0052").count('class="open"') == 1
    assert "没有符合的案卷" in page(desk, "/desk", unit_code="none")
    assert page(desk, "/desk", state="nonsense", group_id="none", language="en").count('class="open"') == 50
    assert page(desk, "/desk", state="unsigned").count('class="open"') == 50


def test_the_list_is_searched_by_words_of_the_place_and_by_group(desk: Desk, district: District) -> None:
    mine, other = district.register(building="3栋", door="702"), district.register(building="4栋", door="702")
    group_id = uuid4()
    district.receive(GroupFormed(project_id=district.project_id, group_id=group_id, name="五组", officers=()))
    district.receive(UnitAssigned(project_id=district.project_id, unit_id=mine, group_id=group_id, staff_id=None))

    found = page(desk, "/desk", place="702 3栋")
    assert f'id="u-{mine}"' in found and f'id="u-{other}"' not in found
    assert page(desk, "/desk", group_id=str(group_id)).count('class="open"') == 1
    for written in ("4栋 702", "4-702", "４棟702", "四号樓七〇二室"):
        assert [row["unit_id"] for row in desk.ask("/cases", place=written).json["items"]] == [str(other)]


def test_the_way_back_leads_to_the_row_in_the_list_that_was_asked_for(desk: Desk, district: District) -> None:
    unit = district.register(building="3栋", door="702")
    filters = {"place": "702 3栋", "state": "unsigned"}
    address = f"?{urlencode(filters)}".replace("&", "&amp;")

    assert f'href="/desk/{unit}{address}"' in page(desk, "/desk", **filters)
    assert f'href="/desk{address}#u-{unit}" id="back"' in page(desk, f"/desk/{unit}", **filters, step="sign")
    assert f'href="/desk#u-{unit}" id="back"' in page(desk, f"/desk/{unit}")


def test_an_act_of_another_role_names_that_role(desk: Desk, district: District) -> None:
    unit = district.register()
    district.ready(unit)

    assert "解锁：由指挥部办理" in page(desk, f"/desk/{unit}")
    assert 'data-ask="unlock"' not in page(desk, f"/desk/{unit}")


def test_a_household_goes_through_four_steps(desk: Desk, district: District) -> None:
    owners = [a_holder("1/3") for _ in range(3)]
    unit = district.register(*owners)
    assert "还没有协议" in page(desk, f"/desk/{unit}")
    agreement_id = district.drafted(unit)
    assert 'data-act="take_up">开始核查权利' in page(desk, f"/desk/{unit}")
    desk.post(f"/cases/{unit}/rights/reviews", {})
    assert 'data-act="take_up"' not in page(desk, f"/desk/{unit}")
    assert "确认权利" in page(desk, f"/desk/{unit}")
    desk.post(f"/cases/{unit}/rights/confirmations", {})
    assert "审核通过" in page(desk, f"/desk/{unit}")
    district.review(agreement_id)
    assert "锁定协议" in page(desk, f"/desk/{unit}")
    district.lock(agreement_id)
    assert "开始签署" in page(desk, f"/desk/{unit}")
    assert "正在签" in page(desk, f"/desk/{unit}", step="sign")
    district.sign(agreement_id, owners[0].person_id)
    assert "已签份额 1/3" in page(desk, f"/desk/{unit}")
    for owner in owners[1:]:
        district.sign(agreement_id, owner.person_id)
    assert '<span id="number-value">1</span></output>' in page(desk, f"/desk/{unit}")
    district.rescind(agreement_id)
    assert "协议已终止" in page(desk, f"/desk/{unit}")


def test_a_child_without_a_guardian_on_record_cannot_be_signed_for(desk: Desk, district: District) -> None:
    child = a_holder(capable=False)
    unit = district.register(child)
    district.ready(unit)
    assert "还没有登记可以代签的人" in page(desk, f"/desk/{unit}", step="sign")

    district.mandate(unit, child.person_id, uuid4(), "guardian", date(2027, 1, 1))

    assert "监护人，2027-01-01 前有效" in page(desk, f"/desk/{unit}", step="sign")


def test_disputed_rights_stop_the_desk(desk: Desk, district: District) -> None:
    unit = district.register()
    district.ready(unit)
    district.correct(unit, right_holders=(a_holder(),))

    assert "权利有争议，不能签" in page(desk, f"/desk/{unit}")


def test_a_page_without_a_session_leads_to_the_login(desk: Desk) -> None:
    answer = desk.app.test_client().get(f"/desk/{UUID(int=1)}", headers={"Accept": "text/html"})

    assert answer.status_code == 302 and answer.location.startswith("/login?next=")


def test_the_pages_of_acts_are_drawn_in_each_state(desk: Desk, district: District) -> None:
    unit = district.register()
    assert "起草协议" in page(desk, f"/desk/{unit}/terms")
    district.ready(unit)
    assert "换新协议：由指挥部办理" in page(desk, f"/desk/{unit}/terms")
    assert "权利已确认" in page(desk, f"/desk/{unit}/rights")
    assert "没有登记委托" in page(desk, f"/desk/{unit}/mandates")
    assert "锁定" in page(desk, f"/desk/{unit}/trace", did="nonsense")
    place = f"/desk/projects/{district.project_id}"
    assert "名册还没有核对一致" in page(desk, place)
    district.freeze()
    assert "还差 1 套" in page(desk, f"{place}/effect", language="zh-Hans")
    assert "Close of the day" in page(desk, f"{place}/days", language="en")
    assert "簽約期" in page(desk, f"{place}/period", language="zh-Hant")
    assert district.project_id.hex[:8] in page(desk, "/desk/projects")


def test_an_amount_is_printed_in_capitals(desk: Desk) -> None:
    assert page(desk, "/desk/capitals", fen="5519720") == "伍万伍仟壹佰玖拾柒元贰角"
    assert [desk.page("/desk/capitals", fen=fen).status_code for fen in ("", "-1", "1.5", "9" * 5000)] == [404] * 4


def test_the_auditor_reads_every_act_and_reaches_its_case(desk: Desk, district: District) -> None:
    units = [district.register() for _ in range(14)]
    for unit in units:
        district.ready(unit)

    first = desk.page("/desk/acts", role="auditor").text
    following = re.search(r'href="/desk/acts\?cursor=([^"]+)"', first)

    assert first.count("<li><time") == 50 and f'href="/desk/{units[-1]}/trace"' in first
    assert following and desk.page("/desk/acts", role="auditor", cursor=following[1]).text.count("<li><time") > 0
    assert desk.page("/desk/acts").status_code == 403
