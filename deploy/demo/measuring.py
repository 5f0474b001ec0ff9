"""What the launch day has taken: times since the last signature of an agreement was sent. Each is measured; none is a promise."""

from collections.abc import Sequence

from deploy.demo import screen
from deploy.demo.desk import Signed
from deploy.demo.launch import Queue
from deploy.demo.people import Person
from deploy.demo.watching import Wall, mail_arrivals
from deploy.local.place import Place

_SAMPLED = 30


def show(installation: Place, queue: Queue, wall: Wall, *, seconds: float) -> None:
    signed = [signing for _, signing in queue.signed]
    if not signed:
        return
    screen.title("Measured")
    hands = sum(len(queue.ready[turn.unit_id].hands) for turn, _ in queue.signed)
    screen.fact("the day", f"{seconds:.0f} s for {len(signed):,} agreements and {hands:,} signatures")
    screen.fact("number printed", screen.spread([signing.answered_seconds for signing in signed]))
    shown = [(at - signing.asked_at).total_seconds() for signing in signed if (at := wall.shows(signing))]
    screen.fact("rate on the wall", screen.spread(shown))
    sample = _sample(signed)
    with Person(installation, "city", "*", front=True) as city:
        arrived = mail_arrivals(installation, sample, city)
    mailed = [
        (arrived[one.agreement_id] - one.asked_at).total_seconds() for one in sample if one.agreement_id in arrived
    ]
    screen.fact("in the mailbox", screen.spread(mailed))
    for reason in queue.refused:
        screen.fact("not signed", reason)


def _sample(signed: Sequence[Signed]) -> list[Signed]:
    """Some of the day's signings, spread over it."""
    return list(signed[:: max(1, len(signed) // _SAMPLED)])
