"""Is a case found however people write its place?"""

import pytest

from shared.events.place_words import fold_letters, letters_for, words


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
def test_a_place_is_cut_into_the_words_to_look_for(written: str, found: list[str]):
    assert words(written) == found


@pytest.mark.parametrize(
    ("searched", "text"),
    [
        ("銀泉閣五栋", "銀泉閣5棟1單元503"),
        ("张三", "張三"),
        ("张三", "張四"),
        ("5-503", "银泉阁五幢五〇三"),
        ("HF-04", "hf-04-0052"),
        ("東", "东区"),
    ],
)
def test_the_letters_for_words_decide_as_all_letters_do(searched: str, text: str):
    written, folded = letters_for(words(searched))
    in_sql = text.translate(str.maketrans(written, folded)).lower()  # as translate() and lower() do

    assert len(written) == len(folded) < 60
    assert [word.strip() in in_sql for word in words(searched)] == [
        word.strip() in fold_letters(text) for word in words(searched)
    ]
