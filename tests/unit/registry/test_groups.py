"""Does the event of a group say who its officers are, so that a login finds its units?"""

from uuid import uuid4

import pytest

from services.registry.domain.project import Group, Member
from shared.refusal import Refused


def group(*numbers):
    members = tuple(Member(uuid4(), number, "邱敏", subject="login") for number in numbers)
    return Group(uuid4(), uuid4(), "五组", members)


def test_the_event_names_each_officer_with_the_staff_number_and_without_the_login():
    formed = group("Q-1", "Q-2").formed()

    assert [officer.staff_number for officer in formed.officers] == ["Q-1", "Q-2"]
    assert "login" not in formed.model_dump_json()


def test_one_staff_number_is_one_officer():
    with pytest.raises(Refused, match=r"^officer-twice$"):
        group("Q-1", "Q-1").formed()
