"""Delivers webhooks to the subscriber's endpoint, in good and in bad ways, and marks what it does.

Invariant: bodies, signatures and the handshake are the product's (webhook_body.py, gateways/endpoints.py). Each behaviour has units of its
own, so that one fault of a subscriber fails the behaviours that it breaks, and no other one. Nothing that a unit waits for is left out:
a delivery that fails is tried again, as the product does, with short pauses.
"""

import base64
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final

from uuid_utils.compat import uuid7

from deploy.sandbox import holdings, story
from deploy.sandbox.holdings import Fault, Holdings, Unreadable
from deploy.sandbox.report import Report
from deploy.sandbox.story import OPENING, RESCISSION, SIGNING, Story, unit_of
from services.reporting.domain import webhook_body
from services.reporting.domain.delivering import Outcome, pause
from services.reporting.domain.webhook_body import Place
from services.reporting.gateways.endpoints import Endpoints
from shared.events.signing import AgreementRescinded, AgreementSigned
from shared.messaging.ports import Message

_ORIGIN, _ANYWHERE = "clearwater.sandbox", ("0.0.0.0/0", "::/0")
_OLD: Final = timedelta(hours=1)
_TRIES: Final = 4
_LOOK_SECONDS: Final = 0.1
_PAUSES: Final = 0.05  # of the product's pauses, so that a run takes seconds
_LONGEST_RETRY_AFTER: Final = 10.0
_LEFT_OUT: Final = 5
_SHOWN: Final = ("duplicate", "order", "late")  # only by what the subscriber holds
_REFUSALS: Final = range(400, 500)
_CRASHED: Final = ("answer-broken", "connection-lost")  # somebody is there


def secret_of(text: str) -> bytes:
    """The bytes of `whsec_…`. Raises ValueError."""
    try:
        secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        secret = b""
    if not secret:
        raise ValueError("The secret is not of the form whsec_<base64>.")
    return secret


class Webhooks:
    """`seconds`: for one answer; the product allows 10."""

    def __init__(self, url: str, secret: bytes, report: Report, *, holdings: Holdings, seconds: float = 10.0) -> None:
        self._url, self._secret, self._report, self._holdings = url, secret, report, holdings
        self._age = timedelta()  # of the signatures
        self._story, self._seconds = Story(), seconds
        self._sender = self._opened()
        self._epoch, self._number, self._after = 1, 0, 0
        self._applied: list[Message] = []  # what the subscriber must have applied, in order within a unit
        self._judged: list[tuple[str, str, Fault]] = []  # behaviour, unit, what of the unit is compared
        self._timed_out = ""

    def play(self) -> None:
        try:
            if answers := self._greet():
                self._deliver()
        finally:
            self._sender.close()
        if answers:
            self._judge_holdings()

    def _opened(self) -> Endpoints:
        now = lambda: datetime.now(UTC) - self._age  # noqa: E731
        return Endpoints(origin=_ORIGIN, allowed=_ANYWHERE, seconds=self._seconds, now=now)

    def _deliver(self) -> None:
        for act in (self._accepts, self._duplicate, self._order, self._late, self._gap, self._side_by_side, self._rotation,
                    self._signature, self._timestamp, self._grown, self._unknown, self._tombstone, self._log_anew):  # fmt: skip
            act()
        self._report.judge("in-time", self._timed_out)

    def _greet(self) -> bool:
        """Whether anybody answers at all."""
        self._report.judge("handshake", _words(self._greeted()))
        event_id = uuid7()
        body = webhook_body.of_test(event_id, district=story.DISTRICT, endpoint_id=uuid7(), at=datetime.now(UTC))
        outcome = self._tried(lambda: self._post(body, str(event_id)))
        self._report.judge("test-event", _words(outcome))
        return outcome.status is not None or outcome.code in _CRASHED

    def _greeted(self) -> Outcome:
        """An endpoint that was started just now may need a moment."""
        until = time.monotonic() + self._holdings.patience
        while True:
            outcome = self._sender.greet(self._url).outcome
            if outcome.code != "connect-failed" or time.monotonic() >= until:
                return outcome
            time.sleep(_LOOK_SECONDS)

    def _accepts(self) -> None:
        self._give("accepts", self._story.case(*SIGNING), holdings.status_fault)

    def _duplicate(self) -> None:
        case = self._story.case(*SIGNING)
        bodies = self._give("duplicate", case, holdings.count_fault)
        self._again("duplicate", case[-1], bodies[-1])

    def _order(self) -> None:
        """The signing comes again after the rescission, as after a crash of the sender."""
        case = self._story.case(*RESCISSION)
        bodies = self._give("order", case, holdings.status_fault)
        self._again("order", case[-2], bodies[-2])

    def _late(self) -> None:
        """A case that was held comes after later numbers of another one."""
        held, other = self._story.case(*OPENING), self._story.case(*OPENING)
        bodies = [self._body(message) for message in held]
        self._give("late", other, holdings.status_fault)
        self._give("late", held, holdings.status_fault, bodies=bodies)

    def _gap(self) -> None:
        self._number += _LEFT_OUT
        self._give("gap", self._story.case(*OPENING), holdings.status_fault)

    def _side_by_side(self) -> None:
        """Who serves one connection after the other leaves one of two without an answer: that is this fault, not a slow one. Each case has
        a connection of its own that stays open, so it does not matter how quick the first one is.
        """
        before, self._timed_out = self._timed_out, ""
        cases = [self._story.case(*OPENING) for _ in range(2)]
        bodies = [[self._body(message) for message in case] for case in cases]
        with closing(self._opened()) as beside, ThreadPoolExecutor(len(cases)) as pool:
            for outcomes in pool.map(self._sent, cases, bodies, ((), ()), (self._sender, beside)):
                self._report.judge("side-by-side", _first_fault(outcomes) or self._timed_out)
        self._timed_out = before
        for case in cases:
            self._expect("side-by-side", case, holdings.status_fault)

    def _rotation(self) -> None:
        """During the overlap the sender signs with both secrets, the new one first."""
        case = self._story.case(*OPENING)
        self._give("rotation", case, holdings.status_fault, secrets=(_other_secret(), self._secret))

    def _signature(self) -> None:
        self._refused("signature", lambda message, body: self._post(body, str(message.event_id), (_other_secret(),)))

    def _timestamp(self) -> None:
        def post(message: Message, body: bytes) -> Outcome:
            self._age = _OLD
            try:
                return self._post(body, str(message.event_id))
            finally:
                self._age = timedelta()

        self._refused("timestamp", post)

    def _grown(self) -> None:
        case = self._story.case(*OPENING)
        grown = self._story.grown(AgreementSigned, unit_of(case))
        self._give("grown", [*case, grown], holdings.status_fault)

    def _unknown(self) -> None:
        """It stands between two events of its case, so who is stuck at it lacks the second one."""
        case = self._story.case(*OPENING)
        unit = unit_of(case)
        unknown, signed = self._story.unknown(unit), self._story.case(AgreementSigned, unit=unit)
        self._give("unknown", [*case, unknown, *signed], holdings.status_fault)

    def _tombstone(self) -> None:
        message = self._story.tombstone()
        body = self._body(message)
        self._report.judge("tombstone", _first_fault(self._sent([message], [body])))

    def _log_anew(self) -> None:
        """Numbers begin with 1 again: the first events come again under their ids, then what is new."""
        self._epoch, self._number, self._after = 2, 0, 0
        first = self._applied[0]
        self._again("log-anew", first, self._body(first))
        self._give("log-anew", self._story.case(*SIGNING), holdings.status_fault)

    def _refused(self, name: str, post: Callable[[Message, bytes], Outcome]) -> None:
        """A forged rescission of a signed case: refused with 4xx, and without effect."""
        case = self._story.case(*SIGNING)
        self._give(name, case, holdings.status_fault)
        forged = self._story.case(AgreementRescinded, unit=unit_of(case))[0]
        standing = self._number, self._after
        outcome = post(forged, self._body(forged))
        self._number, self._after = standing  # a forgery takes no number
        if outcome.status not in _REFUSALS:
            answer = outcome.status or outcome.code
            self._report.judge(name, f"It answered {answer} to what it has to refuse with 401.")

    def _give(
        self,
        name: str,
        case: list[Message],
        compared: Fault,
        *,
        bodies: Sequence[bytes] = (),
        secrets: Sequence[bytes] = (),
    ) -> Sequence[bytes]:
        """Delivers a case in order, which the subscriber must accept and apply."""
        bodies = bodies or [self._body(message) for message in case]
        self._report.judge(name, _first_fault(self._sent(case, bodies, secrets)))
        self._expect(name, case, compared)
        return bodies

    def _expect(self, name: str, case: list[Message], compared: Fault) -> None:
        self._applied += case
        self._judged.append((name, str(unit_of(case)), compared))

    def _again(self, name: str, message: Message, body: bytes) -> None:
        self._report.judge(name, _first_fault(self._sent([message], [body])))

    def _sent(
        self,
        case: Sequence[Message],
        bodies: Sequence[bytes],
        secrets: Sequence[bytes] = (),
        sender: Endpoints | None = None,
    ) -> list[Outcome]:
        """One after another; a delivery that fails to the end holds the rest of its case."""
        outcomes: list[Outcome] = []
        for message, body in zip(case, bodies, strict=True):
            post = lambda body=body, message=message: self._post(body, str(message.event_id), secrets, sender)  # noqa: E731
            outcomes.append(self._tried(post))
            if not outcomes[-1].delivered:
                break
        return outcomes

    def _tried(self, post: Callable[[], Outcome]) -> Outcome:
        for failures in range(1, _TRIES + 1):
            outcome = post()
            if outcome.delivered or outcome.gone:
                break
            seconds = outcome.retry_after.total_seconds() if outcome.retry_after else 0.0
            time.sleep(max(min(seconds, _LONGEST_RETRY_AFTER), pause(failures, spread=0.5).total_seconds() * _PAUSES))
        return outcome

    def _post(
        self, body: bytes, event_id: str, secrets: Sequence[bytes] = (), sender: Endpoints | None = None
    ) -> Outcome:
        sender = sender or self._sender
        outcome = sender.post(self._url, body, event_id=event_id, secrets=secrets or (self._secret,))
        self._note_time(outcome)
        return outcome

    def _note_time(self, outcome: Outcome) -> None:
        if outcome.code == "timed-out":
            self._timed_out = f"An answer took longer than {self._seconds:.0f} s."

    def _body(self, message: Message) -> bytes:
        self._number += 1
        place = Place(epoch=self._epoch, number=self._number, after=self._after, feed_number=self._number)
        self._after = self._number
        return webhook_body.of_event(message, message.payload, place)

    def _judge_holdings(self) -> None:
        expected = story.held(self._applied)
        if not self._holdings.source:
            for name in _SHOWN:
                self._report.unseen(name, "The player was not shown what the subscriber holds: give --state.")
            return
        try:
            units = self._holdings.settled(expected)
        except Unreadable as failure:
            self._report.judge("accepts", str(failure))
            for name in _SHOWN:
                self._report.unseen(name, str(failure))
            return
        for name, unit, compared in self._judged:
            if name == "side-by-side" and self._report.mark("late")[0] == "failed":
                continue  # of two at once, one has the lower number
            self._report.judge(name, compared(units, unit, expected))
        if not any("applied" in units.get(unit, {}) for name, unit, _ in self._judged if name == "duplicate"):
            self._report.unseen("duplicate", "The subscriber's state has no `applied`: doubles cannot be seen.")


def _words(outcome: Outcome) -> str:
    if outcome.delivered:
        return ""
    return f"It answered {outcome.status} ({outcome.code})." if outcome.status else f"No answer: {outcome.code}."


def _first_fault(outcomes: Sequence[Outcome]) -> str:
    return next((words for outcome in outcomes if (words := _words(outcome))), "")


def _other_secret() -> bytes:
    return uuid7().bytes + uuid7().bytes
