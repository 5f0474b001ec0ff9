"""The secrets that sign what is sent to an endpoint: sealed by the registry for this service alone, opened in memory only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from shared import keys
from shared.messaging import sealing

READER: Final = "reporting"
_KEPT: Final = 4_096  # opened secrets; opening one costs more than a signature


class SigningKeys:
    """`private_key`: X25519, base64 of 32 bytes. Raises ValueError for another value."""

    def __init__(self, private_key: str) -> None:
        keys.from_setting("SENDER_PRIVATE_KEY", private_key)
        self._private_key = private_key
        self._opened = lru_cache(maxsize=_KEPT)(self._open)

    def live(self, endpoint_id: UUID, sealed: Sequence[Mapping[str, Any]], *, at: datetime) -> list[bytes]:
        """The secrets that sign now, the newest one first. Raises sealing.Unopened."""
        return [
            self._opened(endpoint_id, UUID(secret["key_id"]), secret["sealed"])
            for secret in sealed
            if secret["ends_at"] is None or datetime.fromisoformat(secret["ends_at"]) > at
        ]

    def _open(self, endpoint_id: UUID, key_id: UUID, sealed: str) -> bytes:
        key = sealing.unwrap(sealed, key_id=key_id, person_id=endpoint_id, reader=READER, private_key=self._private_key)
        return key.secret
