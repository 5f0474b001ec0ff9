"""Does one rule mask every name that is readable without a reason?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.person import Personal
from shared.events.masking import COMPOUND_SURNAMES, masked


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("陈安", "natural", "陈**"),
        ("陈安柏", "natural", "陈**"),
        ("欧阳安", "natural", "欧阳**"),
        ("歐陽安柏", "natural", "歐陽**"),
        ("司马安", "natural", "司马**"),
        ("诸葛安柏", "natural", "诸葛**"),
        ("澹台安", "natural", "澹台**"),
        ("呼延安", "natural", "呼延**"),
        ("欧阳", "natural", "欧**"),
        ("阿依古丽·买买提", "natural", "阿**"),
        ("𠮷安", "natural", "𠮷**"),
        ("Morgan Sample", "natural", "M**"),
        ("安", "natural", "**"),
        ("澄水湾物业有限公司", "organisation", "澄水**"),
        ("样例", "organisation", "样**"),
    ],
)
def test_a_masked_name_keeps_the_family_name_only(name, kind, shown):
    assert masked(name, kind) == shown


@given(st.text(min_size=1, max_size=40), st.sampled_from(["natural", "organisation"]))
def test_a_masked_name_never_shows_the_whole_name(name, kind):
    assert name not in masked(name, kind).removesuffix("**") or name == ""


@pytest.mark.parametrize("surname", sorted(COMPOUND_SURNAMES))
def test_registry_events_mask_a_person_by_the_published_list(surname: str):
    assert len(surname) == 2
    assert Personal(f"{surname}安", "citizen_id", "").masked_name == f"{surname}**"
