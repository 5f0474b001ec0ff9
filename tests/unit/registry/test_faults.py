"""Has every fault code of a workbook or a form its texts, and has every text its code?"""

import inspect
import re
import tomllib
from pathlib import Path

from services import registry
from services.registry.domain import cells, documents, lines, names, shares, signing_plan
from services.registry.gateways import workbook
from services.registry.store import alike, checks
from services.registry.web import pages
from shared import web
from shared.events import shares as ownership

_GIVEN_BY = (cells, lines, names, documents, shares, signing_plan, ownership, checks, alike)
_CODE = re.compile(r"""["']([a-z]+(?:-[a-z]+)+)["']""")


def test_every_code_has_its_texts_and_every_text_its_code():
    texts = tomllib.loads(Path(pages.__file__).with_name("texts.toml").read_text(encoding="utf-8"))["faults"]
    given = {code for module in _GIVEN_BY for code in _CODE.findall(inspect.getsource(module))}
    of_the_sheet = set(_CODE.findall(inspect.getsource(workbook.TemplateSheet.faults)))

    assert given | of_the_sheet | {"missing", "hidden-row"} == texts.keys()
    assert all({"zh", "zh_hant", "en"} <= text.keys() for text in texts.values())


def test_every_fact_that_a_refused_file_is_shown_with_has_its_word():
    problems = tomllib.loads((Path(registry.__file__).parent / "problems.toml").read_text(encoding="utf-8"))
    words = tomllib.loads((Path(web.__file__).parent / "texts.toml").read_text(encoding="utf-8"))["fact"]
    of_files = [problem for code, problem in problems.items() if code.startswith(("workbook-", "csv-"))]

    assert {fact for problem in of_files for fact in problem.get("facts", {})} - words.keys() == set()
