"""What a member of staff did to one message, for the trace on its page.

Held by tests/integration/notify/test_acts.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["retry", "arrived", "not_arrived"]


@dataclass(frozen=True)
class Act:
    """`done_at` is real time, as that of a try."""

    kind: Kind
    message_key: str
    done_by: str
    done_at: datetime
