"""The path from the registry's event of a unit to a number and its event."""

from tests.support.signing import District


def test_a_unit_becomes_a_case_and_a_case_a_signed_agreement(district: District) -> None:
    unit = district.register()
    district.freeze()
    agreement_id = district.ready(unit)

    signed = district.sign(agreement_id, district.owners(unit)[0])

    assert signed.turn and signed.turn.number == 1
    assert district.types(unit) == [
        "case.opened",
        "rights.confirmed",
        "agreement.drafted",
        "agreement.reviewed",
        "agreement.locked",
        "agreement.signed",
    ]
    assert district.events_of(unit)[-1][1]["sequence_number"] == 1
    assert district.types(district.project_id) == ["threshold.reached"]
