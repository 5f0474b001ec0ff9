"""After a service's database was restored from a backup, and before the service starts again: `new-epoch`.

The events that the service wrote after the backup are still on the topics, and their numbers will come again with other events: the new
epoch tells every reader so. What it had read after the backup is lost, while its group's offsets are already past it: so the group begins
at the first record again, and the inbox skips what is still applied.
Left to others: what a reader does about a number that comes twice (inbox.judge), a person's decision about it (redrive.py), naming what
the journal has lost (reconciler.py).
"""

import argparse
from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from shared.messaging.ports import Unavailable
from shared.service import journal


def command(
    argv: Sequence[str], mechanism: Engine, *, rewind: Callable[[], None], show_line: Callable[[str], None]
) -> int:
    """`python -m services.<service> new-epoch --reason …`. Returns the exit code; 1 = nothing was done."""
    parser = argparse.ArgumentParser(prog="new-epoch", description="Say that this database was restored from a backup.")
    parser.add_argument("--reason", required=True, help="which backup, and why")
    reason = parser.parse_args(argv).reason
    try:
        rewind()
    except Unavailable as refusal:
        show_line(f"nothing was done: {refusal}")
        return 1
    with mechanism.begin() as connection:
        epoch = journal.new_epoch(connection, reason=reason)
    show_line(f"epoch {epoch}: {reason}; the group begins at the first record")
    return 0
