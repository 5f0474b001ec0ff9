"""What was an agency to be given on a day: by its grants of that day, up to their end, and not one entry more."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain import statement
from services.reporting.domain.statement import Account, Act, Entry, Right
from shared.events.day import midnight
from shared.events.registry import GrantApproved, GrantRevoked, Terms
from shared.events.terms import GrantedAudience

DAY = date(2026, 11, 27)
BEGINS, ENDS = midnight(DAY), midnight(DAY + timedelta(days=1))
SIGNED, DRAFTED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.drafted.v1"
REGISTERED = "clearwater.registry.unit.registered.v1"
LONG = timedelta(days=400)


def approved(
    at: datetime = BEGINS - LONG,
    *,
    grant_id: UUID | None = None,
    types: tuple[str, ...] = (SIGNED,),
    audiences: tuple[GrantedAudience, ...] = ("public", "internal"),
    **period: datetime,
) -> Act:
    terms = Terms(
        purpose="样例", legal_basis="样例", audiences=audiences, event_types=types,
        starts_at=period.get("starts_at", BEGINS - LONG), ends_at=period.get("ends_at", ENDS + LONG),
    )  # fmt: skip
    return Act(GrantApproved(agency="land", grant_id=grant_id or uuid4(), terms=terms), 0, at)


def revoked(grant_id: UUID, at: datetime, *, readable: int = 7) -> Act:
    return Act(GrantRevoked(agency="land", grant_id=grant_id, reason="复核", revoked_at=at), readable, at)


def entry(number: int, kind: str = SIGNED, *, at: datetime = BEGINS, occurred_at: datetime = BEGINS) -> Entry:
    return Entry(number, UUID(int=number), kind, occurred_at, at)


def test_a_grant_that_nobody_ended_gives_its_types_without_an_end() -> None:
    assert statement.rights([approved()], DAY) == [Right(frozenset({SIGNED}), None, ENDS + LONG)]


@pytest.mark.parametrize(
    "act",
    [
        approved(ENDS),
        approved(starts_at=ENDS),
        approved(ends_at=BEGINS),
        approved(audiences=("public",)),  # signed is internal
    ],
    ids=["approved later", "begins later", "ended before", "another audience"],
)
def test_a_grant_of_another_day_or_audience_gives_nothing(act: Act) -> None:
    assert statement.rights([act], DAY) == []


@pytest.mark.parametrize(
    ("at", "until"), [(BEGINS - timedelta(seconds=1), []), (BEGINS + timedelta(hours=9), [7]), (ENDS, [None])]
)
def test_a_revoked_grant_gives_what_could_be_read_before(at: datetime, until: list[int | None]) -> None:
    grant_id = uuid4()

    found = statement.rights([approved(grant_id=grant_id), revoked(grant_id, at)], DAY)

    assert [right.until for right in found] == until


def test_an_expired_grant_gives_what_was_logged_before_its_end() -> None:
    noon = BEGINS + timedelta(hours=12)
    account = Account(statement.rights([approved(ends_at=noon)], DAY), BEGINS)

    account.take([entry(1, at=noon - timedelta(seconds=1)), entry(2, at=noon)])

    assert (account.given.total(), account.left_out.total()) == (1, 1)


def test_the_other_grant_goes_on_after_one_was_revoked() -> None:
    grant_id = uuid4()
    acts = [approved(grant_id=grant_id), approved(types=(REGISTERED,)), revoked(grant_id, BEGINS + timedelta(hours=1))]
    account = Account(statement.rights(acts, DAY), BEGINS)

    account.take(entry(number, kind) for number in range(6, 10) for kind in (SIGNED, REGISTERED))

    found = account.document()
    assert found["by_type"] == {REGISTERED: 4, SIGNED: 2}
    assert found["left_out_by_type"] == {SIGNED: 2}
    assert found["event_types"] == [REGISTERED, SIGNED]
    lines = "".join(f"{number} {UUID(int=number)}\n" * (2 if number <= 7 else 1) for number in range(6, 10))
    assert found["digest"] == hashlib.sha256(lines.encode()).hexdigest()  # of signings 6 and 7, which could be read


def test_late_events_are_named_in_spans() -> None:
    account, before = Account([Right(frozenset({SIGNED}), None, ENDS)], BEGINS), BEGINS - timedelta(minutes=1)

    account.take(
        entry(number, occurred_at=BEGINS if number in {6, 10} else before) for number in (4, 5, 6, 7, 9, 10, 11)
    )

    assert account.document()["late"] == ["4-5", "7-7", "9-9", "11-11"]


@given(
    st.lists(st.sampled_from([SIGNED, DRAFTED, REGISTERED]), max_size=30), st.sets(st.sampled_from([SIGNED, DRAFTED]))
)
def test_given_and_left_out_add_up_and_the_digest_is_of_the_given(kinds: list[str], types: set[str]) -> None:
    entries = [entry(number, kind) for number, kind in enumerate(kinds, 1)]
    account = Account([Right(frozenset(types), None, ENDS)], BEGINS)

    account.take(entries)

    found = account.document()
    lines = "".join(f"{it.number} {it.event_id}\n" for it in entries if it.type in types)
    assert found["events"] + found["left_out"] == len(kinds)
    assert found["digest"] == hashlib.sha256(lines.encode()).hexdigest()
    assert sum(found["by_type"].values()) == found["events"]


def test_the_first_day_is_that_of_the_first_approval_in_shanghai() -> None:
    at = datetime(2026, 11, 26, 16, 30, tzinfo=UTC)  # half past midnight

    assert statement.first_day([approved(at)]) == DAY
    assert statement.first_day([]) is None
