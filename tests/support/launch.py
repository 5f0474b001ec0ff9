"""A small launch day as events: two compounds, owners with several units, groups, a frozen roll, signings and a rescission.

`messages` numbers them as the journals would. `Bus` delivers them to a consumer through the in-memory broker, in any order across topics.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Engine

from services.reporting.projections import at_commit
from services.reporting.projections.reactions import CONSUMER, TOPICS, reactions
from shared.events import codec, registry, roll, signing, topics
from shared.events.contract import Event
from shared.events.day import midnight
from shared.events.terms import Basis, CountingRule
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message

OPENED_AT = datetime(2026, 11, 24, 0, tzinfo=UTC)
_SURNAMES = "陈李王张刘黄周吴徐孙马朱胡林郭何"
_NAMESPACE = UUID("6f1d1a52-6a0e-4a7e-9c52-0d3b7a4b8f10")


@dataclass
class Launch:
    """A project of `units` units. Ids follow from the district, so that two builds are equal."""

    district: str = "440303"
    units: int = 40
    name: str = "澄水湾重点片区"
    opened_at: datetime = OPENED_AT
    counting_rule: CountingRule = "all_units_signed"
    percents: tuple[tuple[Basis, int], ...] = (("right_holders", 95), ("area", 95))
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def project_id(self) -> UUID:
        return self.named("project")

    def named(self, what: str) -> UUID:
        return uuid5(_NAMESPACE, f"{self.district} {what}")

    def opening(self) -> list[Event]:
        ground = "深建规〔2026〕3号 第12条"
        bases = [
            registry.ThresholdBasis(basis=basis, percent=percent, legal_ground=ground)
            for basis, percent in self.percents
        ]
        period = registry.SigningPeriod(starts_at=self.opened_at, ends_at=self.opened_at + timedelta(days=30))
        return [
            registry.DistrictOpened(district=self.district, name="澄水区" if self.district == "440303" else "临湖区"),
            registry.ProjectOpened(
                project_id=self.project_id, district=self.district, name=self.name, bases=tuple(bases),
                signing_period=period, series=("exchange", "cash"), auto_effect=False,
                counting_rule=self.counting_rule, signing_plan=self.signing_plan(),
            ),
        ]  # fmt: skip

    def signing_plan(self) -> tuple[registry.PlannedCount, ...]:
        """95 % of the units within twelve hours of the opening, half of them in the first four."""
        hours = ((4, self.units * 95 // 200), (12, self.units * 95 // 100))
        return tuple(
            registry.PlannedCount(at=self.opened_at + timedelta(hours=hour), units=units) for hour, units in hours
        )

    def register(self) -> list[registry.UnitRegistered]:
        return [self.unit(number) for number in range(self.units)]

    def unit(self, number: int) -> registry.UnitRegistered:
        block, inside = divmod(number, 24)
        compound, building = ("和丰苑", "银泉阁", "翠坪里", "长盛居")[block // 4 % 4], f"{block % 4 + 1}栋"
        floor, place = divmod(inside, 4)
        owner = self.named(f"owner {number - number % 10 if number % 10 < 2 else number}")  # one in ten has two units
        holders = [self._holder(owner, "1" if number % 7 else None, overseas=number % 9 == 0)]
        if number % 7 == 0:
            holders.append(self._holder(self.named(f"spouse {number}"), None, overseas=False))
        return registry.UnitRegistered(
            project_id=self.project_id, unit_id=self.named(f"unit {number}"), revision=1, unit_code=f"U{number:05}",
            compound=compound, building=building, stairwell=str(place // 2 + 1), floor=floor + 1,
            door=f"{floor + 1}0{place + 1}", area_hundredths_m2=5_236 + number * 137 % 4_000, use="residential",
            household_id=self.named(f"household {owner}"), ownership="sole" if number % 7 else "joint",
            right_holders=tuple(holders),
        )  # fmt: skip

    def groups(self) -> list[Event]:
        formed = [
            registry.GroupFormed(
                project_id=self.project_id, group_id=self.named(f"group {name}"), name=name,
                officers=(registry.Officer(staff_id=self.named(f"officer {name}"), name="邱敏"),),
            )
            for name in ("一组", "二组", "三组")
        ]  # fmt: skip
        assigned = [
            registry.UnitAssigned(
                project_id=self.project_id, unit_id=self.named(f"unit {number}"),
                group_id=formed[number // 24 % 3].group_id, staff_id=formed[number // 24 % 3].officers[0].staff_id,
            )
            for number in range(self.units)
        ]  # fmt: skip
        return [*formed, *assigned]

    def freeze(self) -> registry.RollFrozen:
        lines = roll.current(self.register())
        return registry.RollFrozen(
            project_id=self.project_id, totals=roll.totals(lines), digest=roll.digest(lines), frozen_at=self.opened_at
        )

    def prepare(self, number: int) -> list[Event]:
        """A case up to the locked agreement."""
        unit, case = self.unit(number), self._case(number)
        at = self.opened_at - timedelta(days=1)
        holders = tuple(
            signing.ConfirmedHolder(person_id=holder.person_id, share=holder.share) for holder in unit.right_holders
        )
        agreement = {**case, "agreement_id": self.named(f"agreement {number}")}
        return [
            signing.CaseOpened(**case, opened_at=at),
            signing.RightsConfirmed(
                **case, revision=1, ownership=unit.ownership, right_holders=holders, confirmed_at=at
            ),
            signing.AgreementDrafted(**agreement, series=self.series(number), drafted_at=at),
            signing.AgreementReviewed(**agreement, reviewed_at=at),
            signing.AgreementLocked(**agreement, rule_set_version="3", terms_digest="0" * 64, locked_at=at),
        ]

    def sign(self, number: int, *, at: datetime | None = None) -> signing.AgreementSigned:
        series = self.series(number)
        self.numbers[series] += 1
        unit = self.unit(number)
        return signing.AgreementSigned(
            **self._case(number), agreement_id=self.named(f"agreement {number}"), series=series,
            sequence_number=self.numbers[series], signed_at=at or self.opened_at + timedelta(minutes=number),
            area_hundredths_m2=unit.area_hundredths_m2, right_holders=tuple(right_holder.person_id for right_holder in unit.right_holders),
        )  # fmt: skip

    def rescind(self, signed: signing.AgreementSigned, *, at: datetime | None = None) -> signing.AgreementRescinded:
        kept = signed.model_dump(include={"project_id", "unit_id", "agreement_id", "series", "sequence_number"})
        return signing.AgreementRescinded(
            **kept, reason="owner_withdrew", rescinded_at=at or signed.signed_at + timedelta(hours=2)
        )

    def lapse(self, signed: signing.AgreementSigned) -> signing.AgreementVoid:
        kept = signed.model_dump(include={"project_id", "unit_id", "agreement_id"})
        return signing.AgreementVoid(**kept, void_at=self.opened_at + timedelta(days=30))

    def take_effect(self, signed: signing.AgreementSigned, *, at: datetime) -> signing.AgreementEffective:
        kept = signed.model_dump(include={"project_id", "unit_id", "agreement_id"})
        return signing.AgreementEffective(**kept, effective_at=at, declaration="政告〔2026〕7号")

    def reach(self, at: datetime) -> signing.ThresholdReached:
        totals = self.freeze().totals
        bases = [("right_holders", totals.right_holders), ("area", totals.area_hundredths_m2)]
        return signing.ThresholdReached(
            project_id=self.project_id, reached_at=at, roll_digest=self.freeze().digest,
            counting_rule=self.counting_rule,
            bases=tuple(
                signing.ReachedBasis(basis=basis, signed=total, total=total, percent=95, legal_ground="第12条")
                for basis, total in bases
            ),
        )  # fmt: skip

    def close(self, day: date, signed: int, *, restatement: int = 0, undone: int = 0) -> signing.DayClosed:
        """Every basis has `signed`; nothing was signed before the day."""
        totals = self.freeze().totals
        whole: dict[Basis, int] = {
            "units": totals.units, "households": totals.households, "right_holders": totals.right_holders,
            "area": totals.area_hundredths_m2,
        }  # fmt: skip
        given = signing.SeriesFigures(
            series="exchange",
            signed=signed + undone,
            undone=undone,
            effective=0,
            last_number=signed + undone,
            in_force=signed,
        )
        return signing.DayClosed(
            project_id=self.project_id, business_on=day, restatement=restatement, as_of=signed + undone, series=(given,),
            bases=tuple(signing.BasisFigures(basis=basis, change=signed, signed=signed, total=of) for basis, of in whole.items()),
            closed_at=midnight(day + timedelta(days=1)) + timedelta(minutes=5),
        )  # fmt: skip

    def series(self, number: int) -> str:
        return "cash" if number % 5 == 0 else "exchange"

    def _case(self, number: int) -> dict[str, UUID]:
        return {"project_id": self.project_id, "unit_id": self.named(f"unit {number}")}

    def _holder(self, person_id: UUID, share: str | None, *, overseas: bool) -> registry.RightHolder:
        surname = _SURNAMES[person_id.int % len(_SURNAMES)]
        return registry.RightHolder(
            person_id=person_id,
            masked_name=f"{surname}**",
            share=share,
            capable=True,
            kind="natural",
            overseas=overseas,
        )


def granted(
    client_id: str, *, types: Sequence[str], agency: str = "real-estate", starts_at: datetime = OPENED_AT
) -> list[Event]:
    """An agency with one client, and its approved grant of a thousand days."""
    ends_at = starts_at + timedelta(days=1000)
    terms = registry.Terms(
        purpose="样例", legal_basis="样例", audiences=("public", "internal"), event_types=tuple(types),
        starts_at=starts_at, ends_at=ends_at,
    )  # fmt: skip
    return [
        registry.AgencyRegistered(agency=agency, revision=1, name="样例机构", clients=(client_id,)),
        registry.GrantApproved(agency=agency, grant_id=uuid5(_NAMESPACE, f"{agency} {client_id}"), terms=terms),
    ]


class Numbering:
    """Counts each key of each topic 1, 2, 3 …, as the journals do."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = defaultdict(int)

    def messages(self, district: str, events: Iterable[Event]) -> list[Message]:
        return [self._message(district, event) for event in events]

    def _message(self, district: str, event: Event) -> Message:
        topic = topics.name(district, event.declared.topic)
        self._last[topic, event.key] += 1
        headers = {"time": datetime.now(UTC).isoformat(), "epoch": "1"}
        sequence = self._last[topic, event.key]
        return Message(uuid4(), topic, event.key, sequence, event.declared.type, codec.encode(event), headers)


def shuffled(messages: Sequence[Message], seed: int) -> list[Message]:
    """Any order across keys and topics; within a key the order stays."""
    queues: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in messages:
        queues[message.topic, message.key].append(message)
    random, order = Random(seed), []
    while queues:
        key = random.choice(sorted(queues))
        order.append(queues[key].pop(0))
        if not queues[key]:
            del queues[key]
    return order


class Bus:
    """An in-memory broker with one consumer, `reporting`, on the given engine."""

    def __init__(self, engine: Engine, districts: Sequence[str] = ("440303",)) -> None:
        self.broker = memory.Broker()
        for district in districts:
            for kind in TOPICS:
                self.broker.create(topics.name(district, kind))
        self.producer = memory.Producer(self.broker)
        self.consumer = Consumer(
            CONSUMER, engine, self.subscription(CONSUMER), reactions(), after_reactions=at_commit.after
        )

    def subscription(self, group: str, *, batch: int = 500) -> memory.Subscription:
        return memory.Subscription(self.broker, group=group, topics=topics.pattern(*TOPICS), batch=batch)

    def deliver(self, messages: Sequence[Message], *, at_once: int = 100) -> None:
        for start in range(0, len(messages), at_once):
            self.producer.publish(messages[start : start + at_once])
            while self.consumer.run_once(wait_seconds=0):
                pass
