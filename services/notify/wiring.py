"""The composition root: settings → engines, broker, gateways, clock → each role's loops. The API's part: application.py.

What one role alone runs is imported by its function, so that relay and consumer hold no more than they use.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from services.notify.config import Settings
from services.notify.consumers import CONSUMER, KINDS, reactions
from services.notify.queries import conservation, facts
from services.notify.store.contacts import Opener
from shared.events import topics
from shared.messaging.conservation import Hop
from shared.messaging.reactions import Reactions
from shared.messaging.roles import Service
from shared.service import clock
from shared.service.lifecycle import Loop
from shared.service.migrations import Migrations

if TYPE_CHECKING:
    from services.notify.domain.wording import Channel
    from services.notify.gateways.ports import Gateway
    from shared.service.context import Context

MIGRATIONS: Final = Migrations(Path(__file__).with_name("migrations"))
_CONNECTIONS: Final = 8  # of the worker, beside those of its lanes; none is used while a gateway is called
_KEPT_SESSIONS: Final = 8  # with the mail server, open between two mails


def _reactions() -> Reactions:
    settings = Settings()
    return reactions(opener=Opener(settings.reader_private_key), clock=clock.at_start(settings.clock_file))


def reactions_of(service: "Context") -> Reactions:
    """The consumer's reactions, in a process that serves a request. Its resources are the opener."""
    return reactions(opener=service.resources, clock=service.clock)


def _hops(engine: Engine) -> Sequence[Hop]:
    return [conservation.Planned(engine, clock.at_start(Settings().clock_file))]


SERVICE: Final = Service(
    name="notify",
    settings=Settings,
    migrations=MIGRATIONS,
    consumer=CONSUMER,
    topics=topics.pattern(*KINDS),
    reactions=_reactions,
    hops=_hops,
    facts=lambda engine: facts.of_messages(engine, clock.at_start(Settings().clock_file)),
)


def run_worker() -> None:
    settings = Settings()
    engine = SERVICE.app("worker", pool_size=settings.lanes + _CONNECTIONS)
    SERVICE.loop("worker", engine, worker_loops(settings, engine))


def worker_loops(settings: Settings, engine: Engine) -> Mapping[str, Loop]:
    """What the worker does, by name."""
    from services.notify.workers.complete import Completer  # noqa: PLC0415 - of this role alone
    from services.notify.workers.dispatch import Dispatcher  # noqa: PLC0415 - of this role alone
    from services.notify.workers.inquire import Inquirer  # noqa: PLC0415 - of this role alone
    from services.notify.workers.lanes import Lanes  # noqa: PLC0415 - of this role alone

    business_clock, opener = clock.at_start(settings.clock_file), Opener(settings.reader_private_key)
    carried_by = gateways(settings)
    dispatcher = Dispatcher(engine, carried_by, opener=opener, clock=business_clock)
    return {
        "dispatch": Lanes(dispatcher, senders=settings.senders, most=settings.lanes).run_forever,
        "inquire": Inquirer(engine, carried_by, clock=business_clock).run_forever,
        "complete": Completer(engine, opener=opener, clock=business_clock).run_forever,
    }


def gateways(settings: Settings) -> "Mapping[Channel, Gateway]":
    from services.notify.gateways.sms import Sms  # noqa: PLC0415 - not of relay and consumer
    from services.notify.gateways.smtp import Mail  # noqa: PLC0415 - not of relay and consumer

    mail = Mail(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        ca_file=settings.smtp_ca_file,
        kept=_KEPT_SESSIONS,
    )
    return {"mail": mail, "sms": Sms(settings.sms_url, token=settings.sms_token)}


def resend(arguments: Sequence[str]) -> int:
    """`python -m services.notify resend …`, for a person at a terminal."""
    from services.notify.workers import resending  # noqa: PLC0415 - of this command alone

    return resending.command(arguments, SERVICE.app("resend"), show_line=print)
