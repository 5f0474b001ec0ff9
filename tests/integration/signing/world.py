"""The state for acts.py: one district on the real database, and the plain model (tests/support/ruler.py) beside it.

Invariant: a refusal has a reason of the model and changes no row and no event; after an accepted act the tables equal the model.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from sqlalchemy import Engine

from services.signing.queries import case_list, project_count
from services.signing.queries.case_list import CasesQuery
from shared.events.roll import COUNTING_RULES
from shared.events.terms import CountingRule
from shared.refusal import Refused
from tests.support import recount
from tests.support.ruler import SIGNABLE, SIGNED, House, Ruler, day_of
from tests.support.signing import LAUNCH, District, SetClock

DAYS = timedelta(days=1)
_districts = count(500_000)

_STORED = """
    select (select max(id) from events), (select sum(version) from agreements), (select sum(version) from cases),
           (select sum(version) from projects), (select sum(last_number) from series), (select count(*) from term_lines),
           (select count(*) from signatures), (select count(*) from numbers), (select count(*) from detachments),
           (select count(*) from locks), (select count(*) from acts), (select count(*) from mandates),
           (select count(*) from counted), (select count(*) from days), (select count(*) from tasks)
"""
_STANDS = """
    select cases.unit_id, rights_state, area_disputed, state, agreements.series, coalesce(number, 0) as number,
           (select count(*) from signatures where signatures.agreement_id = agreements.agreement_id
                and signatures.lock_count = agreements.lock_count) as signatures
    from cases left join agreements using (unit_id) left join numbers using (agreement_id) order by agreement_id
"""
_DECIDED = """
    select total_units is not null as matched, signed_units, signed_households, signed_right_holders, signed_area,
           reached_at is not null as latched, declared_at, closed_at
    from projects left join latches using (project_id) left join declarations using (project_id)
    left join closings using (project_id)
"""


class StillClock(SetClock):
    """Advances by one millisecond at each reading, so that a run is repeatable."""

    def set(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


class World(RuleBasedStateMachine):
    engine: ClassVar[Engine]
    bases: ClassVar[tuple[tuple[str, int], ...]] = (("units", 75), ("right_holders", 60))
    automatic: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.agreements: dict[UUID, UUID] = {}
        self.journal: list[dict[str, Any]] = []
        self.last_read = 0
        self.district = District(self.engine, str(next(_districts)), StillClock(LAUNCH))

    @initialize(rule=st.sampled_from(COUNTING_RULES), sold=st.booleans())
    def open_the_project(self, rule: CountingRule, sold: bool) -> None:
        """`sold`: whether a unit changes hands between the freezing of the roll and its count."""
        self.sold = sold
        self.district.open_project(*self.bases, automatic=self.automatic, counting_rule=rule)
        self.model = Ruler(LAUNCH, LAUNCH + 15 * DAYS, dict(self.bases), automatic=self.automatic, rule=rule)
        self.prepare()

    def prepare(self) -> None:
        """Steps before the first drawn act."""

    # What the model predicts.

    @invariant()
    def the_tables_equal_the_model(self) -> None:
        stands = {row.unit_id: tuple(row)[1:] for row in self.district.rows(_STANDS)}  # the last agreement of each unit
        assert stands == {unit: _predicted(house) for unit, house in self.model.houses.items()}
        decided = self.district.rows(_DECIDED)[0]
        assert (decided.matched, decided.latched) == (bool(self.model.roll), self.model.latched is not None)
        assert decided[1:5] == self.model.signed()
        assert decided.declared_at is None or day_of(decided.declared_at) == self.model.declared_on
        assert decided.closed_at is None or day_of(decided.closed_at) == self.model.closed_on

    def teardown(self) -> None:
        """A recount from the events alone gives the same figures and the same stage of every unit."""
        if not self.model.roll:
            return
        registry_events = [(event.declared.type, event.model_dump(mode="json")) for event in self.district.received]
        own_events = [(f"clearwater.signing.{payload['type']}.v1", payload) for payload in self.payloads()]
        counted = recount.of([*registry_events, *own_events], str(self.district.project_id))
        assert tuple(counted.total.values()) == self.model.total()
        assert tuple(counted.signed.values()) == self.model.signed()
        assert (counted.rule, counted.called) == (self.model.rule, self.model.latched is not None)
        with self.district.transaction() as tx:
            rows = case_list.read(tx, CasesQuery(limit=200))
            project = project_count.read(tx, self.district.project_id)
        assert {str(row.unit_id): row.stage for row in rows} == counted.stages
        assert {basis.basis: basis.reached for basis in project.bases} == counted.reached
        assert project.live == counted.live

    def attempt(self, against: set[str], command: Callable[..., object], what: object) -> bool:
        def carry_out() -> None:
            with self.district.transaction() as tx:
                command(tx, what, self.district.clock)

        return self.attempt_it(against, carry_out)

    def attempt_it(self, against: set[str], act: Callable[..., object], *given: object, **named: object) -> bool:
        before = self.district.rows(_STORED) if against else None
        code = _refusal(lambda: act(*given, **named))
        assert (code in against) if code else not against, (
            f"{code or 'carried out'}, where {against or 'no refusal'} was due"
        )
        assert not code or self.district.rows(_STORED) == before, f"refused for {code}, and something changed"
        return not code

    # What the machines look at.

    @property
    def units(self) -> list[UUID]:
        return list(self.district.units)

    def house(self, which: int) -> tuple[UUID, House]:
        return self.units[which], self.model.houses[self.units[which]]

    def holder(self, house: House, which: int) -> Any:
        return house.deed.holders[which % len(house.deed.holders)]

    def hand(self, who: Any, kind: str, owner: int | None = None) -> UUID:
        """One person per right-holder and kind, so that a later signature finds an earlier paper; or the first owner of a unit."""
        if owner is not None:
            return UUID(str(self.house(owner)[1].deed.holders[0].person_id))
        return UUID(int=who.person_id.int ^ {"agent": 1, "guardian": 2, "representative": 3}[kind])

    def agreement(self, which: int) -> UUID | None:
        """The last one of the unit."""
        return self.agreements.get(self.units[which])

    def payloads(self, *names: str) -> list[dict[str, Any]]:
        """The payloads of the journal's events of these types (default: all), each with its `type`, in commit order."""
        for row in self.district.rows(
            "select id, type, payload from events where id > :last order by id", last=self.last_read
        ):
            name = row.type.removeprefix("clearwater.signing.").removesuffix(".v1")
            self.journal.append({"type": name, **json.loads(bytes(row.payload))})
            self.last_read = row.id
        return [event for event in self.journal if not names or event["type"] in names]


def _refusal(act: Callable[[], object]) -> str:
    try:
        act()
    except Refused as refused:
        return refused.code
    return ""


def _predicted(house: House) -> tuple[object, ...]:
    if (it := house.last) is None:
        return house.rights, house.area_disputed, None, None, 0, 0
    signatures = len(it.signed) if it.state in (*SIGNABLE, *SIGNED, "superseded", "rescinded", "void") or it.deed else 0
    return house.rights, house.area_disputed, it.state, it.series, it.number, signatures
