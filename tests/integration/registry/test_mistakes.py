"""A workbook with every kind of mistake: each is named at its cell, nothing else is named, nothing is stored."""

import io
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
from sqlalchemy import text

from services.registry.domain import sample
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from services.registry.web import pages
from tests.integration.registry.conftest import Registry
from tests.support import clerk as clerks
from tests.support.clerk import Clerk, Mistake
from tests.support.spreadsheet import (
    DATE,
    DATE_OF_A_CHINESE_PROGRAM,
    GROUPED,
    RED_WHEN_NEGATIVE,
    Sheet,
    Written,
    iso_day,
    number,
    rich,
    shared,
    written,
)

_WEB = Path(pages.__file__).parent
TEXTS = tomllib.loads((_WEB / "texts.toml").read_text(encoding="utf-8"))["faults"]
PROBLEMS = tomllib.loads((_WEB.parent / "problems.toml").read_text(encoding="utf-8"))
# Mistakes against registered units and persons are in test_against_register.py, those of the form that opens a project in test_projects.py.
AGAINST_REGISTER = {f"person-name-registered-{why}" for why in ("signs", "capitals", "variant")}
OF_THE_OPENING = {"plan-time", "plan-count"}
_OF_AN_IMPORT = (
    "imports",
    "import_progress",
    "import_parts",
    "import_lines",
    "import_buildings",
    "import_units",
    "import_faults",
)
_COLUMNS = {HOLDERS_SHEET: HOLDERS, BUILDINGS_SHEET: BUILDINGS}


def project(registry: Registry, clerk: Clerk) -> str:
    return registry.project(sample.Sample("", [], [], clerk.groups))


def written_so_far(registry: Registry) -> dict[str, int]:
    """How many rows each table has; what an upload leaves (the import itself, the answer to its key) left out."""
    with registry.mechanism.connect() as connection:
        tables = connection.execute(
            text("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
        )
        return {
            table: connection.execute(text(f"select count(*) from {table}")).scalar_one()
            for table in tables.scalars()
            if table not in (*_OF_AN_IMPORT, "idempotent_answers")
        }


def test_every_mistake_is_named_at_its_cell_and_nothing_is_written(registry: Registry):
    clerk = clerks.with_every_mistake()
    project_id = project(registry, clerk)
    before = written_so_far(registry)
    report = registry.imported(project_id, clerk.file(), commit=False)

    found = {(line["sheet"], line["row"], line["column"], line["code"]) for line in report["listed"]}
    assert (found - clerk.mistakes, clerk.mistakes - found) == (set(), set())
    assert (report["state"], report["faults"]) == ("faulty", len(clerk.mistakes))
    assert {code for *_, code in found} == TEXTS.keys() - AGAINST_REGISTER - OF_THE_OPENING, (
        "a code without a case here, or without its texts"
    )

    refused = registry.post(f"/imports/{report['import_id']}/commit")
    assert (refused.status_code, refused.json["code"]) == (409, "import-faulty") and refused.json["next"]
    registry.work()
    assert written_so_far(registry) == before and before["events"] and before["units"] == 0

    annotated = registry.get(f"/imports/{report['import_id']}/annotated.xlsx")
    assert annotated.status_code == 200, annotated.text
    assert annotations(annotated.data) == clerk.mistakes


def test_all_mistakes_are_counted_and_the_first_thousand_listed(registry: Registry):
    clerk = Clerk()
    clerk.unit("共同共有", *({"email": "nobody"} for _ in range(499)))
    clerk.unit("共同共有", *({"email": "nobody", "mobile": "1"} for _ in range(499)))
    report = registry.imported(project(registry, clerk), clerk.file(), commit=False)

    assert (report["faults"], report["fault_counts"]) == (1_497, {"email-form": 998, "mobile-form": 499})
    assert len(report["listed"]) == 1_000 and report["listed"][-1]["cell"] == "X751"
    annotated = registry.get(f"/imports/{report['import_id']}/annotated.xlsx")
    assert len(annotations(annotated.data)) == 1_497


def annotations(content: bytes) -> set[Mistake]:
    """The mistakes in the tinted cells and the last column of an annotated workbook."""
    mistakes: set[Mistake] = set()
    codes = {item["zh"]: code for code, item in TEXTS.items()}
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name, columns in _COLUMNS.items():
        names = {column.header: column for column in columns}
        for row in book[name].iter_rows():
            tinted = {columns[cell.column - 1].name for cell in row if cell.fill.fgColor.rgb == "FFFDEEEC"}
            words = str(row[len(columns)].value or "") if len(row) > len(columns) else ""
            listed = [item.partition("：") for item in words.removeprefix("问题：").split("；") if "：" in item]
            marked = {
                (names[header].name if header in names else "", codes[sentence]) for header, _, sentence in listed
            }
            assert tinted == {column for column, _ in marked} - {""}, (name, row[0].row, words)
            mistakes |= {(name, row[0].row, column, code) for column, code in marked}
    return mistakes


def test_the_annotated_workbook_of_dates_is_read_as_it_was(registry: Registry):
    """The clerk corrects the one mistake and uploads the file again, with its annotations."""
    clerk = Clerk()
    row = clerk.unit("单独所有", {"titled_on": number(34_089, DATE), "mobile": "1"}, floor=3)
    project_id = project(registry, clerk)
    book = written([clerk.holders, clerk.buildings], is_1904=True)
    report = registry.imported(project_id, book, commit=False)
    mended = openpyxl.load_workbook(io.BytesIO(registry.get(f"/imports/{report['import_id']}/annotated.xlsx").data))
    assert mended[HOLDERS_SHEET]["M2"].is_date
    mended[HOLDERS_SHEET][clerk.holders.address("mobile", row)] = "13800138000"
    file = io.BytesIO()
    mended.save(file)

    assert registry.imported(project_id, file.getvalue())["state"] == "committed"
    assert titled(registry) == {"1": "1997-05-01"}


def titled(registry: Registry) -> dict[str, str]:
    with registry.mechanism.connect() as connection:
        return dict(
            connection.execute(text("select door, titled_on::text from units where titled_on is not null"))
            .tuples()
            .all()
        )


def test_a_correct_workbook_of_any_program_is_accepted(registry: Registry):
    clerk = Clerk()
    clerk.units = 100
    days = (number(35_551, DATE), number(35_551.75, DATE_OF_A_CHINESE_PROGRAM), number("35551"), iso_day("1997-05-01"))
    for day in days:
        clerk.unit(titled_on=day)
    clerk.unit(
        registered_area=number("65.180000000000007", RED_WHEN_NEGATIVE),
        surveyed_area="65.18",
        floor="3",
        door=302,
        mobile=number(13_800_138_000, GROUPED),
    )
    clerk.unit("单独所有", {"name": rich("欧", "阳安", phonetic="ouyang"), "mobile": 13_800_138_000}, door="13A01")
    clerk.unit("单独所有", {"name": shared(0), "use": shared(1), "share": "1"})
    clerk.unit("单独所有", {"name": "Mary-Jane O’Neil 3rd", "document_type": "护照", "document_number": "zz000001",
                         "mobile": "+85251234567", "language": "英文"})  # fmt: skip
    clerk.unit("按份共有", *({"share": "1/3"} for _ in range(3)))
    clerk.unit("按份共有", {"share": "2/4"}, {"share": "1/2"}, floor="-1至1", door="B101、B102")
    small_x = next(
        item for item in (clerks.citizen("19600103", order) for order in range(1, 999)) if item.endswith("X")
    )
    clerk.unit("单独所有", {"name": "林五", "document_number": small_x})
    clerk.unit("单独所有", {"name": "林五", "document_number": small_x.lower()})
    moved = clerk.holders.rows.pop(clerk.row - 1)
    clerk.holders.rows[clerk.row + 5] = moved  # blank rows between
    clerk.holders.headers = [f"{header}*" for header in clerk.holders.headers]
    links = '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    strings = ("<t>陈安</t><phoneticPr/>", "<r><t>住</t></r><r><t>宅</t></r><rPh><t>zhuzhai</t></rPh>")
    dictionary = Sheet("字典", BUILDINGS, hidden=True)  # what is hidden and not asked for is nobody's business
    book = written(
        [dictionary, clerk.holders, clerk.buildings],
        strings=strings,
        more={"xl/externalLinks/externalLink1.xml": links},
    )
    project_id = project(registry, clerk)
    report = registry.imported(project_id, book)

    assert (report["state"], report["listed"]) == ("committed", [])
    units = {unit["door"]: unit for unit in registry.get(f"/projects/{project_id}/units?limit=200").json["items"]}
    assert titled(registry) == {f"{door}": "1997-05-01" for door in range(101, 105)}
    assert (units["302"]["registered_area"], units["302"]["floor"]) == ("65.18", 3)
    owners = registry.get("/people?limit=200").json["items"]
    assert [owner["masked_name"] for owner in owners if len(owner["units"]) == 2] == ["林**"]
    assert "欧阳**" in {owner["masked_name"] for owner in owners}


def test_an_unusable_file_is_refused_with_its_code(registry: Registry):
    clerk = Clerk()
    clerk.unit()
    project_id = project(registry, clerk)
    before = written_so_far(registry)
    refused = {name: refusal(registry, project_id, made()) for name, made in files(clerk).items()}

    assert refused == {name: name.partition(" ")[0] for name in refused}
    declared = {code for code in PROBLEMS if code.startswith("workbook-")}
    assert {name.partition(" ")[0] for name in refused} == declared, "a refusal without a case here"
    assert written_so_far(registry) == before


def refusal(registry: Registry, project_id: str, content: bytes) -> str:
    """While the clerk waits, or by the worker."""
    answer = registry.upload(project_id, content)
    if answer.status_code != 202:
        return str(answer.json["code"])
    registry.work()
    report = registry.get(f"/imports/{answer.json['import_id']}").json
    return str(report["refusal"]["code"]) if report["refusal"] else str(report["state"])


def files(clerk: Clerk) -> dict[str, Callable[[], bytes]]:
    """Unusable files by the expected code and the fault."""
    sheets = [clerk.holders, clerk.buildings]
    right = clerk.file()
    ole = bytes.fromhex("d0cf11e0a1b11ae1")
    doctype = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    headers = list(clerk.holders.headers)
    swapped = [headers[1], headers[0], *headers[2:]]
    made: dict[str, Callable[[], bytes]] = {
        "workbook-unreadable empty": lambda: b"",
        "workbook-unreadable text": lambda: "小区,楼栋\n".encode("gbk"),
        "workbook-unreadable cut off": lambda: right[: len(right) // 2],
        "workbook-unreadable damaged": lambda: right.replace(b"PK\x01\x02", b"PK\x01\x09"),
        "workbook-unreadable another zip": lambda: zipped({"content.xml": "<office/>"}),
        "workbook-unreadable entities": lambda: written(sheets, more={"xl/workbook.xml": f"{doctype}<x>&b;</x>"}),
        "workbook-unreadable entities in a sheet": lambda: written(
            sheets, more={"xl/worksheets/sheet1.xml": f"{doctype}<x>&b;</x>"}
        ),
        "workbook-unreadable a text that is not there": lambda: with_cell(clerk, shared(7)),
        "workbook-unreadable two sheets of a name": lambda: written([*sheets, clerk.holders]),
        "workbook-unreadable a cell twice": lambda: with_cells(clerk, "B2", "B2"),
        "workbook-unreadable a cell before another": lambda: with_cells(clerk, "B2", "A2"),
        "workbook-unreadable a cell of another row": lambda: with_cells(clerk, "A2", "B3"),
        "workbook-split on a copy": lambda: written(
            [Sheet(f"{HOLDERS_SHEET} (2)", HOLDERS, clerk.holders.rows), *sheets]
        ),
        "workbook-encrypted by password": lambda: ole + b"EncryptedPackage".ljust(4096, b"\0"),
        "workbook-encrypted old xls": lambda: ole + b"Workbook".ljust(4096, b"\0"),
        "workbook-macros xlsm": lambda: written(sheets, more={"xl/vbaProject.bin": "x"}),
        "workbook-macros of excel 4": lambda: written(sheets, more={"xl/macrosheets/sheet1.xml": "<x/>"}),
        "workbook-too-large bomb": lambda: written(
            sheets, more={"xl/styles.xml": f"<styleSheet><cellXfs>{'<xf/>' * 100_000}"}
        ),
        "workbook-wrong-sheet name": lambda: renamed(right, "楼栋", "楼栋 "),
        "workbook-wrong-sheet english": lambda: renamed(right, "房屋与权利人", "Sheet1"),
        "workbook-wrong-columns missing": lambda: with_headers(clerk, headers[:5] + headers[6:]),
        "workbook-wrong-columns twice": lambda: with_headers(clerk, [headers[0], *headers]),
        "workbook-wrong-columns in another order": lambda: with_headers(clerk, swapped),
        "workbook-wrong-columns unknown": lambda: with_headers(clerk, [*headers, "备注"]),
        "workbook-wrong-columns unknown after a gap": lambda: with_headers(clerk, [*headers, "", "备注"]),
        "workbook-wrong-columns a control character": lambda: with_headers(clerk, ["小区_x0000_", *headers[1:]]),
        "workbook-wrong-columns a title above": lambda: with_headers(clerk, ["澄水湾片区一览表"]),
        "workbook-empty template": lambda: written([Sheet(HOLDERS_SHEET, HOLDERS), Sheet(BUILDINGS_SHEET, BUILDINGS)]),
    }
    return made


def zipped(parts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def renamed(content: bytes, name: str, otherwise: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {item: archive.read(item).decode() for item in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(f'"{name}"', f'"{otherwise}"')
    return zipped(parts)


def with_headers(clerk: Clerk, headers: list[str]) -> bytes:
    sheet = Sheet(HOLDERS_SHEET, HOLDERS, clerk.holders.rows, headers)
    return written([sheet, clerk.buildings])


def with_cells(clerk: Clerk, *addresses: str) -> bytes:
    cells = "".join(f'<c r="{address}" t="str"><v>云汀里</v></c>' for address in addresses)
    part = clerk.holders.xml().partition('<row r="2"')[0] + f'<row r="2">{cells}</row></sheetData></worksheet>'
    return written([clerk.holders, clerk.buildings], more={"xl/worksheets/sheet1.xml": part})


def with_cell(clerk: Clerk, cell: Written) -> bytes:
    sheet = Sheet(HOLDERS_SHEET, HOLDERS, {2: {**clerk.holders.rows[2], "name": cell}})
    return written([sheet, clerk.buildings])
