"""Is a name hidden where it is made?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.names import masked


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


@given(st.text(min_size=1, max_size=40), st.sampled_from(["natural", "organisation"]))
def test_no_name_stands_there_whole(name, kind):
    assert name not in masked(name, kind).removesuffix("**") or name == ""
