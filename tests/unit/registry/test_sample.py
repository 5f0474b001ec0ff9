"""The sample project is complete, valid and repeatable, and has no real person."""

import re
from collections import Counter
from datetime import date

from services.registry.domain import lines, sample
from services.registry.domain.cells import Cell

TODAY = date(2026, 11, 24)


def test_the_reference_project_has_its_size():
    made = sample.made(seed=1, units=1708, district="440303")

    assert len({line["unit_code"] for line in made.holders}) == 1708
    assert (len(made.buildings), len({line["compound"] for line in made.buildings}), len(made.groups)) == (37, 6, 11)
    alone = {line["unit_code"] for line in made.holders if "household" not in line}
    assert len(alone) + len({line["household"] for line in made.holders if "household" in line}) == 1655


def test_the_reference_project_has_houses_as_they_are():
    made = sample.made(seed=1, units=1708, district="440303")
    units = {str(line["unit_code"]): line for line in made.holders}.values()
    below = [line for line in units if line["floor"] == -1]

    assert {line["use"] for line in below} == {"商铺"} and len(below) == 19
    assert {"商铺", "住宅"} == {line["use"] for line in units if line["floor"] == 1}
    assert sum("、" in str(line["door"]) for line in units) == 3
    assert sorted(str(line["floor"]) for line in units if "至" in str(line["floor"])) == ["8至9", "9至10", "9至10"]
    assert sum(line["floors_below"] == 1 for line in made.buildings) == 3
    on_a_floor = Counter((line["compound"], line["building"], line["floor"]) for line in units if line["floor"] != -1)
    irregular = {place[:2] for place, count in on_a_floor.items() if count != on_a_floor[*place[:2], 2]}
    assert 15 < len(irregular) < 37


def test_the_reference_project_has_every_kind_of_owner_many_times():
    made = sample.made(seed=1, units=1708, district="440303")
    owners = Counter(line["document_type"] for line in made.holders)
    owned = Counter((line["document_type"], line["document_number"]) for line in made.holders)

    assert min(owners.values()) >= 5 and len(owners) == 6
    assert {line["ownership"] for line in made.holders} == {"共同共有", "按份共有", "单独所有"}
    children = [line for line in made.holders if line.get("capacity")]
    assert len(children) > 5 and all(line["guardian_document_number"] for line in children)
    assert sum(count == 2 for count in owned.values()) == 53 == sum(count > 1 for count in owned.values())
    assert len(made.mandates) > 5 and len({mandate.valid_until for mandate in made.mandates}) > 5


def test_the_smallest_has_every_kind_of_right_holder():
    made = sample.made(seed=1, units=20, district="440303")
    papers = {line["document_type"] for line in made.holders}

    assert {"居民身份证", "港澳居民来往内地通行证", "港澳台居民居住证", "护照", "统一社会信用代码"} <= papers
    assert Counter(line.get("share") for line in made.holders)["1/3"] >= 3
    assert {"共同共有", "按份共有", "单独所有"} == {line["ownership"] for line in made.holders}
    assert any(line.get("capacity") == "限制" and line["guardian_name"] for line in made.holders)
    units = Counter(line["document_number"] for line in made.holders)
    assert max(units.values()) == 2


def test_the_same_seed_gives_the_same_project():
    assert sample.made(seed=7, units=120, district="440305") == sample.made(seed=7, units=120, district="440305")
    assert sample.made(seed=7, units=120, district="440305") != sample.made(seed=8, units=120, district="440305")


def test_every_line_passes_every_check():
    made = sample.made(seed=3, units=1708, district="440303")
    for number, line in enumerate(made.holders, start=2):
        cells = {name: Cell("text" if isinstance(value, str) else "number", str(value)) for name, value in line.items()}
        assert lines.holder(number, cells, today=TODAY)[1] == []


# Each number is valid and from a range that no office issues: invented.py gives the reason.
NOT_GIVEN_OUT = {
    "居民身份证": r"440399[0-9]{8}000[0-9X]",
    "港澳台居民居住证": r"810000[0-9]{8}000[0-9X]",
    "港澳居民来往内地通行证": r"H0000[0-9]{4}",
    "台湾居民来往大陆通行证": r"0000[0-9]{4}",
    "护照": r"ZZ00[0-9]{4}",
    "统一社会信用代码": r"91440399MA[0-9]{7}[0-9A-Z]",
}


def test_no_person_of_the_sample_is_real():
    made = sample.made(seed=1, units=1708, district="440303")

    assert all(line["email"].endswith(".invalid") for line in made.holders if "email" in line)
    assert all(
        re.fullmatch(r"1400[0-9]{7}|\+1604555[0-9]{4}", line["mobile"]) for line in made.holders if "mobile" in line
    )
    for line in made.holders:
        assert re.fullmatch(NOT_GIVEN_OUT[line["document_type"]], line["document_number"]), line["document_type"]
