"""The invented project: whole, valid, repeatable, and nobody in it real."""

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


def test_nobody_in_it_is_real():
    made = sample.made(seed=1, units=1708, district="440303")

    assert all(line["email"].endswith(".invalid") for line in made.holders if "email" in line)
    citizens = [line["document_number"] for line in made.holders if line["document_type"] == "居民身份证"]
    assert all(number.startswith("440399") for number in citizens)
