"""Does a page read each section of texts from one catalogue? From two, the menu of the head stood among the terms of an agreement."""

import tomllib
from itertools import combinations
from pathlib import Path

import pytest

from deploy.declaration import SERVICES
from deploy.local.place import ROOT

SHARED = [ROOT / "shared" / "web" / "texts.toml"]


def sections(catalogue: Path) -> set[str]:
    return set(tomllib.loads(catalogue.read_text(encoding="utf-8")))


def catalogues(service: str) -> list[Path]:
    return SHARED + sorted((ROOT / "services" / service / "web").glob("*.toml"))


@pytest.mark.parametrize("service", SERVICES)
def test_no_page_reads_one_section_from_the_shell_s_texts_and_from_its_own(service: str) -> None:
    of_shell = sections(*SHARED)
    doubled = {path.name: sorted(of_shell & sections(path)) for path in catalogues(service)[1:]}
    assert {name: found for name, found in doubled.items() if found} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_no_text_stands_in_two_catalogues(service: str) -> None:
    texts = {
        path: {
            (section, name)
            for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items()
            for name in entries
        }
        for path in catalogues(service)
    }
    twice = [(one.name, other.name, sorted(texts[one] & texts[other])) for one, other in combinations(texts, 2)]
    assert [item for item in twice if item[2]] == []
