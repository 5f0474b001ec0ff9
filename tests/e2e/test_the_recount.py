"""Do totals, thresholds and stages equal our own recount, from the events and from the database, at the same as-of with lag 0?

A story of one project over HTTP, looked at twice: before the declaration, with a unit in every state that comes before it, and after.
Void is recounted where a period can be made to end: at the end of every machine of tests/integration/signing/test_rules.py.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.demo.desk import Desk
from deploy.demo.opening import District, open_district
from deploy.demo.people import Person
from tests.support import foreign_reader, recount
from tests.support.eventually import eventually
from tests.support.platform import Platform
from tests.support.recount import BASES, Recount

pytestmark = pytest.mark.timeout(900)
UNITS, PREPARED = 16, 13
TERMS = {
    "form": "cash",
    "rule_set_version": "v2",
    "lines": [{"head": "relocation_fee", "kind": "once", "amount_fen": 100}],
}
PAPERS = ["identity", "title_certificate", "account", "guardianship", "seal_authority"]
BY_COMMAND = ("unlocks", "supersessions", "rescissions", "performances")
WHY = {"reason": "family_asked"}


@dataclass
class Office:
    """One project, and the people who act on its units over HTTP."""

    system: Platform
    code: str
    project_id: str
    desk: Desk
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, role: str) -> Person:
        return self.people.setdefault(role, Person(self.system.place, role, self.code))

    def rows(self) -> dict[str, dict[str, Any]]:
        """Signing's list of cases by unit."""
        found = self.person("desk").every("signing", "/cases", project_id=self.project_id)
        return {row["unit_id"]: row for row in found}

    def owners(self, unit: str) -> set[str]:
        case = self.person("desk").get("signing", f"/cases/{unit}")
        return {holder["person_id"] for holder in case["right_holders"]}

    def case(self, what: str, unit: str, **body: Any) -> None:
        self.person("desk").post("signing", f"/cases/{unit}/{what}", body, key=str(uuid4()))

    def act(self, what: str, unit: str, **body: Any) -> None:
        who = self.person("command" if what in BY_COMMAND else "desk")
        who.post("signing", f"/agreements/{self.rows()[unit]['agreement_id']}/{what}", body, key=str(uuid4()))

    def sign(self, unit: str) -> None:
        """Continues from the present state of the unit."""
        row = self.rows()[unit]
        if row["rights"] != "confirmed":
            self.case("rights/confirmations", unit)
        if row["state"] in (None, "returned", "rescinded"):
            self.case("agreements", unit, **TERMS)
        if self.rows()[unit]["state"] == "drafted":
            self.act("reviews", unit, papers=PAPERS)
        if self.rows()[unit]["state"] == "reviewed":
            self.act("locks", unit)
        self.desk.sign(self.rows()[unit]["agreement_id"])

    def sell(self, unit: str, buyer: str) -> None:
        """A sale after the freeze: the roll keeps the earlier owner."""
        body = {"reason": "买卖过户登记", "ownership": "sole", "right_holders": [{"person_id": buyer}]}
        headers = {"Authorization": f"Bearer {self.person('clerk').token}", "If-Match": '"1"'}
        address = f"{self.system.place.url('registry-api')}/api/v1/units/{unit}"
        httpx.patch(address, json=body, headers=headers, timeout=30, trust_env=False).raise_for_status()

    def declare(self) -> None:
        path = f"/projects/{self.project_id}/declarations"
        self.person("command").post("signing", path, {"document_number": "示例〔2026〕1号"}, key=str(uuid4()))

    def query(self, service: str, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.system.superuser_url(service), row_factory=dict_row) as connection:
            return connection.execute(statement, {"project": self.project_id}).fetchall()  # type: ignore[call-overload]


@pytest.fixture(params=[("440306", "all_units_signed"), ("440307", "any_unit_signed")], ids=lambda param: param[1])
def office(request: pytest.FixtureRequest, system: Platform, samples: object) -> Iterator[Office]:
    code, rule = request.param
    district = District(code, "示例区", "汀兰片区", seed=4, counting_rule=rule)
    opened = open_district(system.place, district, units=UNITS, show_mistakes=False)
    office = Office(system, code, opened.project_id, Desk(system.place, opened))
    yield office
    office.desk.close()
    for person in office.people.values():
        person.__exit__()


def test_every_service_equals_the_recount_from_the_events(office: Office) -> None:
    office.desk.ready(PREPARED, show_line=lambda _: None)
    prepared = [unit for unit, row in office.rows().items() if row["state"] == "locked"]
    one, other = two_of_one_owner(office, prepared)
    signed, rest = [one, *(unit for unit in prepared if unit not in (one, other))], other
    untouched = [unit for unit, row in office.rows().items() if row["state"] is None]
    bring_into_every_state(office, signed, untouched)

    before = expect_every_service_to_equal_the_recount(office)
    assert set(before.stages.values()) == {
        "signed", "rescinded", "negotiating", "pre_registered", "ready", "rights_confirmed", "registered",
    }  # fmt: skip
    assert before.signed["units"] == 4 and before.stages[rest] == "ready" and not before.called
    assert not all(before.reached.values())

    for unit, stage in before.stages.items():
        if stage != "signed":
            office.sign(unit)
    office.declare()
    eventually(lambda: {row["state"] for row in office.rows().values()} == {"effective"})
    office.act("performances", signed[0], evidence="交房单 1")
    for unit in signed[1:5]:
        office.act("rescissions", unit, **WHY)
    office.case("agreements", signed[2], **TERMS)
    office.sign(signed[3])
    office.case("rights/disputes", signed[4], reason="inheritance")

    after = expect_every_service_to_equal_the_recount(office)
    assert Counter(after.stages.values()) == {"effective": UNITS - 3, "rescinded": 2, "negotiating": 1}
    assert after.called and sum(after.live.values()) == UNITS - 3


def bring_into_every_state(office: Office, locked: list[str], untouched: list[str]) -> None:
    for unit in locked[:6]:
        office.sign(unit)
    for unit in locked[4:6]:
        office.act("rescissions", unit, **WHY)
    office.case("agreements", locked[5], **TERMS)
    office.act("pre-registrations", locked[6])
    office.act("supersessions", locked[7], **TERMS, **WHY)
    for unit in locked[8:11]:
        office.act("unlocks", unit, **WHY)
    office.act("reviews", locked[9], papers=PAPERS)
    office.act("returns", locked[10], **WHY)
    office.case("rights/disputes", locked[11], reason="inheritance")
    confirmed, reviewing, sold = untouched
    office.case("rights/confirmations", confirmed)
    office.case("rights/reviews", reviewing)
    office.sell(sold, next(iter(office.owners(locked[0]))))


def two_of_one_owner(office: Office, units: list[str]) -> tuple[str, str]:
    owned = defaultdict(list)
    for unit in units:
        for person in office.owners(unit):
            owned[person].append(unit)
    one, other, *_ = next(own for own in owned.values() if len(own) > 1)
    return one, other


def expect_every_service_to_equal_the_recount(office: Office) -> Recount:
    """The recount from the topics. Asserts that every service returns the same figures at one as-of, with lag 0."""
    wait_for_lag_0(office)
    counted = recount.of(events_on_the_bus(office), office.project_id)
    figures = {name: (counted.signed[name], counted.total[name]) for name in BASES}
    required = {name: (*figures[name], reached) for name, reached in counted.reached.items()}

    assert recount_of_signing(office) == (figures, counted.live, counted.stages)
    assert recount_of_reporting(office) == (figures, counted.live, counted.stages)

    desk = office.person("desk")
    project = desk.get("signing", f"/projects/{office.project_id}")
    assert {base["basis"]: (base["signed"], base["total"], base["reached"]) for base in project["bases"]} == required
    assert (project["counting_rule"], project["live"]) == (counted.rule, counted.live)
    assert (project["reached_at"] is not None) == counted.called
    assert {unit: row["stage"] for unit, row in office.rows().items()} == counted.stages

    rates = desk.get("reporting", f"/projects/{office.project_id}/rates")
    units = [desk.get("reporting", f"/units/{unit}") for unit in counted.stages]
    assert {unit["as_of"]["number"] for unit in units} == {rates["as_of"]["number"]}
    assert {basis["basis"]: (basis["numerator"], basis["denominator"]) for basis in rates["bases"]} == figures
    assert {basis["basis"]: basis["reached"] for basis in rates["bases"] if basis["required"]} == counted.reached
    assert (rates["counting_rule"], rates["reached_at"] is not None) == (counted.rule, counted.called)
    assert {unit["unit_id"]: unit["stage"] for unit in units} == counted.stages
    return counted


def wait_for_lag_0(office: Office) -> None:
    """Waits until no event is unsent and reporting has reached the end of every topic. One server, so one clock."""
    for service in ("registry", "signing"):
        eventually(lambda service=service: not office.query(service, "select id from unsent limit 1"))
    [now] = office.query("reporting", "select clock_timestamp() as at")
    eventually(lambda: office.query("reporting", "select caught_up_at as at from pulses")[0]["at"] > now["at"])


def events_on_the_bus(office: Office) -> Iterator[tuple[str, dict[str, Any]]]:
    seen = set()
    for record in foreign_reader.records(office.system.connection, rf"^clearwater\.{office.code}\.(registry|signing)-"):
        headers = {name: value.decode() for name, value in record.headers}
        if record.value is not None and headers["ce_id"] not in seen:
            seen.add(headers["ce_id"])
            yield headers["ce_type"], json.loads(record.value)


def recount_of_signing(office: Office) -> tuple[object, object, object]:
    """Recounts from the roll and the signed agreements, not from the stored counters."""
    rule = office.query("signing", "select counting_rule from projects where project_id = %(project)s")[0][
        "counting_rule"
    ]
    signed = f"exists (select from agreements a where a.unit_id = u.unit_id and a.state in {recount.SIGNED})"
    units = office.query(
        "signing", f"select u.unit_id, area, {signed} as signed from roll_units u where project_id = %(project)s"
    )
    done = {unit["unit_id"] for unit in units if unit["signed"]}
    own = defaultdict(set)
    for item in office.query(
        "signing", "select kind, party_id, unit_id from roll_members where project_id = %(project)s"
    ):
        own[item["kind"], item["party_id"]].add(item["unit_id"])
    some = [
        kind
        for (kind, _), mine in own.items()
        if (mine & done if kind == "right_holder" and "any" in rule else mine <= done)
    ]
    every = Counter(kind for kind, _ in own)
    figures = {
        "units": (len(done), len(units)),
        "households": (some.count("household"), every["household"]),
        "right_holders": (some.count("right_holder"), every["right_holder"]),
        "area": (sum(unit["area"] for unit in units if unit["signed"]), sum(unit["area"] for unit in units)),
    }
    last = office.query(
        "signing",
        "select distinct on (unit_id) unit_id, rights_state, state, series from cases left join agreements using (unit_id) "
        "where cases.project_id = %(project)s order by unit_id, drafted_at desc",
    )
    live = Counter(line["series"] for line in last if line["state"] in recount.SIGNED)
    return figures, live, {str(line["unit_id"]): recount.stage(line["rights_state"], line["state"]) for line in last}


def recount_of_reporting(office: Office) -> tuple[object, object, object]:
    [tally] = office.query("reporting", "select * from model.tallies where project_id = %(project)s")
    [roll] = office.query("reporting", "select * from model.rolls where project_id = %(project)s")
    cases = office.query("reporting", "select * from model.cases where project_id = %(project)s")
    live = Counter(case["series"] for case in cases if case["agreement"] in recount.SIGNED)
    stages = {str(case["unit_id"]): recount.stage(case["rights"], case["agreement"]) for case in cases}
    return {name: (tally[f"signed_{name}"], roll[name]) for name in BASES}, live, stages
