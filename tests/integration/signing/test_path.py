"""The path: from the registry's word of a unit to a number and its event."""

from tests.support.signing import District


def test_a_unit_becomes_a_case_and_a_case_a_signed_agreement(here: District) -> None:
    unit = here.register()
    here.freeze()
    agreement_id = here.ready(unit)

    signed = here.sign(agreement_id, here.owners(unit)[0])

    assert signed.turn and signed.turn.number == 1
    assert here.types(unit) == [
        "case.opened",
        "rights.confirmed",
        "agreement.drafted",
        "agreement.reviewed",
        "agreement.locked",
        "agreement.signed",
    ]
    assert here.said(unit)[-1][1]["sequence_number"] == 1
    assert here.types(here.project_id) == ["threshold.reached"]
