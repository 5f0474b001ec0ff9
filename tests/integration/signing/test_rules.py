"""The rules of docs/domain.md that signing answers for: one Hypothesis machine with all invariants, against the real database.

The machine performs all acts (acts.py). After each step it looks for violations of every rule in the tables and in the journal. It plays
four stories, which differ in where they begin. Runs are the same each time; `HYPOTHESIS_PROFILE=long make test` draws new ones, and more.
"""

import os
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, precondition, run_state_machine_as_test
from sqlalchemy import Engine

from tests.integration.signing.acts import Acts
from tests.integration.signing.world import DAYS
from tests.support.ruler import BASES, day_of
from tests.support.signing import LAUNCH

pytestmark = pytest.mark.timeout(400)  # some 300 acts a story, each followed by every invariant
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
BOUNDED = settings(
    max_examples=600 if LONG else 10,
    stateful_step_count=60 if LONG else 30,
    derandomize=not LONG,
    database=None,
    phases=tuple(Phase) if LONG else (Phase.generate,),  # shrinking a failure takes minutes, so it runs only on demand
    report_multiple_bugs=False,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class Reviews(Acts):
    """A review needs confirmed rights, no open dispute about the area, and every paper."""

    @invariant()
    def every_review_had_confirmed_rights(self) -> None:
        last: dict[str, str] = {}
        for event in self.payloads():
            if event["type"] == "agreement.reviewed":
                assert last[event["unit_id"]] == "rights.confirmed"
            if event["type"].startswith("rights."):
                last[event["unit_id"]] = event["type"]

    @invariant()
    def every_review_saw_the_papers_that_are_always_needed(self) -> None:
        for row in self.district.rows("select facts from acts where kind = 'reviewed'"):
            assert {"identity", "title_certificate", "account"} <= set(row.facts["papers"])


class Locks(Acts):
    """A lock freezes, and an unlocking needs a reason."""

    def __init__(self) -> None:
        self.frozen: dict[tuple[object, ...], object] = {}
        super().__init__()

    @invariant()
    def what_is_locked_stays_as_it_was(self) -> None:
        rows = self.district.rows("""
            select agreement_id, lock_count, (agreements.rule_set_version, locks.rule_set_version, digest, form, (
                       select json_agg(term_lines order by head) from term_lines
                       where term_lines.agreement_id = agreements.agreement_id))::text as paper
            from agreements join locks using (agreement_id, lock_count) where state not in ('drafted', 'reviewed', 'returned')
        """)
        for row in rows:
            assert self.frozen.setdefault((row.agreement_id, row.lock_count), row.paper) == row.paper

    @invariant()
    def every_unlocking_has_its_reason(self) -> None:
        acts = self.district.rows("select reason from acts where kind = 'unlocked'")
        assert all(row.reason for row in acts)
        assert len(acts) == len(self.payloads("agreement.unlocked"))


class Signatures(Acts):
    """Signed only when all have signed, everybody by a hand that may."""

    @invariant()
    def nobody_is_missing_from_what_is_signed(self) -> None:
        assert self.district.rows("""
            select from agreements join locked_holders using (agreement_id, lock_count)
            left join signatures on signatures.agreement_id = agreements.agreement_id
                and signatures.lock_count = agreements.lock_count and right_holder = person_id
            where state in ('signed', 'effective', 'performed') and right_holder is null
        """) == []  # fmt: skip
        confirmed: dict[str, set[str]] = {}
        for event in self.payloads("rights.confirmed", "agreement.signed"):
            if event["type"] == "rights.confirmed":
                confirmed[event["unit_id"]] = {holder["person_id"] for holder in event["right_holders"]}
            else:
                assert set(event["right_holders"]) == confirmed[event["unit_id"]]

    @invariant()
    def every_hand_was_entitled_on_its_day(self) -> None:
        assert self.district.rows("""
            select from signatures join locked_holders using (agreement_id, lock_count) left join mandates using (mandate_id)
            where person_id = signatures.right_holder and not case capacity
                when 'self' then signatures.hand = person_id and capable and locked_holders.kind = 'natural'
                else mandates.right_holder = person_id and mandates.hand = signatures.hand and mandates.kind = capacity
                     and (signed_at at time zone 'utc' + interval '8 hours')::date <= valid_until
                     and (capable or capacity = 'guardian') end
        """) == []  # fmt: skip


class Numbers(Acts):
    """One number per series, gap-free, and never given again."""

    @invariant()
    def numbers_are_gap_free_and_rise_with_their_instants(self) -> None:
        signings = self.payloads("agreement.signed")
        for series in ("exchange", "cash"):
            rows = self.district.rows(
                "select number, signed_at from numbers where series = :s order by number", s=series
            )
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
            assert all(one.signed_at < after.signed_at for one, after in pairwise(rows))
            assert [signing["sequence_number"] for signing in signings if signing["series"] == series] == [
                row.number for row in rows
            ]

    @invariant()
    def an_undone_number_stays_with_its_reason(self) -> None:
        undone = self.district.rows("""
            select reason from agreements join numbers using (agreement_id) left join detachments using (agreement_id)
            where state not in ('signed', 'effective', 'performed') or reason is not null
        """)
        assert all(row.reason for row in undone)
        assert len(undone) == len(self.payloads("agreement.rescinded", "agreement.void"))


class LiveAgreements(Acts):
    """At most one live agreement of a unit, and no second number."""

    @invariant()
    def at_most_one_agreement_of_a_unit_is_alive(self) -> None:
        assert self.district.rows("""
            select unit_id from agreements where state not in ('returned', 'superseded', 'rescinded', 'void')
            group by unit_id having count(*) > 1
        """) == []  # fmt: skip
        signed: set[str] = set()
        for event in self.payloads("agreement.signed", "agreement.rescinded", "agreement.void"):
            if event["type"] == "agreement.signed":
                assert event["unit_id"] not in signed
                signed.add(event["unit_id"])
            else:
                signed.remove(event["unit_id"])

    @invariant()
    def what_was_superseded_holds_no_number_and_has_one_successor(self) -> None:
        rows = self.district.rows("""
            select number, successor.agreement_id from agreements old left join numbers using (agreement_id)
            left join agreements successor on successor.supersedes = old.agreement_id where old.state = 'superseded'
        """)
        assert all(row.number is None and row.agreement_id for row in rows)
        assert {row.agreement_id for row in rows} == {
            UUID(event["successor"]) for event in self.payloads("agreement.superseded")
        }

    @invariant()
    def signed_again_is_no_second_number(self) -> None:
        signed = [event["agreement_id"] for event in self.payloads("agreement.signed")]
        assert len(signed) == len(set(signed)) == self.district.rows("select count(*) from numbers")[0][0]


class Effect(Acts):
    """The threshold latches over the whole roll, and effect needs a declaration."""

    @invariant()
    def the_latch_fell_once_with_the_count_of_that_moment(self) -> None:
        reached = self.payloads("threshold.reached")
        assert len(reached) == (self.model.latched is not None)
        for event in reached:
            printed = {basis["basis"]: (basis["signed"], basis["total"]) for basis in event["bases"]}
            predicted = dict(zip(BASES, zip(self.model.latched, self.model.total(), strict=True), strict=True))
            assert printed == {name: predicted[name] for name in self.model.least}
            assert event["counting_rule"] == self.model.rule
            assert all(basis["signed"] * 100 >= basis["total"] * basis["percent"] for basis in event["bases"])

    @invariant()
    def nothing_takes_effect_without_a_declaration(self) -> None:
        order = {"threshold.reached": 0, "effect.declared": 1, "agreement.effective": 2}
        story = self.payloads("agreement.signed", *order)
        steps = [order[item["type"]] for item in story if item["type"] in order]
        assert steps == sorted(steps) and set(steps) == set(range(len(set(steps))))
        signed = {item["agreement_id"]: item["signed_at"] for item in story if item["type"] == "agreement.signed"}
        declared = [item["effective_at"] for item in story if item["type"] == "effect.declared"]
        for item in story:
            if item["type"] == "agreement.effective":
                both = (signed[item["agreement_id"]], declared[0])
                assert _at(item["effective_at"]) == max(map(_at, both))


class Lapse(Acts):
    """A period without the threshold makes all void."""

    @invariant()
    def nothing_is_void_unless_the_period_closed_without_the_threshold(self) -> None:
        closed = self.payloads("period.closed")
        for event in self.payloads("agreement.void"):
            assert [day["threshold_reached"] for day in closed] == [False]
            assert event["void_at"] == closed[0]["closed_at"]
        assert not (self.payloads("agreement.void") and self.payloads("threshold.reached"))

    @precondition(lambda self: self.model.lapsed)
    @invariant()
    def nothing_is_signed_or_takes_effect_after_that(self) -> None:
        story = [event["type"] for event in self.payloads()]
        after = story[story.index("period.closed") :]
        assert not {"agreement.signed", "agreement.effective", "threshold.reached"} & set(after)


class Days(Acts):
    """A rescission is a negative of its day, and no report changes."""

    def __init__(self) -> None:
        self.reports: list[object] = []
        super().__init__()

    def day_closed(self, on) -> None:
        closing = self.payloads("day.closed")[-1]
        figures = {line["series"]: (line["signed"], line["undone"], line["effective"]) for line in closing["series"]}
        bases = {basis["basis"]: (basis["change"], basis["signed"]) for basis in closing["bases"]}
        predicted = zip(self.model.changed_on(on), self.model.by_end_of(on), strict=True)
        assert closing["business_on"] == on.isoformat()
        assert figures == self.model.figures(on)
        assert bases == dict(zip(BASES, predicted, strict=True))

    @invariant()
    def what_was_reported_never_changes(self) -> None:
        rows = self.district.rows("select * from days order by closed_at, business_on")
        closings = self.payloads("day.closed")
        assert [*rows][: len(self.reports)] == self.reports
        assert [(row.business_on.isoformat(), row.restatement, row.as_of) for row in rows] == [
            (closing["business_on"], closing["restatement"], closing["as_of"]) for closing in closings
        ]
        self.reports = [*rows]


class Clock(Acts):
    """One clock, in UTC, and days in Shanghai."""

    _INSTANT = (
        "signed_at",
        "effective_at",
        "void_at",
        "rescinded_at",
        "confirmed_at",
        "disputed_at",
        "drafted_at",
        "revised_at",
        "locked_at",
        "superseded_at",
        "performed_at",
    )

    @invariant()
    def the_events_of_a_unit_rise_with_the_one_clock(self) -> None:
        stories: dict[str, list[datetime]] = {}
        for event in self.payloads():
            if "unit_id" in event:
                stories.setdefault(event["unit_id"], []).extend(
                    _at(event[name]) for name in self._INSTANT if name in event
                )
        for instants in stories.values():
            assert instants == sorted(instants)
            assert all(LAUNCH <= at <= self.district.clock.at and at.utcoffset() == 0 * DAYS for at in instants)

    @invariant()
    def a_day_ends_at_midnight_in_shanghai(self) -> None:
        for event in self.payloads("day.closed"):
            assert event["business_on"] < day_of(_at(event["closed_at"])).isoformat()
            last = [
                item["sequence_number"]
                for item in self.payloads("agreement.signed")
                if item["series"] == "cash" and day_of(_at(item["signed_at"])).isoformat() <= event["business_on"]
            ]
            assert [line["last_number"] for line in event["series"] if line["series"] == "cash"] == last[-1:]


def _at(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


class EveryRule(Reviews, Locks, Signatures, Numbers, LiveAgreements, Effect, Lapse, Days, Clock):
    pass


class FromTheFirstDraft(EveryRule):
    prepared = False


class FromHalfSigned(EveryRule):
    prepared = True


class EffectByTheProjectsRule(EveryRule):
    automatic = True


class PeriodEnds(EveryRule):
    bases = (("units", 75), ("area", 80))

    def prepare(self) -> None:
        super().prepare()
        self.district.clock.set(LAUNCH + 14 * DAYS)

    def teardown(self) -> None:
        """In the end all of them are void on the day of the closing and no longer count."""
        self.let_time_pass("the end")
        self.close_the_period()
        self.fan_out()
        self.the_tables_equal_the_model()
        if self.model.lapsed:
            assert self.model.signed() == (0, 0, 0, 0)
        super().teardown()


@pytest.mark.parametrize("machine", [FromTheFirstDraft, FromHalfSigned, EffectByTheProjectsRule, PeriodEnds])
def test_every_rule_holds_after_every_step(engine: Engine, machine: type[Acts]) -> None:
    machine.engine = engine
    run_state_machine_as_test(machine, settings=BOUNDED)
