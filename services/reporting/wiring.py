"""The composition root: settings → engines, broker, clock → each role's loops. The API's part: application.py.

What one role alone runs is imported by its function, so that relay and consumer hold no more than they use.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import Engine

from services.reporting.config import Settings
from services.reporting.projections import at_commit
from services.reporting.projections.pulse import Pulsed
from services.reporting.projections.reactions import CONSUMER, TOPICS, reactions
from services.reporting.queries import facts
from services.reporting.store import deliveries, exchange_log, feed, model_schema
from services.reporting.workers import rebuild
from services.reporting.workers.filling import Filling
from shared.events import topics
from shared.messaging import retention
from shared.messaging.roles import Service, created
from shared.service import clock, database
from shared.service.lifecycle import Loop
from shared.service.migrations import Migrations

if TYPE_CHECKING:
    from services.reporting.workers.deliver import Deliverer

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"), model=model_schema.LIVE)
_STREAMS = 1000
_SENDERS_CONNECTIONS = 8  # of the database; none is used while an endpoint is called


def engine(url: str, role: str, *, pool_size: int = 4, search_path: str = model_schema.SEARCH_PATH) -> Engine:
    return database.connect(
        url,
        application_name=f"reporting-{role}",
        pool_size=pool_size,
        statement_seconds=10,
        search_path=search_path,
    )


SERVICE: Final = Service(
    name="reporting",
    settings=Settings,
    migrations=MIGRATIONS,
    consumer=CONSUMER,
    topics=topics.pattern(*TOPICS),
    reactions=reactions,
    after_reactions=at_commit.after,
    facts=facts.of_reporting,
    emits=False,
    rebuilt=True,
    search_path=model_schema.SEARCH_PATH,
)


def run_stream() -> None:
    from shared.service import serve  # noqa: PLC0415 - the other roles need no server of that kind

    settings, create = Settings(), partial(created, "services.reporting.application:create_stream")
    serve.serve(create, bind=settings.bind, port=settings.port, streams=_STREAMS)


def run_consumer() -> None:
    """Also runs the loops that other services run in their relay: reporting has no relay."""
    writing, mechanism = SERVICE.app("consumer"), SERVICE.mechanism("mechanism")
    pulsed = Pulsed(SERVICE.subscription(CONSUMER), writing, CONSUMER)
    SERVICE.consume(writing, pulsed, beside_consumer(mechanism))


def beside_consumer(mechanism: Engine) -> Mapping[str, Loop]:
    trims = retention.Retention(
        mechanism, (*retention.CONSUMER, feed.TRIMMED, deliveries.TRIMMED, deliveries.TRIMMED_ATTEMPTS)
    )
    return {"retention": trims.run_forever, "reconciler": SERVICE.reconciler(mechanism).run_forever}


def run_webhooks() -> None:
    settings, engine = Settings(), SERVICE.app("webhooks", pool_size=_SENDERS_CONNECTIONS)
    SERVICE.loop("webhooks", engine, webhook_loops(settings, engine))


def webhook_loops(settings: Settings, engine: Engine) -> Mapping[str, Loop]:
    from services.reporting.store.statement_key import StatementKey  # noqa: PLC0415 - of this role alone
    from services.reporting.workers.stating import Stating  # noqa: PLC0415 - of this role alone

    stating = Stating(engine, StatementKey(settings.statement_key), issuer=settings.public_url)
    return {"deliver": deliverer(settings, engine).run_forever, "statements": stating.run_forever}


def deliverer(settings: Settings, engine: Engine) -> "Deliverer":
    from services.reporting.gateways.endpoints import Endpoints  # noqa: PLC0415 - of this role alone
    from services.reporting.store.signing_keys import SigningKeys  # noqa: PLC0415 - of this role alone
    from services.reporting.workers.deliver import Deliverer, Threads  # noqa: PLC0415 - of this role alone

    doubtful = settings.webhook_threads // 4
    endpoints = Endpoints(
        origin=settings.origin,
        allowed=settings.webhook_allowed_networks.split(),
        proxy=settings.webhook_proxy,
        ca_file=settings.webhook_ca_file,
    )
    return Deliverer(
        engine,
        endpoints,
        SigningKeys(settings.sender_private_key),
        clock=clock.at_start(settings.clock_file),
        threads=Threads(settings.webhook_threads - doubtful, doubtful),
    )


def rebuild_model(owner: Engine | None = None, filling: Filling | None = None) -> None:
    """A shadow beside the live model, from offset 0, swapped in. Raises rebuild.Stuck; the live model is then unchanged."""
    settings = Settings()
    rebuild.Rebuild(
        "reporting",
        MIGRATIONS.model_statements(),
        owner=owner or _owner(settings),
        shadow=engine(settings.database_url, "rebuild", search_path=model_schema.SEARCH_PATH_NEXT),
        subscription=SERVICE.subscription(f"reporting-rebuild-{uuid4()}"),
        consumer=CONSUMER,
        reactions=reactions(),
        show_line=print,
        after_reactions=at_commit.after,
        filling=filling,
    ).run()


def fill_log() -> None:
    """Where a district's log lacks its beginning: a rebuild that also fills the log. Raises rebuild.Stuck; nothing has changed then."""
    owner = _owner(Settings())
    with database.reading(owner, granted=[database.EVERY]) as tx:
        unfilled = exchange_log.unfilled(tx)
    if unfilled:
        _begin_log_anew(owner)
    else:
        print("the log of every district is whole; nothing was done")  # noqa: T201 - for a person at a terminal


def close_log() -> None:
    """Before reporting starts on a database that was restored: log numbers given after the backup would come again with other events.
    Nobody reads the log until `fill-log` begins it anew.
    """
    owner = _owner(Settings())
    with database.reading(owner, granted=[database.EVERY]) as tx:
        known = exchange_log.districts(tx)
    for district in known:
        with database.begin(owner, district=district) as tx:
            exchange_log.close(tx)
    print(f"the log of {len(known)} districts is closed until fill-log")  # noqa: T201 - for a person at a terminal


def renew_log() -> None:
    """Begins the log anew where it is whole, too: for agencies, an end to every doubt about it."""
    _begin_log_anew(_owner(Settings()))


def _begin_log_anew(owner: Engine) -> None:
    filling = Filling()
    rebuild_model(owner, filling)
    print(f"the log of every district began anew under epoch {filling.epoch}")  # noqa: T201 - for a person at a terminal


def _owner(settings: Settings) -> Engine:
    return database.connect(settings.database_url_owner, application_name="reporting-rebuild")
