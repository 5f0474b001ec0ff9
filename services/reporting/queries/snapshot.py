"""One snapshot of all data that the requesting user may see. Figures and their as-of time come from the same snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.service import database, identity
from shared.service.context import context
from shared.service.database import Transaction


@contextmanager
def granted() -> Iterator[Transaction]:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        yield tx
