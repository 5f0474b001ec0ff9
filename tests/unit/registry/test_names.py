"""Is a name hidden where it is made?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.names import is_name, is_of_organisation, masked


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("陈安", "natural", "陈**"),
        ("陈安柏", "natural", "陈**"),
        ("欧阳安", "natural", "欧阳**"),
        ("欧阳", "natural", "欧**"),
        ("Morgan Sample", "natural", "M**"),
        ("安", "natural", "**"),
        ("澄水湾物业有限公司", "organisation", "澄水**"),
    ],
)
def test_a_masked_name_keeps_the_family_name_only(name, kind, shown):
    assert masked(name, kind) == shown


@pytest.mark.parametrize(
    "name",
    [
        "陈安",
        "欧阳安柏",
        "Mary-Jane O’Neil 3rd",
        "陈大文 CHAN Tai Man",
        "阿依古丽·买买提",
        "澄水湾物业（深圳）有限公司",
    ],
)
def test_a_name_is_a_name_with_the_gaps_that_belong_to_it(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["陈 安", "陈  安柏", "澄水湾 物业有限公司", "13800138000", "—"])
def test_a_number_or_a_name_spaced_out_is_none(name):
    assert not is_name(name)


def test_an_organisation_is_known_by_how_its_name_ends():
    assert all(map(is_of_organisation, ["澄水湾物业有限公司", "云汀里业主委员会", "样例集团"]))
    assert not any(map(is_of_organisation, ["陈公", "陈安", "Morgan Company", "公司陈"]))


@given(st.text(min_size=1, max_size=40), st.sampled_from(["natural", "organisation"]))
def test_no_name_stands_there_whole(name, kind):
    assert name not in masked(name, kind).removesuffix("**") or name == ""
