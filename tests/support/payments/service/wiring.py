"""The composition root: settings → engine → each role's loops. The API's part: application.py."""

from pathlib import Path
from typing import Final

from services.payments.config import Settings
from services.payments.consumers import CONSUMER, KINDS, reactions

from shared.events import topics
from shared.messaging.roles import Service
from shared.service.migrations import Migrations

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))


SERVICE: Final = Service(
    name="payments",
    settings=Settings,
    migrations=MIGRATIONS,
    consumer=CONSUMER,
    topics=topics.pattern(*KINDS),
    reactions=reactions,
)
