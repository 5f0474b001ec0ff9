"""A person who is recorded again: a newer line replaces the values it has, and keeps the others."""

from services.registry.domain import person

LINE = {
    "name": "陈安", "document_type": "mainland_permit_hk", "document_number": "H00000005", "mobile": "+85251234567",
    "email": "owner000005@owners.invalid", "language": "zh-Hant",
    "guardian_name": "陈安", "guardian_document_type": "mainland_permit_hk", "guardian_document_number": "h00000005",
}  # fmt: skip


def test_an_owner_who_is_named_as_a_guardian_keeps_telephone_and_language():
    owner, guardian = person.of_line(LINE), person.of_line(LINE, guardian=True)

    assert owner.renewed(guardian) == owner == guardian.renewed(owner)
    assert (guardian.contact().language, guardian.contact().channels) == ("zh-Hans", ())


def test_an_empty_language_cell_keeps_the_language_of_another_row():
    silent = person.of_line({**LINE, "language": None})

    assert silent.message_language == "zh-Hans"
    assert (
        person.of_line(LINE).renewed(silent).message_language
        == silent.renewed(person.of_line(LINE)).message_language
        == "zh-Hant"
    )
