"""Do topic names carry district and owner, and does the pattern find all of them?"""

import re

import pytest

from shared.events import topics


@pytest.mark.parametrize("kind", topics.KINDS)
def test_a_topic_name_parses_to_its_district_and_kind(kind: str) -> None:
    name = topics.name("440305", kind)

    assert topics.district(name) == "440305"
    assert topics.kind(name) is topics.KINDS[kind]
    assert re.search(topics.pattern(kind), name)
    assert re.search(topics.pattern(), name)


def test_a_pattern_finds_its_kinds_only() -> None:
    pattern = topics.pattern("registry-unit", "signing-case")

    found = [kind for kind in topics.KINDS if re.search(pattern, topics.name("440303", kind))]

    assert found == ["registry-unit", "signing-case"]


@pytest.mark.parametrize("foreign", ["", "clearwater.440303", "clearwater.44.signing-case", "x.440303.signing-case"])
def test_a_foreign_topic_name_is_refused(foreign: str) -> None:
    with pytest.raises(ValueError, match="not a topic"):
        topics.district(foreign)


def test_a_wrong_district_or_kind_has_no_name() -> None:
    for district, kind in (("4403", "signing-case"), ("440303", "signing-visit"), ("44030\uff13", "signing-case")):
        with pytest.raises(ValueError, match="no topic"):
            topics.name(district, kind)
    with pytest.raises(ValueError, match="no topic kind"):
        topics.pattern("signing-visit")


def test_topics_keyed_by_unit_share_one_partition_count() -> None:
    assert len({kind.partitions for kind in topics.KINDS.values() if kind.key == "unit_id"}) == 1
    assert all(kind.compacted == (kind.ordering == "latest") for kind in topics.KINDS.values())
