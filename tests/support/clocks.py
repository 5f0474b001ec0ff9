"""A clock for tests that say what time it is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass
class StandingClock:
    """It stands until the test moves it."""

    at: datetime

    def now(self) -> datetime:
        return self.at
