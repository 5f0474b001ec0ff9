"""Resends all messages that failed with one code, from a terminal. Without --reason it only counts them."""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine

from services.notify.commands.resend_failed import ResendFailed, count_failed, resend_failed
from services.notify.store import districts
from shared.service import database


def command(argv: Sequence[str], engine: Engine, *, show_line: Callable[[str], None]) -> int:
    """Returns the exit code: 0, also when no message failed with this code."""
    parser = argparse.ArgumentParser(prog="resend", description="Send again all messages that one code has failed.")
    parser.add_argument("--code", required=True, help="as the page and /api/v1/failures name it, such as smtp-550")
    parser.add_argument("--district", help="all districts, when left out")
    parser.add_argument("--channel", choices=("mail", "sms"), help="both, when left out")
    parser.add_argument("--reason", help="without it nothing is sent: a dry run that says how many")
    parser.add_argument("--by", help="who orders it; needed with --reason")
    given = parser.parse_args(argv)
    if given.reason is not None and not (given.reason.strip() and (given.by or "").strip()):
        parser.error("--reason and --by must both say something")
    for district in [given.district] if given.district else districts.known(engine, among=[database.EVERY]):
        show_line(f"{district}  {given.code:30} {_carried_out(engine, district, given)}")
    if given.reason is None:
        show_line("dry run: nothing was sent")
    return 0


def _carried_out(engine: Engine, district: str, given: argparse.Namespace) -> int:
    with database.begin(engine, district=district) as tx:
        if given.reason is None:
            return count_failed(tx, given.code, given.channel)
        order = ResendFailed(given.code, given.reason, f"terminal: {given.by}", datetime.now(UTC), given.channel)
        return resend_failed(tx, order).messages
