"""Does the reading order of docs/architecture.md lead through the files that run in a signature?"""

import re
import sys
from pathlib import Path
from types import FrameType

from deploy.local.place import ROOT
from tests.integration.signing.conftest import Desk
from tests.integration.signing.test_http import self_signature
from tests.support.signing import District

SIGNING = ROOT / "services" / "signing"
WITHOUT_CALLS = {SIGNING / "domain" / "moves.py"}  # a table


def test_the_reading_order_of_a_signature_names_every_file_of_signing_that_runs_in_it(
    desk: Desk, district: District
) -> None:
    district.signed(district.register())
    unit = district.register()
    district.freeze()
    agreement_id = district.ready(unit)
    run: set[Path] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            run.add(Path(frame.f_code.co_filename))

    sys.setprofile(note)
    try:
        answer = desk.post(f"/agreements/{agreement_id}/signatures", self_signature(district.owners(unit)[0]))
    finally:
        sys.setprofile(None)

    assert answer.status_code == 201, answer.text
    of_signing = {path for path in run if path.is_relative_to(SIGNING)}
    assert of_signing == listed() - WITHOUT_CALLS


def listed() -> set[Path]:
    """The files of signing that the reading order of one POST links."""
    page = ROOT / "docs" / "architecture.md"
    _, _, order = page.read_text(encoding="utf-8").partition("## Reading order\n")
    of_post, _, _ = order.partition("\nOne event,")
    linked = {(page.parent / link).resolve() for link in re.findall(r"\]\((\.\.[^)]+)\)", of_post)}
    return {path for path in linked if path.is_relative_to(SIGNING)}
