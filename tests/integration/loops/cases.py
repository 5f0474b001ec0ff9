"""A case for each loop: two items. The first one fails with an unexpected exception."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text

from services.notify.store import messages
from services.notify.workers.complete import Completer
from services.notify.workers.dispatch import Dispatcher
from services.notify.workers.inquire import Inquirer
from services.notify.workers.lanes import Lanes
from services.registry.commands.open_district import OpenDistrict, open_district
from services.registry.commands.open_project import OpenProject, open_project
from services.registry.commands.upload_import import UploadImport, upload_import
from services.registry.domain import sample
from services.registry.store.vault import Vault
from services.registry.workers.importing import Importer
from services.reporting import wiring as reporting
from services.reporting.api.live import Hub
from services.reporting.workers.deliver import Deliverer
from services.reporting.workers.stating import Stating
from services.signing.commands.decide_project import DeclareEffect, declare_effect
from services.signing.workers.fan_out import FanOut
from shared.events.registry import SigningPeriod, ThresholdBasis
from shared.messaging import memory, retention
from shared.messaging.consumer import Consumer
from shared.messaging.reactions import Batch, on, table
from shared.messaging.reconciler import Reconciler
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention
from shared.service import database as databases
from shared.service.clock import RealClock
from tests.integration.loops.webhook_cases import deliver, state
from tests.integration.loops.world import BAD, GOOD, Case, Of, Planted, World
from tests.integration.notify.conftest import Notify
from tests.integration.notify.receivers import MailServer, TextGateway
from tests.integration.registry.conftest import PUBLIC, VAULT_KEY, workbook
from tests.support import consuming, kit
from tests.support.launch import Bus, Launch, Numbering
from tests.support.owners import Owner
from tests.support.signing import DESK, LAUNCH, District


def _bench(world: World) -> SimpleNamespace:
    made = world.empty_database(kit.SERVICE)
    engines = SimpleNamespace(**{role: world.engine(getattr(made, role)) for role in ("owner", "app", "mechanism")})
    kit.create(engines.owner, kit.tables())
    bench = consuming.made(engines, BAD)
    bench.bad, bench.good = sorted((consuming.a_key(), consuming.a_key()))
    return bench


def consumer(world: World) -> Case:
    bench, met = _bench(world), list[str]()

    def react(tx: databases.Transaction, batch: Batch[kit.Happened]) -> None:
        if any(event.key == bench.bad for event in batch.events):
            met.append(bench.bad)
            raise Planted
        kit.add_up(tx, batch)

    bench.send(bench.bad, 1)
    bench.send(bench.good, 1)
    made = bench.consumer(table(on(kit.Happened, react)))
    return Case(made.run_forever, lambda: bench.good in consuming.effects(bench), lambda: bool(met))


def redrive(world: World) -> Case:
    bench = _bench(world)
    for key in (bench.bad, bench.good):
        bench.send(key, 2)
    live = bench.consumer()
    live.run_once()
    for key in (bench.bad, bench.good):
        bench.send(key, 1)
    live.run_once()
    met = world.planted(bench.engines.app, "insert into inbox", bench.bad)
    return Case(
        Redrive(f"c{BAD}", bench.engines.app, kit.REACTIONS).run_forever,
        lambda: consuming.effects(bench).get(bench.good) == [1, 2],
        met,
    )


def relay(world: World) -> Case:
    bench = _bench(world)
    kit.happen(bench.engines.app, BAD, [bench.bad])
    with bench.engines.owner.begin() as connection:  # without a time, which no code of ours writes
        connection.execute(text("alter table events disable trigger append_only"))
        connection.execute(text("alter table events no force row level security"))
        connection.execute(text("update events set headers = '{}'"))
        connection.execute(text("alter table events force row level security"))
    kit.happen(bench.engines.app, BAD, [bench.good])

    def sent() -> bool:
        return any(record.key == bench.good.encode() for log in bench.broker.logs.values() for record in log)

    def held() -> bool:
        return bench.rows_of("select key, reason from held") == [(bench.bad, "unwritable")]

    return Case(Relay(bench.engines.mechanism, memory.Producer(bench.broker)).run_forever, sent, held)


def trims(world: World) -> Case:
    bench = _bench(world)
    bench.send(bench.good, 1, poison=True)
    bench.consumer().run_once()
    with bench.engines.owner.begin() as connection:
        connection.execute(text("alter table parked no force row level security"))
        connection.execute(text("update parked set released_at = now() - interval '91 days'"))
        connection.execute(text("alter table parked force row level security"))
    met = world.planted(bench.engines.mechanism, "update quarantined")
    rules = (retention.QUARANTINED, retention.PARKED)
    return Case(
        Retention(bench.engines.mechanism, rules).run_forever,
        lambda: bench.rows_of("select 1 from parked where payload is null") == [(1,)],
        met,
    )


def reconciler(_: World) -> Case:
    counted: list[str] = []

    class Failing:
        def count(self, since: object) -> Any:
            counted.append("failing")
            raise Planted

    class Other:
        def count(self, since: object) -> Any:
            counted.append("other")
            return []

    loop = partial(Reconciler(Failing(), Other()).run_forever, every_seconds=0.05)
    return Case(loop, lambda: "other" in counted, lambda: "failing" in counted)


def fan_out(world: World) -> Case:
    engine = world.engine(world.database("signing").app)
    bad = District(engine, BAD)
    good = District(engine, GOOD, bad.clock)
    for district in (bad, good):
        district.open_project(("units", 50))
        units = [district.register()]
        district.freeze()
        for unit in units:
            district.signed(unit)
    for district in (bad, good):
        with district.transaction() as tx:
            declare_effect(tx, DeclareEffect(district.project_id, "罗府〔2026〕1号", DESK), district.clock)
    met = world.planted(engine, "select unit_id, agreement_id from agreements", str(bad.project_id))
    return Case(
        FanOut(engine, bad.clock, idle_seconds=0.05).run_forever,
        lambda: {row.state for row in good.rows("select state from agreements")} == {"effective"},
        met,
    )


def importer(world: World) -> Case:
    engine = world.engine(world.database("registry").app)
    vault = Vault(VAULT_KEY, {"notify": PUBLIC})
    bad, good = _uploaded(engine, vault, BAD), _uploaded(engine, vault, GOOD)

    def state() -> str:
        with databases.begin(engine, district=GOOD) as tx:
            values = {"import_id": good}
            return str(
                tx.connection.execute(
                    text("select state from imports where import_id = :import_id"), values
                ).scalar_one()
            )

    met = world.planted(engine, "select state from imports", str(bad))
    return Case(Importer(engine, vault, clock=RealClock()).run_forever, lambda: state() in {"clean", "faulty"}, met)


def _uploaded(engine: Engine, vault: Vault, district: str) -> object:
    made = sample.made(seed=1, units=20, district=district)
    period = SigningPeriod(starts_at=LAUNCH, ends_at=LAUNCH.replace(year=2027))
    bases = (ThresholdBasis(basis="units", percent=95, legal_ground="方案第九条"),)
    opening = OpenProject(
        "澄水湾片区", period, bases, ("exchange",), "all_units_signed", None, auto_effect=False, by="clerk", at=LAUNCH
    )
    with databases.begin(engine, district=district) as tx:
        open_district(tx, OpenDistrict("样例区", by="city", at=LAUNCH))
        project = open_project(tx, opening)
        file = BytesIO(workbook(made))
        return upload_import(tx, vault, UploadImport(project.project_id, file, "units.xlsx", by="clerk", at=LAUNCH))


def _notify(world: World, *districts: str) -> list[Notify]:
    urls = world.database("notify")
    engine = world.engine(urls.app)
    mail, sms = world.stack.enter_context(MailServer()), world.stack.enter_context(TextGateway())
    opened = [Notify(engine, district, mail, sms) for district in districts]
    for project in opened:
        project.receive(project.story.project())
        project.owner = world.engine(urls.owner)
    return opened


def _with_a_message_to_send(notify: Notify) -> Owner:
    owner, unit_id, story = Owner(), uuid4(), notify.story
    notify.receive(story.unit(unit_id, owner), story.contact(owner), story.key(owner), story.signed(unit_id, owner))
    return owner


class Refusing:
    """A gateway that fails for the first message it gets, and works for every other."""

    def __init__(self, gateway: Any) -> None:
        self._gateway, self.failed, self.asked_for = gateway, "", set[str]()

    def send(self, address: str, message: Any, *, message_key: str) -> Any:
        self._fail(message_key)
        return self._gateway.send(address, message, message_key=message_key)

    def ask(self, message_key: str) -> Any:
        self._fail(message_key)
        self.asked_for.add(message_key)
        return self._gateway.ask(message_key)

    def _fail(self, message_key: str) -> None:
        self.failed = self.failed or message_key
        if message_key == self.failed:
            raise Planted


def dispatch(world: World) -> Case:
    (notify,) = _notify(world, BAD)
    _with_a_message_to_send(notify)
    _with_a_message_to_send(notify)
    mail = Refusing(notify.gateways["mail"])
    made = Dispatcher(
        notify.engine, {**notify.gateways, "mail": mail}, opener=notify._opener, clock=notify.clock, districts=[BAD]
    )
    return Case(Lanes(made).run_forever, lambda: len(notify.mail.arrived) == 1, lambda: bool(mail.failed))


def inquire(world: World) -> Case:
    (notify,) = _notify(world, BAD)
    for _ in range(2):
        _with_a_message_to_send(notify)
        with databases.begin(notify.engine, district=BAD) as tx:
            messages.claim(tx, at=notify.clock.now(), real_at=datetime.now(UTC))  # and the worker dies here
    mail = Refusing(notify.gateways["mail"])
    made = Inquirer(
        notify.engine, {**notify.gateways, "mail": mail}, clock=notify.clock, lease=timedelta(0), districts=[BAD]
    )
    return Case(made.run_forever, lambda: "unknown" in {row[0] for row in notify.states()}, lambda: bool(mail.failed))


# What was planned stays planned, also for the owner: the rows are made anew.
_UNPLANNED = text("""
    with planned as (delete from recipients returning district, event_id, person_id)
    insert into recipients (district, event_id, person_id) select district, event_id, person_id from planned
""")


def complete(world: World) -> Case:
    bad, good = _notify(world, BAD, GOOD)
    for item in (bad, good):
        _with_a_message_to_send(item)
        with databases.begin(
            item.owner, district=item.district
        ) as tx:  # as if two consumers had each stored half of the facts
            tx.connection.execute(text("delete from attempts"))
            tx.connection.execute(text("delete from messages"))
            tx.connection.execute(_UNPLANNED)
    met = world.planted(bad.engine, "update facts set resolved", BAD)
    made = Completer(bad.engine, opener=bad._opener, clock=bad.clock)
    return Case(partial(made.run_forever, idle_seconds=0.05), lambda: bool(good.states()), met)


def hub(world: World) -> Case:
    engine = reporting.engine(world.database("reporting").app, "loops")
    world.stack.callback(engine.dispose)
    live = Hub(engine, RealClock())
    readers = {district: live.join(district, "desk") for district in (BAD, GOOD)}
    live.poll()
    met = world.planted(engine, "select number, kind, body, appended_at from feed", BAD)
    for district in (BAD, GOOD):
        launch, numbering, bus = Launch(district=district, units=2), Numbering(), Bus(engine, (district,))
        bus.deliver(numbering.messages(district, [*launch.opening(), *launch.register(), launch.freeze()]))

    def served() -> bool:
        return any(item.name == "change" for item in list(readers[GOOD].waiting.queue))

    return Case(live._run, served, met)


CASES: Mapping[str, Of] = {
    "consumer": Of(Consumer, consumer),
    "redrive": Of(Redrive, redrive),
    "relay": Of(Relay, relay),
    "retention": Of(Retention, trims),
    "reconciler": Of(Reconciler, reconciler),
    "fan-out": Of(FanOut, fan_out),
    "importer": Of(Importer, importer),
    "dispatch": Of(Lanes, dispatch),
    "inquire": Of(Inquirer, inquire),
    "complete": Of(Completer, complete),
    "hub": Of(Hub, hub),
    "deliver": Of(Deliverer, deliver),
    "statements": Of(Stating, state),
}
