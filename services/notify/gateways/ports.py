"""What sending needs of the outside world."""

from typing import Protocol

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome
from services.notify.domain.wording import Text


class Gateway(Protocol):
    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        """Returns within its timeout and never raises for what the other side does. Keeps nothing of `address`."""

    def ask(self, message_key: str) -> Accepted | NotAccepted | None:
        """What became of a message whose answer was lost; None when the other side cannot tell."""
