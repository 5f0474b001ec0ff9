"""The port that each gateway implements."""

from typing import Protocol

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome
from services.notify.domain.wording import Text


class Gateway(Protocol):
    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        """Returns within its timeout. Never raises because of the remote side. Stores nothing of `address`."""

    def ask(self, message_key: str) -> Accepted | NotAccepted | None:
        """The outcome of a message whose answer was lost; None when the gateway does not know."""
