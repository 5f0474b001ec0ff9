"""The cases of reporting's webhooks: a district whose round, or whose statement, fails."""

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from services.reporting import wiring as reporting
from services.reporting.store.signing_keys import SigningKeys
from services.reporting.store.statement_key import StatementKey
from services.reporting.workers.deliver import Deliverer
from services.reporting.workers.stating import Stating
from shared.service.clock import RealClock
from tests.integration.loops.world import BAD, GOOD, Case, World
from tests.support.hooks import CASE, PRIVATE, Endpoint, Hooks
from tests.support.receiver import receiving

STATEMENT_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def _hooks(world: World) -> tuple[Engine, dict[str, Hooks]]:
    """Two districts with a grant, in one database."""
    engine = reporting.engine(world.database("reporting").app, "loops", pool_size=12)
    world.stack.callback(engine.dispose)
    made = {district: Hooks(engine, district=district) for district in (BAD, GOOD)}
    for district, hooks in made.items():
        world.stack.callback(hooks.endpoints.close)
        hooks.grant(*CASE, client=f"agency-{district}")
    return engine, made


def deliver(world: World) -> Case:
    engine, hooks = _hooks(world)
    receivers = {district: world.stack.enter_context(receiving()) for district in hooks}
    for district, made in hooks.items():
        made.register(Endpoint(receivers[district].url))
        made.happen(*made.launch.opening(), made.launch.unit(0))
    met = world.planted(engine, "endpoint_states", BAD)
    loop = Deliverer(engine, hooks[GOOD].endpoints, SigningKeys(PRIVATE), clock=RealClock()).run_forever
    return Case(partial(loop, idle_seconds=0.05), lambda: bool(receivers[GOOD].accepted), met)


def state(world: World) -> Case:
    engine, hooks = _hooks(world)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    key = StatementKey(STATEMENT_KEY)
    met = world.planted(engine, "statement_keys", BAD)
    loop = Stating(engine, key, issuer="https://clearwater.example", now=lambda: tomorrow).run_forever
    made = "select count(*) as many from agency_statements"
    return Case(partial(loop, idle_seconds=0.05), lambda: hooks[GOOD].rows(made)[0]["many"] == 1, met)
