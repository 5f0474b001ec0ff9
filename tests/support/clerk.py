"""A clerk's workbook with every mistake that the registry knows, each in its own unit, and the expected faults.

Invariant: every unit has exactly one mistake, so any other report is wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.registry.domain import sample
from services.registry.domain.checkdigits import mod_11_2
from services.registry.domain.invented import Inventor
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from tests.support.spreadsheet import (
    DATE,
    IN_THOUSANDS,
    PERCENT,
    THREE_DIGITS,
    WITH_A_WORD,
    WITHOUT_SIGN,
    Sheet,
    Value,
    Written,
    error,
    formula,
    half_struck,
    iso_day,
    number,
    struck,
    written,
)

Line = dict[str, Value]
Mistake = tuple[str, int, str, str]  # sheet, row, column, code

DISTRICT = "440303"
_BUILDING_CODE = f"{DISTRICT}0010010000001"


def citizen(born: str, order: int = 1) -> str:
    body = f"440399{born}{order:03d}"
    return body + mod_11_2(body)


CHILD = citizen("20200101")
PERMIT = (of := "81000019600105000") + mod_11_2(of)
# Mistakes in one cell of a sole owner's unit: the content and the expected fault.
_IN_A_CELL: tuple[tuple[str, str, tuple[Value, ...]], ...] = (
    ("missing", "name", (None, "   ")),
    ("missing", "registered_area", (None,)),
    ("outer-spaces", "name", ("陈安 ", " 陈安", "\u00a0陈安", "陈安\u3000")),
    ("outer-spaces", "household", ("\u00a0",)),
    ("full-width", "document_number", ("４４０３９９１９８００２２９０００１",)),
    ("full-width", "registered_area", ("６５.１８",)),
    ("full-width", "door", ("３０２",)),
    ("full-width", "share", ("1／3",)),
    ("not-printable", "name", ("陈\u200b安", "陈\n安", "陈\u00a0安", "陈_x000D_安", "陈_x0000_安", "陈\ufffd安")),
    ("not-printable", "compound", ("云\u2028汀里", "云\u200b汀里")),
    ("private-use", "name", ("陈\ue000", "\U000f0000安")),
    ("private-use", "building", ("1\uf8ff栋",)),
    ("name-lost-text", "name", ("李?", "李？", "李□", "李〓", "陈**", "李＊", "李⬜安", "?安", "李某某", "陈XX", "⿰王申安", "é™ˆå®‰",
                                "闄堝畨", "陈€安",
                                "李Х安", "李ロ安", "陈——", "陈〇〇", "李·")),
    ("struck-through", "name", (struck("陈安"), half_struck("陈", "安"))),
    ("struck-through", "share", (struck("1/2"),)),
    ("quoted-text", "door", ("'302", "’302", "＇302")),
    ("quoted-text", "name", ("'陈安",)),
    ("quoted-text", "document_number", ("'440399198002290001",)),
    ("part-of-character", "name", ("陈⾡安", "⼈安")),
    ("part-of-character", "compound", ("云汀⾥",)),
    ("name-with-digits", "name", ("陈安1", "陈2安", "Ada 7", "陈༣", "陈᠓")),
    ("lost-text", "household", ("H?1", "H□1")),
    ("personal-data", "household", ("13800138000", "138 0013 8000", 13_800_138_000, "H-+86 138-0013-8000", "１３８００１３８０００",
                                    citizen("19600105"), citizen("19600105").lower(), PERMIT)),
    ("personal-data", "house_code", ("13800138000",)),
    ("personal-data", "door", ("302（13800138000）",)),
    ("personal-data", "stairwell", ("13800138000单元",)),
    ("personal-data", "group", ("一组 13800138000", "一组 chen.an@example.com")),
    ("personal-data", "compound", ("云汀里138 - 0013 - 8000",)),
    ("personal-data", "officer", ("13800138000",)),
    ("time-zone-form", "time_zone", ("北京时间", "UTC+8", "europe/london", "Europe/Nowhere", 8)),
    ("too-long", "name", ("陈" * 81, "陈" * 40_000)),
    ("formula-cell", "registered_area", (formula("60+5.18"), formula("60+5.18", "65.18"), formula("[1]Sheet1!A1", "65.18"))),
    ("error-value", "registered_area", (error("#REF!"), error("#N/A"), number("abc"), number("NaN"), number("1E999"))),
    ("error-value", "titled_on", (iso_day("2026-02-31"), iso_day("1997"))),
    ("error-value", "household", ("#N/A", "#SPILL!", "########")),
    ("stands-for-nothing", "household", ("NULL", "None", "nan", "N/A", "0", 0, "无", "/", "—", "同上", "〃", "待补")),
    ("stands-for-nothing", "door", ("-", "无", "undefined")),
    ("stands-for-nothing", "stairwell", ("无",)),
    ("stands-for-nothing", "name", ("null", "不详", "同上")),
    ("not-text", "name", (True,)),
    ("not-text", "household", ("TRUE", "FALSE")),
    ("error-value", "door", (Written('t="inlineStr"', "<v>301</v><is><t>302</t></is>"), Written('t="str"', "<v>30</v><v>2</v>"))),
    ("not-text", "door", (3.5,)),
    ("number-not-text", "document_number", (number("4.4039919800229E+17"), "4.40399E+17")),
    ("number-not-text", "house_code", (number("4.40303001001E+24"),)),
    ("number-not-text", "household", ("4.40303E+17",)),
    ("number-as-another", "door", (number(1, THREE_DIGITS), number(302, WITH_A_WORD))),
    ("number-as-another", "building", (number(1, WITH_A_WORD),)),
    ("number-as-another", "registered_area", (number(0.65, PERCENT), number(65_180, IN_THOUSANDS))),
    ("number-as-another", "floor", (number(-1, WITHOUT_SIGN),)),
    ("number-as-another", "document_number", (number(1, THREE_DIGITS),)),
    ("date-as-text", "titled_on", ("1997年5月1日", "1997-05-01", "1997.5")),
    ("not-a-date", "titled_on", (number("99999999"), number(-1, DATE), number(0), True)),
    ("date-outside", "titled_on", (number(1997), number(59, DATE), number(60, DATE), number(73_000, DATE))),
    ("turned-into-date", "share", (number(46_024, DATE), "1月2日", "2-Jan")),  # 1/2, as a spreadsheet takes it
    ("turned-into-date", "door", ("3月5日", "2026年3月5日", "3月", "2026-03-05", "2026/3/5", "5-Mar", "Mar-05")),
    ("turned-into-date", "household", ("2026-3-5", "5/3/2026")),
    ("turned-into-date", "door", (number(46_054, DATE), Written('t="d"', "<v>2026-02-03</v>"))),
    ("unknown-choice", "use", ("别墅", 3, False)),
    ("unknown-choice", "language", ("粤语",)),
    ("unknown-choice", "document_type", ("身份证",)),
    ("area-not-a-number", "registered_area", ("六十五", "65.18平方米", "65.185", 65.185, "1,065.18", "￥65.18", "65.18元", True)),
    ("area-not-positive", "registered_area", (0, "0.00", -65.18, "-65.18")),
    ("not-an-integer", "floor", ("三", "13A", 3.5, "4至3", True)),
    ("floor-outside", "floor", (0, 19, -2, "17至19")),
    ("stairwell-outside", "stairwell", ("3单元",)),
    ("stairwell-form", "stairwell", ("1", 1, "1 单元", "01单元", "0单元", "一单元")),
    ("unit-code-form", "unit_code", (DISTRICT, f"{DISTRICT}001001gb00001F00010001", "一套")),
    ("house-code-form", "house_code", ("4" * 24, "4" * 26)),
    ("house-code-building", "house_code", ("4" * 25,)),
    ("door-form", "door", ("301,302", "301、", "301、301", "301 302", "301/302")),
    ("name-form", "name", ("440399198002290001", 13_800_138_000, "陈 安", "陈  安柏", "+陈安", "陈安、李安", "陈安/李安", "陈😀")),
    ("organisation-by-paper", "document_type", ("居民身份证",)),
    ("mobile-form", "mobile", ("138 0013 8000", "+8613800138000", "1380013800", "+86 13800138000")),
    ("email-form", "email", ("nobody", "a@b", "a b@c.cn", "a..b@owners.invalid", ".a@owners.invalid", "陈@owners.invalid")),
    ("share-form", "share", ("50%", "0", "0/3", "-1/3", "4/3", "0.5", 0.5, "1/0", "三分之一")),
    ("document-form", "document_number", ("440399800229001", "4403991980022900", "陈安")),
    ("document-region", "document_number", ("990399198002290001", "810000198002280001")),
    ("document-birth-date", "document_number", ("440399198102290001", "440399299001010001")),
    ("check-digit", "document_number", ("440399198002290001",)),
    ("unknown-building", "building", ("9栋",)),
    ("unknown-group", "group", ("二十组",)),
    ("unknown-officer", "officer", ("G99-9",)),
    ("guardian-not-needed", "guardian_name", ("陈安",)),
    ("minor-not-marked", "capacity", (None,)),
)  # fmt: skip

# What makes a mistake of that cell.
_BESIDE: dict[str, Line] = {
    "minor-not-marked": {"document_number": CHILD},
    "organisation-by-paper": {"name": "澄水湾安柏物业有限公司"},
}


@dataclass
class Clerk:
    """Writes units below each other, and stores their expected faults."""

    holders: Sheet = field(default_factory=lambda: Sheet(HOLDERS_SHEET, HOLDERS))
    buildings: Sheet = field(default_factory=lambda: Sheet(BUILDINGS_SHEET, BUILDINGS))
    mistakes: set[Mistake] = field(default_factory=set)
    inventor: Inventor = field(default_factory=lambda: Inventor(3))
    groups: dict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: sample.made(seed=1, units=20, district=DISTRICT).groups
    )
    units: int = 0

    def __post_init__(self) -> None:
        self.building()

    @property
    def row(self) -> int:
        """The next free row of the right-holders."""
        return max(self.holders.rows, default=1) + 1

    def building(self, **changed: Value) -> int:
        row = max(self.buildings.rows, default=1) + 1
        line: Line = {
            "compound": "云汀里",
            "building": f"{row - 1}栋",
            "building_code": f"{_BUILDING_CODE[:-3]}{row - 1:03d}",
        }
        self.buildings.rows[row] = {**line, "stairwells": 2, "floors_above": 18, "floors_below": 1, **changed}
        return row

    def unit(self, ownership: str = "单独所有", *owners: Line, **changed: Value) -> int:
        """Returns the unit's first row. Each of `owners` (default: one) is a new citizen with the given changes."""
        self.units += 1
        first = self.row
        line: Line = {
            "compound": "云汀里", "building": "1栋", "stairwell": "1单元", "floor": 3, "door": f"{self.units}",
            "unit_code": f"{DISTRICT}001001GB00001F0001{self.units:04d}", "house_code": f"{_BUILDING_CODE}{self.units:06d}",
            "use": "住宅", "structure": "钢混", "registered_area": 65.18, "ownership": ownership, "group": "一组", "officer": "G01-1",
            **changed,
        }  # fmt: skip
        for row, owner in enumerate(owners or ({},), start=first):
            who = self.inventor.citizen()
            person: Line = {
                "name": who.name,
                "document_type": who.document_type,
                "document_number": who.document_number,
            }
            self.holders.rows[row] = {**person, **line, **owner}
        return first

    def wrong(self, row: int, column: str, code: str, *, sheet: str = HOLDERS_SHEET) -> None:
        self.mistakes.add((sheet, row, column, code))

    def file(self) -> bytes:
        return written([self.holders, self.buildings])


def with_every_mistake() -> Clerk:
    clerk = Clerk()
    clerk.unit()  # a right one first
    for code, column, values in _IN_A_CELL:
        for value in values:
            more = _BESIDE.get(code, {})
            clerk.wrong(clerk.unit("单独所有", {**more, column: value}), column, code)
    for item in (_persons, _capacities, _owners, _places, _sheets):
        for mistake in item(clerk):
            clerk.wrong(*mistake)
    _buildings(clerk)
    return clerk


def _persons(clerk: Clerk) -> Iterator[tuple[int, str, str]]:
    child = {"document_number": CHILD, "capacity": "无"}
    row = clerk.unit("单独所有", {**child, "document_number": citizen("20200104")})
    yield from ((row, f"guardian_{name}", "guardian-missing") for name in ("name", "document_type", "document_number"))
    guardian = {"guardian_name": "陈安", "guardian_document_type": "居民身份证"}
    row = clerk.unit("单独所有", {**child, "name": "陈安", "document_number": citizen("20200102"), **guardian,
                               "guardian_document_number": citizen("20200106")})  # fmt: skip
    yield row, "guardian_document_number", "guardian-minor"
    ward = citizen("19500101")
    yield (
        clerk.unit("单独所有", {"name": "陈安", "document_number": ward, "capacity": "限制", **guardian, "guardian_document_number": ward}),
        "guardian_document_number",
        "guardian-self",
    )  # fmt: skip
    company = clerk.inventor.organisation()
    yield (
        clerk.unit("单独所有", {"document_type": company.document_type, "document_number": company.document_number,
                            "capacity": "无", **guardian, "guardian_document_number": citizen("19500102")}),
        "capacity",
        "organisation-incapable",
    )  # fmt: skip
    clerk.unit("单独所有", {"name": "林一", "document_number": citizen("19600101")})
    yield (
        clerk.unit("单独所有", {"name": "林二", "document_number": citizen("19600101")}),
        "name",
        "person-name-differs",
    )
    row = clerk.unit("单独所有", {**child, "document_number": citizen("20200105"), **guardian, "guardian_name": "陈*",
                               "guardian_document_number": citizen("19600106")})  # fmt: skip
    yield row, "guardian_name", "name-lost-text"
    alike = (
        ("signs", "买买提·艾力", "买买提.艾力"),
        ("capitals", "Ada Example", "ADA Example"),
        ("variant", "金安", "\uf90a安"),
    )
    for order, (why, first, second) in enumerate(alike, start=7):
        clerk.unit("单独所有", {"name": first, "document_number": citizen(f"196001{order:02d}")})
        row = clerk.unit("单独所有", {"name": second, "document_number": citizen(f"196001{order:02d}")})
        yield row, "name", f"person-name-alike-{why}"
    minor = {
        **child,
        "document_number": citizen("20200103"),
        "guardian_name": "林三",
        "guardian_document_type": "居民身份证",
    }
    yield (
        clerk.unit("单独所有", {**minor, "guardian_document_number": citizen("19600101")}),
        "guardian_name",
        "person-name-differs",
    )


def _capacities(clerk: Clerk) -> Iterator[tuple[int, str, str]]:
    """One person, called capable in one row and not in another."""
    guardian = {"guardian_name": "陈安", "guardian_document_type": "居民身份证"}
    ward = {"name": "林七", "document_number": citizen("19500103"), "capacity": "限制", **guardian,
            "guardian_document_number": citizen("19500104")}  # fmt: skip
    clerk.unit("单独所有", ward)
    yield (
        clerk.unit("单独所有", {"name": "林七", "document_number": ward["document_number"]}),
        "capacity",
        "capacity-differs",
    )
    child = {
        "name": "林八",
        "document_number": citizen("20200107"),
        "capacity": "无",
        **guardian,
        "guardian_name": "林七",
    }
    row = clerk.unit("单独所有", {**child, "guardian_document_number": ward["document_number"]})
    yield row, "guardian_document_number", "guardian-incapable"


def _owners(clerk: Clerk) -> Iterator[tuple[int, str, str]]:
    yield clerk.unit("单独所有", {}, {}), "ownership", "sole-owner-not-alone"
    yield clerk.unit("单独所有", {"share": "1/2"}), "share", "sole-owner-with-share"
    yield clerk.unit("共同共有"), "ownership", "joint-owner-alone"
    yield clerk.unit("共同共有", {}, {"share": "1/2"}) + 1, "share", "joint-owner-with-share"
    row = clerk.unit("按份共有", {"share": "1/3"}, {}, {})
    yield from ((item, "share", "share-missing") for item in (row + 1, row + 2))
    for last in ("1/2", "1/4", "1"):
        yield clerk.unit("按份共有", {"share": "1/3"}, {"share": "1/3"}, {"share": last}), "share", "shares-not-one"
    fine = [
        {"share": f"{part}/{8 * prime}"}
        for prime in (124_991, 124_987, 124_981, 124_979)
        for part in (1, 2 * prime - 1)
    ]
    yield clerk.unit("按份共有", *fine), "share", "shares-too-fine"
    # A fault in one cell is not reported again in the unit's other rows.
    yield clerk.unit("按份共有", {"share": "1/2"}, {"share": "0.5"}) + 1, "share", "share-form"
    yield clerk.unit("共同共有", {}, {"ownership": "夫妻"}) + 1, "ownership", "unknown-choice"
    yield (
        clerk.unit("按份共有", {"share": "1/2"}, {"share": "1/2", "unit_code": "一套"}) + 1,
        "unit_code",
        "unit-code-form",
    )
    yield clerk.unit("共同共有", {"registered_area": "六十五"}, {}, {}), "registered_area", "area-not-a-number"
    yield clerk.unit("共同共有", {}, {"ownership": "单独所有"}) + 1, "ownership", "unit-differs"
    same = {"name": "林四", "document_number": citizen("19600102")}
    yield clerk.unit("共同共有", same, same) + 1, "document_number", "holder-twice"
    small_x = next(item for item in (citizen("19600103", order) for order in range(1, 999)) if item.endswith("X"))
    twice = ({"name": "林五", "document_number": small_x}, {"name": "林五", "document_number": small_x.lower()})
    yield clerk.unit("共同共有", *twice) + 1, "document_number", "holder-twice"
    same = {"name": "林六", "document_number": citizen("19600104")}
    yield clerk.unit("单独所有", same, same) + 1, "document_number", "holder-twice"
    yield clerk.unit("共同共有", *({} for _ in range(501))) + 500, "unit_code", "too-many-holders"


def _places(clerk: Clerk) -> Iterator[tuple[int, str, str]]:
    yield clerk.unit("共同共有", {}, {"registered_area": 66}, {}) + 1, "registered_area", "unit-differs"
    yield clerk.unit("共同共有", {"household": "H1"}, {}) + 1, "household", "unit-differs"
    clerk.unit(door="B7、B8", unit_code=(code := f"{DISTRICT}001001GB00001F00029999"))
    yield clerk.unit(unit_code=code), "unit_code", "unit-twice"
    yield clerk.unit(unit_code=code, door="B9", house_code=None), "unit_code", "unit-twice"
    yield clerk.unit(door="B8"), "door", "door-twice"
    clerk.unit(house_code=(house := f"{_BUILDING_CODE}999999"))
    yield clerk.unit(house_code=house), "house_code", "house-code-twice"


def _sheets(clerk: Clerk) -> Iterator[tuple[int, str, str]]:
    """What the sheet hides, and what stands in it between and below the units."""
    row = clerk.unit(household="H2")
    clerk.holders.hidden_rows.add(row)
    yield row, "", "hidden-row"
    clerk.holders.hidden_columns |= {"household", "surveyed_area"}  # in the second nothing stands
    yield 1, "household", "hidden-column"
    row = clerk.unit()
    clerk.holders.merged += [f"V{row}:W{row}", f"AC{row}:AD{row}", f"L{row + 4}:M{row + 5}"]
    yield row, "guardian_document_number", "merged-cell"
    yield row + 4, "household", "merged-cell"  # in rows where nothing else stands
    row = clerk.unit("共同共有", {}, {"compound": None})
    clerk.holders.merged.append(f"A{row}:A{row + 1}")
    yield row, "compound", "merged-cell"
    yield row + 1, "compound", "missing"
    clerk.holders.beside |= {clerk.unit(): "  ", (row := clerk.unit()): "已核", clerk.unit(): "已核"}
    yield row, "", "beside-table"  # once
    clerk.holders.rows[clerk.row] = {"compound": "汇总"}
    yield clerk.row - 1, "compound", "totals-row"
    clerk.holders.rows[clerk.row + 9] = {"floor": "合 计", "registered_area": formula("SUM(J2:J300)"), "name": 310}
    yield clerk.row - 1, "floor", "totals-row"


def _buildings(clerk: Clerk) -> None:
    def wrong(row: int, column: str, code: str) -> None:
        clerk.wrong(row, column, code, sheet=BUILDINGS_SHEET)

    for column, value in (("stairwells", 0), ("floors_above", "十八"), ("floors_below", -1)):
        wrong(clerk.building(**{column: value}), column, "not-an-integer")
    wrong(clerk.building(building_code="4" * 25), "building_code", "building-code-form")
    wrong(clerk.building(building_code=_BUILDING_CODE), "building_code", "building-code-twice")
    wrong(clerk.building(building="1栋", building_code=None), "building", "building-twice")
    row = clerk.building(compound="和丰苑", building="13栋 ")
    wrong(row, "building", "outer-spaces")
    clerk.unit(
        compound="和丰苑", building="13栋", house_code=None
    )  # no unknown building: that one's name is to be mended
    row = clerk.building()
    wrong(row, "compound", "totals-row")
    clerk.buildings.rows[row] = {"compound": "合计", "stairwells": 9}
    clerk.buildings.hidden = True
    wrong(1, "", "hidden-sheet")
