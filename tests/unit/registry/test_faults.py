"""Has every fault code of a workbook or a form its texts, and has every text its code?"""

import inspect
import re
import tomllib
from pathlib import Path

from services.registry.domain import cells, documents, lines, names, shares, signing_plan
from services.registry.gateways import workbook
from services.registry.store import alike, checks
from services.registry.web import pages
from shared.events import shares as ownership

_GIVEN_BY = (cells, lines, names, documents, shares, signing_plan, ownership, checks, alike)
_CODE = re.compile(r"""["']([a-z]+(?:-[a-z]+)+)["']""")


def test_every_code_has_its_texts_and_every_text_its_code():
    texts = tomllib.loads(Path(pages.__file__).with_name("texts.toml").read_text(encoding="utf-8"))["faults"]
    given = {code for module in _GIVEN_BY for code in _CODE.findall(inspect.getsource(module))}
    of_the_sheet = set(_CODE.findall(inspect.getsource(workbook.TemplateSheet.faults)))

    assert given | of_the_sheet | {"missing", "hidden-row"} == texts.keys()
    assert all({"zh", "zh_hant", "en"} <= text.keys() for text in texts.values())
