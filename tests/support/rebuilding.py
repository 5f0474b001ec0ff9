"""A rebuild of reporting's model in the test's own process, with or without filling the exchange log."""

from services.reporting import wiring
from services.reporting.projections import at_commit
from services.reporting.projections.reactions import CONSUMER, reactions
from services.reporting.store import model_schema
from services.reporting.workers import rebuild
from services.reporting.workers.filling import Filling
from shared.messaging.ports import Subscription
from tests.support.platform import Database


def rebuilt(urls: Database, subscription: Subscription, *, fill: bool = False) -> None:
    """Raises rebuild.Stuck."""
    owner = wiring.engine(urls.owner, "test")
    shadow = wiring.engine(urls.app, "test", search_path=model_schema.SEARCH_PATH_NEXT)
    try:
        rebuild.Rebuild(
            "reporting",
            wiring.MIGRATIONS.model_statements(),
            owner=owner,
            shadow=shadow,
            subscription=subscription,
            consumer=CONSUMER,
            reactions=reactions(),
            show_line=lambda _: None,
            after_reactions=at_commit.after,
            filling=Filling() if fill else None,
        ).run()
    finally:
        owner.dispose()
        shadow.dispose()
