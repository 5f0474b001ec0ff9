"""A worker that comes late, or whose clock is set, while another one deals with its message: is it sent twice?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.notify.commands.postpone_message import PostponeMessage, postpone_message
from services.notify.domain.outcome import Accepted, NotAccepted
from services.notify.domain.wording import Text
from services.notify.store import messages
from services.notify.workers.dispatch import Dispatcher
from services.notify.workers.inquire import LEASE, Inquirer
from shared.service import database
from tests.integration.notify.test_sending import claims, is_due_now, planned
from tests.support.owners import NOON, Owner


@dataclass
class SinceBoot:
    """The machine's time since boot, which a test lets pass."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Gateway:
    """`happens`: while it looks for the message that it does not know."""

    happens: Callable[[], None]

    def send(self, address: str, text: Text, *, message_key: str) -> Accepted:
        raise AssertionError(f"{message_key} was sent to {address}: {text}")

    def ask(self, message_key: str) -> NotAccepted:
        assert message_key
        self.happens()
        return NotAccepted("sms-never-arrived", permanent=False)


def dispatcher(notify, *, since_boot: Callable[[], float]) -> Dispatcher:
    mine = {"clock": notify.clock, "districts": [notify.district]}
    return Dispatcher(notify.engine, notify.gateways, opener=notify.opener, since_boot=since_boot, **mine)


def inquirer(notify, gateways=None, *, since_boot: Callable[[], float], lease: timedelta = LEASE) -> Inquirer:
    mine = {"clock": notify.clock, "districts": [notify.district]}
    return Inquirer(notify.engine, gateways or notify.gateways, lease=lease, since_boot=since_boot, **mine)


def test_a_worker_that_was_frozen_after_its_claim_does_not_send_what_another_one_has_sent(notify) -> None:
    planned(notify, Owner(channels=("sms",)))
    asleep = SinceBoot()

    class Frozen(Dispatcher):
        def _written(self, *given):
            letter = super()._written(*given)
            asleep.seconds += 120
            notify.inquires()
            is_due_now(notify)
            notify.dispatches()
            return letter

    frozen = Frozen(
        notify.engine,
        notify.gateways,
        opener=notify.opener,
        clock=notify.clock,
        districts=[notify.district],
        since_boot=asleep,
    )
    assert frozen.run_once() == 1

    assert len(notify.sms.requests) == 1
    assert notify.states() == [("sent", "sms", None)]


def test_a_worker_that_was_frozen_lets_the_message_be_sent_again(notify) -> None:
    planned(notify, Owner())
    readings = iter([1_000.0, 1_120.0])

    dispatcher(notify, since_boot=lambda: next(readings)).run_once()
    assert (notify.states(), notify.mail.arrived) == ([("waiting", "mail", "sender-too-late")], [])
    is_due_now(notify)
    notify.dispatches()

    assert notify.states() == [("sent", "mail", None)]
    assert len(notify.mail.arrived) == 1


def test_a_try_is_given_up_after_the_time_that_the_inquirer_has_seen_pass(notify) -> None:
    """Another machine's clock, or one that is set, makes a try of this moment old: the gateway does not know it yet."""
    planned(notify, Owner(channels=("sms",)))
    with database.begin(notify.engine, district=notify.district) as tx:
        messages.claim(tx, at=notify.clock.now(), real_at=datetime.now(UTC) - timedelta(minutes=10))
    passing = SinceBoot()
    asking = inquirer(notify, since_boot=passing)

    assert asking.run_once() == 0
    passing.seconds += LEASE.total_seconds() - 1
    assert asking.run_once() == 0
    passing.seconds += 1

    assert asking.run_once() == 1
    assert notify.states() == [("waiting", "sms", "sms-never-arrived")]


def test_an_answer_about_a_try_says_nothing_about_a_later_one_with_its_number(notify) -> None:
    """A claim that is given back does not count: the next one has its number again."""
    planned(notify, Owner(channels=("sms",)))
    first, second = claims(notify), []

    def claimed_again() -> None:
        with database.begin(notify.engine, district=notify.district) as tx:
            night = NOON - timedelta(minutes=1)
            postpone_message(
                tx, PostponeMessage(first.message_key, first.tries, first.tried_at, night, datetime.now(UTC))
            )
        second.append(claims(notify))

    gateways = {**notify.gateways, "sms": Gateway(claimed_again)}
    assert inquirer(notify, gateways, since_boot=SinceBoot(), lease=timedelta(0)).run_once() == 1

    assert [claim.tries for claim in second] == [first.tries]
    assert [state for state, _, _ in notify.states()] == ["trying"]
