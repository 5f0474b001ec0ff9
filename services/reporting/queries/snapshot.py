"""One moment of everything that the subject of this request may see: figures and their as-of come from it together."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.service import database, identity
from shared.service.database import Transaction
from shared.service.running import running


@contextmanager
def granted() -> Iterator[Transaction]:
    with database.reading(running().engine, granted=identity.current().granted) as tx:
        yield tx
