"""Who gets a message about a fact, by which channel, and when."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.notify.domain import planning, rules
from services.notify.domain.planning import Reach
from shared.events.registry import DistrictOpened
from shared.events.signing import AgreementEffective, AgreementRescinded, AgreementSigned, AgreementVoid

NOON = datetime(2026, 5, 31, 4, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 31, 16, tzinfo=UTC)
MORNING = datetime(2026, 6, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("preferred", "addresses", "usable"),
    [
        (("sms", "mail"), {"sms": "+8613800000000", "mail": "a@example.org"}, ("sms", "mail")),
        (("sms", "mail"), {"sms": None, "mail": "a@example.org"}, ("mail",)),
        (("mail",), {"sms": "+8613800000000", "mail": None}, ()),
        ((), {"sms": "+8613800000000", "mail": "a@example.org"}, ()),
    ],
)
def test_the_first_preferred_channel_with_an_address(preferred, addresses, usable):
    assert planning.usable(preferred, addresses) == usable


def test_a_message_with_a_number_is_sent_at_once_even_at_night():
    plan = planning.decide(Reach("en", ("mail", "sms")), superseded=False, urgent=True, at=MIDNIGHT)

    assert (plan.state, plan.channel, plan.hold_until) == ("waiting", "mail", MIDNIGHT)


def test_a_message_that_is_not_urgent_waits_until_morning():
    plan = planning.decide(Reach("en", ("sms",)), superseded=False, urgent=False, at=MIDNIGHT)

    assert (plan.state, plan.hold_until) == ("held", MORNING)


@pytest.mark.parametrize(
    ("reach", "superseded", "state", "code"),
    [
        (None, False, "withheld", "person-forgotten"),
        (Reach("zh-Hant", ()), False, "withheld", "no-channel"),
        (Reach("zh-Hant", ("sms", "mail")), True, "superseded", None),
    ],
)
def test_a_decision_not_to_send_is_on_record(reach, superseded, state, code):
    plan = planning.decide(reach, superseded=superseded, urgent=True, at=NOON)

    assert (plan.state, plan.code) == (state, code)
    assert plan.channel == ("sms" if superseded else None)


def test_a_signing_sends_the_number_to_every_signer():
    holders = (uuid4(), uuid4())
    ids = {"project_id": uuid4(), "unit_id": uuid4(), "agreement_id": uuid4()}
    event = AgreementSigned(
        **ids, series="exchange", sequence_number=7, signed_at=NOON, area_hundredths_m2=8000, right_holders=holders
    )
    fact = rules.read(event)

    assert (fact.template, fact.number, fact.recipients, fact.urgent) == ("signed-exchange", 7, holders, True)


def test_a_rescission_withdraws_messages_that_were_not_sent():
    ids = {"project_id": uuid4(), "unit_id": uuid4(), "agreement_id": uuid4()}
    event = AgreementRescinded(**ids, series="cash", sequence_number=7, reason="withdrawn", rescinded_at=NOON)
    fact = rules.read(event)

    assert fact.recipients is None and not fact.urgent and "signed-cash" in fact.supersedes


def test_an_event_without_messages_has_no_rule():
    with pytest.raises(KeyError):
        rules.read(DistrictOpened(district="440303", name="澄水湾"))


def test_the_end_of_an_agreement_is_sent_to_every_right_holder_and_is_not_urgent():
    ids = {"project_id": uuid4(), "unit_id": uuid4(), "agreement_id": uuid4()}
    effective = rules.read(AgreementEffective(**ids, effective_at=NOON, declaration="1号"))
    void = rules.read(AgreementVoid(**ids, void_at=MIDNIGHT))

    assert [(fact.template, fact.happened_at) for fact in (effective, void)] == [
        ("effective", NOON),
        ("void", MIDNIGHT),
    ]
    assert [(fact.recipients, fact.urgent, fact.supersedes) for fact in (effective, void)] == [(None, False, ())] * 2
    assert set(rules.facts()) == {AgreementSigned, AgreementRescinded, AgreementEffective, AgreementVoid}
