"""Whatever an endpoint answers, whenever it is switched on: is each case in order, is nothing lost, and does the other endpoint notice?"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine

from shared.events.registry import EndpointRemoved
from tests.support.hooks import AGENCY, CASE, Endpoint, Hooks
from tests.support.receiver import Answer, Posted, receiving

_CASES = 4


class Ordered(RuleBasedStateMachine):
    """Two endpoints of one agency get the same events; one of them answers as Hypothesis likes, the other one always well."""

    engine: ClassVar[Engine]
    districts: ClassVar[Iterator[str]]

    @initialize(ordering=st.sampled_from(["case", "endpoint", "none"]))
    def begin(self, ordering: str) -> None:
        self.bad: set[str] = set()
        self.ordering, self.status, self.happened, self.prepared = ordering, 500, [], Counter()
        self.open = ExitStack()
        self.sick, self.sound = (self.open.enter_context(receiving()) for _ in range(2))
        self.sick.answer = self.answer
        self.hooks = Hooks(self.engine, district=next(self.districts))
        self.endpoint, self.other = Endpoint(self.sick.url, ordering=ordering), Endpoint(self.sound.url)
        self.hooks.grant(*CASE, client=f"agency-{self.hooks.district}")  # a grant's id follows from it
        self.hooks.register(self.endpoint, self.other)
        self.hooks.run()

    def answer(self, posted: Posted) -> Answer:
        return Answer(self.status) if posted.event["subject"] in self.bad else Answer()

    @rule(case=st.integers(0, _CASES - 1))
    def something_happens(self, case: int) -> None:
        if self.prepared[case] < 3:
            self.happened += self.hooks.happen(self.hooks.launch.prepare(case)[self.prepared[case]])
            self.prepared[case] += 1

    @rule(cases=st.sets(st.integers(0, _CASES - 1)), status=st.sampled_from([302, 400, 429, 500]))
    def some_cases_fail(self, cases: set[int], status: int) -> None:
        self.bad, self.status = {str(self.hooks.launch.named(f"unit {case}")) for case in cases}, status

    @rule(seconds=st.sampled_from([0, 2, 90, 7_200, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.hooks.now.turn(seconds=seconds)
        self.hooks.run()

        assert sorted(self.sound.ids()) == sorted(self.happened)

    @rule()
    def it_is_switched_on(self) -> None:
        self.hooks.switch_on(self.endpoint)

    @invariant()
    def each_case_is_in_order_and_comes_once(self) -> None:
        if self.ordering == "endpoint":
            assert self.sick.ids() == self.happened[: len(self.sick.ids())]
        of_case: dict[str, list[int]] = defaultdict(list)
        for posted in self.sick.accepted:
            of_case[posted.event["subject"]].append(int(posted.event["sequence"]))
        for sequences in of_case.values():
            assert len(set(sequences)) == len(sequences)
            assert self.ordering == "none" or sequences == list(range(1, len(sequences) + 1))

    def teardown(self) -> None:
        with self.open:
            self.bad = set()
            self.hooks.switch_on(self.endpoint)
            self.hooks.run()
            left = [
                EndpointRemoved(agency=AGENCY, endpoint_id=it.endpoint_id, removed_at=datetime.now(UTC))
                for it in (self.endpoint, self.other)
            ]
            self.hooks.happen(*left)
            self.hooks.endpoints.close()

        assert sorted(self.sick.ids()) == sorted(self.happened)


def test_whatever_is_answered_each_case_stays_in_order_and_nothing_is_lost(engine: Engine) -> None:
    districts = (f"{number}" for number in count(440_400))
    machine = type("Here", (Ordered,), {"engine": engine, "districts": districts})

    run_state_machine_as_test(
        machine, settings=settings(max_examples=8, stateful_step_count=14, deadline=None, phases=(Phase.generate,))
    )
