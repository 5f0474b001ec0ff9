"""What left for an agency: a row for each hour and taker, written before the answer leaves.

Invariant: no event leaves by feed or snapshot that is not counted. A row only grows; a trigger refuses everything else. The commit is not
waited for on the disk: a crash of the database can lose the last half second of these counts, a crash of our process loses none.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import text

from shared.service.database import Transaction

Channel = Literal["feed", "snapshot", "webhook"]
_UNHURRIED: Final = text("set local synchronous_commit = off")
_COUNT: Final = """
    insert into exchange_taken (
        district, agency, taker, addresses, channel, epoch, hour, grants, first_number, last_number, events, answers)
    select :district, agency, :taker, :addresses, :channel, :epoch, date_trunc('hour', clock_timestamp()),
           array(select grant_id from agency_grants as given where given.district = :district and given.agency = taker.agency
                   and starts_at <= :now and ends_at > :now order by grant_id),
           :first, :last, :events, :answers
    from {taker}
    on conflict (district, taker, channel, epoch, hour) do update set
        events = exchange_taken.events + excluded.events, answers = exchange_taken.answers + excluded.answers,
        first_number = least(exchange_taken.first_number, excluded.first_number),
        last_number = greatest(exchange_taken.last_number, excluded.last_number),
        grants = case when exchange_taken.grants @> excluded.grants then exchange_taken.grants
                 else array(select distinct unnest(exchange_taken.grants || excluded.grants) order by 1) end,
        addresses = case when exchange_taken.addresses @> excluded.addresses then exchange_taken.addresses
                    else array(select distinct unnest(exchange_taken.addresses || excluded.addresses) order by 1) end
"""
_BY_CLIENT: Final = text(
    _COUNT.format(taker="agency_clients as taker where taker.district = :district and client_id = :taker")
)
_BY_ENDPOINT: Final = text(_COUNT.format(taker="(select cast(:agency as text) as agency) as taker"))


def by_client(  # noqa: PLR0913 - what was taken, by whom
    tx: Transaction,
    client_id: str,
    *,
    channel: Channel,
    epoch: int,
    numbers: tuple[int, int],
    events: int,
    now: datetime,
    answers: int = 1,
) -> bool:
    """`now`: of the business clock, by which grants are in force. `answers` 0: of an answer that is counted already. False: the client acts
    for no agency any more; then nothing may leave.
    """
    tx.connection.execute(_UNHURRIED)
    values = {
        "district": tx.district,
        "taker": client_id,
        "addresses": [],
        "channel": channel,
        "epoch": epoch,
        "now": now,
        "first": numbers[0],
        "last": numbers[1],
        "events": events,
        "answers": answers,
    }
    return bool(tx.connection.execute(_BY_CLIENT, values).rowcount)


def by_endpoint(  # noqa: PLR0913 - what was taken, by whom
    tx: Transaction, endpoint_id: UUID, *, agency: str, address: str, epoch: int, number: int, now: datetime
) -> None:
    """One event that an endpoint has read, whatever it answered. `agency`, `address`: whose it was, and where, when it was sent."""
    values = {
        "district": tx.district,
        "agency": agency,
        "taker": str(endpoint_id),
        "addresses": [address],
        "channel": "webhook",
        "epoch": epoch,
        "now": now,
        "first": number,
        "last": number,
        "events": 1,
        "answers": 1,
    }
    if tx.connection.execute(_BY_ENDPOINT, values).rowcount != 1:
        message = f"what endpoint {endpoint_id} has taken was not counted"
        raise RuntimeError(message)
