"""The composition root: settings → engines, broker, vault, clock → each role's loops. The API's part: application.py.

What one role alone runs is imported by its function, so that relay and consumer hold no more than they use.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from services.registry.config import Settings
from services.registry.consumers import CONSUMER, KINDS, reactions
from services.registry.queries import facts
from shared.events import topics
from shared.messaging.roles import Service
from shared.service import clock
from shared.service.lifecycle import Loop
from shared.service.migrations import Migrations

if TYPE_CHECKING:
    from services.registry.store.vault import Vault

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))
_IMPORT_IDLE_SECONDS: Final = 120.0  # while a batch of people is sealed, the transaction is idle


SERVICE: Final = Service(
    name="registry",
    settings=Settings,
    migrations=MIGRATIONS,
    consumer=CONSUMER,
    topics=topics.pattern(*KINDS),
    reactions=reactions,
    facts=lambda engine: facts.of_register(engine, clock.at_start(Settings().clock_file)),
)


def worker_loops(settings: Settings, engine: Engine) -> Mapping[str, Loop]:
    from services.registry.workers.importing import Importer  # noqa: PLC0415 - of this role alone

    return {"importer": Importer(engine, vault(settings), clock=clock.at_start(settings.clock_file)).run_forever}


def run_worker() -> None:
    engine = SERVICE.app("worker", idle_seconds=_IMPORT_IDLE_SECONDS)
    SERVICE.loop("worker", engine, worker_loops(Settings(), engine))


def vault(settings: Settings) -> "Vault":
    from services.registry.store.vault import Vault  # noqa: PLC0415 - not of relay and consumer

    return Vault(settings.vault_key, settings.reader_public_keys, sender=settings.sender_public_key)
