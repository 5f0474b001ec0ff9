"""Is a text a valid name, is its spelling canonical, and is the difference of similar names named?"""

import unicodedata

import pytest

from services.registry.domain.names import alike, canonical, flaw, is_name, is_of_organisation, lost_text


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


@pytest.mark.parametrize("lost", "?？﹖⁇□〓■▢◻⬜☐○●*＊﹡✱×※\ufffd\ufffc")
def test_a_name_with_a_lost_or_hidden_character_is_refused(lost: str):
    assert flaw(f"李{lost}", "natural") == "name-lost-text"
    assert flaw(f"{lost}安柏", None) == "name-lost-text"
    assert flaw(f"澄水湾{lost}物业有限公司", "organisation") == "name-lost-text"


@pytest.mark.parametrize("name", ["李锟斤拷", "ï¿½", "é™ˆå®‰", "李⿰亻尔", "李〾", "澄水湾⿱艹物业有限公司"])
def test_a_name_that_is_garbled_or_described_is_refused(name: str):
    assert flaw(name, None) == "name-lost-text"


@pytest.mark.parametrize("name", ["李X", "李ｘＸ", "陈XX安", "李某", "李某某", "李某甲"])
def test_a_mask_of_letters_hides_a_persons_name(name: str):
    assert flaw(name, "natural") == "name-lost-text"
    assert flaw(f"{name}物业有限公司", "organisation") is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "闄堝畨",
            "陈€安",
            "李ㄨ安",
            "李Х",
            "李χ安",
            "李ⅹ",
            "X安",
            "某安",
            "李ロ安",
            "李囗",
            "李OO",
            "李〇〇",
            "李——",
            "陈~",
            "李·",
            "·李",
        ),
        *("陈★★", "李❓", "李‽", "李☓", "李⌧", "李␣"),
    ],
)
def test_what_is_typed_in_the_place_of_a_character_hides_a_persons_name(name: str):
    assert flaw(name, "natural") == "name-lost-text"


@pytest.mark.parametrize("sign", '+=$%^|\\~@&<>"!¤¡™€→∑😀🀫㈱「：；')
def test_a_sign_is_in_no_persons_name(sign: str):
    assert flaw(f"陈{sign}安", "natural") in ("name-form", "name-lost-text")


def test_two_people_in_one_cell_are_no_name():
    assert {flaw(name, "natural") for name in ("陈安、李安", "陈安,李安", "陈安，李安", "陈安/李安", "陈安；李安")} == {
        "name-form"
    }


@pytest.mark.parametrize(
    "name",
    [
        *(
            "’t Hooft",
            "CHEN, An",
            "J.R. Smith",
            "Raju s/o Muthu",
            "Nguyễn Thị Hạnh",
            "ئەلى مەمەت",
            "ཚེ་རིང་",
            "艾力·买买提",
            "赵C",
            "李〇",
            "山口ロロ",
        ),
        *("陈和平", "𰻝安", "\U00031350安", "陈安（大）", "李口", "Ма Ольга", "ʻOkina", "Mª José", "闫欣", "宓萍"),
    ],
)
def test_a_rare_name_is_a_name(name: str):
    assert flaw(name, "natural") is None


def test_a_digit_of_any_script_is_a_digit():
    decimals = [chr(point) for point in range(0x11_0000) if unicodedata.decimal(chr(point), None) is not None]
    assert len(decimals) > 600
    assert [digit for digit in decimals if flaw(f"陈{digit}", "natural") != "name-with-digits"] == []


@pytest.mark.parametrize("digit", "1７²①❷٣𝟗༣᠓")
def test_a_digit_is_right_in_the_name_of_an_organisation_only(digit: str):
    assert flaw(f"陈安{digit}", "natural") == "name-with-digits"
    assert flaw(f"第{digit}物业有限公司", "organisation") is None


@pytest.mark.parametrize(
    "name",
    [
        "王〇",
        "João Sâo",
        "Xénia X",
        "陈大文 CHAN X",
        "一二三",
        "O’Neil 3rd",
        "陈大文 CHAN Tai Man",
        "𰀀𱍐",
        "王\U0002ebf0",
        "阿依古丽·买买提",
    ],
)
def test_an_unusual_correct_name_is_accepted(name: str):
    assert flaw(name, "natural") is None


@pytest.mark.parametrize("dot", "\u00b7\u2022\u30fb\u2027\uff65\u2219\u22c5")
def test_all_middle_dot_characters_are_equal(dot: str):
    assert canonical(f"买买提{dot}艾力") == "买买提\u00b7艾力"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("买买提·艾力", "买买提.艾力", "signs"),
        ("Mary O’Neil", "Mary O'Neil", "signs"),
        ("CHAN Tai Man", "CHAN  Tai-Man", "signs"),
        ("CHAN Tai Man", "Chan Tai Man", "capitals"),
        ("金安", "\uf90a安", "variant"),
        ("人安", "\u2f08安", "variant"),
        ("陈安", "陈柏", None),
    ],
)
def test_the_difference_between_two_similar_names_is_named(one: str, other: str, why: str | None):
    assert alike(one, other) == alike(other, one) == why


def test_lost_text_is_also_found_in_a_place():
    assert all(map(lost_text, ["和?苑", "□栋", "一\ufffd组"]))
    assert not any(map(lost_text, ["和丰苑（二期）", "3栋", "A*", "1#"]))
