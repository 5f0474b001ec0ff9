"""Is a case found however people write its place?"""

import pytest

from shared.events.place_words import words


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("银泉阁5栋503", ["银泉阁", " 5栋", " 503"]),
        ("5-503", [" 5栋", " 503"]),
        ("５－５０３", [" 5栋", " 503"]),
        ("5—2—503", [" 5栋", " 2单元", " 503"]),
        ("５号楼 ５０３室", [" 5栋", " 503"]),
        ("5幢2单元503", [" 5栋", " 2单元", " 503"]),
        ("702 3栋", [" 702", " 3栋"]),
        ("5棟2單元五〇三室", [" 5栋", " 2单元", " 503"]),
        ("銀泉閣五号楼", ["银泉阁", " 5栋"]),
        ("1024", [" 1024"]),
        ("邱敏", ["邱敏"]),
        ("HF-04-0052", ["hf-04-0052"]),
        ("440303001001GB00001F00020006", ["440303001001gb00001f00020006"]),
        ("00020006", ["00020006"]),
        ("  ", []),
    ],
)
def test_what_is_looked_for(written: str, found: list[str]):
    assert words(written) == found
