"""The workbook's template: its two sheets and their columns, in order, under the Chinese headers that clerks know.

Invariant: the download, the import and the messages about mistakes all use this one list.
One row per right-holder of a unit: the columns of the unit repeat on every row of it and must say the same each time.
Held by tests/unit/registry/test_workbook.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.registry.domain import documents, shares

Form = Literal["text", "name", "code", "choice", "area", "integer", "floor", "date"]


@dataclass(frozen=True)
class Column:
    """One entry, from which the download, the import, the register's statements, the API, the pages and the export follow.

    `personal` values are sealed before they are stored. `of_unit`: repeats on every row of a unit.
    `reference`: the register keeps another row's id or the unit's key in its place, written out in store/units.py.
    `choices`: the codes by the clerks' words. `description`: for the API, in English, what the name does not say.
    `newer`: a file made from an older template lacks the column, and is read without it. Such columns stand last, and an empty cell
    leaves what the register has.
    """

    name: str
    header: str
    form: Form
    note: str
    required: bool = False
    personal: bool = False
    of_unit: bool = False
    reference: bool = False
    longest: int = 40
    choices: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    newer: bool = False


USES = {
    "住宅": "residential",
    "商铺": "commercial",
    "办公": "office",
    "厂房": "industrial",
    "仓储": "storage",
    "车位": "parking",
    "其他": "other",
}
STRUCTURES = {"钢混": "reinforced_concrete", "混合": "mixed", "砖木": "brick_timber", "钢": "steel", "其他": "other"}
CAPACITIES = {"完全": "full", "限制": "limited", "无": "none"}
LANGUAGES = {"简体中文": "zh-Hans", "繁体中文": "zh-Hant", "英文": "en"}

SQUARE_METRES = "m² with at most two decimals"

HOLDERS_SHEET = "房屋与权利人"
HOLDERS = (
    Column("compound", "小区", "text", "与“楼栋”表一致", required=True, of_unit=True, reference=True),
    Column("building", "楼栋", "text", "与“楼栋”表一致，如 3栋", required=True, of_unit=True, reference=True),
    Column("stairwell", "单元", "text", "如 1单元；不分单元的写 1单元", required=True, of_unit=True),
    Column("floor", "楼层", "floor", "整数，地下一层写 -1；跨层的写 3至4", required=True, of_unit=True),
    Column(
        "door",
        "房号",
        "text",
        "如 302；合并套写 301、302",
        required=True,
        of_unit=True,
        longest=20,
        description="doors of a merged unit joined by 、",
    ),
    Column(
        "unit_code",
        "不动产单元号",
        "code",
        "28 位，一套一号，是再次导入时认房的依据",
        required=True,
        of_unit=True,
        reference=True,
    ),
    Column("house_code", "房屋编码", "code", "深圳 25 位房屋编码，前 19 位是楼栋", of_unit=True),
    Column("use", "用途", "choice", "、".join(USES), required=True, of_unit=True, choices=USES),
    Column("structure", "结构", "choice", "、".join(STRUCTURES), required=True, of_unit=True, choices=STRUCTURES),
    Column(
        "registered_area",
        "登记面积",
        "area",
        "平方米，最多两位小数，数字格式",
        required=True,
        of_unit=True,
        description=SQUARE_METRES,
    ),
    Column(
        "surveyed_area", "实测面积", "area", "平方米，最多两位小数；未测留空", of_unit=True, description=SQUARE_METRES
    ),
    Column("household", "户号", "text", "同号为一户；留空则一套一户", of_unit=True, reference=True),
    Column("titled_on", "发证日期", "date", "日期格式；没有留空", of_unit=True),
    Column(
        "ownership",
        "共有方式",
        "choice",
        "单独所有、共同共有、按份共有",
        required=True,
        of_unit=True,
        choices=shares.WORDS,
    ),
    Column("name", "权利人", "name", "证件上的全名", required=True, personal=True, longest=80),
    Column("document_type", "证件类型", "choice", "居民身份证等七种，见下拉", required=True, choices=documents.WORDS),
    Column("document_number", "证件号码", "code", "文本格式", required=True, personal=True),
    Column("share", "份额", "code", "按份共有填分数，如 1/3；其余留空"),
    Column("capacity", "行为能力", "choice", "、".join(CAPACITIES) + "；留空为完全", choices=CAPACITIES),
    Column("guardian_name", "监护人", "name", "行为能力不完全者必填", personal=True, longest=80),
    Column("guardian_document_type", "监护人证件类型", "choice", "同证件类型", choices=documents.WORDS),
    Column("guardian_document_number", "监护人证件号码", "code", "文本格式", personal=True),
    Column("mobile", "手机", "code", "大陆 11 位，或 + 开头的国际号码", personal=True),
    Column("email", "电子邮箱", "code", "", personal=True, longest=254),
    Column(
        "language", "通知语言", "choice", "、".join(LANGUAGES) + "；留空不改，初次登记为简体中文", choices=LANGUAGES
    ),
    Column("group", "签约小组", "text", "本项目已建的小组名", of_unit=True, reference=True),
    Column("officer", "责任人工号", "code", "该小组成员的工号", of_unit=True, reference=True),
    Column(
        "time_zone", "时区", "code", "境外人士的时区，如 Europe/London；留空不改", personal=True, longest=64, newer=True
    ),
)

BUILDINGS_SHEET = "楼栋"
BUILDINGS = (
    Column("compound", "小区", "text", "如 和丰苑", required=True),
    Column("building", "楼栋", "text", "如 3栋", required=True),
    Column("building_code", "楼栋编码", "code", "房屋编码的前 19 位；没有留空"),
    Column("stairwells", "单元数", "integer", "整数", required=True),
    Column("floors_above", "地上层数", "integer", "整数", required=True),
    Column("floors_below", "地下层数", "integer", "整数，没有写 0", required=True),
)

# What the tables of the register keep in a column of the same name. `floor` there is two: floor and top_floor.
OF_UNIT = tuple(column for column in HOLDERS if column.of_unit and not column.reference and column.form != "floor")

SHEETS = {HOLDERS_SHEET: HOLDERS, BUILDINGS_SHEET: BUILDINGS}

FAULTS_HEADER = "问题"  # of the column that an annotated workbook has beside them, and may keep


def letter(place: int) -> str:
    """The spreadsheet's name of a column, counted from 0: A … Z, AA …"""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_letter(columns: tuple[Column, ...], name: str) -> str:
    return letter(next(place for place, column in enumerate(columns) if column.name == name))
