"""How many messages people see: for the dry run of a redrive."""

from collections.abc import Mapping

from sqlalchemy import text

from shared.service.database import Transaction

_MESSAGES = text("select count(*) from messages where state <> 'withheld'")


def messages(tx: Transaction) -> Mapping[tuple[str, str], str]:
    """Of the districts that the transaction sees; what is withheld goes to nobody."""
    return {("messages", ""): f"{tx.connection.execute(_MESSAGES).scalar_one():,}"}
