"""One message to one person over one channel, from plan to receipt.

    held ─▶ waiting ─▶ trying ─▶ sent
     ▲        ▲           ├────▶ failed    refused for good, or not taken after every try; a person may order more
     │        └───────────┼────▶ unknown   the answer is lost; the gateway or a person says what became of it
     └─ night ── back-off ┘
    withheld, superseded: decided not to be sent

Invariant: a message leaves `trying` for another try only when the gateway certainly did not accept the last one. An unknown
message is never sent again. A failure of the channel does not count as a try (domain/hold.py). Left to others: claiming it for one worker
(store/messages.py), the words (wording.py).
Held by tests/unit/notify/test_message.py.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear, Unwell
from services.notify.domain.wording import Channel
from shared.events.contract import Event
from shared.events.notify import MessageFailed, MessageSent, MessageUnknown
from shared.refusal import Refused

State = Literal["held", "waiting", "trying", "sent", "failed", "unknown", "withheld", "superseded"]

_KEYS = UUID(
    "6a1f6f0e-8d0d-5c0b-9a53-0c1ea2ba7e20"
)  # the namespace of message keys: a change would send all messages again
_BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 600, 3600))
_SUSPECT = 3
_ASK_AGAIN = timedelta(minutes=2)


def key(*, cause: UUID, recipient: UUID, template: str, channel: str) -> str:
    """Event × recipient × template × channel: the same four give the same key, so a replay plans no message
    twice.
    """
    return str(uuid5(_KEYS, f"{cause}|{recipient}|{template}|{channel}"))


@dataclass
class Message:
    message_key: str
    unit_id: UUID
    channel: Channel
    state: State
    tries: int  # how often a gateway was called and answered for this message
    tried_at: datetime | None  # real time of the last call
    next_try_at: datetime | None  # real time of the next try, or of the next query about an unknown one
    code: str | None = None
    receipt: str | None = None
    settled_at: datetime | None = None
    hold_until: datetime | None = None  # None: unchanged since planning
    forgiven: int = 0  # tries before a person's last order: they do not count towards the limit
    holds_begun: int = 0  # how often this message began a hold while the channel worked for others
    recorded: list[Event] = field(default_factory=list)

    def is_last_try(self, number: int, tried_at: datetime) -> bool:
        """By its instant too: after a claim that was given back, the next try has its number again."""
        return (self.tries, self.tried_at) == (number, tried_at)

    def settle(self, outcome: Outcome, *, at: datetime, real_at: datetime, began_hold: bool = False) -> None:
        """Applies the outcome of the current try, or the late outcome of an abandoned one. `at` is business time.

        `began_hold`: the channel was not held until it met this message. That counts as a try; after several such, when the channel
        has carried others each time in between, so does every other one.
        """
        if self.state not in ("trying", "unknown"):
            raise Refused("message-not-under-way", state=self.state)
        self.holds_begun += began_hold
        if isinstance(outcome, Accepted):
            self._sent(outcome.receipt, at)
        elif isinstance(outcome, Unclear) or (isinstance(outcome, Unwell) and outcome.perhaps_taken):
            self._unknown(outcome.code, real_at)
        elif isinstance(outcome, Unwell) and not began_hold and self.holds_begun < _SUSPECT:
            self._given_back(outcome.code)
        elif (isinstance(outcome, NotAccepted) and outcome.permanent) or self._counted > len(_BACK_OFF):
            self._failed(outcome.code, at)
        else:
            self.state, self.code = "waiting", outcome.code
            self.next_try_at = real_at + _BACK_OFF[max(self._counted, 1) - 1]

    def postpone(self, *, until: datetime) -> None:
        """Gives the claim back until `until`, because it is night for the person. No gateway was called."""
        self._given_back("quiet-hours")
        self.state, self.hold_until = "held", until

    def retry(self, *, real_at: datetime) -> None:
        """Sends the message again by a person's order. Raises Refused: message-not-failed."""
        if self.state != "failed":
            raise Refused("message-not-failed", state=self.state)
        self.state, self.next_try_at, self.settled_at, self.forgiven = "waiting", real_at, None, self.tries
        self.holds_begun = 0

    def resolve(self, outcome: Accepted | NotAccepted, *, at: datetime) -> None:
        """Records the outcome that a person found out. Raises Refused: message-not-unknown."""
        if self.state != "unknown":
            raise Refused("message-not-unknown", state=self.state)
        if isinstance(outcome, Accepted):
            self._sent(outcome.receipt, at)
        else:
            self._failed(outcome.code, at)

    @property
    def _counted(self) -> int:
        return self.tries - self.forgiven

    def _given_back(self, code: str) -> None:
        """Undoes the claim: this try does not count."""
        self.state, self.code, self.next_try_at = "waiting", code, None
        self.tries -= 1

    def _sent(self, receipt: str, at: datetime) -> None:
        self.state, self.receipt, self.code = "sent", receipt, None
        self.settled_at, self.next_try_at = at, None
        self.recorded.append(
            MessageSent(
                message_key=self.message_key, unit_id=self.unit_id, channel=self.channel, receipt=receipt, sent_at=at
            )
        )

    def _failed(self, code: str, at: datetime) -> None:
        self.state, self.code = "failed", code
        self.settled_at, self.next_try_at = at, None
        self.recorded.append(
            MessageFailed(
                message_key=self.message_key, unit_id=self.unit_id, channel=self.channel, code=code, failed_at=at
            )
        )

    def _unknown(self, code: str, real_at: datetime) -> None:
        # Still unknown after another query: emit no event.
        if self.state != "unknown":
            asked_since = self.tried_at or real_at
            self.recorded.append(
                MessageUnknown(
                    message_key=self.message_key, unit_id=self.unit_id, channel=self.channel, asked_since=asked_since
                )
            )
        self.state, self.code = "unknown", code
        self.next_try_at = real_at + _ASK_AGAIN
