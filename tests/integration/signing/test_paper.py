"""Is the paper of an agreement what was locked, with its code, and does the list count and name what it shows?"""

import re
from uuid import uuid4

import segno

from shared.events.registry import ProjectOpened
from tests.integration.signing.conftest import Desk
from tests.support.signing import District, a_holder


def page(desk: Desk, path: str, **query: str) -> str:
    answer = desk.page(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_paper_has_the_terms_the_hands_and_the_digest_as_text_and_as_a_code(desk: Desk, district: District) -> None:
    unit = district.register(a_holder("1/2", masked_name="范**"), a_holder("1/2", masked_name="石**"), door="503")
    agreement_id = district.ready(unit)
    digest = desk.ask(f"/agreements/{agreement_id}").json["terms_digest"].upper()

    paper = page(desk, f"/desk/{unit}/paper")
    assert "人民币贰仟陆佰零柒元贰角" in paper and "2,607.20" in paper
    assert paper.count("范**") == paper.count("石**") == 2  # as a right-holder, and where they sign
    for four in re.findall("....", digest):
        assert four in paper
    drawn = segno.make(digest, error="m", micro=False, boost_error=False).svg_inline(omitsize=True, border=2)
    assert re.search(r' d="([^"]+)"', drawn)[1] in paper
    assert paper.count("<tfoot>") == 1  # repeated by the browser on every page
    assert "顺序号 <b>" not in paper


def test_the_paper_is_in_chinese_whatever_the_readers_language(desk: Desk, district: District) -> None:
    unit = district.register()
    district.ready(unit)

    english = page(desk, f"/desk/{unit}/paper", language="en")
    assert "搬迁补偿安置协议" in english and "货币补偿" in english and "搬迁费" in english
    assert "Back to the case" in english


def test_there_is_no_paper_before_the_lock(desk: Desk, district: District) -> None:
    unit = district.register()
    assert "协议还没有锁定" in page(desk, f"/desk/{unit}/paper")
    district.drafted(unit)
    assert 'class="sheet"' not in page(desk, f"/desk/{unit}/paper")


def test_another_district_has_no_paper_of_it(desk: Desk, district: District) -> None:
    assert desk.page(f"/desk/{uuid4()}/paper").status_code == 404


def test_the_list_counts_what_its_filters_leave_whatever_the_state(desk: Desk, district: District) -> None:
    units = [district.register(door=f"5{number:02}") for number in range(4)]
    district.ready(units[0])
    district.signed(units[1])
    district.register(door="900")

    assert counts(page(desk, "/desk")) == ["5", "1", "4"]
    assert counts(page(desk, "/desk", state="locked")) == ["5", "1", "4"]
    assert counts(page(desk, "/desk", place="900")) == ["1", "0", "1"]


def test_the_list_is_filtered_by_project_and_names_it_where_there_are_several(desk: Desk, district: District) -> None:
    district.register(door="101")
    assert 'name="project_id"' not in page(desk, "/desk")
    first = district.project_id
    other = District(district.engine, district.district, district.clock)
    other.open_project()
    other.receive(
        ProjectOpened.model_validate(
            district.received[0].model_dump() | {"project_id": other.project_id, "name": "云汀里片区"}
        )
    )
    other.register(door="201")

    both = page(desk, "/desk")
    assert counts(both)[0] == "2" and both.count("云汀里片区") == 2  # in the filter, and at its case
    one = page(desk, "/desk", project_id=str(first))
    assert counts(one)[0] == "1" and 'class="no">101<' in one and 'class="no">201<' not in one


def counts(found: str) -> list[str]:
    return re.findall(r'data-count="\w*">([^<]+)<', found)
