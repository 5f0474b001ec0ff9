"""A person of the vault: what may be sent to them, and what a newer record replaces."""

from dataclasses import replace

import pytest

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


@pytest.mark.parametrize(
    ("document_type", "kind"),
    [
        ("citizen_id", "natural"),
        ("mainland_permit_hk", "natural"),
        ("passport", "natural"),
        ("credit_code", "organisation"),
    ],
)
def test_only_a_credit_code_is_that_of_an_organisation(document_type: str, kind: str):
    assert person.of_line({**LINE, "document_type": document_type}).kind == kind


def test_a_name_has_one_spelling_of_its_middle_dot():
    assert person.of_line({**LINE, "name": "阿依古丽•买买提"}).name == "阿依古丽\u00b7买买提"


@pytest.mark.parametrize(
    ("mobile", "sent_to"), [("13900000001", "+8613900000001"), ("+85251234567", "+85251234567"), (None, None)]
)
def test_a_number_without_a_country_is_of_the_mainland(mobile: str | None, sent_to: str | None):
    contact = person.of_line({**LINE, "mobile": mobile}).contact()

    assert (contact.mobile, contact.channels) == (sent_to, ("mail", "sms") if sent_to else ("mail",))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("mobile", "+85251234567", "+8613900000001"), ("email", "a@example.org", "b@example.org"),
        ("language", "en", "zh-Hant"), ("time_zone", "Europe/London", "Asia/Tokyo"),
    ],
)  # fmt: skip
def test_a_newer_record_replaces_what_it_has_and_keeps_the_rest(name: str, old: str, new: str):
    empty = person.of_line({**LINE, "mobile": None, "email": None, "language": None})
    older, newer = replace(empty, **{name: old}), replace(empty, **{name: new})

    assert getattr(older.renewed(newer), name) == new
    assert getattr(older.renewed(empty), name) == old
