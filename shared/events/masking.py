"""Masked names: the one rule by which a name is hidden wherever somebody may see it without a reason (events, pages, exports).

    陈安柏 → 陈**     欧阳安 → 欧阳**     阿依古丽·买买提 → 阿**     Morgan Sample → M**     澄水湾物业有限公司 → 澄水**

Invariant: the family name is shown and nothing else of a person; of an organisation the first two characters. A name is never
shown whole, and the number of stars says nothing about the length of what they hide.
Held by tests/unit/events/test_masking.py.
"""

from typing import Final

from shared.events.terms import PersonKind

# The surnames of two characters in 百家姓 (Song dynasty), and below them those of other peoples of China that are borne today. Each
# in simplified characters, and in traditional ones where they differ. EVENTS.md publishes the list.
_LISTED: Final = """
    万俟 司马 上官 欧阳 夏侯 诸葛 闻人 东方 赫连 皇甫 尉迟 公羊 澹台 公冶 宗政 濮阳 淳于 单于 太叔 申屠
    公孙 仲孙 轩辕 令狐 钟离 宇文 长孙 慕容 鲜于 闾丘 司徒 司空 亓官 司寇 子车 颛孙 端木 巫马 公西 漆雕
    乐正 壤驷 公良 拓跋 夹谷 宰父 谷梁 段干 百里 东郭 南门 呼延 羊舌 微生 梁丘 左丘 东门 西门 南宫 第五
    独孤 贺兰 完颜 耶律 叶赫 纳兰 哥舒 斛律 达奚 公输 钟吾 伯赏 南郭 北宫
    萬俟 司馬 歐陽 諸葛 聞人 東方 赫連 尉遲 澹臺 濮陽 單于 公孫 仲孫 軒轅 鍾離 鐘離 長孫 鮮于 閭丘 閭邱
    子車 顓孫 巫馬 樂正 壤駟 拓拔 夾谷 穀梁 東郭 南門 左邱 梁邱 東門 西門 南宮
    獨孤 賀蘭 完顏 葉赫 納蘭 達奚 公輸 鍾吾 伯賞 北宮
"""
COMPOUND_SURNAMES: Final = frozenset(_LISTED.split())
_HIDDEN: Final = "**"
_SHOWN_OF_AN_ORGANISATION: Final = 2


def masked(name: str, kind: PersonKind = "natural") -> str:
    shown = _SHOWN_OF_AN_ORGANISATION if kind == "organisation" else _family_name(name)
    # A name of one character, or an organisation of two, would stand there whole.
    return name[: min(shown, len(name) - 1)] + _HIDDEN


def _family_name(name: str) -> int:
    """How many characters of it. A name that is no longer than a compound surname is a surname of one character and a given name."""
    return 2 if name[:2] in COMPOUND_SURNAMES else 1
